# SPDX-License-Identifier: Apache-2.0
"""Peaks of GPUs and other accelerators in double precision, without matrix units, and how a list names them.

Source: the maker's data sheet of each. Boards for graphics tell single
precision only: their double precision is the share of it which the white paper
of their architecture tells (``1/32`` and so on, kept as it is there).
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

TERA = 1e12
MOST = 10_000
"""More boards than that no host has."""


@dataclass(frozen=True, slots=True)
class Gpu:
    """A board that ``pattern`` finds: ``flops`` in double precision, and where that is told."""

    name: str
    pattern: re.Pattern[str]
    flops: float
    source: str


def _sheet(source: str, *rows: tuple[str, str, float]) -> tuple[Gpu, ...]:
    return tuple(Gpu(name, re.compile(pattern, re.IGNORECASE), tflops * TERA, source) for name, pattern, tflops in rows)


def _share(source: str, share: float, *rows: tuple[str, str, float]) -> tuple[Gpu, ...]:
    """Boards for graphics: Tflop/s in single precision, of which a share remains."""
    return _sheet(source, *((name, pattern, tflops * share) for name, pattern, tflops in rows))


TABLE: tuple[Gpu, ...] = (
    *_sheet(
        "NVIDIA data sheets of data centre boards",
        ("B300", r"\bG?B300\b", 1.2),
        ("B200", r"\bG?B200\b", 37.0),
        ("B100", r"\bB100\b", 30.0),
        ("H200", r"\bG?H200\b", 34.0),
        ("H100 PCIe", r"\bH100\b.*\bPCI-?e\b", 26.0),
        ("H100 NVL", r"\bH100\b.*\bNVL\b", 30.0),
        ("H100 SXM", r"\bG?H100\b", 34.0),
        ("A100", r"\bA100X?\b", 9.7),
        ("A800", r"\bA800\b", 9.7),
        ("A30", r"\bA30X?\b", 5.2),
        ("V100S", r"\bV100S\b", 8.2),
        ("V100 PCIe", r"\bV100\b.*\bPCI-?e\b", 7.0),
        ("V100 SXM2", r"\bV100\b", 7.8),
        ("GV100", r"\bGV100\b", 7.4),
        ("TITAN V", r"\btitan v\b", 7.45),
        ("P100 PCIe", r"\bP100\b.*\bPCI-?e\b", 4.7),
        ("P100 SXM2", r"\bG?P100\b", 5.3),
        ("K80", r"\bK80\b", 2.91),
        ("K40", r"\bK40[mcst]*\b", 1.43),
        ("K20X", r"\bK20Xm?\b", 1.31),
        ("K20", r"\bK20[mcs]?\b", 1.17),
        ("K10", r"\bK10\b", 0.19),
        ("M2090", r"\bM2090\b", 0.665),
        ("M2050/M2070/M2075", r"\bM20[57][05]Q?\b|\bC20[57][05]\b", 0.515),
        ("C1060/M1060", r"\b[CM]1060\b", 0.078),
        ("S1070", r"\bS1070\b", 0.345),
    ),
    *_sheet(
        "AMD data sheets of Instinct and FirePro boards",
        ("MI355X", r"\bMI355X?\b", 78.6),
        ("MI350X", r"\bMI350X?\b", 72.1),
        ("MI325X", r"\bMI325X?\b", 81.7),
        ("MI300X", r"\bMI300X\b", 81.7),
        ("MI300A", r"\bMI300A\b", 61.3),
        ("MI250X", r"\bMI250X\b", 47.9),
        ("MI250", r"\bMI250\b", 45.3),
        ("MI210", r"\bMI210\b", 22.6),
        ("MI100", r"\bMI100\b", 11.5),
        ("MI60", r"\bMI60\b", 7.4),
        ("MI50", r"\bMI50\b", 6.6),
        ("MI25", r"\bMI25\b", 0.768),
        ("S9150", r"\bS9150\b", 2.53),
        ("S10000", r"\bS10000\b", 1.48),
    ),
    *_sheet(
        "Intel data sheets of Data Center GPU Max and Xeon Phi",
        ("Max 1550", r"\bmax 1550\b|\bponte vecchio\b", 52.4),
        ("Max 1100", r"\bmax 1100\b", 22.2),
        ("Xeon Phi 7120", r"\bphi\b.*\b7120", 1.208),
        ("Xeon Phi 5110/5120", r"\bphi\b.*\b51[12]0", 1.011),
        ("Xeon Phi 3120", r"\bphi\b.*\b3120", 1.003),
    ),
    *_share(
        "NVIDIA RTX Blackwell white paper (GB202): 1/64 of single precision",
        1 / 64,
        ("RTX PRO 6000 Blackwell", r"\bRTX PRO 6000\b", 120.0),
        ("RTX 5090", r"\bRTX 5090\b", 104.8),
    ),
    *_share(
        "NVIDIA Ada GPU architecture white paper (AD102): 1/64 of single precision",
        1 / 64,
        ("L40S", r"\bL40S\b", 91.6),
        ("L40", r"\bL40\b", 90.5),
        ("L4", r"\bL4\b", 30.3),
        ("RTX 6000 Ada", r"\bRTX 6000 Ada\b", 91.1),
        ("RTX 5000 Ada", r"\bRTX 5000 Ada\b", 65.3),
        ("RTX 4500 Ada", r"\bRTX 4500 Ada\b", 39.6),
        ("RTX 4000 Ada", r"\bRTX 4000 (SFF )?Ada\b", 26.7),
        ("RTX 4090", r"\bRTX 4090\b", 82.6),
    ),
    *_share(
        "NVIDIA Ampere GA102 white paper: 1/64 of single precision",
        1 / 64,
        ("A40", r"\bA40\b", 37.4),
        ("A16", r"\bA16\b", 18.0),
        ("A10", r"\bA10\b", 31.2),
        ("A2", r"\bA2\b", 4.5),
        ("RTX A6000", r"\bRTX A6000\b", 38.7),
        ("RTX A5500", r"\bRTX A5500\b", 34.1),
        ("RTX A5000", r"\bRTX A5000\b", 27.8),
        ("RTX A4500", r"\bRTX A4500\b", 23.7),
        ("RTX A4000", r"\bRTX A4000\b", 19.2),
        ("RTX 3090", r"\bRTX 3090\b", 35.6),
        ("RTX 3080 Ti", r"\bRTX 3080 ?Ti\b", 34.1),
        ("RTX 3080", r"\bRTX 3080\b", 29.8),
    ),
    *_share(
        "NVIDIA Turing white paper (TU102): 1/32 of single precision",
        1 / 32,
        ("T4", r"\bT4G?\b", 8.1),
        ("Quadro RTX 8000/6000", r"\bRTX [86]000\b", 16.3),
        ("Quadro RTX 5000", r"\bRTX 5000\b", 11.2),
        ("TITAN RTX", r"\btitan rtx\b", 16.3),
        ("RTX 2080 Ti", r"\b2080 ?Ti\b", 13.4),
        ("RTX 2080", r"\b2080\b", 10.1),
    ),
    *_share(
        "NVIDIA, GeForce GTX 1080 white paper (Pascal GP10x): 1/32 of single precision",
        1 / 32,
        ("P40", r"\bP40\b", 12.0),
        ("P4", r"\bP4\b", 5.5),
        ("TITAN Xp", r"\btitan xp\b", 12.1),
        ("TITAN X (Pascal)", r"\btitan x\b.*\bpascal\b", 11.0),
        ("GTX 1080 Ti", r"\b1080 ?Ti\b", 11.3),
        ("GTX 1080", r"\b1080\b", 8.9),
    ),
    *_share(
        "NVIDIA, GeForce GTX 980 white paper (Maxwell): 1/32 of single precision",
        1 / 32,
        ("M60", r"\bM60\b", 9.6),
        ("M40", r"\bM40\b", 7.0),
        ("TITAN X (Maxwell)", r"\btitan x\b", 6.6),
        ("GTX 980 Ti", r"\b980 ?Ti\b", 6.1),
        ("GTX 980", r"\b980\b", 4.6),
    ),
)

_SPLIT = re.compile(r"[+;,&]|\band\b", re.IGNORECASE)
_COUNT = re.compile(r"(\d{1,6}) ?[x\u00d7*] ?(?=\D|\d{3})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Gpus:
    """The GPUs of a host: ``flops`` of those that are known, ``unknown`` names of the others."""

    flops: float = 0.0
    known: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


@functools.lru_cache(maxsize=1024)
def read(text: str) -> Gpus:
    """The GPUs that a list names, such as ``2x Nvidia A100 80GB PCIe + 1x Tesla T4``; never raises."""
    flops, known, unknown = 0.0, [], []
    for part in _SPLIT.split(text[:2000]):
        name = " ".join(part.split())
        number = 1
        if counted := _COUNT.match(name):
            number, name = int(counted[1]), name[counted.end() :].strip()
        if not name or not number or not name.strip("0"):
            continue
        gpu = next((gpu for gpu in TABLE if gpu.pattern.search(name)), None)
        if gpu is None or number > MOST:
            unknown.append(name[:60])
        else:
            flops += number * gpu.flops
            known.append(f"{number}x {gpu.name}")
    return Gpus(flops, tuple(known), tuple(unknown))

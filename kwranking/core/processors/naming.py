# SPDX-License-Identifier: Apache-2.0
"""What a processor's name tells: microarchitecture, clock, cores. Any text may come in; nothing raises."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

from kwranking.core.microarchitectures import libvirt_model, named
from kwranking.core.microarchitectures.row import Microarchitecture
from kwranking.core.processors import intel_names, other_names
from kwranking.core.processors.catalogue import Model, model_of
from kwranking.core.processors.rule import NameRule

_LONGEST = 300
"""Signs of a name that are looked at: whatever is longer is no name."""
_RATE = re.compile(r"\(\d[\d.]* ?[GM]flops?\)", re.IGNORECASE)
_TORN = re.compile(r"\b(E[357])(?:- | )(?=\d{4})", re.IGNORECASE)
"""``E7- 8837``, as some processors call themselves, and ``E5 2670``, as people call them."""
_MARKS = re.compile(r"\((?:r|tm|c)\)|[®™©]", re.IGNORECASE)
_CLOCK = re.compile(r"(?<![\d.])(\d{1,5}(?:[.,]\d{1,4})?) ?([GM])Hz", re.IGNORECASE)
_BOOSTED = re.compile(r"(up to|turbo|boost|max\.?)\W*$", re.IGNORECASE)
_UNITS = {"g": 1e9, "m": 1e6}
_SLOWEST_HZ, _FASTEST_HZ = 1e7, 1e10
_CORES = re.compile(r"\b(\d{1,3})(?:-cores?|[- ]cores? processor|C)\b", re.IGNORECASE)
_COUNTED = {
    1: "single",
    2: "dual two",
    3: "triple",
    4: "quad four",
    6: "six hexa",
    8: "eight octa",
    12: "twelve",
    16: "sixteen",
}
_WORDS = {word: cores for cores, words in _COUNTED.items() for word in words.split()}
_WORD_CORES = re.compile(rf"\b({'|'.join(_WORDS)})[- ]?core", re.IGNORECASE)
_WITHOUT_AVX = re.compile(r"\b(pentium|celeron)\b.*\bG\d{3,4}", re.IGNORECASE)
_QEMU = re.compile(r"\bintel (xeon|core) processor \(([A-Za-z]+)", re.IGNORECASE)
_RULES = (*other_names.RULES, *intel_names.RULES)


@dataclass(frozen=True, slots=True)
class Named:
    """What a name tells; each is ``None`` where it tells nothing.

    ``weak``: the microarchitecture is the likeliest of several. ``fma_units``:
    AVX-512 units, where the name decides. ``model``: what the maker says of it.
    ``without_avx``: it is sold without AVX, though its microarchitecture has it.
    """

    microarchitecture: Microarchitecture | None = None
    weak: bool = False
    fma_units: int | None = None
    clock_hz: float | None = None
    cores: int | None = None
    model: Model | None = None
    without_avx: bool = False


def plain(name: str) -> str:
    """A name without trade marks, with single spaces."""
    return _TORN.sub(r"\1-", " ".join(_MARKS.sub(" ", name[:_LONGEST]).replace("\0", " ").split()))


@functools.lru_cache(maxsize=4096)
def read(name: str) -> Named:
    """What ``name``, as the kernel, a vendor or a list writes it, tells of a processor."""
    text = plain(name)
    if not text:
        return Named()
    bare = _RATE.sub(" ", _CLOCK.sub(" ", text))
    clock_hz, model = _clock(text), model_of(bare)
    cores = _cores(text) or (model.cores if model else None)
    if rule := _rule(text, bare):
        row, without_avx = named(rule.microarchitecture), bool(_WITHOUT_AVX.search(bare))
        return Named(row, rule.weak, rule.fma_units, clock_hz, cores, model, without_avx)
    return Named(named(text) or libvirt_model(text) or _emulated(text), False, None, clock_hz, cores, model)


def _emulated(text: str) -> Microarchitecture | None:
    """QEMU's names: of ``Intel Xeon Processor (Skylake, IBRS)`` the server's core is meant."""
    if found := _QEMU.search(text):
        server = libvirt_model(f"{found[2]}-Server") if found[1].casefold() == "xeon" else None
        return server or named(found[2])
    return None


def _rule(text: str, bare: str) -> NameRule | None:
    fitting = [rule for rule in _RULES if rule.pattern.search(text if rule.by_clock else bare)]
    return next((rule for rule in fitting if not rule.weak), fitting[0] if fitting else None)


def _clock(text: str) -> float | None:
    """The base clock in Hz: what stands behind ``@``, else the first that is not said to be the highest."""
    found = [
        (text[max(0, match.start() - 2) : match.start()].strip() != "@", match)
        for match in _CLOCK.finditer(text)
        if not _BOOSTED.search(text[: match.start()])
    ]
    for _behind, match in sorted(found, key=lambda each: each[0]):
        clock_hz = float(match[1].replace(",", ".")) * _UNITS[match[2].casefold()]
        if _SLOWEST_HZ <= clock_hz <= _FASTEST_HZ:
            return clock_hz
    return None


def _cores(text: str) -> int | None:
    if found := _CORES.search(text):
        return int(found[1]) or None
    if found := _WORD_CORES.search(text):
        return _WORDS[found[1].casefold()]
    return None

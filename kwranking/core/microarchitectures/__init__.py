# SPDX-License-Identifier: Apache-2.0
"""The table of microarchitectures, and how a row is found."""

from __future__ import annotations

import re

from kwranking.core.microarchitectures import amd, arm, intel, intel_newer, others, power
from kwranking.core.microarchitectures.row import Microarchitecture

TABLE: tuple[Microarchitecture, ...] = (
    *intel.ROWS,
    *intel_newer.ROWS,
    *amd.ROWS,
    *arm.ROWS,
    *power.ROWS,
    *others.ROWS,
)

_LIBVIRT_SUFFIX = re.compile(r"(-(no-?tsx|ibrs|ibpb|rsb|v\d+))+$", re.IGNORECASE)


def _key(name: str) -> str:
    """What is alike in the ways of writing a name: ``Sandy Bridge-EP``, ``sandybridge_ep``."""
    return re.sub(r"[\s_-]+", "", name).casefold()


_BY_NAME = {_key(name): row for row in reversed(TABLE) for name in (row.name, *row.aliases)}
_BY_LIBVIRT = {name.casefold(): row for row in TABLE for name in row.libvirt}


def named(name: str) -> Microarchitecture | None:
    """The row of this name or alias, however it is written, or ``None``."""
    return _BY_NAME.get(_key(name))


def libvirt_model(name: str) -> Microarchitecture | None:
    """The row of a CPU model of libvirt and QEMU, with or without ``-IBRS``, ``-noTSX``, ``-v2``; or ``None``."""
    stripped = name.strip().casefold()
    return _BY_LIBVIRT.get(stripped) or _BY_LIBVIRT.get(_LIBVIRT_SUFFIX.sub("", stripped))


def numbered(vendor: str, family: int, model: int, stepping: int = 0) -> Microarchitecture | None:
    """The row of the numbers that a processor tells of itself (see ``row.Cpuid``), or ``None``."""
    for row in TABLE:
        if any(cpuid.fits(vendor, family, model, stepping) for cpuid in row.cpuids):
            return row
    return None

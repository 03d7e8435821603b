# SPDX-License-Identifier: Apache-2.0
"""Base clock and cores of models by their number, for names that carry no clock.

Source: the makers' product pages (amd.com, ark.intel.com) and, for Opteron,
AMD's Opteron Quick Reference Guide. A table holds ``MODEL CORES GHZ``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from kwranking.core.processors import catalogue_amd, catalogue_intel


@dataclass(frozen=True, slots=True)
class Model:
    """What the maker says of one model: cores of a processor, and the base clock."""

    cores: int
    clock_hz: float


def _read(table: str) -> dict[str, Model]:
    rows = (row.split() for row in table.replace("\n", ",").split(",") if row.strip())
    return {number: Model(int(cores), round(float(ghz) * 1e9)) for number, cores, ghz in rows}


_EPYC = _read(catalogue_amd.EPYC)
_OPTERON = _read(catalogue_amd.OPTERON)
_SCALABLE = _read(catalogue_intel.SCALABLE)
_XEON = _read(catalogue_intel.XEON)

_EPYC_NAME = re.compile(r"\bepyc\W+(?:embedded )?([0-9A-Z]{4,6})\b", re.IGNORECASE)
_OPTERON_NAME = re.compile(
    r"\bopteron\W+(?:(?:tm|processor|dual core|quad core|x2)\W+)*(\d{3,4}P?)(?: ?([HSE]E))?\b", re.I
)
_SCALABLE_NAME = re.compile(
    r"\b(?:(?:platinum|gold|silver|bronze|max|xeon-[pgsb])\W*|xeon\W+6?\W*)(\d{4}[A-Z]{0,2}\+?)", re.I
)
_XEON_NAME = re.compile(r"\b(E[357]-\d{4}[A-Z]{0,2}|[EDW]-\d{4,5}[A-Z]{0,3}|[ELWX]\d{4}|\d{4})(?: ?(v\d))?\b", re.I)


def model_of(name: str) -> Model | None:
    """The model that a processor's name tells, or ``None``; a suffix that changes nothing may miss in the table."""
    if found := _EPYC_NAME.search(name):
        number = found[1].upper()
        return _EPYC.get(number) or _EPYC.get(number.removesuffix("P"))
    if found := _OPTERON_NAME.search(name):
        return _opteron(found[1].upper(), (found[2] or "").upper())
    if found := _SCALABLE_NAME.search(name):
        number = found[1].upper()
        if model := _SCALABLE.get(number):
            return model
    if "xeon" in name.casefold() and (found := _XEON_NAME.search(name)):
        version = (found[2] or "").casefold()
        number = found[1].upper()
        return _XEON.get(f"{number}{version}")
    return None


def _opteron(number: str, suffix: str) -> Model | None:
    """An Opteron by its number; of K8 and K10 the first digit only counts sockets, so 8431 is 2431."""
    for key in (number + suffix, number, "2" + number[1:] if number[0] in "18" else number):
        if model := _OPTERON.get(key):
            return model
    return None

# SPDX-License-Identifier: Apache-2.0
"""What ``ipmitool sdr`` prints, text in, numbers out: name, value, state, between bars."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

_LINE = re.compile(r"(?P<name>[^|]*[^|\s])\s*\|\s*(?P<value>[^|]*?)\s*\|\s*(?P<state>[a-z]{2})\s*", re.ASCII)
_VALUE = re.compile(r"(?P<number>[+-]?\d{1,12}(?:\.\d{1,12})?) (?P<unit>[A-Za-z][A-Za-z ]*)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Line:
    """A sensor's value in its unit as ipmitool spells it (``Watts``, ``degrees C``)."""

    name: str
    value: float
    unit: str


def parse_sdr(text: str) -> list[Line]:
    """All sensors that tell a number with a unit; others, such as ``no reading`` or ``0x00``, are left out."""
    found = []
    for line in text.splitlines():
        parts = _LINE.fullmatch(line)
        value = _VALUE.fullmatch(parts["value"]) if parts else None
        if parts and value and parts["state"] != "ns" and math.isfinite(number := float(value["number"])):
            found.append(Line(parts["name"].strip(), number, value["unit"]))
    return found


def parse_watts(text: str) -> dict[str, float]:
    """Watts by sensor; of sensors of one name the first."""
    watts: dict[str, float] = {}
    for line in parse_sdr(text):
        if line.unit == "Watts":
            watts.setdefault(line.name, line.value)
    return watts

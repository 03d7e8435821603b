# SPDX-License-Identifier: Apache-2.0
"""Which of a driver's readings may go on the bus: what a consumer would refuse must not spoil the batch around it."""

from __future__ import annotations

import math
from collections.abc import Container, Sequence
from typing import Any

from kwapi.core.reading import ALL_FLAGS, Reading
from kwapi.core.wire import checked_extra

_LATEST_NS = 2**63 - 1


def admit(answer: Any, probes: Container[str]) -> tuple[list[Reading], str]:
    """The readings that are sound, and what is wrong with the first of the others (nothing: an empty text).

    :raises TypeError: the answer is no sequence of readings.
    """
    if not isinstance(answer, Sequence):
        raise TypeError(f"read() gave {type(answer).__name__}, and not a sequence of readings")
    sound: list[Reading] = []
    ends: dict[str, int] = {}
    complaint = ""
    for reading in answer:
        if not isinstance(reading, Reading):
            raise TypeError(f"read() gave {type(reading).__name__} among its readings")
        flaw = _flaw(reading, probes, ends)
        if flaw:
            complaint = complaint or f"{str(reading.probe_id)[:255]}: {flaw}"
        else:
            ends[reading.probe_id] = reading.end_ns
            sound.append(reading)
    return sound, complaint


def _flaw(reading: Reading, probes: Container[str], ends: dict[str, int]) -> str:
    """Why a reading may not go on the bus."""
    if reading.probe_id not in probes:
        return "no probe of this section"
    watts, joules = reading.watts, reading.energy_j
    if watts is None and joules is None and not reading.extra:
        return "it says nothing"
    for number in (watts, reading.volts, reading.amperes, joules):
        if number is not None and not _sound(number):
            return f"{str(number)[:40]!r} is no finite number"
    if not 0 <= reading.flags <= ALL_FLAGS:
        return "its flags are not known"
    flaw = _flaw_of_interval(reading.begin_ns, reading.end_ns, ends.get(reading.probe_id))
    return flaw or (_flaw_of_extra(reading.extra) if reading.extra else "")


def _flaw_of_interval(begin: int, end: int, before: int | None) -> str:
    if not (type(begin) is int and type(end) is int and 0 <= begin <= end <= _LATEST_NS):
        return "its interval is none"
    if before is not None and (begin < before or end == before):
        return "its interval overlaps the one before"
    return ""


def _flaw_of_extra(extra: dict[str, float]) -> str:
    for name, number in extra.items():
        try:
            checked_extra(name)
        except (ValueError, TypeError) as error:
            return str(error)
        if not _sound(number):
            return f"{name}: {str(number)[:40]!r} is no finite number"
    return ""


def _sound(number: float) -> bool:
    # Exactly these types, since others cannot be written into a frame.
    try:
        return type(number) in (float, int) and math.isfinite(number)
    except OverflowError:
        return False

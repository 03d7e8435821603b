# SPDX-License-Identifier: Apache-2.0
"""Instants and durations as people write and read them, for programs that speak to people.

The REST API refuses an instant without an offset, since it cannot know whose
clock is meant. A program on somebody's machine does.
"""

from __future__ import annotations

import datetime as dt

from climate.core.period import parse_duration, parse_instant
from climate.errors import BadField

FORMS = "2026-11-21T14:00 (your time), 2026-11-21T14:00:00Z, +2h or epoch seconds"
"""How an instant may be written, for people."""

_UNITS = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))


def instant(text: str, now: float, field: str, zone: dt.tzinfo | None = None) -> int:
    """Epoch seconds for ``now``, ``+2h30m`` (from ``now``), epoch seconds, or ISO 8601.

    ISO 8601 without an offset is the time of ``zone``, or of the machine's own zone.

    :raises BadField: naming ``field``: it is no instant, or the clocks of the
        zone show that time twice or never.
    """
    written = text.strip()
    if written.lower() == "now":
        return int(now)
    if written.startswith("+") and not written[1:].isdigit():
        return int(now) + parse_duration(written[1:], field)
    try:
        moment = dt.datetime.fromisoformat(written)
    except ValueError:
        moment = None
    if moment is None and not written.isdigit():
        raise BadField(f"{field} is not a time: write {FORMS}.", field=field)
    if moment is None or moment.tzinfo is not None or written.isdigit():
        return parse_instant(written, field)
    return _local(moment, field, zone)


def seconds(text: str, field: str) -> int:
    """The length of a duration: seconds, ``2h30m``, or ISO 8601.

    :raises BadField: naming ``field``, when it is no duration, or not above 0.
    """
    return parse_duration(text, field)


def short(seconds: float) -> str:
    """A duration for people: ``2h30m``, its two largest units; ``0s`` for less than one second."""
    left = int(seconds)
    parts: list[tuple[int, str]] = []
    for size, letter in _UNITS:
        count, left = divmod(left, size)
        if count or parts:
            parts.append((count, letter))
    return "".join(f"{count}{letter}" for count, letter in parts[:2] if count) or "0s"


def _local(moment: dt.datetime, field: str, zone: dt.tzinfo | None) -> int:
    """A wall clock's time as epoch seconds."""
    first, second = (int(moment.replace(tzinfo=zone, fold=fold).timestamp()) for fold in (0, 1))
    if first != second:
        raise BadField(
            f"{field}: on that day the clocks change, and show {moment:%H:%M} twice or never: add an offset.",
            field=field,
        )
    return first

# SPDX-License-Identifier: Apache-2.0
"""Instants, durations and half-open periods, in integer seconds (UTC)."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from climate.errors import BadField

# 9999-12-31T23:59:59Z: the last instant that every backend and datetime can hold.
LAST_INSTANT = 253_402_300_799
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_SHORT = re.compile(r"(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?:in)?)?(?:(\d+)s)?", re.IGNORECASE)
_ISO = re.compile(r"P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?", re.IGNORECASE)
_UNITS = (604_800, 86_400, 3_600, 60, 1)


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """Half-open ``[start_at, end_at)``, so that back-to-back periods touch and never overlap."""

    start_at: int
    end_at: int

    def __post_init__(self) -> None:
        if self.end_at <= self.start_at:
            raise ValueError(f"empty period [{self.start_at}, {self.end_at})")

    @property
    def duration_s(self) -> int:
        return self.end_at - self.start_at

    def overlaps(self, other: Period) -> bool:
        return self.start_at < other.end_at and other.start_at < self.end_at

    def contains(self, instant: int) -> bool:
        return self.start_at <= instant < self.end_at


def parse_instant(value: object, field: str) -> int:
    """Epoch seconds from an integer or from ISO 8601 text with an offset.

    Fractions of a second are cut off.

    :raises BadField: naming ``field``, when the value is no instant.
    """
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise BadField(f"{field} must be ISO 8601 with an offset, or integer epoch seconds.", field=field)
    if isinstance(value, str) and not _is_integer(value):
        try:
            moment = dt.datetime.fromisoformat(value.strip())
        except ValueError:
            raise BadField(
                f"{field} is not a time: write 2026-11-21T14:00:00Z or integer epoch seconds.", field=field
            ) from None
        if moment.tzinfo is None:
            raise BadField(f"{field} has no offset: add Z or +01:00.", field=field)
        # Not timestamp(): far from now a float is too coarse to keep 0.999999 s below the next second.
        instant = (moment - _EPOCH) // dt.timedelta(seconds=1)
    else:
        if isinstance(value, str) and len(value.strip()) > 20:
            raise BadField(f"{field} is out of range.", field=field)
        instant = int(value)
    if not 0 <= instant <= LAST_INSTANT:
        raise BadField(f"{field} is out of range: from 1970 to 9999.", field=field)
    return instant


def parse_duration(value: object, field: str) -> int:
    """Seconds from an integer, ``2h30m`` or ISO 8601 (``PT2H30M``, ``P1D``).

    Months and years have no fixed length and are refused.

    :raises BadField: naming ``field``, when the value is no duration, or not above 0.
    """
    seconds: int | None = None
    if isinstance(value, int) and not isinstance(value, bool):
        seconds = value
    elif isinstance(value, str) and len(value) <= 40:
        text = value.strip()
        match = _ISO.fullmatch(text) if text[:1] in "Pp" else _SHORT.fullmatch(text)
        if _is_integer(text):
            seconds = int(text)
        elif match and any(match.groups()):
            seconds = sum(int(n) * unit for n, unit in zip(match.groups(), _UNITS, strict=True) if n)
    if seconds is None:
        raise BadField(f"{field} is not a duration: write seconds, 2h30m or PT2H30M.", field=field)
    if not 0 < seconds <= LAST_INSTANT:
        raise BadField(f"{field} must be above 0 seconds and sane.", field=field)
    return seconds


def format_instant(instant: int) -> str:
    """ISO 8601 in UTC with a ``Z``: ``2026-11-21T14:00:00Z``."""
    return dt.datetime.fromtimestamp(instant, dt.UTC).isoformat().removesuffix("+00:00") + "Z"


def _is_integer(text: str) -> bool:
    return re.fullmatch(r"\s*[+-]?\d+\s*", text, re.ASCII) is not None

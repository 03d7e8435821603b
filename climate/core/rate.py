# SPDX-License-Identifier: Apache-2.0
"""How often something may be done: the generic cell rate algorithm, in whole numbers.

A rate lets ``burst`` requests through at once and ``per_s`` a second on
average: in any ``t`` seconds at most ``burst + per_s * t``. The algorithm (ITU-T
I.371, annex A, in its form as a bucket that fills by itself) needs one small
value per asker and no history. Contents are counted in millionths of a request
and time in microseconds, so that nothing is lost to rounding.
"""

from __future__ import annotations

from dataclasses import dataclass

_WHOLE = 1_000_000
_FAR_US = 60_000_000


@dataclass(frozen=True, slots=True)
class Rate:
    """``per_s`` requests a second on average, ``burst`` at once; both at least 1."""

    per_s: int
    burst: int

    def __post_init__(self) -> None:
        if self.per_s < 1 or self.burst < 1:
            raise ValueError(f"{self} lets nothing through")


@dataclass(frozen=True, slots=True)
class Bucket:
    """What is left of a rate at an instant: millionths of a request, microseconds of any clock."""

    left: int
    at_us: int


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of asking: how many requests may be made, and the bucket after that.

    Where it is none, ``wait_us`` is when as many as were asked for can be had
    (at most a whole burst), if nobody else takes any.
    """

    granted: int
    wait_us: int
    bucket: Bucket


def take(bucket: Bucket | None, wanted: int, rate: Rate, now_us: int) -> Taken:
    """Take up to ``wanted`` requests, at least 1, out of a bucket; ``None`` is a full one.

    A clock that goes back fills nothing: time that was counted counts once. One
    that was minutes ahead is not waited for.
    """
    full = rate.burst * _WHOLE
    known = Bucket(full, now_us) if bucket is None else bucket
    at_us = now_us if known.at_us - now_us > _FAR_US else max(now_us, known.at_us)
    left = min(full, known.left + max(0, at_us - known.at_us) * rate.per_s)
    granted = min(wanted, left // _WHOLE)
    if granted:
        return Taken(granted, 0, Bucket(left - granted * _WHOLE, at_us))
    missing = min(wanted, rate.burst) * _WHOLE - left
    return Taken(0, -(-missing // rate.per_s) + at_us - now_us, Bucket(left, at_us))

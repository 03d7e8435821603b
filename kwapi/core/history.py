# SPDX-License-Identifier: Apache-2.0
"""Power over time in bounded space: the least, the mean and the greatest of each step, and how much was measured.

Readings become *segments*: a straight line of power between two instants (the
trapezoid of :mod:`kwapi.core.energy`), or one value at an instant. Segments
are folded into *rows*, one for each probe and each step of a tier that they
touch. A row keeps energy and measured time, from which the mean follows; so
rows of a finer tier add up to those of a coarser one, and the energy of a
period is the same on all of them. The least and the greatest of a row are
those of its segments inside the step: no peak is lost at any step.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

NS = 1_000_000_000
Array = NDArray[Any]

ROW = np.dtype([("bucket", "<u4"), ("low", "<f4"), ("high", "<f4"), ("joules", "<f8"), ("measured_ns", "<i8")])
"""A probe's step: ``bucket`` is the instant at which it begins over its length, in whole steps since the epoch; ``low``
and ``high`` are watts. Bucket 0 is an empty row."""

SEGMENT = np.dtype(
    [("probe", "<i4"), ("begin_ns", "<i8"), ("end_ns", "<i8"), ("begin_watts", "<f8"), ("end_watts", "<f8")]
)
"""Power on a straight line between two instants; of no length, it is a value that was seen and carries no energy."""


@dataclass(frozen=True, slots=True)
class Tier:
    """Steps of ``step_s`` seconds, of which the last ``rows`` are kept."""

    step_s: int
    rows: int

    @property
    def span_s(self) -> int:
        """How far back it reaches."""
        return self.step_s * self.rows


TIERS = (
    Tier(1, 3_600),
    Tier(10, 8_640),
    Tier(60, 11_520),
    Tier(600, 8_640),
    Tier(3_600, 9_600),
    Tier(86_400, 3_660),
)
"""A second for an hour, ten for a day, a minute for 8 days, ten for 60 days, an hour for 400 days, a day for ten years.
Each step is a multiple of the one before."""

BYTES_PER_PROBE = ROW.itemsize * sum(tier.rows for tier in TIERS)


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of several probes, ordered by probe and bucket, each pair once; ``probe`` has a number for each of them."""

    probe: Array
    rows: Array

    def __len__(self) -> int:
        return len(self.rows)


def folded(segments: Array, step_s: int) -> Rows:
    """Segments (of :data:`SEGMENT`) as rows of steps of ``step_s`` seconds."""
    step_ns = step_s * NS
    begin, end = segments["begin_ns"], segments["end_ns"]
    first = begin // step_ns
    # What ends where a step begins is not in it, unless it is an instant.
    last = np.maximum(first, (end - 1) // step_ns)
    counts = last - first + 1
    of = np.repeat(np.arange(len(segments)), counts)
    bucket = first[of] + _places(counts)
    piece_begin = np.maximum(begin[of], bucket * step_ns)
    piece_end = np.maximum(piece_begin, np.minimum(end[of], (bucket + 1) * step_ns))
    line = segments[of]
    at_begin, at_end = _watts(line, piece_begin), _watts(line, piece_end)
    pieces = np.zeros(len(of), ROW)
    pieces["bucket"] = bucket
    pieces["low"], pieces["high"] = np.minimum(at_begin, at_end), np.maximum(at_begin, at_end)
    pieces["measured_ns"] = piece_end - piece_begin
    used = np.maximum(at_begin, 0) + np.maximum(at_end, 0)
    pieces["joules"] = used / 2 * ((piece_end - piece_begin) / NS)
    return _added(line["probe"], pieces)


def coarser(fine: Rows, factor: int) -> Rows:
    """Rows of steps that are ``factor`` times as long."""
    rows = fine.rows.copy()
    rows["bucket"] //= factor
    return _added(fine.probe, rows)


def merged(old: Array, new: Array) -> Array:
    """What stands in places where ``old`` rows stood, after ``new`` ones came: of one bucket they add up, else the
    later bucket stays, since a place is used again when its turn comes."""
    same, later = new["bucket"] == old["bucket"], new["bucket"] > old["bucket"]
    result = np.where(later, new, old)
    result["low"] = np.where(same, np.minimum(old["low"], new["low"]), result["low"])
    result["high"] = np.where(same, np.maximum(old["high"], new["high"]), result["high"])
    for name in ("joules", "measured_ns"):
        result[name] = np.where(same, old[name] + new[name], result[name])
    return result


def tier_for(start_s: float, now_s: float, step_s: float, tiers: tuple[Tier, ...] = TIERS) -> Tier:
    """The tier to read for steps of ``step_s`` from an instant on.

    The coarsest that is no coarser than asked for and still has the instant;
    if none has, the finest that does; if none at all, the last.
    """
    reaching = [tier for tier in tiers if now_s - tier.span_s <= start_s] or [tiers[-1]]
    fine = [tier for tier in reaching if tier.step_s <= step_s]
    return fine[-1] if fine else reaching[0]


def means(rows: Array) -> Array:
    """The mean power of each row in watts, over the time that was measured; not a number where none was."""
    measured = rows["measured_ns"]
    return np.divide(rows["joules"] * NS, measured, out=np.full(len(rows), np.nan), where=measured > 0)


def summed(parts: list[Rows]) -> tuple[Array, Array]:
    """Rows of several probes as those of their sum, by bucket, and its mean power.

    Low, high and mean are the sums of those that each probe has there, and so
    of fewer probes where one has a gap; ``measured_ns`` is of all together.
    """
    rows = np.concatenate([part.rows for part in parts]) if parts else np.zeros(0, ROW)
    buckets, of = np.unique(rows["bucket"], return_inverse=True)
    result = np.zeros(len(buckets), ROW)
    result["bucket"] = buckets
    for name in ("low", "high", "joules", "measured_ns"):
        np.add.at(result[name], of, rows[name])
    watts = np.zeros(len(buckets))
    np.add.at(watts, of, np.nan_to_num(means(rows)))
    watts[result["measured_ns"] == 0] = np.nan
    return result, watts


def _watts(line: Array, at_ns: Array) -> Array:
    """The power of a segment at an instant within it."""
    length = line["end_ns"] - line["begin_ns"]
    part = np.divide(at_ns - line["begin_ns"], length, out=np.zeros(len(line)), where=length > 0)
    begin: Array = line["begin_watts"]
    # Exactly the end's power at the end, which begin + (end - begin) need not be.
    return np.where(part < 1, begin + (line["end_watts"] - begin) * part, line["end_watts"])


def _places(counts: Array) -> Array:
    """0, 1, ... counts[0] - 1, 0, 1, ... counts[1] - 1, and so on."""
    starts = np.repeat(np.cumsum(counts) - counts, counts)
    return np.arange(len(starts)) - starts


def _added(probe: Array, rows: Array) -> Rows:
    """Rows in any order, several for one probe and bucket, as one for each."""
    if not len(rows):
        return Rows(probe.astype("<i4"), rows)
    order = np.lexsort((rows["bucket"], probe))
    probe, rows = probe[order].astype("<i4"), rows[order]
    new = np.flatnonzero(
        np.concatenate(([True], (probe[1:] != probe[:-1]) | (rows["bucket"][1:] != rows["bucket"][:-1])))
    )
    result = rows[new]
    result["low"] = np.minimum.reduceat(rows["low"], new)
    result["high"] = np.maximum.reduceat(rows["high"], new)
    result["joules"] = np.add.reduceat(rows["joules"], new)
    result["measured_ns"] = np.add.reduceat(rows["measured_ns"], new)
    return Rows(probe[new], result)

# SPDX-License-Identifier: Apache-2.0
"""The history of every probe: takes what readings add, gives rows of any step back."""

from __future__ import annotations

import threading
from array import array
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kwapi.consumers.history_files import HistoryFiles
from kwapi.core.energy import Step
from kwapi.core.history import ROW, SEGMENT, Tier, coarser, folded, merged
from kwapi.core.reading import Reading

Array = NDArray[Any]

_MOST_WAITING = 500_000
"""So many segments wait in memory; more are written before their time."""


class History:
    """Rows in ``files``, and what waits to be written. One thread records, any may read.

    ``files`` and ``tiers`` are of each other; a coarser tier's step is a
    multiple of the finer one's.
    """

    def __init__(self, files: HistoryFiles, tiers: Sequence[Tier]) -> None:
        self.tiers = tuple(tiers)
        self._files = files
        self._lock = threading.Lock()
        self._waiting = _Waiting()

    @property
    def crowded(self) -> bool:
        """Whether so much waits that it should be written now."""
        return len(self._waiting) >= _MOST_WAITING

    def knows(self, probe_id: str) -> bool:
        """Whether there ever was anything of a probe."""
        return self._files.known(probe_id) is not None

    def record(self, reading: Reading, steps: Sequence[Step] | None) -> None:
        """What a reading that is believed added to its probe's meter; ``None``: the probe was never heard before."""
        watts = reading.watts
        if steps is None:
            if watts is not None:
                number = self._files.number(reading.probe_id)
                self._waiting.add(number, reading.begin_ns, reading.end_ns, watts, watts)
            return
        if not steps:
            return
        number = self._files.number(reading.probe_id)
        for step in steps:
            if step.measured:
                self._waiting.add(number, step.begin_ns, step.end_ns, step.begin_watts, step.end_watts)
        if watts is not None and not (step.measured and step.end_watts == watts):
            # What the device saw is in no line: a counter knows a mean only, and behind a gap there is none.
            self._waiting.add(number, reading.end_ns, reading.end_ns, watts, watts)

    def prepare(self, generation: int) -> None:
        """Write what waits, as the change of that number.

        :raises OSError: it cannot be written; it goes on waiting.
        """
        fine = folded(self._waiting.segments(), self.tiers[0].step_s)
        rows = [fine]
        for before, tier in zip(self.tiers, self.tiers[1:], strict=False):
            rows.append(coarser(rows[-1], tier.step_s // before.step_s))
        self._files.prepare(generation, rows)

    def apply(self) -> None:
        """The change counts: it is history now."""
        with self._lock:
            self._files.apply()
            self._waiting = _Waiting()

    def sync(self) -> None:
        """Bring it to the disk, as it need not be after each change."""
        self._files.sync()

    def rows(self, probe_id: str, tier: int, start_s: float, end_s: float) -> Array:
        """A probe's rows of a tier that touch ``[start_s, end_s)``, also of what waits, in their order."""
        number = self._files.known(probe_id)
        step_s = self.tiers[tier].step_s
        first, last = int(start_s // step_s), int(-(-end_s // step_s)) - 1
        if number is None or last < first:
            return np.zeros(0, ROW)
        with self._lock:
            kept = self._files.rows(number, tier, first, last)
            segments = self._waiting.segments()
        fresh = folded(segments[segments["probe"] == number], step_s).rows
        fresh = fresh[(fresh["bucket"] >= first) & (fresh["bucket"] <= last)]
        return _joined(kept, fresh)


def _joined(kept: Array, fresh: Array) -> Array:
    """Both in the order of buckets; where both have one, it is added up."""
    if not len(fresh):
        return kept
    buckets = np.union1d(kept["bucket"], fresh["bucket"])
    result = np.zeros(len(buckets), ROW)
    result[np.searchsorted(buckets, kept["bucket"])] = kept
    places = np.searchsorted(buckets, fresh["bucket"])
    result[places] = merged(result[places], fresh)
    return result


class _Waiting:
    """Segments as they come, by column: a hundred thousand of them are no work for the memory."""

    def __init__(self) -> None:
        self._probe = array("i")
        self._begin = array("q")
        self._end = array("q")
        self._from = array("d")
        self._to = array("d")

    def __len__(self) -> int:
        return len(self._to)

    def add(self, probe: int, begin_ns: int, end_ns: int, begin_watts: float, end_watts: float) -> None:
        """One more."""
        self._probe.append(probe)
        self._begin.append(begin_ns)
        self._end.append(end_ns)
        self._from.append(begin_watts)
        # Last, so that as many are whole as there are of these, whoever looks meanwhile.
        self._to.append(end_watts)

    def segments(self) -> Array:
        """All that are whole."""
        count = len(self._to)
        segments = np.zeros(count, SEGMENT)
        segments["probe"] = self._probe[:count]
        segments["begin_ns"] = self._begin[:count]
        segments["end_ns"] = self._end[:count]
        segments["begin_watts"] = self._from[:count]
        segments["end_watts"] = self._to[:count]
        return segments

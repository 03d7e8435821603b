# SPDX-License-Identifier: Apache-2.0
"""When enough hosts of a group stay free for long enough: exact, with no grain of time.

A whole host is free or not, so each gap ``[g0, g1)`` of a host gives one
interval of feasible starts, ``[g0, g1 - duration - margin]``. A start at which
``quantity`` hosts are feasible at once is a start for the lease. The gaps are
met in the order of time, in slices that grow, so that a wide window costs no
more than the part of it that is needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from climate.core.calendar.coverage import Starts, covered
from climate.core.calendar.gaps import Calendar
from climate.core.calendar.table import Instants, Positions, Rows
from climate.core.lease import Window

FIRST_SLICE_S = 6 * 3600
SLICE_GROWTH = 4


@dataclass(frozen=True, slots=True)
class Need:
    """What a search looks for: ``quantity`` hosts of one group, for the whole of
    ``window.duration_s``, and ``margin_s`` more behind it.

    The margin must be free too, but may lie outside the window.
    """

    quantity: int
    window: Window
    margin_s: int = 0

    @property
    def span_s(self) -> int:
        """How long a host must be free."""
        return self.window.duration_s + self.margin_s


@dataclass(frozen=True, slots=True)
class Free:
    """Hosts of one group that are free for the whole span from one start.

    ``group`` counts into the groups that were searched. ``[gap_from,
    gap_until)`` is the free time around the start of each row, what is past
    left out; :data:`~climate.core.calendar.table.FOREVER` where nothing follows.
    """

    group: int
    rows: Rows
    gap_from: Instants
    gap_until: Instants


class Search:
    """All feasible starts of one need, found as they are asked for.

    Holds good as long as the calendar does not change. ``groups`` are the rows
    of alike hosts, each row once; ``now`` is the present (free time before it
    is worth nothing to anybody).
    """

    def __init__(self, calendar: Calendar, groups: Sequence[npt.ArrayLike], need: Need, now: int) -> None:
        """Prepare; nothing is searched yet.

        :raises ValueError: when the quantity or the duration is below 1, the
            margin below 0, or a row is not in the calendar.
        """
        if need.quantity < 1 or need.window.duration_s < 1 or need.margin_s < 0:
            raise ValueError(f"nothing to search for: {need}")
        self.need = need
        self._calendar = calendar
        self._now = now
        arrays = [np.asarray(group, np.intp) for group in groups]
        self._names = [name for name, rows in enumerate(arrays) if rows.size >= need.quantity]
        chosen = [arrays[name] for name in self._names]
        self._rows: Rows = np.concatenate(chosen) if chosen else np.empty(0, np.intp)
        if self._rows.size and not 0 <= self._rows.min() <= self._rows.max() < calendar.host_count:
            raise ValueError(f"a row is not among the {calendar.host_count} hosts")
        self._group = np.repeat(np.arange(len(chosen)), [rows.size for rows in chosen])
        self._impossible = not chosen or need.window.latest_start < need.window.earliest
        self._earliest: int | None = None
        self._met: _Intervals | None = None

    def earliest(self) -> int | None:
        """The first instant at which the need can be met, or ``None``."""
        if self._met is None and not self._impossible:
            self._sweep()
        return self._earliest

    def starts(self) -> Starts:
        """All instants at which the need can be met, as maximal intervals of each group."""
        window = self.need.window
        if self._impossible:
            return Starts(*(np.empty(0, np.int64) for _ in range(3)))
        walk = _Walk(self._calendar, self._rows, self.need)
        met = walk.open().joined(walk.until(window.latest_start))
        group, first, last = self._covered(met, window.earliest, window.latest_start)
        return Starts(np.asarray(self._names)[group], first, last)

    def free_at(self, start: int) -> list[Free]:
        """The groups in which the need can be met from ``start``, with all hosts that are free then."""
        if self._impossible or not self.need.window.earliest <= start <= self.need.window.latest_start:
            return []
        if self._met is not None and start == self._earliest:
            holds = np.flatnonzero((self._met.left <= start) & (start <= self._met.right))
            entry, place = self._met.entry[holds], self._met.place[holds]
        else:
            place = self._calendar.gaps.locate(self._rows, start + self.need.span_s)
            entry = np.flatnonzero(self._calendar.gaps.gap_from[place] <= start)
            place = place[entry]
        return self._by_group(entry, place)

    def _by_group(self, entry: Positions, place: Positions) -> list[Free]:
        group = self._group[entry]
        sizes = np.bincount(group, minlength=len(self._names))
        order = np.argsort(group, kind="stable") if sizes.size > 1 else slice(None)
        rows = self._rows[entry][order]
        gap_from = np.maximum(self._calendar.gaps.gap_from[place], self._now)[order]
        gap_until = self._calendar.gaps.gap_until[place][order]
        behind = np.cumsum(sizes)
        return [
            Free(self._names[index], rows[part], gap_from[part], gap_until[part])
            for index in np.flatnonzero(sizes >= self.need.quantity).tolist()
            for part in [slice(int(behind[index] - sizes[index]), int(behind[index]))]
        ]

    def _sweep(self) -> None:
        """Widen the window until the need is met in it."""
        window = self.need.window
        walk = _Walk(self._calendar, self._rows, self.need)
        met = walk.open()
        if self._may_cover(met):  # all begin at the earliest start, so that "may" is "do"
            self._met, self._earliest = met, window.earliest
            return
        hi, width = window.earliest, FIRST_SLICE_S
        while self._earliest is None and hi < window.latest_start:
            lo, hi = hi, min(hi + width, window.latest_start)
            width *= SLICE_GROWTH
            met = met.reaching(lo).joined(walk.until(hi))
            if self._may_cover(met):
                first = self._covered(met, lo, hi).first
                self._earliest = int(first.min()) if first.size else None
        self._met = met

    def _may_cover(self, met: _Intervals) -> bool:
        """Are there so many intervals that some group could be covered?"""
        return bool(np.bincount(self._group[met.entry]).max(initial=0) >= self.need.quantity)

    def _covered(self, met: _Intervals, lo: int, hi: int) -> Starts:
        hosts = Starts(self._group[met.entry], met.left, met.right)
        return covered(hosts, self.need.quantity, len(self._names), lo, hi)


@dataclass(frozen=True, slots=True)
class _Intervals:
    """Closed intervals ``[left, right]`` of feasible starts: of which entry of the
    searched rows, and where their gap stands in the calendar."""

    entry: Positions
    place: Positions
    left: Instants
    right: Instants

    def reaching(self, instant: int) -> _Intervals:
        """Those that are not over before ``instant``."""
        keep = np.flatnonzero(self.right >= instant)
        return _Intervals(self.entry[keep], self.place[keep], self.left[keep], self.right[keep])

    def joined(self, others: _Intervals) -> _Intervals:
        """These and ``others``."""
        return _Intervals.all_of([self, others])

    @classmethod
    def all_of(cls, parts: Sequence[_Intervals]) -> _Intervals:
        """The intervals of all ``parts``."""
        return cls(
            np.concatenate([_NO_PLACES, *(part.entry for part in parts)]),
            np.concatenate([_NO_PLACES, *(part.place for part in parts)]),
            np.concatenate([_NO_INSTANTS, *(part.left for part in parts)]),
            np.concatenate([_NO_INSTANTS, *(part.right for part in parts)]),
        )


_NO_PLACES: Positions = np.empty(0, np.intp)
_NO_INSTANTS: Instants = np.empty(0, np.int64)


class _Walk:
    """The gaps of rows in the order of time: first :meth:`open`, then :meth:`until` one instant after the other."""

    def __init__(self, calendar: Calendar, rows: Rows, need: Need) -> None:
        self._calendar = calendar
        self._need = need
        # The first gap that reaches far enough for the earliest start: those before it hold no start.
        self._place = calendar.gaps.locate(rows, need.window.earliest + need.span_s)
        self._front = calendar.gaps.gap_from[self._place]
        self._open = np.flatnonzero(self._front <= need.window.earliest)

    def open(self) -> _Intervals:
        """The feasible starts from the earliest on, of the rows that are free then."""
        window = self._need.window
        place = self._place[self._open]
        left = np.full(place.size, window.earliest)
        right = np.minimum(self._calendar.gaps.gap_until[place] - self._need.span_s, window.latest_start)
        return _Intervals(self._open, place, left, right)

    def until(self, instant: int) -> _Intervals:
        """The feasible starts of the gaps that begin at or before ``instant`` and were not given before."""
        self._advance(self._open)
        self._open = self._open[:0]
        parts = []
        live = np.flatnonzero(self._front <= instant)
        while live.size:
            place, left = self._place[live], self._front[live]
            right = np.minimum(self._calendar.gaps.gap_until[place] - self._need.span_s, self._need.window.latest_start)
            good = np.flatnonzero(left <= right)
            parts.append(_Intervals(live[good], place[good], left[good], right[good]))
            live = live[self._advance(live) <= instant]
        return _Intervals.all_of(parts)

    def _advance(self, live: Positions) -> Instants:
        """Go on to the next gap of these rows; where it begins."""
        place = self._place[live] + 1
        front = self._calendar.gaps.gap_from[place]
        self._place[live] = place
        self._front[live] = front
        return front

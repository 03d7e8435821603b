# SPDX-License-Identifier: Apache-2.0
"""Who holds which host when, as a matrix of gaps between bookings.

A host is a row. The bookings of a row are sorted and never overlap, so the
time that is left consists of gaps, and the same columns tell both:

    ends    -forever     e0          e1          e2      forever ...
    starts        s0          s1          s2     forever forever ...
             <gap 0>[book 0)<gap 1>[book 1)<gap 2>[book 2)<gap 3 ...

Gap ``k`` of a row is ``[ends[k], starts[k])``, booking ``k`` is ``[starts[k],
ends[k + 1])``. Back-to-back bookings keep a gap of length 0 between them. What
is not used is padded with forever, so that rows stay sorted and a padded gap
has no length. Contiguous arrays beat trees here: a search reads a few columns
of all rows, a booking shifts a part of a row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from climate.core.calendar.owners import NOBODY, Owners
from climate.core.journal import Span

FOREVER = 1 << 60
"""Stands for "no end in sight"; ``-FOREVER`` for "since ever". Their difference fits int64."""

INSTANT_LIMIT = 1 << 40
"""Instants of bookings lie within +- this many seconds of 1970."""

HOST_LIMIT = 1 << 21
"""So many hosts at most, so that a host and an instant fit into one sort key."""

Instants = npt.NDArray[np.int64]
Rows = npt.NDArray[np.intp]
Positions = npt.NDArray[np.intp]
Mask = npt.NDArray[np.bool_]

# Room in a row for a booking more than there are, and one padded gap behind the last real one.
_PADDING = 2


class Taken(ValueError):
    """Some host is not free for the whole span; ``rows`` says which."""

    def __init__(self, rows: Sequence[int]) -> None:
        super().__init__(f"not free: rows {list(rows[:10])}")
        self.rows = tuple(rows)


class NotBooked(ValueError):
    """Some host has no booking of exactly this span; ``rows`` says which."""

    def __init__(self, rows: Sequence[int]) -> None:
        super().__init__(f"no such booking: rows {list(rows[:10])}")
        self.rows = tuple(rows)


@dataclass(frozen=True, slots=True)
class Occupancy:
    """What is on each host at one instant: four columns, one entry a host.

    ``owner`` and ``next_owner`` are owners' numbers or :data:`NOBODY`;
    ``until`` is when the present state ends (the end of the booking, or the
    next start of a host that is free); ``next_start`` is :data:`FOREVER` where
    nothing follows.
    """

    owner: npt.NDArray[np.int32]
    until: Instants
    next_start: Instants
    next_owner: npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Columns:
    """Bookings as columns of equal length; ``owner`` counts into ``keys``."""

    host: npt.NDArray[np.int64]
    start: Instants
    end: Instants
    owner: npt.NDArray[np.int32]
    keys: tuple[str, ...]


class Calendar:
    """The bookings of hosts ``0 .. host_count - 1``; whatever is refused has changed nothing.

    Rows in arguments are distinct host numbers; spans are half-open, in epoch
    seconds. Not safe for several threads at once: the owner brings a lock.
    """

    def __init__(self, host_count: int = 0, bookings_per_host: int = 16) -> None:
        self.host_count = host_count
        self.owners = Owners()
        self._count = np.zeros(host_count, np.int64)
        self._allocate(host_count, bookings_per_host + _PADDING)

    @classmethod
    def from_arrays(cls, columns: Columns, host_count: int = 0) -> Calendar:
        """A calendar of bookings in any order, with at least ``host_count`` hosts.

        :raises Taken: when two bookings of a host overlap.
        :raises ValueError: when a span is empty or out of range, or a host or
            owner number is, or columns differ in length.
        """
        hosts, starts, ends = (np.asarray(c, np.int64) for c in (columns.host, columns.start, columns.end))
        numbers, keys = np.asarray(columns.owner, np.int32), columns.keys
        if not hosts.shape == starts.shape == ends.shape == numbers.shape == (hosts.size,):
            raise ValueError("columns must have the same length")
        if not hosts.size:
            return cls(host_count)
        if (starts >= ends).any() or starts.min() <= -INSTANT_LIMIT or ends.max() >= INSTANT_LIMIT:
            raise ValueError("a span is empty or out of range")
        if hosts.min() < 0 or hosts.max() >= HOST_LIMIT or numbers.min() < 0 or numbers.max() >= len(keys):
            raise ValueError("a host or owner number is out of range")
        first = starts.min()
        order = np.argsort(hosts * (starts.max() - first + 1) + (starts - first))
        hosts, starts, ends, numbers = hosts[order], starts[order], ends[order], numbers[order]
        clash = (hosts[1:] == hosts[:-1]) & (starts[1:] < ends[:-1])
        if clash.any():
            raise Taken(hosts[1:][clash].tolist())

        counts = np.bincount(hosts, minlength=host_count)
        calendar = cls(counts.size, int(counts.max()) + 16)
        calendar._count[:] = counts
        column = np.arange(hosts.size) - np.repeat(np.cumsum(counts) - counts, counts)
        place = hosts * calendar._width + column
        calendar.gap_until[place] = starts
        calendar.gap_from[place + 1] = ends
        calendar._owner.reshape(-1)[place] = numbers
        calendar.owners = Owners(keys, np.bincount(numbers, minlength=len(keys)).tolist())
        return calendar

    @property
    def booking_count(self) -> int:
        """How many bookings there are, of all hosts."""
        return int(self._count.sum())

    @property
    def memory_bytes(self) -> int:
        """What the matrices take."""
        return self._starts.nbytes + self._ends.nbytes + self._owner.nbytes

    def columns(self) -> Columns:
        """All bookings sorted by host and start: the input of :meth:`from_arrays`."""
        real = np.arange(self._width) < self._count[:, None]
        host = np.repeat(np.arange(self.host_count), self._count)
        used, number = np.unique(self._owner[: self.host_count][real], return_inverse=True)
        return Columns(
            host,
            self._starts[: self.host_count][real],
            self._ends[: self.host_count, 1:][real[:, :-1]],
            number.astype(np.int32),
            tuple(self.owners.key(n) for n in used.tolist()),
        )

    # -- reading ----------------------------------------------------------------

    def locate(self, rows: Rows, instant: int) -> Positions:
        """Where each row's first gap that ends at or after ``instant`` stands in the table of gaps.

        Position ``p`` is the gap ``[gap_from[p], gap_until[p])``; ``p + 1`` is
        the row's next. A bisection of all rows at once.
        """
        place = rows * self._width
        left = self._width
        while left > 1:
            half = left // 2
            place += (self.gap_until[place + (half - 1)] < instant) * half
            left -= half
        return place

    def free(self, rows: npt.ArrayLike, start: int, end: int) -> Mask:
        """For each row: is ``[start, end)`` free?"""
        place = self.locate(self._rows(rows), _sane(start, end)[1])
        return self.gap_from[place] <= start

    def can_move(self, rows: npt.ArrayLike, was: Span, now: Span) -> Mask:
        """For each row: could its booking ``was`` become ``now`` (longer, shorter, elsewhere)?

        :raises NotBooked: when a row has no booking ``was``.
        """
        numbers = self._rows(rows)
        return self._fits(numbers, self._find(numbers, was), now)[0]

    def at(self, instant: int) -> Occupancy:
        """What is on every host at ``instant``, and what comes next."""
        place = self.locate(np.arange(self.host_count), instant + 1)
        owner = self._owner.reshape(-1)
        held = self.gap_from[place] > instant
        next_start = self.gap_until[place]
        return Occupancy(
            owner=np.where(held, owner[place - 1], np.int32(NOBODY)),
            until=np.where(held, self.gap_from[place], next_start),
            next_start=next_start,
            next_owner=owner[place],
        )

    # -- changing ---------------------------------------------------------------

    def book(self, rows: npt.ArrayLike, start: int, end: int, owner: str) -> None:
        """Give ``[start, end)`` of all ``rows`` to ``owner``.

        :raises Taken: when one of them is not free.
        """
        numbers = self._rows(rows)
        if not numbers.size:
            return
        place = self.locate(numbers, _sane(start, end)[1])
        free = self.gap_from[place] <= start
        if not free.all():
            raise Taken(numbers[~free].tolist())
        self._insert(numbers, place - numbers * self._width, start, end, self.owners.add(owner, numbers.size))

    def release(self, rows: npt.ArrayLike, start: int, end: int) -> None:
        """Make ``[start, end)`` of all ``rows`` free, which is a whole booking of each.

        :raises NotBooked: when it is not.
        """
        numbers = self._rows(rows)
        if not numbers.size:
            return
        place = self._find(numbers, (start, end))
        held_by = self._owner.reshape(-1)[place]
        self._remove(numbers, place - numbers * self._width)
        self.owners.drop(held_by.tolist())

    def move(self, rows: npt.ArrayLike, was: Span, now: Span) -> None:
        """Turn the booking ``was`` of all ``rows`` into ``now``; its owner stays.

        :raises NotBooked: when a row has no booking ``was``.
        :raises Taken: when ``now`` meets another booking.
        """
        numbers = self._rows(rows)
        if not numbers.size:
            return
        place = self._find(numbers, was)
        fits, target = self._fits(numbers, place, now)
        if not fits.all():
            raise Taken(numbers[~fits].tolist())
        stays = (target == place) | (target == place + 1)
        self.gap_until[place[stays]] = now[0]
        self.gap_from[place[stays] + 1] = now[1]
        if not stays.all():
            away, place = numbers[~stays], place[~stays]
            held_by = self._owner.reshape(-1)[place]
            self._remove(away, place - away * self._width)
            column = self.locate(away, now[1]) - away * self._width
            self._insert(away, column, now[0], now[1], held_by)

    def prune(self, before: int) -> int:
        """Drop the bookings that ended at or before ``before``; how many."""
        rows = np.arange(self.host_count)
        over = (self._ends[: self.host_count, 1:] <= before).sum(axis=1)
        rows = rows[over > 0]
        over = over[rows]
        if not rows.size:
            return 0
        columns = np.arange(self._width)
        gone = self._owner[rows][columns < over[:, None]]
        source = np.minimum(columns + over[:, None], self._width - 1)
        for matrix in (self._starts, self._ends, self._owner):
            matrix[rows] = np.take_along_axis(matrix[rows], source, axis=1)
        self._ends[rows, 0] = -FOREVER
        self._count[rows] -= over
        self.owners.drop(gone.tolist())
        return int(over.sum())

    def grow(self, host_count: int) -> None:
        """Have at least ``host_count`` hosts; the new ones are free."""
        if host_count <= self.host_count:
            return
        if host_count > self._starts.shape[0]:
            self._reallocate(max(host_count, self._starts.shape[0] * 5 // 4), self._width)
        self._count = np.append(self._count, np.zeros(host_count - self.host_count, np.int64))
        self.host_count = host_count

    # -- inside -----------------------------------------------------------------

    def _allocate(self, rows: int, width: int) -> None:
        self._width = width
        self._starts = np.full((rows, width), FOREVER, np.int64)
        self._ends = np.full((rows, width), FOREVER, np.int64)
        self._ends[:, 0] = -FOREVER
        self._owner = np.full((rows, width), NOBODY, np.int32)
        self.gap_from: Instants = self._ends.reshape(-1)
        self.gap_until: Instants = self._starts.reshape(-1)

    def _reallocate(self, rows: int, width: int) -> None:
        starts, ends, owner = self._starts, self._ends, self._owner
        self._allocate(rows, width)
        old = (slice(starts.shape[0]), slice(starts.shape[1]))
        self._starts[old], self._ends[old], self._owner[old] = starts, ends, owner

    def _rows(self, rows: npt.ArrayLike) -> Rows:
        numbers = np.asarray(rows, np.intp)
        if numbers.ndim != 1:
            raise ValueError("rows must be one-dimensional")
        if numbers.size and (numbers.min() < 0 or numbers.max() >= self.host_count):
            raise ValueError(f"a row is not among the {self.host_count} hosts")
        if not (numbers[1:] > numbers[:-1]).all() and np.unique(numbers).size != numbers.size:
            raise ValueError("a row comes twice")
        return numbers

    def _find(self, rows: Rows, span: Span) -> Positions:
        start, end = _sane(*span)
        place = self.locate(rows, start)
        found = (self.gap_until[place] == start) & (self.gap_from[place + 1] == end)
        if not found.all():
            raise NotBooked(rows[~found].tolist())
        return place

    def _fits(self, rows: Rows, place: Positions, now: Span) -> tuple[Mask, Positions]:
        """Is ``now`` free when the booking at ``place`` is left out? And before which booking it comes."""
        start, end = _sane(*now)
        target = self.locate(rows, end)
        # Where the booking before ``now`` is the one that moves, the one before that counts.
        before = np.where(target - 1 == place, self.gap_from[place], self.gap_from[target])
        return before <= start, target

    def _insert(self, rows: Rows, column: Positions, start: int, end: int, owner: int | npt.NDArray[np.int32]) -> None:
        filled = int(self._count[rows].max())
        if filled + 1 + _PADDING > self._width:
            self._reallocate(self._starts.shape[0], max(self._width * 3 // 2, filled + 1 + _PADDING))
        _open(self._starts, rows, column, start, filled)
        _open(self._ends, rows, column + 1, end, filled)
        _open(self._owner, rows, column, owner, filled)
        self._count[rows] += 1

    def _remove(self, rows: Rows, column: Positions) -> None:
        filled = int(self._count[rows].max())
        _close(self._starts, rows, column, filled)
        _close(self._ends, rows, column + 1, filled)
        _close(self._owner, rows, column, filled)
        self._count[rows] -= 1


def _open(matrix: npt.NDArray[Any], rows: Rows, column: Positions, value: npt.ArrayLike, filled: int) -> None:
    """Put ``value`` into each row at its ``column`` and shift what follows to the right."""
    first, last = int(column.min()), filled + _PADDING
    block = matrix[rows, first:last]
    shifted = np.empty_like(block)
    shifted[:, 1:] = block[:, :-1]
    np.copyto(shifted, block, where=np.arange(first, last) < column[:, None])
    shifted[np.arange(rows.size), column - first] = value
    matrix[rows, first:last] = shifted


def _close(matrix: npt.NDArray[Any], rows: Rows, column: Positions, filled: int) -> None:
    """Take out of each row what stands at its ``column`` and shift what follows to the left."""
    first, last = int(column.min()), filled + _PADDING
    block = matrix[rows, first:last]
    shifted = block.copy()  # its last column is padding
    shifted[:, :-1] = block[:, 1:]
    np.copyto(shifted, block, where=np.arange(first, last) < column[:, None])
    matrix[rows, first:last] = shifted


def _sane(start: int, end: int) -> Span:
    if not -INSTANT_LIMIT < start < end < INSTANT_LIMIT:
        raise ValueError(f"[{start}, {end}) is empty or out of range")
    return start, end

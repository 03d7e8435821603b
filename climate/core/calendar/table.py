# SPDX-License-Identifier: Apache-2.0
"""The gaps and bookings of hosts as sorted, padded matrices.

A host is a row. The bookings of a row are sorted and never overlap, so the
time that is left consists of gaps, and the same columns tell both:

    ends    -forever     e0          e1          e2      forever ...
    starts        s0          s1          s2     forever forever ...
             <gap 0>[book 0)<gap 1>[book 1)<gap 2>[book 2)<gap 3 ...

Gap ``k`` of a row is ``[ends[k], starts[k])``, booking ``k`` is ``[starts[k],
ends[k + 1])``. Back-to-back bookings keep a gap of length 0 between them. What
is not used is padded with forever, so that rows stay sorted and a padded gap
has no length.

Contiguous arrays beat trees here: a search bisects all rows at once and then
reads neighbours, a booking shifts a part of a row. Every 16th start is copied
into a matrix of its own, hosts side by side: to count there how many have
passed is a plain scan of little memory, and spares a search most of the
bisection, whose cost is cache misses (a third of a whole search).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from climate.core.calendar.owners import NOBODY
from climate.core.journal import Span

FOREVER = 1 << 60
"""Stands for "no end in sight"; ``-FOREVER`` for "since ever". Their difference fits int64."""

Instants = npt.NDArray[np.int64]
Rows = npt.NDArray[np.intp]
Positions = npt.NDArray[np.intp]
Mask = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int32]

# Behind the bookings of a row stand the gap after the last one and a padded gap, where walks end.
_PADDING = 2
_SIGNPOST_EVERY = 16


class GapTable:
    """Storage of gaps and bookings, addressed by position; it trusts its callers.

    Position ``p`` is the gap ``[gap_from[p], gap_until[p])``; the booking that
    follows begins at ``gap_until[p]``, ends at ``gap_from[p + 1]`` and belongs
    to ``owner[p]``; ``p + 1`` is the row's next gap.
    """

    def __init__(self, host_count: int, bookings_per_host: int) -> None:
        """All free, with room for so many hosts and bookings before it must grow."""
        self.host_count = host_count
        self._count = np.zeros(host_count, np.int64)
        self._allocate(host_count, bookings_per_host + _PADDING)

    @property
    def booking_count(self) -> int:
        """How many bookings there are, of all hosts."""
        return int(self._count.sum())

    @property
    def memory_bytes(self) -> int:
        """What the matrices take."""
        return sum(matrix.nbytes for matrix in (self._starts, self._ends, self._owners, self._signposts))

    def locate(self, rows: Rows, instant: int) -> Positions:
        """Where each row's first gap that ends at or after ``instant`` stands. A bisection of all rows at once."""
        place = rows * self._width
        left = self._width
        if rows.size * _SIGNPOST_EVERY > self.host_count:  # enough of them that a look at all hosts pays
            passed = (self._signposts < instant).view(np.uint8).sum(axis=0, dtype=np.uint16)
            place += passed[rows] * np.intp(_SIGNPOST_EVERY)
            left = _SIGNPOST_EVERY
        while left > 1:
            half = left // 2
            place += (self.gap_until[half - 1 :].take(place) < instant) * half
            left -= half
        return place

    def bookings(self) -> tuple[Rows, Positions]:
        """Row and position of every booking, by row, then time."""
        row = np.repeat(np.arange(self.host_count), self._count)
        first = np.cumsum(self._count) - self._count
        return row, row * self._width + (np.arange(row.size) - np.repeat(first, self._count))

    def fill(self, rows: Rows, starts: Instants, ends: Instants, owners: Numbers) -> None:
        """Put bookings, sorted by row and start, into an empty table that has the room."""
        self._count[:] = np.bincount(rows, minlength=self.host_count)
        place = self.bookings()[1]
        self.gap_until[place] = starts
        self.gap_from[place + 1] = ends
        self.owner[place] = owners
        self._post(np.arange(self.host_count))

    def insert(self, rows: Rows, place: Positions, span: Span, owner: int | Numbers) -> None:
        """Book ``span``, which lies in the gap at ``place``, in each of ``rows``."""
        column = place - rows * self._width
        filled = int(self._count[rows].max())
        if filled + 1 + _PADDING > self._width:
            self._reallocate(self._starts.shape[0], self._width * 3 // 2)
        _open(self._starts, rows, column, span[0], filled)
        _open(self._ends, rows, column + 1, span[1], filled)
        _open(self._owners, rows, column, owner, filled)
        self._count[rows] += 1
        self._post(rows)

    def remove(self, rows: Rows, place: Positions) -> None:
        """Take out the booking that follows the gap at ``place`` in each of ``rows``."""
        column = place - rows * self._width
        filled = int(self._count[rows].max())
        _close(self._starts, rows, column, filled)
        _close(self._ends, rows, column + 1, filled)
        _close(self._owners, rows, column, filled)
        self._count[rows] -= 1
        self._post(rows)

    def replace(self, rows: Rows, place: Positions, span: Span) -> None:
        """Give the booking behind ``place`` another span that keeps it between its neighbours."""
        self.gap_until[place] = span[0]
        self.gap_from[place + 1] = span[1]
        self._post(rows)

    def remove_over(self, before: int) -> Numbers:
        """Take out all bookings that end at or before ``before``; whose they were."""
        over = (self._ends[: self.host_count, 1:] <= before).sum(axis=1)
        rows = np.flatnonzero(over)
        over = over[rows, None]
        columns = np.arange(self._width)
        owners: Numbers = self._owners[rows][columns < over]
        source = np.minimum(columns + over, self._width - 1)
        for matrix in (self._starts, self._ends, self._owners):
            matrix[rows] = np.take_along_axis(matrix[rows], source, axis=1)
        self._ends[rows, 0] = -FOREVER
        self._count[rows] -= over[:, 0]
        self._post(rows)
        return owners

    def grow(self, host_count: int) -> None:
        """Have at least ``host_count`` hosts; the new ones are free."""
        if host_count <= self.host_count:
            return
        room = self._starts.shape[0]
        if host_count > room:
            self._reallocate(max(host_count, room * 5 // 4), self._width)
        self._count = np.append(self._count, np.zeros(host_count - self.host_count, np.int64))
        self.host_count = host_count

    def _allocate(self, rows: int, width: int) -> None:
        posts = -(-width // _SIGNPOST_EVERY)
        self._width = posts * _SIGNPOST_EVERY
        self._starts = np.full((rows, self._width), FOREVER, np.int64)
        self._ends = np.full((rows, self._width), FOREVER, np.int64)
        self._ends[:, 0] = -FOREVER
        self._owners = np.full((rows, self._width), NOBODY, np.int32)
        self._signposts = np.full((posts, rows), FOREVER, np.int64)
        self.gap_from: Instants = self._ends.reshape(-1)
        self.gap_until: Instants = self._starts.reshape(-1)
        self.owner: Numbers = self._owners.reshape(-1)

    def _reallocate(self, rows: int, width: int) -> None:
        starts, ends, owners = self._starts, self._ends, self._owners
        self._allocate(rows, width)
        old = (slice(starts.shape[0]), slice(starts.shape[1]))
        self._starts[old], self._ends[old], self._owners[old] = starts, ends, owners
        self._post(np.arange(starts.shape[0]))

    def _post(self, rows: Rows) -> None:
        """Set the signposts of rows whose starts have changed."""
        self._signposts[:, rows] = self._starts[rows, _SIGNPOST_EVERY - 1 :: _SIGNPOST_EVERY].T


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

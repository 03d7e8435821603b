# SPDX-License-Identifier: Apache-2.0
"""The calendar: who holds which host when, what is free, and the changes that keep it free of overlaps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from climate.core.calendar.owners import NOBODY, Owners
from climate.core.calendar.table import FOREVER, GapTable, Instants, Mask, Numbers, Positions, Rows
from climate.core.journal import Span

__all__ = ["FOREVER", "NOBODY", "Calendar", "Columns", "NotBooked", "Occupancy", "Rows", "Taken"]

INSTANT_LIMIT = 1 << 40
"""Instants of bookings lie within +- this many seconds of 1970."""

HOST_LIMIT = 1 << 21
"""So many hosts at most, so that a host and an instant fit into one sort key."""


class Taken(ValueError):
    """Some host is not free for the whole span; ``rows`` says which."""

    def __init__(self, rows: Sequence[int]) -> None:
        """``rows`` are the hosts in the way."""
        super().__init__(f"not free: rows {list(rows[:10])}")
        self.rows = tuple(rows)


class NotBooked(ValueError):
    """Some host has no booking of exactly this span and owner; ``rows`` says which."""

    def __init__(self, rows: Sequence[int]) -> None:
        """``rows`` are the hosts without it."""
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

    owner: Numbers
    until: Instants
    next_start: Instants
    next_owner: Numbers


@dataclass(frozen=True, slots=True)
class Columns:
    """Bookings as columns of equal length; ``owner`` counts into ``keys``."""

    host: npt.NDArray[np.int64]
    start: Instants
    end: Instants
    owner: Numbers
    keys: tuple[str, ...]


class Calendar:
    """The bookings of hosts ``0 .. host_count - 1``; whatever is refused has changed nothing.

    Rows in arguments are distinct host numbers; spans are half-open, in epoch
    seconds. Not safe for several threads at once: the owner brings a lock.
    ``gaps`` and ``owners`` are for reading.
    """

    def __init__(self, host_count: int = 0, bookings_per_host: int = 16) -> None:
        """All free; ``bookings_per_host`` is room made beforehand, no limit."""
        self.gaps = GapTable(host_count, bookings_per_host)
        self.owners = Owners()

    @classmethod
    def from_arrays(cls, columns: Columns, host_count: int = 0) -> Calendar:
        """A calendar of bookings in any order, with at least ``host_count`` hosts.

        :raises Taken: when two bookings of a host overlap.
        :raises ValueError: when a span is empty or out of range, or a host or
            owner number is, or columns differ in length.
        """
        hosts, starts, ends = (np.asarray(column, np.int64) for column in (columns.host, columns.start, columns.end))
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

        fullest = int(np.bincount(hosts).max())
        calendar = cls(max(host_count, int(hosts[-1]) + 1), fullest + fullest // 8)
        calendar.gaps.fill(hosts, starts, ends, numbers)
        calendar.owners = Owners(keys, np.bincount(numbers, minlength=len(keys)).tolist())
        return calendar

    def columns(self) -> Columns:
        """All bookings sorted by host and start: the input of :meth:`from_arrays`."""
        host, place = self.gaps.bookings()
        used, number = np.unique(self.gaps.owner[place], return_inverse=True)
        return Columns(
            host,
            self.gaps.gap_until[place],
            self.gaps.gap_from[place + 1],
            number.astype(np.int32),
            tuple(self.owners.key(one) for one in used.tolist()),
        )

    @property
    def host_count(self) -> int:
        """How many hosts are known."""
        return self.gaps.host_count

    @property
    def booking_count(self) -> int:
        """How many bookings there are, of all hosts."""
        return self.gaps.booking_count

    def free(self, rows: npt.ArrayLike, start: int, end: int) -> Mask:
        """For each row: is ``[start, end)`` free?"""
        place = self.gaps.locate(self._rows(rows), _sane(start, end)[1])
        return self.gaps.gap_from[place] <= start

    def can_move(self, rows: npt.ArrayLike, was: Span, now: Span) -> Mask:
        """For each row: could its booking ``was`` become ``now`` (longer, shorter, elsewhere)?

        :raises NotBooked: when a row has no booking ``was``.
        """
        numbers = self._rows(rows)
        return self._fits(numbers, self._find(numbers, was), now)[0]

    def at(self, instant: int) -> Occupancy:
        """What is on every host at ``instant``, and what comes next."""
        gaps = self.gaps
        place = gaps.locate(np.arange(self.host_count), instant + 1)
        held = gaps.gap_from[place] > instant
        next_start = gaps.gap_until[place]
        return Occupancy(
            owner=np.where(held, gaps.owner[place - 1], np.int32(NOBODY)),
            until=np.where(held, gaps.gap_from[place], next_start),
            next_start=next_start,
            next_owner=gaps.owner[place],
        )

    def book(self, rows: npt.ArrayLike, start: int, end: int, owner: str) -> None:
        """Give ``[start, end)`` of all ``rows`` to ``owner``.

        :raises Taken: when one of them is not free.
        """
        numbers = self._rows(rows)
        place = self.gaps.locate(numbers, _sane(start, end)[1])
        free = self.gaps.gap_from[place] <= start
        if not free.all():
            raise Taken(numbers[~free].tolist())
        if numbers.size:
            self.gaps.insert(numbers, place, (start, end), self.owners.add(owner, numbers.size))

    def release(self, rows: npt.ArrayLike, start: int, end: int, owner: str) -> None:
        """Make ``[start, end)`` of all ``rows`` free, which is a whole booking of ``owner`` on each.

        :raises NotBooked: when it is not.
        """
        numbers = self._rows(rows)
        place = self._find(numbers, (start, end), owner)
        if numbers.size:
            self.owners.drop(self.gaps.owner[place].tolist())
            self.gaps.remove(numbers, place)

    def move(self, rows: npt.ArrayLike, was: Span, now: Span, owner: str) -> None:
        """Turn the booking ``was`` of ``owner`` on all ``rows`` into ``now``: longer, shorter or elsewhere.

        :raises NotBooked: when ``owner`` has no booking ``was`` on a row.
        :raises Taken: when ``now`` meets another booking.
        """
        numbers = self._rows(rows)
        place = self._find(numbers, was, owner)
        fits, target = self._fits(numbers, place, now)
        if not fits.all():
            raise Taken(numbers[~fits].tolist())
        stays = (target == place) | (target == place + 1)
        self.gaps.replace(numbers[stays], place[stays], now)
        away = numbers[~stays]
        if away.size:
            owners = self.gaps.owner[place[~stays]]
            self.gaps.remove(away, place[~stays])
            self.gaps.insert(away, self.gaps.locate(away, now[1]), now, owners)

    def prune(self, before: int) -> int:
        """Drop the bookings that ended at or before ``before``; how many."""
        owners = self.gaps.remove_over(before)
        self.owners.drop(owners.tolist())
        return owners.size

    def grow(self, host_count: int) -> None:
        """Have at least ``host_count`` hosts; the new ones are free."""
        self.gaps.grow(host_count)

    def _rows(self, rows: npt.ArrayLike) -> Rows:
        numbers = np.asarray(rows, np.intp)
        if numbers.ndim != 1:
            raise ValueError("rows must be one-dimensional")
        if numbers.size and (numbers.min() < 0 or numbers.max() >= self.host_count):
            raise ValueError(f"a row is not among the {self.host_count} hosts")
        if not (numbers[1:] > numbers[:-1]).all() and np.unique(numbers).size != numbers.size:
            raise ValueError("a row comes twice")
        return numbers

    def _find(self, rows: Rows, span: Span, owner: str | None = None) -> Positions:
        """Where the booking ``span`` of ``owner`` (``None``: of anybody) stands in each row."""
        start, end = _sane(*span)
        place = self.gaps.locate(rows, start)
        found = (self.gaps.gap_until[place] == start) & (self.gaps.gap_from[place + 1] == end)
        if owner is not None:
            found &= self.gaps.owner[place] == self.owners.number(owner)
        if not found.all():
            raise NotBooked(rows[~found].tolist())
        return place

    def _fits(self, rows: Rows, place: Positions, now: Span) -> tuple[Mask, Positions]:
        """Is ``now`` free when the booking at ``place`` is left out? And before which booking it comes."""
        start, end = _sane(*now)
        target = self.gaps.locate(rows, end)
        # Where the booking before ``now`` is the one that moves, the one before that counts.
        before = np.where(target - 1 == place, self.gaps.gap_from[place], self.gaps.gap_from[target])
        return before <= start, target


def _sane(start: int, end: int) -> Span:
    if not -INSTANT_LIMIT < start < end < INSTANT_LIMIT:
        raise ValueError(f"[{start}, {end}) is empty or out of range")
    return start, end

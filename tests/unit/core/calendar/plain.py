# SPDX-License-Identifier: Apache-2.0
"""Two calendars so plain that they can be believed, to compare the real one with.

:class:`PlainCalendar` keeps lists of bookings and looks at all of them for
every answer. :class:`Seconds` keeps one cell a host and second, and tries
every second. Neither knows gaps, sorting or bisection.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from climate.core.calendar.gaps import Calendar, Columns
from climate.core.journal import Span

Booking = tuple[int, int, str]


class PlainCalendar:
    """Hosts with a list of bookings each."""

    def __init__(self, hosts: Iterable[Iterable[Booking]]) -> None:
        self.hosts = [list(bookings) for bookings in hosts]

    def free(self, host: int, start: int, end: int, but: Booking | None = None) -> bool:
        return all(one == but or one[1] <= start or one[0] >= end for one in self.hosts[host])

    def book(self, hosts: Iterable[int], start: int, end: int, owner: str) -> None:
        for host in hosts:
            self.hosts[host].append((start, end, owner))

    def release(self, hosts: Iterable[int], booking: Booking) -> None:
        for host in hosts:
            self.hosts[host].remove(booking)

    def move(self, hosts: Iterable[int], booking: Booking, now: Span) -> None:
        self.release(hosts, booking)
        self.book(hosts, *now, booking[2])

    def prune(self, before: int) -> None:
        self.hosts = [[one for one in bookings if one[1] > before] for bookings in self.hosts]

    def at(self, host: int, instant: int) -> tuple[str | None, int | None, int | None, str | None]:
        """Who holds the host, until when this stays so, the next start, and whose it is."""
        now = next((one for one in self.hosts[host] if one[0] <= instant < one[1]), None)
        following = min((one for one in self.hosts[host] if one[0] > instant), default=None)
        next_start = following[0] if following else None
        return (
            now[2] if now else None,
            now[1] if now else next_start,
            next_start,
            following[2] if following else None,
        )

    def columns(self) -> Columns:
        """All bookings, in an order that nobody promised."""
        rows = [(host, *one) for host, bookings in enumerate(self.hosts) for one in reversed(bookings)][::-1]
        keys = tuple(sorted({row[3] for row in rows}))
        host, start, end = (np.array([row[i] for row in rows], np.int64) for i in range(3))
        return Columns(host, start, end, np.array([keys.index(row[3]) for row in rows], np.int32), keys)

    def calendar(self) -> Calendar:
        return Calendar.from_arrays(self.columns(), len(self.hosts))


def bookings_of(calendar: Calendar) -> list[list[Booking]]:
    """What the real calendar holds, host by host."""
    columns = calendar.columns()
    hosts: list[list[Booking]] = [[] for _ in range(calendar.host_count)]
    for host, start, end, owner in zip(
        columns.host.tolist(), columns.start.tolist(), columns.end.tolist(), columns.owner.tolist(), strict=True
    ):
        hosts[host].append((start, end, columns.keys[owner]))
    return hosts


class Seconds:
    """One cell a host and second: the number of the owner, 0 for nobody."""

    def __init__(self, hosts: int, seconds: int) -> None:
        self.cells = np.zeros((hosts, seconds), np.int64)

    @classmethod
    def of(cls, hosts: Sequence[Sequence[Booking]], seconds: int) -> Seconds:
        grid = cls(len(hosts), seconds)
        for host, bookings in enumerate(hosts):
            for start, end, _ in bookings:
                grid.cells[host, start:end] = 1
        return grid

    def free_at(self, rows: Iterable[int], start: int, span_s: int) -> list[int]:
        """The hosts among ``rows`` whose cells are empty for ``span_s`` from ``start`` on."""
        rows = np.asarray(list(rows), np.intp)
        return rows[~self.cells[rows, start : start + span_s].any(axis=1)].tolist()

    def starts(self, groups: Sequence[Sequence[int]], quantity: int, window: range, span_s: int) -> set[Span]:
        """Every (group, second) of the window at which ``quantity`` hosts of the group are free for long enough."""
        return {
            (number, start)
            for number, rows in enumerate(groups)
            for start in window
            if len(self.free_at(rows, start, span_s)) >= quantity
        }

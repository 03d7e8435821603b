# SPDX-License-Identifier: Apache-2.0
"""The life of leases in the calendar: each is made, extended, shortened, enlarged, reduced and cancelled as a plain
look at every second allows."""

from __future__ import annotations

import dataclasses

from hypothesis import given, settings
from hypothesis import strategies as st

from climate.core.calendar.gaps import Calendar
from climate.core.calendar.search import Need, Search
from climate.core.lease import Window
from climate.core.schedulers.earliest import Earliest
from tests.examples import many
from tests.unit.core.calendar.plain import Seconds, bookings_of

HOSTS, SECONDS, LAST_START = 6, 260, 120

step = st.tuples(
    st.sampled_from(("make", "make", "make", "extend", "extend", "shorten", "add", "give back", "cancel")),
    st.integers(0, 1000),  # which lease
    st.integers(0, LAST_START),  # from when
    st.integers(1, 25),  # for how long, or by how much
    st.integers(1, 4),  # how many hosts
)


@dataclasses.dataclass
class Lease:
    """A lease as the test keeps it: all its hosts are blocked for the same span."""

    number: int
    rows: set[int]
    start: int
    end: int


class Site:
    """The calendar and the seconds side by side; each step is asked of both."""

    def __init__(self, margin_s: int, halves: bool) -> None:
        self.calendar = Calendar(HOSTS, bookings_per_host=0)
        self.seconds = Seconds(HOSTS, SECONDS)
        self.margin_s = margin_s
        self.groups = [[0, 1, 2], [3, 4, 5]] if halves else [list(range(HOSTS))]
        self.leases: list[Lease] = []
        self.made = 0

    def do(self, name: str, which: int, start: int, seconds: int, quantity: int) -> None:
        if name == "make":
            self.make(start, seconds, quantity)
        elif self.leases:
            lease = self.leases[which % len(self.leases)]
            {
                "extend": lambda: self.extend(lease, seconds),
                "shorten": lambda: self.shorten(lease, seconds),
                "add": lambda: self.add(lease, start, quantity),
                "give back": lambda: self.give_back(lease, start, quantity),
                "cancel": lambda: self.cancel(lease),
            }[name]()

    def make(self, start: int, duration_s: int, quantity: int) -> None:
        """A lease at the first second at which one group has the hosts."""
        window = Window(start, start + duration_s + 60, duration_s)
        need = Need(quantity, window, self.margin_s)
        tried = self.seconds.starts(self.groups, quantity, range(start, window.latest_start + 1), need.span_s)
        choice = Earliest().choose(Search(self.calendar, self.groups, need, 0), None)
        assert (choice is None) == (not tried)
        if choice is None:
            return
        assert choice.start_at == min(second for _, second in tried)
        rows = set(choice.rows.tolist())
        assert len(rows) == quantity
        assert rows <= set(self.seconds.free_at(self.groups[choice.group], choice.start_at, need.span_s))
        self.made += 1
        lease = Lease(self.made, rows, choice.start_at, choice.start_at + need.span_s)
        self.calendar.book(choice.rows, lease.start, lease.end, str(lease.number))
        self._paint(rows, lease.start, lease.end, lease.number)
        self.leases.append(lease)

    def extend(self, lease: Lease, seconds: int) -> None:
        """Possible if every second asked for is free on every host of the lease."""
        rows = sorted(lease.rows)
        free = [not self.seconds.cells[row, lease.end : lease.end + seconds].any() for row in rows]
        fits = self.calendar.can_move(rows, (lease.start, lease.end), (lease.start, lease.end + seconds))
        assert fits.tolist() == free
        if all(free):
            self.calendar.move(rows, (lease.start, lease.end), (lease.start, lease.end + seconds), str(lease.number))
            self._paint(lease.rows, lease.end, lease.end + seconds, lease.number)
            lease.end += seconds

    def shorten(self, lease: Lease, seconds: int) -> None:
        """Always possible; what is cut off is free at once."""
        end = max(lease.start + 1, lease.end - seconds)
        self.calendar.move(sorted(lease.rows), (lease.start, lease.end), (lease.start, end), str(lease.number))
        self._paint(lease.rows, end, lease.end, 0)
        lease.end = end

    def add(self, lease: Lease, now: int, quantity: int) -> None:
        """More hosts of the lease's group, from now or its start to its end: there and then, or not at all."""
        begin = max(now, lease.start)
        duration_s = lease.end - begin - self.margin_s
        if duration_s < 1:
            return
        group = next(rows for rows in self.groups if lease.rows <= set(rows))
        need = Need(quantity, Window(begin, begin + duration_s, duration_s), self.margin_s)
        choice = Earliest().choose(Search(self.calendar, [group], need, now), None)
        free = self.seconds.free_at(group, begin, need.span_s)
        assert (choice is not None) == (len(free) >= quantity)
        if choice is not None:
            added = Lease(lease.number, set(choice.rows.tolist()), begin, lease.end)
            assert added.rows <= set(free)
            self.calendar.book(choice.rows, begin, lease.end, str(lease.number))
            self._paint(added.rows, begin, lease.end, lease.number)
            self.leases.append(added)

    def give_back(self, lease: Lease, now: int, quantity: int) -> None:
        """Some hosts go: wholly before the start, their remaining time after it."""
        rows = sorted(lease.rows)[:quantity]
        if now >= lease.end or len(rows) == len(lease.rows):
            return
        if now <= lease.start:
            self.calendar.release(rows, lease.start, lease.end, str(lease.number))
        else:
            self.calendar.move(rows, (lease.start, lease.end), (lease.start, now), str(lease.number))
            self.leases.append(Lease(lease.number, set(rows), lease.start, now))
        self._paint(rows, max(now, lease.start), lease.end, 0)
        lease.rows -= set(rows)

    def cancel(self, lease: Lease) -> None:
        """All its hosts are free for all its time."""
        self.calendar.release(sorted(lease.rows), lease.start, lease.end, str(lease.number))
        self._paint(lease.rows, lease.start, lease.end, 0)
        self.leases.remove(lease)

    def painted(self) -> list[list[int]]:
        """The real calendar's bookings as seconds."""
        grid = Seconds(HOSTS, SECONDS)
        for row, bookings in enumerate(bookings_of(self.calendar)):
            for start, end, owner in bookings:
                assert not grid.cells[row, start:end].any()
                grid.cells[row, start:end] = int(owner)
        return grid.cells.tolist()

    def _paint(self, rows: set[int] | list[int], start: int, end: int, number: int) -> None:
        self.seconds.cells[sorted(rows), start:end] = number


@settings(max_examples=many(1200), deadline=None)
@given(st.sampled_from((0, 3)), st.booleans(), st.lists(step, min_size=1, max_size=25))
def test_leases_change_as_a_plain_look_at_every_second_allows(margin_s: int, halves: bool, steps: list[tuple]) -> None:
    """After every step both calendars hold the same seconds for the same leases."""
    site = Site(margin_s, halves)
    for one in steps:
        site.do(*one)
    assert site.painted() == site.seconds.cells.tolist()

# SPDX-License-Identifier: Apache-2.0
"""The search against a calendar of seconds in which every start is tried."""

from __future__ import annotations

import dataclasses
import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from climate.core.calendar.search import Need, Search
from climate.core.calendar.table import FOREVER
from climate.core.lease import Window
from tests.examples import many
from tests.unit.core.calendar import cases
from tests.unit.core.calendar.plain import Booking, PlainCalendar, Seconds

# Behind the last booking of a case (200 + 8) there is room for the longest window, lease and margin.
SECONDS = 400


@dataclasses.dataclass(frozen=True)
class Case:
    """Hosts, and what is asked of them."""

    hosts: list[list[Booking]]
    groups: list[list[int]]
    need: Need

    def search(self, scale: int = 1) -> Search:
        """The search of this case with every second ``scale`` times as long."""
        hosts = [[(start * scale, end * scale, owner) for start, end, owner in bookings] for bookings in self.hosts]
        window = self.need.window
        wide = Window(window.earliest * scale, window.latest * scale, window.duration_s * scale)
        need = Need(self.need.quantity, wide, self.need.margin_s * scale)
        return Search(PlainCalendar(hosts).calendar(), self.groups, need, 0)

    def starts(self) -> set[tuple[int, int]]:
        """Every feasible (group, start)."""
        window = self.need.window
        tried = range(window.earliest, window.latest_start + 1)
        return Seconds.of(self.hosts, SECONDS).starts(self.groups, self.need.quantity, tried, self.need.span_s)

    def free_at(self, start: int) -> dict[int, list[int]]:
        """The groups with enough hosts free at ``start``, with these hosts."""
        grid = Seconds.of(self.hosts, SECONDS)
        free = {number: grid.free_at(rows, start, self.need.span_s) for number, rows in enumerate(self.groups)}
        return {number: sorted(rows) for number, rows in free.items() if len(rows) >= self.need.quantity}


@st.composite
def some_case(draw: st.DrawFn, one_group: bool = False) -> Case:
    hosts = draw(cases.hosts(8))
    groups = [list(range(len(hosts)))] if one_group else draw(cases.groups(len(hosts)))
    earliest, duration_s = draw(st.integers(0, 120)), draw(st.integers(1, 20))
    latest = earliest + duration_s + draw(st.integers(0, 100))
    quantity = draw(st.integers(1, max(1, len(hosts) - 1)))
    return Case(
        hosts, groups, Need(quantity, Window(earliest, latest, duration_s), draw(st.sampled_from((0, 0, 1, 5))))
    )


def free_rows(search: Search, start: int) -> dict[int, list[int]]:
    return {free.group: sorted(free.rows.tolist()) for free in search.free_at(start)}


@settings(max_examples=many(1500), deadline=None)
@given(some_case(one_group=True), st.sampled_from((1, 3_600, 40_000)))
def test_the_earliest_start_is_the_first_second_at_which_enough_hosts_stay_free(case: Case, scale: int) -> None:
    """Also where the search has to widen its window several times; the hosts free then are those of the plain look."""
    search = case.search(scale)
    tried = sorted(start for _, start in case.starts())
    assert search.earliest() == (tried[0] * scale if tried else None)
    if tried:
        assert free_rows(search, tried[0] * scale) == case.free_at(tried[0])


@settings(max_examples=many(1500), deadline=None)
@given(some_case(), st.sampled_from((1, 3_600, 40_000)))
def test_all_hosts_come_from_one_group(case: Case, scale: int) -> None:
    """The earliest start of any group, and every group that can begin then."""
    search = case.search(scale)
    tried = sorted(start for _, start in case.starts())
    assert search.earliest() == (tried[0] * scale if tried else None)
    if tried:
        assert free_rows(search, tried[0] * scale) == case.free_at(tried[0])


@settings(max_examples=many(1200), deadline=None)
@given(some_case(), st.booleans())
def test_the_starts_are_every_feasible_second_of_every_group(case: Case, ask_earliest_first: bool) -> None:
    """No second is missing, none is too many, and neighbours are one interval."""
    search = case.search()
    if ask_earliest_first:
        search.earliest()
    found = [tuple(map(int, row)) for row in zip(*search.starts(), strict=True)]
    seconds = [(group, second) for group, first, last in found for second in range(first, last + 1)]
    assert seconds == sorted(case.starts())
    assert all(one[0] != following[0] or one[2] + 1 < following[1] for one, following in itertools.pairwise(found))


@settings(max_examples=many(800), deadline=None)
@given(some_case(), st.integers(0, 300))
def test_the_hosts_free_at_a_start_are_those_free_for_the_whole_span(case: Case, start: int) -> None:
    """At any start of the window; outside of it, none."""
    inside = case.need.window.earliest <= start <= case.need.window.latest_start
    assert free_rows(case.search(), start) == (case.free_at(start) if inside else {})


def search_of(*hosts: list[Booking], quantity: int, window: tuple[int, int, int], margin_s: int = 0) -> Search:
    calendar = PlainCalendar(hosts).calendar()
    return Search(calendar, [range(len(hosts))], Need(quantity, Window(*window), margin_s), 0)


def test_enough_hosts_at_each_instant_are_not_enough_hosts_for_the_span() -> None:
    """At every second two hosts are free, but no two stay so for 10 seconds before 10."""
    hosts = ([(0, 5, "a")], [(5, 10, "a")], [(10, 15, "a")])
    assert search_of(*hosts, quantity=2, window=(0, 100, 10)).earliest() == 10
    assert search_of(*hosts, quantity=2, window=(0, 100, 5)).earliest() == 0


@pytest.mark.parametrize(("margin_s", "earliest"), [(0, 0), (1, None)])
def test_the_margin_must_be_free_too(margin_s: int, earliest: int | None) -> None:
    """A gap of just the duration takes a lease only without a margin."""
    search = search_of([(10, 99, "a")], quantity=1, window=(0, 50, 10), margin_s=margin_s)
    assert search.earliest() == earliest


def test_the_margin_may_lie_outside_the_window() -> None:
    """The window bounds the lease; who cleans up afterwards is nothing to the tenant."""
    assert search_of([(0, 40, "a")], quantity=1, window=(0, 50, 10), margin_s=5).earliest() == 40


def test_a_window_as_long_as_the_lease_is_now_or_never() -> None:
    """One start is tried, to the second."""
    assert search_of([(0, 40, "a")], quantity=1, window=(40, 50, 10)).earliest() == 40
    assert search_of([(0, 40, "a")], quantity=1, window=(39, 49, 10)).earliest() is None


def test_a_window_shorter_than_the_lease_holds_no_start() -> None:
    """No error: there is nothing to find."""
    search = search_of([], quantity=1, window=(0, 5, 10))
    assert search.earliest() is None
    assert search.free_at(0) == []
    assert search.starts().first.size == 0


def test_no_hosts_no_start() -> None:
    """Neither no group, nor empty ones, nor ones too small."""
    calendar = PlainCalendar([[], []]).calendar()
    for groups in ([], [[]], [[0], [], [1]]):
        search = Search(calendar, groups, Need(2, Window(0, 100, 10)), 0)
        assert (search.earliest(), search.free_at(0), search.starts().first.size) == (None, [], 0)


def test_free_hosts_come_with_the_gap_around_the_start() -> None:
    """What is past of a gap is left out, and a gap may have no end."""
    calendar = PlainCalendar([[(0, 10, "a"), (50, 60, "a")], [(0, 30, "a")], []]).calendar()
    search = Search(calendar, [[0, 1, 2]], Need(1, Window(20, 100, 10)), now=15)
    (free,) = search.free_at(35)
    columns = zip(free.rows.tolist(), free.gap_from.tolist(), free.gap_until.tolist(), strict=True)
    assert sorted(columns) == [(0, 15, 50), (1, 30, FOREVER), (2, 15, FOREVER)]


@pytest.mark.parametrize("need", [Need(0, Window(0, 9, 1)), Need(1, Window(0, 9, 0)), Need(1, Window(0, 9, 1), -1)])
def test_a_need_for_nothing_is_an_error(need: Need) -> None:
    """Whoever asks for it has forgotten to check a request."""
    with pytest.raises(ValueError, match="nothing to search for"):
        Search(PlainCalendar([[]]).calendar(), [[0]], need, 0)


@pytest.mark.parametrize("rows", [[0, 2], [-1, 0]])
def test_hosts_that_are_not_in_the_calendar_are_an_error(rows: list[int]) -> None:
    """They are neither free nor held: the calendar must grow first."""
    with pytest.raises(ValueError, match="not among the 2 hosts"):
        Search(PlainCalendar([[], []]).calendar(), [rows], Need(1, Window(0, 9, 1)), 0)

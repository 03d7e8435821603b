# SPDX-License-Identifier: Apache-2.0
"""A search that spares hosts, against a calendar of seconds in which every start and host is tried."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from climate.core.calendar.search import Need, Search
from climate.core.calendar.sparing import GroupRows, SparingSearch
from climate.core.lease import Window
from tests.examples import many
from tests.unit.core.calendar import cases
from tests.unit.core.calendar.plain import Booking, PlainCalendar, Seconds

# Behind the last booking of a case (200 + 8) there is room for the longest window, lease and margin.
SECONDS = 400


@dataclasses.dataclass(frozen=True)
class Case:
    """Hosts, those of each group, which of them are spared until when, and what is asked."""

    hosts: list[list[Booking]]
    groups: list[list[int]]
    spared: frozenset[int]
    until: int
    need: Need

    def rows(self) -> list[GroupRows]:
        return [
            GroupRows(np.array(group, np.intp), np.array([row for row in group if row in self.spared], np.intp))
            for group in self.groups
        ]

    def search(self) -> SparingSearch:
        return SparingSearch(PlainCalendar(self.hosts).calendar(), self.rows(), self.need, 0, self.until)

    def free_at(self, start: int) -> dict[int, list[int]]:
        """The groups with enough hosts that may begin at ``start``, with these hosts."""
        grid = Seconds.of(self.hosts, SECONDS)
        found = {}
        for number, group in enumerate(self.groups):
            may = [row for row in group if start >= self.until or row not in self.spared]
            found[number] = sorted(grid.free_at(may, start, self.need.span_s))
        return {number: rows for number, rows in found.items() if len(rows) >= self.need.quantity}

    def starts(self) -> list[tuple[int, int]]:
        """Every feasible (group, start)."""
        window = self.need.window
        tried = range(window.earliest, window.latest_start + 1)
        return sorted((number, start) for start in tried for number in self.free_at(start))


@st.composite
def some_case(draw: st.DrawFn) -> Case:
    hosts = draw(cases.hosts(8))
    earliest, duration_s = draw(st.integers(0, 120)), draw(st.integers(1, 20))
    latest = earliest + duration_s + draw(st.integers(0, 100))
    return Case(
        hosts,
        draw(cases.groups(len(hosts))),
        draw(st.frozensets(st.integers(0, max(0, len(hosts) - 1)))),
        earliest + draw(st.integers(-10, 140)),
        Need(
            draw(st.integers(1, max(1, len(hosts) - 1))),
            Window(earliest, latest, duration_s),
            draw(st.sampled_from((0, 0, 1, 5))),
        ),
    )


def free_rows(search: SparingSearch, start: int) -> dict[int, list[int]]:
    return {free.group: sorted(free.rows.tolist()) for free in search.free_at(start)}


@settings(max_examples=many(500), deadline=None)
@given(some_case(), st.booleans())
def test_the_starts_are_every_second_at_which_enough_hosts_may_begin(case: Case, ask_earliest_first: bool) -> None:
    """No second is missing, none is too many, and neighbours are one interval, also over the instant of the cut."""
    search = case.search()
    expected = case.starts()
    first = min((start for _, start in expected), default=None)
    if ask_earliest_first:
        assert search.earliest() == first
    found = [tuple(map(int, row)) for row in zip(*search.starts(), strict=True)]
    seconds = [(group, second) for group, begins, ends in found for second in range(begins, ends + 1)]
    assert seconds == expected
    assert all(one[0] != following[0] or one[2] + 1 < following[1] for one, following in itertools.pairwise(found))
    assert search.earliest() == first


@settings(max_examples=many(500), deadline=None)
@given(some_case(), st.integers(0, 300))
def test_the_hosts_of_a_start_are_those_that_may_begin_then(case: Case, start: int) -> None:
    """At any start of the window, and at the earliest one; outside of it, none."""
    search = case.search()
    inside = case.need.window.earliest <= start <= case.need.window.latest_start
    assert free_rows(search, start) == (case.free_at(start) if inside else {})
    first = search.earliest()
    if first is not None:
        assert free_rows(search, first) == case.free_at(first)


@settings(max_examples=many(150), deadline=None)
@given(some_case())
def test_who_spares_nobody_searches_as_ever(case: Case) -> None:
    """Nor does one whose time of sparing is over when the window opens."""
    over = dataclasses.replace(case, until=case.need.window.earliest)
    nobody = dataclasses.replace(case, spared=frozenset())
    plain = Search(PlainCalendar(case.hosts).calendar(), case.groups, case.need, 0)
    for search in (over.search(), nobody.search()):
        assert search.earliest() == plain.earliest()
        assert [column.tolist() for column in search.starts()] == [column.tolist() for column in plain.starts()]


@pytest.mark.parametrize(("until", "earliest"), [(10, 10), (11, 11), (91, 91), (92, None)])
def test_a_spared_host_may_begin_when_its_time_has_come(until: int, earliest: int | None) -> None:
    """To the second, up to the last start of the window."""
    rows = [GroupRows(np.array([0]), np.array([0]))]
    search = SparingSearch(PlainCalendar([[]]).calendar(), rows, Need(1, Window(10, 101, 10)), 10, until)
    assert search.earliest() == earliest

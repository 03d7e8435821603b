# SPDX-License-Identifier: Apache-2.0
"""Hosts in use as candidates, against a plain look at every second."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from climate.core.calendar.search import Need
from climate.core.calendar.sparing import GroupRows
from climate.core.lease import Window
from climate.core.schedulers.earliest import Earliest
from climate.core.schedulers.in_use import InUse, InUseRule, choose
from climate.core.schedulers.protocol import Choice
from tests.examples import many
from tests.unit.core.calendar import cases
from tests.unit.core.calendar.plain import Booking, PlainCalendar, Seconds

SECONDS = 400


def chosen(
    hosts: list[list[Booking]],
    used: set[int],
    need: Need,
    now: int,
    rule: InUseRule,
    groups: list[list[int]] | None = None,
) -> Choice | None:
    rows = [
        GroupRows(np.array(group, np.intp), np.array([row for row in group if row in used], np.intp))
        for group in groups or [list(range(len(hosts)))]
    ]
    return choose(Earliest(), PlainCalendar(hosts).calendar(), rows, need, now, rule)


# One of three hosts is in use; another one is free from 40 on, the third always.
ONE_IN_USE: list[list[Booking]] = [[], [(0, 40, "a")], []]


@pytest.mark.parametrize(
    ("candidate", "quantity", "latest", "expected"),
    [
        ("never", 1, 20, (10, [2])),
        ("avoid", 1, 20, (10, [2])),
        ("allow", 1, 20, (10, [0])),
        ("never", 2, 20, None),  # now or not at all
        ("avoid", 2, 20, (10, [0, 2])),
        ("never", 2, 100, (30, [0, 2])),  # what begins behind the next 20 s does not begin now
        ("avoid", 2, 100, (30, [0, 2])),
        ("allow", 2, 100, (10, [0, 2])),
        ("never", 3, 100, (40, [0, 1, 2])),
        ("avoid", 3, 45, None),  # not even as a last resort
    ],
)
def test_a_host_in_use_serves_a_lease_that_begins_now(
    candidate: str, quantity: int, latest: int, expected: tuple[int, list[int]] | None
) -> None:
    """Never, where nothing else fits in the whole window, or as any other."""
    rule = InUseRule(candidate=InUse(candidate), ahead_s=20)
    choice = chosen(ONE_IN_USE, {0}, Need(quantity, Window(10, latest, 10)), 10, rule)
    assert (choice and (choice.start_at, choice.rows.tolist())) == expected


def test_a_lease_that_begins_later_takes_any_host() -> None:
    """Whoever is on it now has time to leave."""
    for candidate in InUse:
        rule = InUseRule(candidate=candidate, ahead_s=20)
        choice = chosen([[]], {0}, Need(1, Window(30, 60, 10)), 10, rule)
        assert choice is not None
        assert choice.start_at == 30


@settings(max_examples=many(500), deadline=None)
@given(
    cases.hosts(8),
    st.frozensets(st.integers(0, 7)),
    st.integers(1, 5),
    st.integers(0, 60),
    st.integers(1, 90),
    st.sampled_from(InUse),
    st.data(),
)
def test_the_start_is_the_first_at_which_the_rule_leaves_enough_hosts(
    hosts: list[list[Booking]],
    used: frozenset[int],
    quantity: int,
    now: int,
    ahead_s: int,
    candidate: InUse,
    data: st.DataObject,
) -> None:
    """Every second is tried with the hosts that may begin then, and again with all where avoiding found nothing."""
    groups = data.draw(cases.groups(len(hosts)))
    earliest, duration_s = now + data.draw(st.integers(0, 60)), data.draw(st.integers(1, 20))
    window = Window(earliest, earliest + duration_s + data.draw(st.integers(0, 100)), duration_s)
    need = Need(quantity, window, data.draw(st.sampled_from((0, 3))))
    choice = chosen(hosts, set(used), need, now, InUseRule(candidate=candidate, ahead_s=ahead_s), groups)
    grid = Seconds.of(hosts, SECONDS)

    def first(spare: bool) -> tuple[int, dict[int, set[int]]] | None:
        """The first start, and for each group that can begin then the hosts that may."""
        for start in range(window.earliest, window.latest_start + 1):
            free = {}
            for number, group in enumerate(groups):
                may = [row for row in group if not (spare and row in used and start < now + ahead_s)]
                free[number] = set(grid.free_at(may, start, need.span_s))
            enough = {number: rows for number, rows in free.items() if len(rows) >= quantity}
            if enough:
                return start, enough
        return None

    expected = first(spare=candidate is not InUse.ALLOW)
    if expected is None and candidate is InUse.AVOID:
        expected = first(spare=False)
    if expected is None:
        assert choice is None
        return
    assert choice is not None
    assert choice.start_at == expected[0]
    assert set(choice.rows.tolist()) <= expected[1][choice.group]
    assert len(set(choice.rows.tolist())) == quantity

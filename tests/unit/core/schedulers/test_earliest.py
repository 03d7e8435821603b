# SPDX-License-Identifier: Apache-2.0
"""The strategy "earliest": when, which group, which hosts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from climate.core.calendar.search import Need, Search
from climate.core.calendar.table import FOREVER
from climate.core.lease import Window
from climate.core.schedulers.earliest import Earliest
from climate.core.schedulers.preference import smallest
from climate.core.schedulers.protocol import Choice, Scheduler
from tests.examples import many
from tests.unit.core.calendar import cases
from tests.unit.core.calendar.plain import Booking, PlainCalendar

NAN = float("nan")


def choose(
    hosts: list[list[Booking]],
    quantity: int,
    groups: list[list[int]] | None = None,
    scores: list[float] | None = None,
    window: tuple[int, int, int] = (10, 100, 10),
    now: int = 10,
) -> Choice | None:
    need = Need(quantity, Window(*window))
    search = Search(PlainCalendar(hosts).calendar(), groups or [list(range(len(hosts)))], need, now)
    strategy: Scheduler = Earliest()
    return strategy.choose(search, None if scores is None else np.array(scores))


@pytest.mark.parametrize(
    ("hosts", "rows"),
    [
        ([[], [], []], [0, 1]),  # nothing tells them apart: the lowest
        ([[], [(40, 50, "a")], [(30, 50, "a")]], [1, 2]),  # the tightest gaps after
        ([[(0, 1, "a")], [(0, 12, "a"), (30, 40, "b")], [(0, 5, "a"), (30, 40, "b")]], [0, 2]),  # what is past is alike
        ([[(0, 10, "a")], [(0, 10, "a"), (21, 40, "b")], [(20, 30, "c")]], [1, 2]),
    ],
)
def test_the_tightest_gaps_are_taken(hosts: list[list[Booking]], rows: list[int]) -> None:
    """Long gaps stay whole for those who need them."""
    choice = choose(hosts, 2)
    assert choice is not None
    assert (choice.start_at, choice.rows.tolist()) == (10, rows)


def test_time_before_now_does_not_make_a_gap_wide() -> None:
    """A host that idled for long is as good as one that was just freed: nobody can book the past."""
    choice = choose([[(90, 95, "a")], [(0, 9, "b"), (91, 95, "a")]], 1)
    assert choice is not None
    assert choice.rows.tolist() == [0]


@pytest.mark.parametrize(
    ("scores", "rows"),
    [
        ([1.0, 2.0, 3.0], [1, 2]),
        ([3.0, 1.0, 3.0], [0, 2]),
        ([1.0, 1.0, 1.0], [0, 1]),  # a tie: the gaps decide
        ([NAN, 0.0, -5.0], [1, 2]),  # not known is worse than bad
        ([NAN, NAN, 1.0], [0, 2]),
        ([float("inf"), 1.0, 2.0], [0, 2]),
    ],
)
def test_the_best_scores_come_before_the_tightest_gaps(scores: list[float], rows: list[int]) -> None:
    """Among hosts that are free at the earliest start."""
    choice = choose([[(30, 40, "a")], [(40, 50, "a")], []], 2, scores=scores)
    assert choice is not None
    assert choice.rows.tolist() == rows


@pytest.mark.parametrize(
    ("scores", "group"),
    [
        (None, 0),
        ([1.0, 1.0, 1.0, 1.0, 9.0, 9.0], 0),  # group 2 cannot begin then
        ([1.0, 1.0, 1.0, 1.1, 9.0, 9.0], 1),
        ([NAN, 1.0, 0.0, 0.0, 0.0, 0.0], 1),
        ([1.0, 1.0, 1.0, 1.0, 1.0, 1.0], 0),
    ],
)
def test_the_group_with_the_best_hosts_is_taken(scores: list[float] | None, group: int) -> None:
    """Of those that can begin first; at equal worth the first of them."""
    hosts: list[list[Booking]] = [[], [], [], [], [(0, 11, "a")], []]
    choice = choose(hosts, 2, groups=[[1, 0], [2, 3], [4, 5]], scores=scores)
    assert choice is not None
    assert (choice.group, choice.start_at) == (group, 10)
    assert choice.rows.tolist() == [[0, 1], [2, 3]][group]


def test_nothing_fits_is_none() -> None:
    """No hosts free in the window: no choice."""
    assert choose([[(0, 95, "a")]], 1) is None
    assert choose([[]], 2) is None


@settings(max_examples=many(800), deadline=None)
@given(cases.hosts(8), st.integers(1, 5), st.integers(0, 100), st.integers(1, 15), st.data())
def test_the_choice_is_the_first_by_score_gap_and_row(
    hosts: list[list[Booking]], quantity: int, now: int, duration_s: int, data: st.DataObject
) -> None:
    """Against a plain sort of all hosts that are free at the chosen start."""
    scored = data.draw(st.lists(st.sampled_from((0.0, 1.0, 2.5)), min_size=len(hosts), max_size=len(hosts)))
    scores = data.draw(st.sampled_from((None, scored)))
    choice = choose(hosts, quantity, scores=scores, window=(now, now + 150, duration_s), now=now)
    if choice is None:
        return
    start = choice.start_at
    plain = PlainCalendar(hosts)

    def rank(row: int) -> tuple[float, int, int]:
        before = max([now, *(end for _, end, _ in hosts[row] if end <= start)])
        after = min([FOREVER, *(begin for begin, _, _ in hosts[row] if begin >= start)])
        return (0.0 if scores is None else -scores[row], after - before, row)

    free = sorted((row for row in range(len(hosts)) if plain.free(row, start, start + duration_s)), key=rank)
    assert choice.rows.tolist() == sorted(free[:quantity])


@settings(max_examples=many(500), deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.floats(0, 1)), min_size=1, max_size=30), st.data())
def test_the_smallest_are_those_that_a_sort_puts_first(pairs: list[tuple[int, float]], data: st.DataObject) -> None:
    """Ties go to the next criterion, and at last to the order in which they came."""
    quantity = data.draw(st.integers(1, len(pairs)))
    columns = [np.array(column) for column in zip(*pairs, strict=True)]
    found = smallest(quantity, columns)
    assert sorted(found.tolist()) == sorted(sorted(range(len(pairs)), key=lambda i: pairs[i])[:quantity])

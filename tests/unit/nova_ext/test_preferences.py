# SPDX-License-Identifier: Apache-2.0
"""The arithmetic of the weighers, up to what Nova makes of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nova_ext.options import Settings
from nova_ext.preferences import efficiency, free_s, free_time
from tests.unit.nova_ext.rounds import NOW, following, leased, use

DAY = 86_400.0
MONTH = 30 * DAY
NOVAS_OWN = 9.0
"""What Nova's own weighers add up to at most: with its defaults, the multiplier of nine is 1 or -1."""
BROKEN = 1_000_000.0
"""What Nova takes from a host where builds failed lately."""


def test_free_time_is_counted_up_to_the_horizon() -> None:
    assert free_s(following(1, 600), NOW, MONTH) == 600
    assert free_s(following(1, -5), NOW, MONTH) == 0
    assert free_s(following(1, 2 * MONTH), NOW, MONTH) == MONTH
    assert free_s(use(1), NOW, MONTH) == free_s(None, NOW, MONTH) == free_s(leased(1), NOW, MONTH) == MONTH


@given(st.lists(st.floats(0, MONTH), min_size=2), st.none() | st.floats(1, 3 * MONTH))
def test_worth_lies_between_nothing_and_one(free: list[float], lifetime: float | None) -> None:
    """So that Nova, which scales by these bounds, leaves it as it is."""
    assert all(0 <= free_time(one, MONTH, lifetime) <= 1 for one in free)


@given(st.floats(0, MONTH), st.floats(0, MONTH))
def test_the_longer_free_the_better(one: float, other: float) -> None:
    assert (free_time(one, MONTH) < free_time(other, MONTH)) <= (one < other)


@given(st.floats(0, MONTH), st.floats(0, MONTH), st.floats(1, 2 * MONTH))
def test_an_instance_goes_where_it_just_fits(one: float, other: float, lifetime: float) -> None:
    """Where it fits before where it does not; of those the least free; of the others the most free."""
    needed = min(lifetime, MONTH)

    def order(free: float) -> tuple[bool, float]:
        return (free >= needed, -free if free >= needed else free)

    better = free_time(one, MONTH, lifetime) > free_time(other, MONTH, lifetime)
    assert better <= (order(one) > order(other))


def test_the_instance_that_just_fits_has_the_best_place() -> None:
    hours = [1, 5, 6, 7, 48]
    worth = {hour: free_time(hour * 3600, MONTH, 6 * 3600) for hour in hours}
    assert sorted(hours, key=lambda hour: worth[hour], reverse=True) == [6, 7, 48, 5, 1]
    assert worth[6] == free_time(MONTH, MONTH, 2 * MONTH) == 1.0


@pytest.mark.parametrize(
    ("known", "weights"),
    [([2.0, None, 4.0], [2.0, 3.0, 4.0]), ([None, None], [0.0, 0.0]), ([None, 5.0], [5.0, 5.0]), ([], [])],
)
def test_a_host_of_unknown_efficiency_is_neither_better_nor_worse(
    known: list[float | None], weights: list[float]
) -> None:
    assert efficiency(known) == weights


def test_free_time_outranks_all_but_a_broken_host_by_default() -> None:
    """The arithmetic that the manual shows: ten minutes more outrank whatever else is different."""
    rules = Settings()
    all_else = rules.efficiency_weight_multiplier + NOVAS_OWN
    ten_minutes = rules.free_time_weight_multiplier * (free_time(DAY + 600, MONTH) - free_time(DAY, MONTH))
    ten_minutes_of_life = rules.free_time_weight_multiplier * (
        free_time(DAY, MONTH, 3600) - free_time(DAY + 1200, MONTH, 3600)
    )
    assert all_else < ten_minutes < 2 * all_else
    assert all_else < ten_minutes_of_life
    assert rules.free_time_weight_multiplier + all_else < BROKEN
    assert rules.efficiency_weight_multiplier > NOVAS_OWN

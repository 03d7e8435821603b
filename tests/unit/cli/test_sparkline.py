# SPDX-License-Identifier: Apache-2.0
"""The small bars: which reading stands in which column, and how high it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from climate.cli.sparkline import columns_of, sparkline


def of(points: list[tuple[float, float]]) -> list[float | None]:
    """Columns of a second each, the last of which ends at 100."""
    return columns_of(points, end=100.0, column_s=1.0, count=5, hold_s=2.0)


def test_a_column_has_the_mean_of_its_readings() -> None:
    """One at its end belongs to it, one at its begin to the column before."""
    assert of([(95.5, 9.0), (96.5, 1.0), (97.0, 3.0), (98.0, 4.0), (99.0, 5.0), (100.0, 6.0)]) == [9, 2, 4, 5, 6]


def test_a_silence_is_bridged_for_a_while_and_then_is_a_gap() -> None:
    """The last number holds, also one from before the first column."""
    assert of([(94.5, 7.0)]) == [7.0, None, None, None, None]
    assert of([(96.0, 7.0), (99.5, 8.0)]) == [7.0, 7.0, 7.0, None, 8.0]
    assert of([]) == [None] * 5


def test_what_lies_outside_is_not_drawn() -> None:
    assert of([(1.0, 7.0), (101.5, 9.0)]) == [None] * 5
    assert columns_of([(100.0, 1.0)], end=100.0, column_s=1.0, count=0, hold_s=1.0) == []


@pytest.mark.parametrize(
    ("values", "signs", "drawn"),
    [
        ([0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0], True, "▁▂▃▄▅▆▇█"),
        ([0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0], False, "_.:-=+*#"),
        ([100.0, None, 200.0], True, "▁ █"),
        ([0.0, 0.0], True, "▁▁"),
        ([None, None], True, "  "),
        ([], True, ""),
        ([-20.0, -10.0], False, "_#"),
    ],
)
def test_bars_stand_between_the_least_and_the_greatest(values: list[float | None], signs: bool, drawn: str) -> None:
    """Where there is nothing, nothing is drawn."""
    assert sparkline(values, signs) == drawn


def test_what_hardly_varies_is_drawn_flat() -> None:
    """A hundred watts and one are no mountain."""
    assert sparkline([100.0, 101.0, 100.0], True) == "▁▁▁"


@given(
    st.lists(st.tuples(st.floats(0, 200), st.floats(0, 1e6)), max_size=30),
    st.integers(0, 70),
    st.floats(0.5, 60),
    st.booleans(),
)
def test_there_is_one_sign_for_each_column(
    points: list[tuple[float, float]], count: int, column_s: float, signs: bool
) -> None:
    """Whatever was read; and no column has a number that was not."""
    found = columns_of(sorted(points), end=150.0, column_s=column_s, count=count, hold_s=10.0)
    assert len(sparkline(found, signs)) == len(found) == count
    known = [value for value in found if value is not None]
    assert all(
        min(watts for _, watts in points) * 0.999 <= value <= max(w for _, w in points) * 1.001 for value in known
    )

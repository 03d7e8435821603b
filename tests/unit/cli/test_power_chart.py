# SPDX-License-Identifier: Apache-2.0
"""Power over time in characters: which step stands in which column, how high it is, and that nothing is invented."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from climate.cli.gantt import Axis, Style, columns
from climate.cli.power_chart import Column, chart, columns_of
from climate.client.probes import History, Series

T0 = 1_900_000_200
Watts = float | None


def series(
    mean: list[Watts], low: list[Watts] | None = None, high: list[Watts] | None = None, name: str = "a"
) -> Series:
    """The power of a probe, measured wholly wherever anything is known."""
    return {
        "probe_id": name,
        "probes": 1,
        "kwh": 1.5,
        "coverage": 99.99,
        "min_w": mean if low is None else low,
        "average_w": mean,
        "max_w": mean if high is None else high,
        "covered": [0.0 if watts is None else 100.0 for watts in mean],
    }


def found(*of: Series, step_s: int = 10) -> History:
    """An answer of kwapi-api that begins at ``T0``."""
    count = len(of[0]["min_w"]) if of else 0
    at = [T0 + step_s * place for place in range(count)]
    return {"start": T0, "end": T0 + step_s * count, "step_s": step_s, "at": at, "series": list(of)}


def drawn(answer: History, width: int = 40, height: int = 4, *, signs: bool = True) -> list[str]:
    """Its chart, over all of its time."""
    return chart(
        answer,
        start_at=answer["start"],
        end_at=answer["end"],
        width=width,
        height=height,
        style=Style(signs),
        zone=dt.UTC,
    )


def test_a_column_has_the_least_the_mean_and_the_greatest_of_its_steps() -> None:
    """A peak of one step is not lost in a wide column; what was measured less counts less in the mean."""
    one = series([10.0, 20.0, 30.0, None], [5.0, 20.0, 30.0, None], [10.0, 90.0, 30.0, None])
    one["covered"] = [50.0, 100.0, 100.0, 0.0]
    axis = Axis(T0, T0 + 40, 2)
    assert columns_of(found(one), one, axis) == [Column(5.0, pytest.approx(50 / 3), 90.0), Column(30.0, 30.0, 30.0)]


def test_a_step_wider_than_a_column_fills_all_of_its_columns() -> None:
    one = series([10.0, None, 30.0])
    made = columns_of(found(one), one, Axis(T0, T0 + 30, 6))
    assert [None if column is None else column.mean for column in made] == [10, 10, None, None, 30, 30]


def test_what_lies_outside_of_the_answer_is_unknown() -> None:
    """It begins and ends on the clock of its steps, which need not be what was asked."""
    one = series([10.0, 20.0])
    made = columns_of(found(one), one, Axis(T0 - 20, T0 + 40, 6))
    assert [None if column is None else column.mean for column in made] == [None, None, 10, 20, None, None]


def test_bars_reach_to_the_mean_and_lighter_ones_to_the_peak() -> None:
    """From zero, on the scale at the left; a gap has none, and a measured zero has one."""
    answer = found(series([50.0, 100.0, None, 0.0], high=[100.0, 100.0, None, 0.0]))
    assert drawn(answer, width=len("100.0 W") + 5)[:6] == [
        "a: 1.5000 k…",
        "100.0 W┤░█",
        "       ┤░█",
        "       ┤██",
        "       ┤██ ▁",
        "  0.0 W└────",
    ]


def test_all_series_have_one_scale() -> None:
    """Else nobody could compare them."""
    lines = drawn(found(series([100.0] * 4), series([25.0] * 4, name="b")), width=60)
    assert lines[0] == "a: 1.5000 kWh, 99.9 % measured, peak 100.0 W"
    assert lines[6] == "b: 1.5000 kWh, 99.9 % measured, peak 25.0 W"
    assert [line.startswith("100.0 W┤") for line in lines].count(True) == 2
    assert "█" in lines[1] + lines[2]
    assert "█" not in "".join(lines[7:10])


def test_power_below_zero_moves_the_foot_of_the_scale() -> None:
    """What is fed back is power, too."""
    lines = drawn(found(series([-50.0, 50.0])), width=20)
    assert lines[1].startswith(" 50.0 W┤")
    assert lines[5].startswith("-50.0 W└")


def test_below_it_stand_the_times_and_what_a_column_is() -> None:
    *_, days, times, told = drawn(found(series([1.0] * 360)), width=70)
    assert days.split() == ["Sun", "17", "Mar"]
    assert times.split()[0] == "17:50"
    assert told == "(a column is 56s, a step 10s; times are UTC)"


def test_nothing_measured_is_told() -> None:
    assert drawn(found(series([None, None])))[0] == "a: nothing was measured"


def test_without_signs_it_is_ascii() -> None:
    lines = drawn(found(series([50.0, 100.0, None, 0.0], high=[100.0, 100.0, None, 0.0])), signs=False)
    assert "\n".join(lines).isascii()
    assert lines[1].startswith("100.0 W|''''")


@settings(max_examples=60)
@given(
    st.lists(
        st.none() | st.tuples(st.floats(-1e7, 1e7), st.floats(0, 1e6), st.floats(0, 1e6)), min_size=1, max_size=50
    ),
    st.integers(1, 3600),
    st.integers(1, 200),
    st.integers(1, 12),
    st.booleans(),
)
def test_it_stays_within_its_width(
    steps: list[tuple[float, float, float] | None], step_s: int, width: int, height: int, signs: bool
) -> None:
    """Whatever is in it; and a column has a bar if anything in it was measured, and no other has."""
    low, mean, high = (
        [None if step is None else value(*step) for step in steps]
        for value in (lambda w, below, _: w - below, lambda w, _, __: w, lambda w, _, above: w + above)
    )
    one = series(mean, low, high)
    answer = found(one, step_s=step_s)
    lines = drawn(answer, width, height, signs=signs)
    assert all(columns(line) <= width for line in lines)
    assert len(lines) == height + 5
    axis = Axis(answer["start"], answer["end"], 30, dt.UTC)
    for column in columns_of(answer, one, axis):
        assert column is None or column.least - 1e-3 <= column.mean <= column.most + 1e-3

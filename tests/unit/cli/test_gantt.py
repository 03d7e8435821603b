# SPDX-License-Identifier: Apache-2.0
"""The chart: what stands in which column."""

from __future__ import annotations

import datetime as dt
import re
import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from climate.cli import gantt
from climate.cli.gantt import Axis, Bar, Row, Style

HOUR, DAY = 3_600, 86_400
MIDNIGHT = 1_900_022_400  # 2030-03-18T00:00:00Z, a Monday
PLAIN = Style(signs=False)
ESCAPES = re.compile(r"\x1b\[[0-9]+m")


@pytest.fixture
def in_paris(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The machine's own zone has a summer time; written so that no file of zones is needed."""
    with monkeypatch.context() as there:
        there.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
        time.tzset()
        yield
    time.tzset()


def drawn(
    *rows: Row, hours: int = 10, width: int = 109, style: Style = PLAIN, now: float = 0, **more: object
) -> list[str]:
    """A chart from midnight on; without other widths an hour has ten columns, behind a label of eight."""
    return gantt.chart(
        rows, start_at=MIDNIGHT, end_at=MIDNIGHT + hours * HOUR, now=now, width=width, style=style, zone=dt.UTC, **more
    )  # type: ignore[arg-type]


def test_a_bar_covers_its_time() -> None:
    """From its first column to just before its last."""
    row = Row("a", (Bar(MIDNIGHT + HOUR, MIDNIGHT + 3 * HOUR, "confirmed"),))
    assert drawn(row)[2] == "a" + " " * 18 + "[" + "=" * 19


def test_bars_that_follow_each_other_can_be_told_apart() -> None:
    """Each begins with a sign of its own, and each state has one."""
    bars = [
        Bar(MIDNIGHT + n * HOUR, MIDNIGHT + (n + 1) * HOUR, state) for n, state in enumerate(("active", "proposed"))
    ]
    assert drawn(Row("a", tuple(bars)))[2] == "a" + " " * 8 + "[#########[........."
    signs = drawn(Row("a", tuple(bars)), style=Style())[2]
    assert signs == "a" + " " * 8 + "▐█████████▐░░░░░░░░░"


def test_what_is_shorter_than_a_column_is_still_there() -> None:
    row = Row("a", (Bar(MIDNIGHT + HOUR, MIDNIGHT + HOUR + 1, "active"),))
    assert drawn(row)[2].count("#") == 1
    late = Row("a", (Bar(MIDNIGHT + 10 * HOUR - 1, MIDNIGHT + 20 * HOUR, "active"),))
    assert drawn(late)[2].count("#") == 1


def test_what_begins_before_the_chart_has_no_begin() -> None:
    """And what lies outside is not drawn."""
    before = Row("a", (Bar(0, MIDNIGHT + HOUR, "active"), Bar(0, MIDNIGHT, "active"), Bar(2e9, 3e9, "active")))
    assert drawn(before)[2] == "a" + " " * 8 + "#" * 10


def test_a_text_stands_in_a_bar_that_has_room() -> None:
    row = Row(
        "a",
        (
            Bar(MIDNIGHT, MIDNIGHT + HOUR, "active", "weather"),
            Bar(MIDNIGHT + HOUR, MIDNIGHT + 2 * HOUR, "active", "forecasts"),
        ),
    )
    assert drawn(row)[2] == "a" + " " * 8 + "[weather##[foreca~##"
    narrow = Row("a", (Bar(MIDNIGHT, MIDNIGHT + HOUR // 2, "active", "weather"),))
    assert drawn(narrow)[2] == "a" + " " * 8 + "[####"


def test_now_is_a_line_through_the_free_time() -> None:
    rows = Row("a"), Row("b", (Bar(MIDNIGHT, MIDNIGHT + DAY, "active"),))
    lines = drawn(*rows, now=MIDNIGHT + HOUR)
    assert lines[2] == "a" + " " * 18 + "|"
    assert "|" not in lines[3]


def test_the_axis_has_round_times_and_days() -> None:
    """In hours by their names; over weeks by days alone."""
    days, times, *_ = drawn(Row("a"))
    assert days == " " * 9 + "Mon 18 Mar"
    assert times.split() == [f"{hour:02}:00" for hour in range(10)]
    days, times, *_ = drawn(Row("a"), hours=10 * 24)
    assert days.split()[:6] == ["Mon", "18", "Mar", "Wed", "20", "Mar"]
    assert set(times.split()) == {"|"}


def test_the_first_day_is_named_if_none_begins_nearby() -> None:
    lines = gantt.chart(
        [Row("a")], start_at=MIDNIGHT + 8 * HOUR, end_at=MIDNIGHT + 11 * HOUR, now=0, width=80, style=PLAIN, zone=dt.UTC
    )
    assert lines[0].strip() == "Mon 18 Mar"


@pytest.mark.usefixtures("in_paris")
def test_the_axis_keeps_to_the_clock_on_the_wall_when_it_changes() -> None:
    """On the last Sunday of March the night is an hour shorter."""
    start = dt.datetime(2030, 3, 30).timestamp()
    axis = Axis(start, start + 3 * DAY, 72)
    ticks = [(wall, begins) for _, wall, begins in axis.ticks()]
    assert [f"{wall:%d %H:%M}" for wall, begins in ticks if begins] == ["30 00:00", "31 00:00", "01 00:00", "02 00:00"]
    assert {f"{wall:%H:%M}" for wall, _ in ticks} == {"00:00", "12:00"}


def test_what_does_not_fit_into_the_window_is_counted() -> None:
    rows = [Row(f"host-{number}") for number in range(50)]
    lines = drawn(*rows, height=20)
    assert len(lines) == 20
    assert lines[-2] == "... and 34 more"
    assert len(drawn(*rows, height=53)) == 53


def test_colours_change_nothing_but_colours() -> None:
    row = Row("a", (Bar(MIDNIGHT, MIDNIGHT + HOUR, "active", "x"), Bar(MIDNIGHT + HOUR, MIDNIGHT + 2 * HOUR, "error")))
    coloured = drawn(row, style=Style(signs=True, colour=True), now=MIDNIGHT + 5 * HOUR)
    assert any("\x1b[32m" in line for line in coloured)
    assert [ESCAPES.sub("", line) for line in coloured] == drawn(row, style=Style(), now=MIDNIGHT + 5 * HOUR)


@given(
    st.lists(
        st.tuples(
            st.integers(-DAY, 3 * DAY),
            st.integers(1, 3 * DAY),
            st.sampled_from(["active", "proposed", "ended"]),
            st.text(max_size=12),
        )
    ),
    st.integers(1, 900 * DAY),
    st.integers(30, 250),
    st.booleans(),
)
def test_no_line_is_wider_than_the_window(
    bars: list[tuple[int, int, str, str]], span: int, width: int, signs: bool
) -> None:
    """Whatever is drawn."""
    row = Row(
        "a long label, and longer than anybody needs",
        tuple(Bar(MIDNIGHT + a, MIDNIGHT + a + s, state, text) for a, s, state, text in bars),
    )
    lines = gantt.chart(
        [row], start_at=MIDNIGHT, end_at=MIDNIGHT + span, now=MIDNIGHT, width=width, style=Style(signs), zone=dt.UTC
    )
    assert max(len(line) for line in lines) <= width


@pytest.mark.parametrize(("name", "shown"), [("日本", "日本"), ("e\u0301t\u00e9", "e\u0301t\u00e9")])
def test_wide_and_combined_letters_keep_the_columns(name: str, shown: str) -> None:
    """The bar begins in the column in which it would begin."""
    line = drawn(Row(name, (Bar(MIDNIGHT, MIDNIGHT + HOUR, "active"),)))[2]
    before = line[: line.index("[")]
    assert before.startswith(shown)
    assert gantt.columns(before) == 9

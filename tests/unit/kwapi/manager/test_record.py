# SPDX-License-Identifier: Apache-2.0
"""A device is asked at its deadlines: missed ones are counted and left out, failures make pauses."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kwapi.manager.record import Answered, Record
from kwapi.manager.status import Cause, State
from tests.unit.kwapi.manager.meters import Maker, wattmeter

NOW_NS = 1_700_000_000_000_000_000
WELL = Answered({"site/pdu/1"})
CLOCK = [(100, 0.0), (101, 0.0), (102, 120.0), (103, 120.0), (104, -5.0), (105, -5.0)]
"""Seconds that passed, and by how many the clock was set."""


def record(interval_s: float = 1.0, longest_pause_s: float = 8.0) -> Record:
    return Record(wattmeter("pdu", Maker(), interval_s=interval_s), 0.25, longest_pause_s, NOW_NS)


def ask(made: Record, now: float, *, failing: bool = False, lasting: float = 0.0) -> float:
    """Wait for the next deadline and ask; when it is over."""
    due = made.plan(now)
    made.begin(due)
    if failing:
        made.fail(Cause.DEVICE, "no answer", NOW_NS)
    else:
        made.succeed(NOW_NS, due + lasting, WELL)
    return due + lasting


def test_who_is_quick_meets_every_deadline() -> None:
    made, now = record(), 100.0
    for _ in range(50):
        now = ask(made, now, lasting=0.9)
    assert now == pytest.approx(149.25 + 0.9)
    assert (made.attempts, made.missed, made.paused) == (50, 0, 0)


def test_deadlines_that_pass_meanwhile_are_counted_and_not_made_up_for() -> None:
    """The next one is on the grid again."""
    made = record()
    now = ask(made, 100.0, lasting=3.5)
    assert made.plan(now) == pytest.approx(104.25)
    assert made.missed == 3


def test_failures_make_pauses_that_double_and_end_at_once() -> None:
    """Up to the longest; the deadlines in between are counted, and are not missed ones."""
    made, now = record(), 100.0
    asked = [now := ask(made, now, failing=True) for _ in range(7)]
    assert asked == pytest.approx([100.25, 101.25, 103.25, 107.25, 115.25, 123.25, 131.25])
    assert (made.missed, made.paused) == (0, 31 - 6)
    now = ask(made, now)
    assert ask(made, now) - now == pytest.approx(1.0)
    assert made.state is State.ANSWERING
    assert made.failures_in_row == 0


def test_a_plan_that_was_not_carried_out_is_kept() -> None:
    """Another thread takes it over; if its time has passed, it is missed."""
    made = record()
    assert made.plan(100.0) == made.plan(100.1) == 100.25
    assert made.missed == 0
    assert made.plan(101.5) == 102.25
    assert made.missed == 2


def test_a_clock_that_was_set_is_noticed() -> None:
    """Forth or back, once each time; not one that is a little fast."""
    made = record()
    steps = [made.clock_was_set(round((1_000_000 + now * 1.0005 + ahead) * 1e9), float(now)) for now, ahead in CLOCK]
    assert steps == [False, False, True, False, True, False]
    assert made.clock_steps == 2


def test_what_a_driver_says_is_kept_in_one_short_line() -> None:
    made = record()
    made.fail(Cause.DEVICE, "no\n  answer " + "x" * 10_000, NOW_NS)
    assert made.last_failure.startswith("no answer xxx")
    assert len(made.last_failure) == 500


@given(
    st.lists(st.tuples(st.booleans(), st.floats(0, 20), st.integers(1, 2)), max_size=60),
    st.floats(0.05, 10),
    st.floats(0, 30),
)
@settings(max_examples=60)
def test_every_deadline_is_met_missed_or_paused(
    story: list[tuple[bool, float, int]], interval: float, longest: float
) -> None:
    """Whatever happens, none is lost and none counts twice."""
    made, now = record(interval, longest), 1000.0
    first = None
    for failing, lasting, plans in story:
        for _ in range(plans):
            due = made.plan(now)
        first = due if first is None else first
        made.begin(due)
        if failing:
            made.fail(Cause.FAULT, "", NOW_NS)
        else:
            made.succeed(NOW_NS, due, WELL)
        number = round((due - first) / interval) + 1
        assert made.attempts + made.missed + made.paused == number
        assert due >= now
        now = due + lasting

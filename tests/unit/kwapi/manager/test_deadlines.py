# SPDX-License-Identifier: Apache-2.0
"""Deadlines lie on a fixed grid, phases lie apart, pauses double up to a bound."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwapi.manager import deadlines

intervals = st.floats(0.01, 86_400)


@given(intervals, st.integers(0, 10_000), st.floats(0, 1e7))
def test_the_next_deadline_is_the_first_that_is_not_before_now(interval: float, place: int, now: float) -> None:
    """And less than an interval away, as far as floats can tell."""
    phase = deadlines.phase(place, interval)
    number = deadlines.next_number(now, phase, interval)
    assert deadlines.due(number, phase, interval) >= now
    assert deadlines.due(number - 1, phase, interval) < now + 1e-6


@given(intervals, st.integers(1, 10**6))
def test_deadlines_do_not_drift(interval: float, steps: int) -> None:
    """The last of many is as many intervals after the first."""
    first, last = deadlines.due(0, 0.3, interval), deadlines.due(steps, 0.3, interval)
    assert last - first == pytest.approx(steps * interval)


@pytest.mark.parametrize("count", [2, 7, 100, 1000])
def test_phases_lie_apart_however_many_there_are(count: int) -> None:
    """No tenth of the interval gets more than twice its share, and no two devices the same instant."""
    phases = sorted(deadlines.phase(place, 1.0) for place in range(count))
    assert all(0 <= phase < 1 for phase in phases)
    gaps = [second - first for first, second in zip(phases, [*phases[1:], phases[0] + 1], strict=True)]
    assert max(gaps) < 2.7 / count
    assert min(gaps) > 0.3 / count


def test_pauses_double_up_to_the_longest() -> None:
    assert [deadlines.pause(failures, 1.0, 30.0) for failures in range(8)] == [0, 1, 2, 4, 8, 16, 30, 30]


def test_no_pause_is_shorter_than_the_interval() -> None:
    """A device that is asked once in five minutes need not be asked more often because it fails."""
    assert [deadlines.pause(failures, 300.0, 30.0) for failures in (1, 2, 10_000)] == [300.0, 300.0, 300.0]


@pytest.mark.parametrize(("interval", "timeout", "patience"), [(1.0, 0.5, 2.5), (1.0, 5.0, 5.5), (0.1, 0.2, 0.25)])
def test_a_driver_may_stay_away_for_its_timeout_and_two_intervals(
    interval: float, timeout: float, patience: float
) -> None:
    """With a moment to say that it timed out; it is replaced before two more intervals have passed."""
    assert deadlines.patience(interval, timeout) == pytest.approx(patience)

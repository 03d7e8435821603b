# SPDX-License-Identifier: Apache-2.0
"""Deadlines lie on a fixed grid, phases lie apart, pauses double up to a bound."""

from __future__ import annotations

from collections import Counter

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


@pytest.mark.parametrize("interval", [0.1, 1.0, 60.0])
@pytest.mark.parametrize("count", [2, 7, 20, 100, 1000])
def test_phases_are_shared_alike(count: int, interval: float) -> None:
    """They lie on a grid, however many there are, and no instant gets more than its share of devices and one."""
    phases = [deadlines.phase(place, interval) for place in range(count)]
    instants = max(20, round(interval / 0.05))
    places = [phase / interval * instants for phase in phases]
    assert all(place == pytest.approx(round(place)) and 0 <= place < instants for place in places)
    share = Counter(round(place) for place in places)
    assert max(share.values()) <= count / instants + 2
    if count >= 3 * instants:
        assert len(share) == instants
        assert min(share.values()) >= count / instants - 2


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

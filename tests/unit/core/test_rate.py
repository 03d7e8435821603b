# SPDX-License-Identifier: Apache-2.0
"""Rates let through what they promise: never more in any window, and never less to whoever keeps to them."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from climate.core.rate import Bucket, Rate, take

SECOND_US = 1_000_000
RATES = st.builds(Rate, per_s=st.integers(1, 50), burst=st.integers(1, 20))
# Some at once, some close together, some after a pause.
GAPS_US = st.one_of(st.just(0), st.integers(0, 200_000), st.integers(0, 5 * SECOND_US))
ASKED = st.lists(st.tuples(GAPS_US, st.integers(1, 8)), min_size=1, max_size=60)


def played(rate: Rate, asked: list[tuple[int, int]]) -> list[tuple[int, int, int]]:
    """When (microseconds), how many were wanted, and how many were granted."""
    bucket, now_us, history = None, 1_000 * SECOND_US, []
    for gap_us, wanted in asked:
        now_us += gap_us
        taken = take(bucket, wanted, rate, now_us)
        bucket = taken.bucket
        history.append((now_us, wanted, taken.granted))
    return history


class Plain:
    """The same from its definition: the fewest tokens that keep every window of the past within its bound.

    ``t`` seconds may see ``burst + per_s * t``; so what may be granted now is the
    least of what each window that ends now has left.
    """

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._granted: list[tuple[int, int]] = []

    def take(self, wanted: int, now_us: int) -> int:
        left = Fraction(self._rate.burst)
        used = 0
        for at_us, count in reversed(self._granted):
            used += count
            window_s = Fraction(now_us - at_us, SECOND_US)
            left = min(left, self._rate.burst + self._rate.per_s * window_s - used)
        granted = min(wanted, int(left))
        self._granted.append((now_us, granted))
        return granted


@given(RATES, ASKED)
@example(Rate(3, 1), [(0, 1), (333_333, 1), (1, 1), (333_333, 1), (333_333, 1)])
def test_it_grants_what_every_window_of_the_past_allows(rate: Rate, asked: list[tuple[int, int]]) -> None:
    """Neither more nor less, exactly, against looking at every window."""
    plain = Plain(rate)
    for now_us, wanted, granted in played(rate, asked):
        assert granted == plain.take(wanted, now_us)


@given(RATES, ASKED)
def test_no_window_sees_more_than_burst_and_rate(rate: Rate, asked: list[tuple[int, int]]) -> None:
    """Counted over every pair of instants."""
    history = played(rate, asked)
    for i, (start_us, _, _) in enumerate(history):
        total = 0
        for now_us, _, granted in history[i:]:
            total += granted
            assert total * SECOND_US <= rate.burst * SECOND_US + rate.per_s * (now_us - start_us)


@given(RATES, st.lists(st.integers(0, 3), min_size=1, max_size=50))
def test_whoever_keeps_to_the_rate_is_never_refused(rate: Rate, pauses: list[int]) -> None:
    """One request each time that the rate has room for another, or later."""
    step_us = -(-SECOND_US // rate.per_s)
    asked = [(step_us + step_us * pause // 2, 1) for pause in pauses]
    assert all(granted == 1 for _, _, granted in played(rate, asked))


@given(RATES, ASKED, st.integers(1, 30))
def test_after_the_wait_there_is_what_was_asked_for(rate: Rate, asked: list[tuple[int, int]], wanted: int) -> None:
    """And a microsecond before there is not."""
    bucket, now_us = None, SECOND_US
    for gap_us, some in asked:
        now_us += gap_us
        bucket = take(bucket, some, rate, now_us).bucket
    refused = take(bucket, wanted, rate, now_us)
    while refused.granted:
        refused = take(refused.bucket, wanted, rate, now_us)
    assert refused.wait_us > 0
    expected = min(wanted, rate.burst)
    assert take(refused.bucket, wanted, rate, now_us + refused.wait_us).granted == expected
    assert take(refused.bucket, wanted, rate, now_us + refused.wait_us - 1).granted < expected


def test_a_clock_that_goes_back_fills_nothing() -> None:
    """Several processes whose clocks differ share a bucket; a second is counted once."""
    rate = Rate(10, 10)
    ahead = take(None, 10, rate, 5 * SECOND_US).bucket
    behind = take(ahead, 1, rate, 4 * SECOND_US)
    assert (behind.granted, behind.wait_us) == (0, 1_100_000)
    assert take(behind.bucket, 10, rate, 5 * SECOND_US).granted == 0
    assert take(behind.bucket, 10, rate, 6 * SECOND_US).granted == 10


def test_a_clock_that_was_days_ahead_is_not_waited_for() -> None:
    """Once it is set right, the bucket fills from then on."""
    rate = Rate(10, 10)
    now_us = 1_000 * SECOND_US
    refused = take(Bucket(0, now_us + 86_400 * SECOND_US), 1, rate, now_us)
    assert (refused.granted, refused.wait_us) == (0, 100_000)
    assert take(refused.bucket, 1, rate, now_us + 100_000).granted == 1


def test_a_rate_that_was_lowered_counts_at_once() -> None:
    """What is left never exceeds the burst of now."""
    full = take(None, 1, Rate(100, 100), 0).bucket
    assert take(full, 50, Rate(1, 3), 0).granted == 3


@pytest.mark.parametrize(("per_s", "burst"), [(0, 1), (1, 0), (-1, 5)])
def test_a_rate_that_lets_nothing_through_is_a_mistake(per_s: int, burst: int) -> None:
    with pytest.raises(ValueError, match="nothing"):
        Rate(per_s, burst)

# SPDX-License-Identifier: Apache-2.0
"""Rows of power over time: energy is kept at every step, no peak is lost, and what was not measured is not there."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwapi.core.history import BYTES_PER_PROBE, NS, ROW, SEGMENT, TIERS, Rows, coarser, folded, merged, summed, tier_for

Line = tuple[int, int, int, float, float]
START_NS = 1_700_000_000 * NS

lines = st.lists(
    st.builds(
        lambda probe, begin_ms, length_ms, first, last: (
            probe,
            START_NS + begin_ms * 1_000_000,
            START_NS + (begin_ms + length_ms) * 1_000_000,
            float(first),
            float(last),
        ),
        st.integers(0, 2),
        st.integers(0, 50_000),
        st.integers(0, 9_000),
        st.integers(0, 4_000),
        st.integers(0, 4_000),
    ),
    max_size=30,
)


def segments(rows: list[Line]) -> np.ndarray:
    return np.array(rows, SEGMENT)


def oracle(rows: list[Line], step_s: int) -> dict[tuple[int, int], tuple[float, float, float, int]]:
    """Low, high, joules and measured nanoseconds by probe and bucket: each line cut by hand."""
    found: dict[tuple[int, int], tuple[float, float, float, int]] = {}
    step = step_s * NS
    for probe, begin, end, first, last in rows:
        at = begin
        while True:
            bucket = at // step
            until = min(end, (bucket + 1) * step)
            powers = [first + (last - first) * ((t - begin) / (end - begin) if end > begin else 0) for t in (at, until)]
            low, high, joules, measured = found.get((probe, bucket), (math.inf, -math.inf, 0.0, 0))
            found[probe, bucket] = (
                min(low, *powers),
                max(high, *powers),
                joules + sum(powers) / 2 * (until - at) / NS,
                measured + until - at,
            )
            at = until
            if at >= end:
                break
    return found


@given(lines, st.sampled_from([1, 10, 60]))
def test_rows_are_what_cutting_each_line_by_hand_gives(rows: list[Line], step_s: int) -> None:
    made = folded(segments(rows), step_s)
    expected = oracle(rows, step_s)
    keys = list(zip(made.probe.tolist(), made.rows["bucket"].tolist(), strict=True))
    assert keys == sorted(expected)
    for key, row in zip(keys, made.rows, strict=True):
        low, high, joules, measured = expected[key]
        assert row["low"] == pytest.approx(low, rel=1e-6, abs=1e-3)
        assert row["high"] == pytest.approx(high, rel=1e-6, abs=1e-3)
        assert row["joules"] == pytest.approx(joules, rel=1e-9, abs=1e-6)
        assert row["measured_ns"] == measured


@given(lines)
def test_every_tier_has_the_same_energy_time_and_peaks(rows: list[Line]) -> None:
    fine = folded(segments(rows), TIERS[0].step_s)
    made = fine
    for before, tier in itertools.pairwise(TIERS):
        made = coarser(made, tier.step_s // before.step_s)
        assert made.rows["joules"].sum() == pytest.approx(fine.rows["joules"].sum())
        assert made.rows["measured_ns"].sum() == fine.rows["measured_ns"].sum()
        for probe in set(fine.probe.tolist()):
            assert made.rows["high"][made.probe == probe].max() == fine.rows["high"][fine.probe == probe].max()
            assert made.rows["low"][made.probe == probe].min() == fine.rows["low"][fine.probe == probe].min()


@given(lines, lines)
def test_rows_that_come_in_two_parts_add_up(early: list[Line], late: list[Line]) -> None:
    """A step that is not over yet is written twice, and is what it would have been at once."""
    one, two, both = (folded(segments(rows), 10) for rows in (early, late, early + late))
    buckets = {key: row for rows in (one,) for key, row in _by_key(rows).items()}
    for key, row in _by_key(two).items():
        buckets[key] = merged(buckets[key], row) if key in buckets else row
    expected = _by_key(both)
    assert sorted(buckets) == sorted(expected)
    for key, row in expected.items():
        got = buckets[key]
        assert (got["low"][0], got["high"][0], got["measured_ns"][0]) == (
            row["low"][0],
            row["high"][0],
            row["measured_ns"][0],
        )
        assert got["joules"][0] == pytest.approx(row["joules"][0])


def _by_key(rows: Rows) -> dict[tuple[int, int], np.ndarray]:
    return {
        (int(probe), int(row["bucket"])): rows.rows[place : place + 1]
        for place, (probe, row) in enumerate(zip(rows.probe, rows.rows, strict=True))
    }


def test_a_peak_of_one_instant_is_in_its_step() -> None:
    """Also where the reading stands alone between two gaps."""
    made = folded(segments([(0, START_NS, START_NS, 900.0, 900.0)]), 1)
    assert made.rows["high"].tolist() == [900.0]
    assert made.rows["measured_ns"].tolist() == [0]


def test_what_ends_where_a_step_begins_is_not_in_it() -> None:
    made = folded(segments([(0, START_NS, START_NS + NS, 100.0, 100.0)]), 1)
    assert made.rows["bucket"].tolist() == [1_700_000_000]


def test_a_place_is_used_again_by_a_later_bucket_and_never_by_an_earlier_one() -> None:
    old = np.array([(20, 1, 2, 3, 4), (20, 1, 2, 3, 4)], ROW)
    new = np.array([(21, 5, 6, 7, 8), (19, 5, 6, 7, 8)], ROW)
    assert merged(old, new).tolist() == [(21, 5, 6, 7, 8), (20, 1, 2, 3, 4)]


@pytest.mark.parametrize(
    ("ago_s", "step_s", "expected_s"),
    [
        (60, 1, 1),
        (3_600, 1, 1),
        (3_601, 1, 10),
        (3_000, 15, 10),
        (7 * 86_400, 1, 60),
        (7 * 86_400, 700, 600),
        (365 * 86_400, 1, 3_600),
        (365 * 86_400, 40_000, 3_600),
        (365 * 86_400, 90_000, 86_400),
        (9 * 365 * 86_400, 60, 86_400),
        (30 * 365 * 86_400, 60, 86_400),
    ],
)
def test_the_coarsest_tier_that_is_fine_enough_and_still_has_it_is_read(
    ago_s: int, step_s: int, expected_s: int
) -> None:
    now = 1.7e9
    assert tier_for(now - ago_s, now, step_s).step_s == expected_s


def test_a_sum_lies_between_the_sums_of_the_least_and_the_greatest() -> None:
    one = np.array([(20, 1, 2, 3, 4), (21, 1, 2, 3, 4)], ROW)
    two = np.array([(21, 10, 20, 30, 40)], ROW)
    parts = [Rows(np.zeros(len(rows), "<i4"), rows) for rows in (one, two)]
    rows, watts = summed(parts)
    assert rows.tolist() == [(20, 1, 2, 3, 4), (21, 11, 22, 33, 44)]
    assert watts.tolist() == [3 * NS / 4, 3 * NS / 4 + 30 * NS / 40]
    assert [len(each) for each in summed([])] == [0, 0]


def test_the_tiers_follow_from_one_another_and_fit_the_bound() -> None:
    for before, tier in itertools.pairwise(TIERS):
        assert tier.step_s % before.step_s == 0
        assert tier.span_s > before.span_s
    assert BYTES_PER_PROBE < 1_300_000

# SPDX-License-Identifier: Apache-2.0
"""A device's counter of large steps: energy follows power between them, and the counter in the long run."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kwapi.core.energy import NS, Meter, Rules, advance, start
from kwapi.core.reading import NO_FLAGS, Flag, Reading

RULES = Rules(max_watts=5_000.0)
START_NS = 1_700_000_000 * NS
KWH = 3.6e6


def told(powers: list[float], step_j: float, first_j: float, error: float) -> tuple[list[Reading], list[float]]:
    """A reading each second by a device whose counter shows whole steps, and whose power is wrong by a factor; and the
    energy that was really used by then."""
    used = [0.0]
    for before, after in itertools.pairwise(powers):
        used.append(used[-1] + (before + after) / 2)
    readings = [
        Reading(
            probe_id="a/1",
            begin_ns=START_NS + second * NS,
            end_ns=START_NS + second * NS,
            watts=power * error,
            energy_j=math.floor((first_j + joules) / step_j) * step_j,
        )
        for second, (power, joules) in enumerate(zip(powers, used, strict=True))
    ]
    return readings, used


def counted(readings: list[Reading]) -> tuple[list[Meter], list[Flag]]:
    first = start(readings[0], RULES)
    assert first is not None
    meters, flags = [first], [NO_FLAGS]
    for reading in readings[1:]:
        meter, steps, flaws = advance(meters[-1], reading, RULES)
        assert all(step.joules >= 0 for step in steps)
        assert meter.joules == pytest.approx(meters[-1].joules + sum(step.joules for step in steps))
        meters.append(meter)
        flags.append(flaws)
    return meters, flags


loads = st.lists(st.floats(0, 3_000), min_size=3, max_size=12)


@settings(max_examples=20, deadline=None)
@given(loads, st.sampled_from([1.0, 360.0, 3_600.0, 36_000.0, 360_000.0]), st.floats(0, 1), st.floats(0.97, 1.03))
def test_energy_is_never_far_from_what_was_used(levels: list[float], step_j: float, phase: float, error: float) -> None:
    """By two steps at most, and as much as power is wrong before the counter has moved for the first time."""
    powers = [level for level in levels for _ in range(200)]
    readings, used = told(powers, step_j, phase * step_j, error)
    meters, flags = counted(readings)
    slack = 2 * step_j + 0.03 * min(used[-1], 2 * step_j) + 5_000
    assert all(abs(meter.joules - true) <= slack for meter, true in zip(meters, used, strict=True))
    assert all(after.joules >= before.joules for before, after in itertools.pairwise(meters))
    assert sum(flag is not NO_FLAGS for flag in flags) <= 1


def test_a_counter_of_whole_kilowatt_hours_neither_stands_for_hours_nor_leaps() -> None:
    """At 1,000 W for three hours; the device's power is 2 % too low, its counter is right."""
    readings, used = told([1000.0] * (3 * 3600 + 1), KWH, 0.7 * KWH, 0.98)
    meters, flags = counted(readings)
    steps = [after.joules - before.joules for before, after in itertools.pairwise(meters)]
    assert sorted(steps)[len(steps) // 2] == pytest.approx(980.0)
    assert meters[600].joules == pytest.approx(588_000.0)
    assert abs(meters[-1].joules - used[-1]) < 0.02 * 2 * KWH
    # The first of its steps cannot be told from a fault; the two behind it are what it is to be believed for.
    assert [flag for flag in flags if flag is not NO_FLAGS] == [Flag.COUNTER_RESET]
    assert sum(step > 20_000 for step in steps) == 2


def test_power_that_is_too_high_is_not_counted_beyond_the_next_step() -> None:
    readings, used = told([1000.0] * 7201, 360_000.0, 0.0, 1.5)
    meters, _ = counted(readings)
    assert meters[-1].joules <= used[-1] + 1.5 * 360_000.0


def test_a_silence_is_bridged_by_what_the_counter_moved() -> None:
    """An hour without a reading, across several steps."""
    readings, used = told([1000.0] * 10_801, 360_000.0, 0.0, 1.0)
    heard = readings[:3601] + readings[7201:]
    meters, flags = counted(heard)
    assert abs(meters[-1].joules - used[-1]) <= 360_000.0
    assert meters[-1].coverage == 1.0
    assert sum(flag is not NO_FLAGS for flag in flags) <= 1


@pytest.mark.parametrize("silent_s", [60, 900])
def test_the_bounds_across_a_silence_hold_what_was_used(silent_s: int) -> None:
    """Of a counter of tenths of kilowatt-hours, which may not have moved at all, and may have been about to."""
    readings, used = told([1000.0] * 2701, 360_000.0, 0.0, 1.0)
    heard = readings[:1500] + readings[1500 + silent_s :]
    meters, _ = counted(heard)
    before, after = meters[1499], meters[1500]
    truth = used[1500 + silent_s] - used[1499]
    assert after.lower_j - before.lower_j <= truth <= after.upper_j - before.upper_j
    assert all(meter.lower_j <= meter.joules <= meter.upper_j for meter in meters)


def test_a_leap_that_nothing_explains_is_still_caught() -> None:
    readings, _ = told([1000.0] * 1201, 3_600.0, 0.0, 1.0)
    spoilt = [
        reading
        if second < 1000
        else Reading(
            probe_id=reading.probe_id,
            begin_ns=reading.begin_ns,
            end_ns=reading.end_ns,
            watts=reading.watts,
            energy_j=(reading.energy_j or 0) + 1e9,
        )
        for second, reading in enumerate(readings)
    ]
    meters, flags = counted(spoilt)
    assert flags[1000] == Flag.COUNTER_RESET
    assert meters[-1].joules == pytest.approx(1_200_000.0, abs=2 * 3_600)

# SPDX-License-Identifier: Apache-2.0
"""Watts into joules: never back, never twice, no silence filled; and what the first Kwapi got wrong."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kwapi.core.energy import NS, Meter, Rules, Step, advance, start
from kwapi.core.reading import Flag, Reading

T0 = 1_700_000_000 * NS
RULES = Rules(gap_ns=10 * NS, max_watts=1_000.0)


def at(seconds: float, watts: float | None = 100.0, *, lasting: float = 0.0, **other: Any) -> Reading:
    """A reading ``seconds`` after the start."""
    begin = T0 + round(seconds * NS)
    return Reading(probe_id="a/1", begin_ns=begin, end_ns=begin + round(lasting * NS), watts=watts, **other)


def run(*readings: Reading, rules: Rules = RULES) -> tuple[Meter, list[Step], list[Flag]]:
    """All readings, one after the other."""
    meter = start(readings[0], rules)
    assert meter is not None
    steps: list[Step] = []
    flags: list[Flag] = []
    for reading in readings[1:]:
        meter, more, flaw = advance(meter, reading, rules)
        steps += more
        flags.append(flaw)
    return meter, steps, flags


watts = st.floats(0, 1_000)
series = st.lists(st.tuples(st.integers(0, 30 * NS), watts, st.integers(0, 5 * NS)), min_size=2, max_size=40)
Rows = list[tuple[int, float, int]]


def readings_of(rows: Rows) -> list[Reading]:
    """Each row: nanoseconds after the one before, watts, for how long."""
    readings, clock = [], T0
    for pause, power, lasting in rows:
        begin = clock + pause
        clock = begin + lasting
        readings.append(Reading(probe_id="a/1", begin_ns=begin, end_ns=clock, watts=power))
    return readings


@given(series)
def test_steps_follow_each_other_and_add_up(rows: Rows) -> None:
    """No time is left out, none is counted twice; joules lie between their bounds; gaps hold none."""
    readings = readings_of(rows)
    meter, steps, _ = run(*readings)
    begin = readings[0].end_ns
    for step in steps:
        assert step.begin_ns == begin < step.end_ns
        assert step.lower_j <= step.joules + 1e-6
        assert step.joules <= step.upper_j + 1e-6
        assert step.measured or step.joules == 0
        begin = step.end_ns
    assert begin == meter.until_ns == readings[-1].end_ns
    own = readings[0].watts * (readings[0].end_ns - readings[0].begin_ns) / NS if readings[0].watts else 0
    assert math.isclose(meter.joules, own + sum(step.joules for step in steps), abs_tol=1e-6)
    gaps = sum(step.end_ns - step.begin_ns for step in steps if not step.measured)
    assert meter.measured_ns + gaps == meter.until_ns - meter.since_ns


@given(series, st.data())
def test_nothing_ever_falls(rows: Rows, data: st.DataObject) -> None:
    """Neither with clocks that jump, nor counters that lie, nor readings out of order."""
    readings = data.draw(st.permutations(readings_of(rows)))
    counters = data.draw(st.lists(st.none() | st.floats(-1e6, 1e6), min_size=len(readings), max_size=len(readings)))
    meter = None
    for reading, counter in zip(readings, counters, strict=True):
        odd = Reading(
            probe_id="a/1", begin_ns=reading.begin_ns, end_ns=reading.end_ns, watts=reading.watts, energy_j=counter
        )
        if meter is None:
            meter = start(odd, RULES)
            continue
        then, steps, _ = advance(meter, odd, RULES)
        assert then.joules >= meter.joules
        assert then.lower_j >= meter.lower_j
        assert then.upper_j >= meter.upper_j
        assert then.lower_j <= then.joules + 1e-6
        assert then.joules <= then.upper_j + 1e-6
        assert 0 <= then.coverage <= 1
        assert math.isclose(then.joules - meter.joules, sum(step.joules for step in steps), abs_tol=1e-3)
        meter = then


@given(st.lists(st.tuples(st.integers(NS // 10, 9 * NS), watts), min_size=2, max_size=30))
def test_instants_are_joined_by_straight_lines(rows: list[tuple[int, float]]) -> None:
    """The trapezoid rule, written as in a textbook."""
    readings = readings_of([(pause, power, 0) for pause, power in rows])
    times = [reading.end_ns / NS for reading in readings]
    powers = [power for _, power in rows]
    textbook = sum(
        (powers[i] + powers[i + 1]) / 2 * (times[i + 1] - times[i]) for i in range(len(rows) - 1)
    )  # fmt: skip
    meter, _, flags = run(*readings)
    assert math.isclose(meter.joules, textbook, rel_tol=1e-6, abs_tol=1e-3)
    assert meter.coverage == 1
    assert not any(flags)


def test_silence_is_not_billed() -> None:
    """The first Kwapi billed 290 s of silence at the power that came after it."""
    meter, steps, _ = run(at(0), at(1), at(291, 400), at(292, 400))
    assert meter.joules == pytest.approx(100 + 400)
    assert [step.measured for step in steps] == [True, False, True]
    assert (meter.gaps, meter.coverage) == (1, pytest.approx(2 / 292))
    assert meter.upper_j == pytest.approx(meter.joules + 290 * 1_000)
    assert meter.lower_j == pytest.approx(meter.joules)


def test_a_clock_that_is_set_back_takes_nothing_away() -> None:
    """The first Kwapi's counter fell; ours waits, or goes on from the new time."""
    meter, _, flags = run(at(0), at(9), at(5))
    assert (meter.joules, flags[-1]) == (pytest.approx(900), Flag.CLOCK_STEPPED)
    meter, _, flags = run(at(0), at(9), at(18), at(27), at(-120), at(-119))
    assert meter.joules == pytest.approx(2_800)
    assert flags[-2:] == [Flag.CLOCK_STEPPED, Flag(0)]
    assert meter.gaps == 1


@pytest.mark.parametrize(
    ("watts", "joules"), [((-20, -20), 0), ((0, -20), 0), ((-100, 100), 25), ((300, -100), 112.5), ((-0.0, 50), 25)]
)
def test_power_below_zero_takes_nothing_off(watts: tuple[float, float], joules: float) -> None:
    """It is believed where the rules say so; of a line that crosses zero, the part above counts."""
    rules = Rules(min_watts=-1_000.0, max_watts=1_000.0)
    meter, steps, flags = run(at(0, watts[0]), at(1, watts[1]), rules=rules)
    assert meter.joules == pytest.approx(joules)
    assert (flags, meter.last.watts) == ([Flag(0)], watts[1])
    assert all(step.lower_j <= step.joules <= step.upper_j for step in steps)


def test_the_same_reading_again_adds_nothing() -> None:
    """It is no fault either."""
    meter, _, flags = run(at(0), at(1), at(1), at(2))
    assert (meter.joules, any(flags)) == (pytest.approx(200), False)


def test_a_value_that_the_device_repeats_is_no_step_of_a_clock() -> None:
    """It says when it was measured, and how old it is by now."""
    meter, _, flags = run(at(0), at(5), at(5, flags=Flag.STALE, extra={"age_s": 3.0}), at(9))
    assert (meter.joules, any(flags)) == (pytest.approx(900), False)


def test_a_devices_counter_goes_before_its_power() -> None:
    """It has seen what happened between two readings, also in a long silence."""
    meter, steps, _ = run(at(0, energy_j=1_000.0), at(1, 100, energy_j=1_250.0), at(200, 100, energy_j=21_250.0))
    assert meter.joules == 20_250
    assert all(step.measured for step in steps)
    assert meter.coverage == 1


def test_a_counter_that_begins_anew_is_caught() -> None:
    """With a known size it goes on; otherwise power is taken, and where there is none, a gap."""
    wraps = Rules(max_watts=1_000, counter_modulus_j=65_536)
    meter, _, flags = run(at(0, energy_j=65_500.0), at(1, energy_j=64.0), rules=wraps)
    assert (meter.joules, flags) == (100, [Flag.COUNTER_WRAPPED])
    meter, _, flags = run(at(0, energy_j=65_500.0), at(1, energy_j=64.0))
    assert (meter.joules, flags) == (pytest.approx(100), [Flag.COUNTER_RESET])
    meter, steps, flags = run(at(0, None, energy_j=65_500.0), at(1, None, energy_j=64.0), at(2, None, energy_j=164.0))
    assert (meter.joules, flags) == (100, [Flag.COUNTER_RESET, Flag(0)])
    assert [step.measured for step in steps] == [False, True]


def test_a_counter_that_jumps_is_not_believed() -> None:
    """15 MWh in a second: an index that became another one, or a device that lies."""
    meter, _, flags = run(at(0, energy_j=0.0), at(1, energy_j=5.4e10), at(2, energy_j=5.4e10 + 100))
    assert (meter.joules, flags) == (pytest.approx(200), [Flag.COUNTER_RESET, Flag(0)])


@pytest.mark.parametrize("lie", [-1.0, 300_000.0, float("nan"), float("inf"), None])
def test_impossible_power_is_left_out(lie: float | None) -> None:
    """Its time is judged by the next good reading: short it is bridged, long it is a gap."""
    meter, _, flags = run(at(0), at(1, lie), at(2))
    assert (meter.joules, meter.refused, flags[0]) == (pytest.approx(200), 1, Flag.IMPLAUSIBLE)
    meter, _, _ = run(at(0), *(at(second, lie) for second in range(1, 30)), at(30))
    assert (meter.joules, meter.gaps, meter.refused) == (0, 1, 29)
    assert start(at(0, lie), RULES) is None


@given(st.floats(1, 1_000), st.floats(0.01, 5))
def test_means_are_taken_for_their_whole_time(power: float, lasting: float) -> None:
    """A device that averages tells the energy itself."""
    assume(round(lasting * NS) > 0)
    first, second = at(0, power, lasting=lasting), at(lasting, power / 2, lasting=lasting)
    meter, _, _ = run(first, second)
    assert meter.joules == pytest.approx(1.5 * power * lasting, rel=1e-6)
    assert meter.lower_j == pytest.approx(meter.upper_j)

# SPDX-License-Identifier: Apache-2.0
"""Readings say when the device measured, whether that is new, and count by the counters that are wanted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from climate.devices.redfish.electricity import Electricity
from kwapi.core.reading import NO_FLAGS, Flag, Reading
from kwapi.drivers.redfish_readings import NS, Document, Instant, Readings, instant_of

NOW_S = 1_800_000_000
PROBE = "site/rack/meter/1"
DATE_S = 1_000_000.0
"""What the device takes for the present: its clock was never set."""


def document(after_s: float = 0.0, date_s: float | None = DATE_S) -> Document:
    """An answer that took 20 ms, so long after the first; a device's date has no fractions."""
    end_ns = round((NOW_S + after_s) * NS)
    return Document({}, end_ns - 20_000_000, end_ns, None if date_s is None else float(int(date_s + after_s)))


def readings(told: Electricity, counter: str = "always", interval_s: float = 1.0) -> Reading:
    return Readings(counter, interval_s).reading(PROBE, told, [document()])


def test_power_of_an_unknown_instant_is_of_the_time_of_the_question() -> None:
    reading = readings(Electricity(watts=100.0, volts=230.0, amperes=0.5, hertz=50.0, celsius=30.0, power_factor=0.9))
    assert (reading.begin_ns, reading.end_ns) == (NOW_S * NS - 20_000_000, NOW_S * NS)
    assert (reading.watts, reading.volts, reading.amperes, reading.flags) == (100.0, 230.0, 0.5, NO_FLAGS)
    assert reading.extra == {"frequency_hz": 50.0, "temperature_c": 30.0, "power_factor": 0.9}


def test_a_value_is_as_old_as_the_devices_own_clock_says() -> None:
    """Whatever time that one shows."""
    reading = readings(Electricity(watts=100.0, read_at_s=DATE_S - 7))
    assert reading.begin_ns == reading.end_ns == (NOW_S - 7) * NS
    assert reading.extra == {"age_s": 7.0}


def test_a_value_that_is_told_again_is_of_the_same_instant_and_stale() -> None:
    made = Readings("fine", 1.0)
    told = Electricity(watts=100.0, read_at_s=DATE_S - 1)
    first, second = (made.reading(PROBE, told, [document(after_s)]) for after_s in (0.0, 4.3))
    assert (first.begin_ns, first.end_ns) == (second.begin_ns, second.end_ns)
    assert (first.flags, second.flags) == (NO_FLAGS, Flag.STALE)
    assert (first.extra, second.extra) == ({"age_s": 1.0}, {"age_s": pytest.approx(5.3)})
    third = made.reading(PROBE, Electricity(watts=100.0, read_at_s=DATE_S + 5), [document(5.1)])
    assert third.flags == NO_FLAGS
    assert third.begin_ns > second.end_ns


@pytest.mark.parametrize("read_at_s", [DATE_S - 86_400, DATE_S + 3600])
def test_an_impossible_age_is_not_believed(read_at_s: float) -> None:
    """The value is taken as of now; that it does not change its date is told still."""
    made = Readings("fine", 1.0)
    told = Electricity(watts=100.0, read_at_s=read_at_s)
    first, second = (made.reading(PROBE, told, [document(after_s)]) for after_s in (0.0, 1.0))
    assert (first.end_ns, second.end_ns) == (NOW_S * NS, (NOW_S + 1) * NS)
    assert (first.flags, second.flags) == (NO_FLAGS, Flag.STALE)
    assert "age_s" not in first.extra


def test_without_a_date_our_clock_tells_the_age() -> None:
    assert instant_of(NOW_S - 3.0, document(date_s=None), None) == Instant(NOW_S - 3.0, (NOW_S - 3) * NS)


@given(st.lists(st.floats(0.05, 5.0), min_size=2, max_size=30), st.floats(0.0, 3.0), st.floats(0.0, 1.0))
def test_instants_never_go_back(waits: list[float], age_s: float, fraction: float) -> None:
    """Though dates are of whole seconds, where the device's clock is not set meanwhile."""
    instant: Instant | None = None
    after_s = 0.0
    for wait_s in waits:
        after_s += wait_s
        asked = document(after_s, DATE_S + fraction)
        before, instant = instant, instant_of(float(int(DATE_S + fraction + after_s - age_s)), asked, instant)
        assert instant.at_ns is not None
        assert instant.at_ns <= asked.end_ns
        if before is not None and before.at_ns is not None:
            assert instant.at_ns >= before.at_ns


def test_a_counter_is_believed_once_it_is_seen_to_be_fine() -> None:
    """Where that is wanted. A last 0 may hide how fine it is."""
    made = Readings("fine", 4.0)
    told = [Electricity(watts=100.0, joules=step, joule_step=step) for step in (36_000.0, 3600.0, 36_000.0)]
    coarse, fine, still_fine = (made.reading(PROBE, each, [document()]) for each in told)
    assert (coarse.energy_j, coarse.extra) == (None, {"energy_counter_j": 36_000.0})
    assert (fine.energy_j, fine.extra) == (3600.0, {})
    assert still_fine.energy_j == 36_000.0


def test_which_counters_are_believed_can_be_said() -> None:
    told = Electricity(watts=100.0, joules=7.2e6, joule_step=3.6e6)
    assert readings(told).energy_j == 7.2e6
    assert readings(told, "fine").energy_j is None
    assert readings(told, "always").energy_j == 7.2e6
    fine = Electricity(watts=100.0, joules=7.0, joule_step=1.0)
    assert readings(fine).energy_j == 7.0
    assert readings(fine, "never").energy_j is None


def test_a_counter_without_power_is_all_there_is() -> None:
    assert readings(Electricity(joules=7.2e6, joule_step=3.6e6)).energy_j == 7.2e6


def test_what_is_no_whole_measurement_says_so() -> None:
    assert readings(Electricity(watts=1.0, estimated=True)).flags == Flag.ESTIMATED
    assert readings(Electricity(watts=1.0, partial=True)).flags == Flag.PARTIAL

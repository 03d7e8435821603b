# SPDX-License-Identifier: Apache-2.0
"""What a reading says of what a place measures, and what it leaves out."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from climate.devices.snmp.decode import Item
from climate.devices.snmp.oid import Oid, Value
from climate.devices.snmp.profile import Column, Quantity, Scope
from kwapi.core import energy
from kwapi.core.energy import Meter, advance, start
from kwapi.core.reading import NO_FLAGS, Flag
from kwapi.drivers.snmp_readings import Readings, Rules, parse_place, step_of
from kwapi.manager.admission import admit

PROBE = "lyon/r12/pdu/1"
NS = 1_000_000_000
BELIEVED = energy.Rules(max_watts=5_000.0)
OID: Oid = (1, 3, 6, 1, 4, 1, 99, 1)


def item(quantity: Quantity, scale: float = 1.0) -> Item:
    column = Column(oid=(*OID, list(Quantity).index(quantity)), scale=scale)
    return Item(place="outlet-1", scope=Scope.OUTLET, quantity=quantity, column=column, oid=column.oid)


@pytest.mark.parametrize(
    ("numbers", "rules", "watts"),
    [
        ({Quantity.VA: 100.0}, Rules(), None),
        ({Quantity.VA: 100.0}, Rules(power_factor=0.9), 90.0),
        ({Quantity.VA: 100.0}, Rules(power_factor=0.9, nominal_volts=230.0), 90.0),
        ({Quantity.AMPERES: 2.0}, Rules(), None),
        ({Quantity.AMPERES: 2.0}, Rules(power_factor=0.5), None),
        ({Quantity.AMPERES: 2.0}, Rules(power_factor=0.5, nominal_volts=200.0), 200.0),
        ({Quantity.AMPERES: 2.0, Quantity.VOLTS: 100.0}, Rules(power_factor=0.5, nominal_volts=200.0), 100.0),
    ],
)
def test_watts_are_estimated_only_by_what_the_operator_says(
    numbers: dict[Quantity, float], rules: Rules, watts: float | None
) -> None:
    """And flagged. A voltage that is measured is better than the nominal one."""
    reading = parse_place(PROBE, numbers, 0, 1, rules)
    assert (reading.watts, reading.flags) == (watts, NO_FLAGS if watts is None else Flag.ESTIMATED)
    assert admit([reading], {PROBE}) == ([reading], "")


def test_watts_that_are_measured_are_not_estimated() -> None:
    numbers = {Quantity.WATTS: 80.0, Quantity.VA: 100.0}
    reading = parse_place(PROBE, numbers, 0, 1, Rules(power_factor=0.9))
    assert (reading.watts, reading.flags, reading.extra) == (80.0, NO_FLAGS, {"apparent_power_va": 100.0})


@pytest.mark.parametrize(
    ("counter", "step_j", "believed"),
    [("fine", 1000.0, True), ("fine", 360_000.0, False), ("always", 360_000.0, True), ("never", 1.0, False)],
)
def test_a_counter_that_is_not_believed_is_told_beside(counter: str, step_j: float, believed: bool) -> None:
    """A tenth of a kilowatt-hour is six minutes of a kilowatt, and no second's energy."""
    numbers = {Quantity.WATTS: 80.0, Quantity.ENERGY_J: 7.2e6}
    reading = parse_place(PROBE, numbers, 0, 1, Rules(counter=counter), step_j)
    assert reading.energy_j == (7.2e6 if believed else None)
    assert reading.extra == ({} if believed else {"energy_counter_j": 7.2e6})


@pytest.mark.parametrize("step_j", [360.0, 3_600.0, 360_000.0])
@pytest.mark.parametrize("phase", [0.0, 0.5, 0.99])
def test_a_coarse_counter_counts_in_the_long_run(step_j: float, phase: float) -> None:
    """And power from reading to reading: here a device's power is 2 % too low, and its counter right."""
    made = Readings(Rules())
    items = {Quantity.WATTS: item(Quantity.WATTS), Quantity.ENERGY_J: item(Quantity.ENERGY_J, step_j)}
    meters: list[Meter] = []
    for second in range(1200):
        used = 2000.0 * second
        told = {items[Quantity.WATTS].oid: 1960, items[Quantity.ENERGY_J].oid: math.floor(used / step_j + phase)}
        reading = made.reading(PROBE, items, told, second * NS, second * NS)
        assert reading is not None
        assert reading.energy_j is not None
        assert reading.extra == {}
        meter = advance(meters[-1], reading, BELIEVED)[0] if meters else start(reading, BELIEVED)
        assert meter is not None
        meters.append(meter)
        assert abs(meter.joules - used) <= 0.02 * min(used, 2 * step_j) + step_j
    assert max(after.joules - before.joules for before, after in itertools.pairwise(meters)) <= 2000 + step_j
    assert meters[-1].coverage == 1.0


@pytest.mark.parametrize(
    ("raw", "scale", "step"),
    [(0, 3600.0, 3600.0), (25, 3600.0, 3600.0), (b"12.5", 3.6e6, 3.6e5), (b"12.345 \0", 3.6e6, 3.6e3), (1.5, 1.0, 0.0)],
)
def test_the_step_of_a_counter_is_that_of_its_last_digit(raw: Value, scale: float, step: float) -> None:
    counter = item(Quantity.ENERGY_J, scale)
    assert step_of(counter, {counter.oid: raw}) == pytest.approx(step)


def test_a_value_that_the_device_has_not_measured_anew_is_marked() -> None:
    """Where it is known to measure only now and then."""
    made = Readings(Rules(refresh_s=10.0))
    watts = {Quantity.WATTS: item(Quantity.WATTS)}

    def told(value: int, at_s: int) -> tuple[Flag, float | None]:
        reading = made.reading(PROBE, watts, {watts[Quantity.WATTS].oid: value}, at_s * NS, at_s * NS)
        assert reading is not None
        return reading.flags, reading.extra.get("age_s")

    assert told(80, 100) == (NO_FLAGS, None)
    assert told(80, 104) == (Flag.STALE, 4.0)
    assert told(81, 105) == (NO_FLAGS, None)
    assert told(81, 115) == (NO_FLAGS, None)
    assert told(81, 116) == (Flag.STALE, 1.0)


@given(
    raw=st.dictionaries(
        st.sampled_from(Quantity),
        st.one_of(st.integers(), st.floats(), st.binary(max_size=50), st.just((1, 3))),
    ),
    power_factor=st.none() | st.floats(0.01, 1.0),
    volts=st.none() | st.floats(1.0, 1000.0),
)
def test_whatever_comes_no_reading_is_unfit(
    raw: dict[Quantity, Value], power_factor: float | None, volts: float | None
) -> None:
    """Either none at all, or one that the bus takes."""
    items = {quantity: item(quantity, 0.1) for quantity in raw}
    answers = {items[quantity].oid: value for quantity, value in raw.items()}
    reading = Readings(Rules(power_factor=power_factor, nominal_volts=volts)).reading(PROBE, items, answers, 0, 1)
    if reading is not None:
        assert admit([reading], {PROBE}) == ([reading], "")
        assert reading.watts is None or math.isfinite(reading.watts)

# SPDX-License-Identifier: Apache-2.0
"""What resources say is told in SI units; what they do not say is never told."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from climate.devices.redfish import electricity
from climate.devices.redfish.connection import RedfishError
from climate.devices.redfish.electricity import Changed, Electricity, NotTold
from tests.redfish_trees import ENABLED, old_bmc, outlet, sensor, supply_metrics

ABSENT = {"Status": {"State": "Absent"}}
POWER = old_bmc()["/redfish/v1/Chassis/1/Power"]

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(
    [
        "Reading",
        "ReadingType",
        "ReadingUnits",
        "ReadingTime",
        "Status",
        "State",
        "PowerWatts",
        "InputPowerWatts",
        "EnergykWh",
        "PowerControl",
        "PowerSupplies",
        "PowerConsumedWatts",
        "PowerInputWatts",
        "Voltage",
        "PowerFactor",
    ]
)
GARBAGE = st.dictionaries(NAMES, ANYTHING | st.dictionaries(NAMES, ANYTHING, max_size=4), max_size=6)


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        (sensor("Power", 374, "W"), {"watts": 374.0}),
        (sensor("Power", 1.5, "kW"), {"watts": 1500.0}),
        (sensor("Power", 374, None), {"watts": 374.0}),
        (sensor("EnergykWh", 1.25, "kW.h"), {"joules": 4_500_000.0, "joule_step": pytest.approx(36_000)}),
        (sensor("EnergykWh", 325675, None), {"joules": 1_172_430_000_000.0, "joule_step": 3_600_000.0}),
        (sensor("EnergyWh", 1.5, "W.h"), {"joules": 5400.0, "joule_step": pytest.approx(360)}),
        (sensor("EnergyJoules", 12, "J"), {"joules": 12.0, "joule_step": 1.0}),
        (sensor("Voltage", 230.5, "V"), {"volts": 230.5}),
        (sensor("Current", 900, "mA"), {"amperes": pytest.approx(0.9)}),
    ],
)
def test_a_sensor_tells_in_its_unit(resource: dict[str, Any], expected: dict[str, float]) -> None:
    assert electricity.parse_sensor(resource) == Electricity(**expected)


@pytest.mark.parametrize(
    "resource",
    [
        sensor("Power", None, "W"),
        sensor("Power", 374, "V.A"),
        sensor("Power", 374, "kW.h"),
        sensor("EnergykWh", 374, "W"),
        sensor("EnergykWh", -1, "kW.h"),
        sensor("Temperature", 40, "Cel"),
        sensor("Power", 374, "W") | ABSENT,
        sensor("Power", 374, "W") | {"Status": {"State": "Disabled"}},
        sensor("Power", 374, "W") | {"Reading": "374"},
        sensor("Power", 374, "W") | {"Reading": True},
        sensor("Power", 10**400, "W"),
        {},
    ],
)
def test_a_sensor_without_a_value_or_of_another_kind_is_refused(resource: dict[str, Any]) -> None:
    """Apparent power is not power, null is not 0, and a text is no number."""
    with pytest.raises(NotTold, match="sensor"):
        electricity.parse_sensor(resource)


def test_a_sensor_says_when_it_was_read() -> None:
    told = electricity.parse_sensor(sensor("Power", 1, "W", ReadingTime="2026-01-01T02:00:00+02:00"))
    assert told.read_at_s == 1_767_225_600.0
    for odd in ("yesterday", "2026-01-01T00:00:00", 5, None):
        assert electricity.parse_sensor(sensor("Power", 1, "W", ReadingTime=odd)).read_at_s is None


def test_energy_comes_beside_power_if_it_is_there() -> None:
    power, energy = sensor("Power", 374, "W"), sensor("EnergyJoules", 50, "J")
    assert electricity.parse_sensors([power, energy]).joules == 50
    assert electricity.parse_sensors([power, None]) == electricity.parse_sensors([power, energy | ABSENT])
    with pytest.raises(NotTold):
        electricity.parse_sensors([None, energy])


def test_excerpts_tell_all_that_is_known_of_an_outlet() -> None:
    told = electricity.parse_excerpts(outlet(115.0, 2.345) | {"FrequencyHz": {"Reading": 50.01}})
    assert told == Electricity(
        watts=115.0,
        volts=230.0,
        amperes=0.5,
        joules=pytest.approx(8_442_000),
        joule_step=pytest.approx(3600),
        apparent_va=125.0,
        power_factor=0.95,
        hertz=50.01,
    )


def test_excerpts_of_a_supply_are_of_its_input() -> None:
    assert electricity.parse_excerpts(supply_metrics(201.0)).watts == 201.0


@pytest.mark.parametrize(
    "metrics",
    [
        {},
        {"PowerWatts": None},
        {"PowerWatts": {"Reading": None}},
        {"PowerWatts": {"ApparentVA": 80.0}},
        {"OutputPowerWatts": {"Reading": 80.0}},
        {"PowerWatts": {"Reading": 80.0}, **ABSENT},
    ],
)
def test_excerpts_without_power_are_refused(metrics: dict[str, Any]) -> None:
    with pytest.raises(NotTold):
        electricity.parse_excerpts(metrics)


def test_plain_numbers_stand_for_excerpts() -> None:
    assert electricity.parse_excerpts({"PowerWatts": 80.0, "Voltage": 231}) == Electricity(watts=80.0, volts=231.0)


def test_supplies_are_summed_and_a_silent_one_makes_the_sum_partial() -> None:
    first, second, silent = supply_metrics(200.0, 1.5), supply_metrics(180.0, 2.5), supply_metrics(None)
    told = electricity.parse_supply_sum(0, [first, second])
    assert (told.watts, told.joules, told.partial) == (380.0, 14_400_000.0, False)
    for missing in (silent, None):
        told = electricity.parse_supply_sum(0, [first, missing])
        assert (told.watts, told.joules, told.partial) == (200.0, None, True)
    told = electricity.parse_supply_sum(0, [first, second | ABSENT])
    assert (told.watts, told.partial) == (200.0, False)
    with pytest.raises(NotTold):
        electricity.parse_supply_sum(0, [silent, None])


def test_a_supply_that_is_put_in_changes_the_sum() -> None:
    assert electricity.parse_supply_sum(1, [supply_metrics(200.0), ABSENT]).watts == 200.0
    with pytest.raises(Changed):
        electricity.parse_supply_sum(1, [supply_metrics(200.0), {"Status": ENABLED}])


def test_only_the_first_control_is_the_whole_chassis() -> None:
    """A part of the machine is never told for it."""
    assert electricity.parse_power_control(POWER).watts == 217.0
    for whole in ({"PowerConsumedWatts": None}, {"PowerConsumedWatts": 217.0, **ABSENT}, {}, None):
        with pytest.raises(NotTold):
            electricity.parse_power_control({"PowerControl": [whole, {"PowerConsumedWatts": 61.0}]})


def test_what_supplies_give_is_an_estimate_of_what_they_take() -> None:
    taken, given_ = electricity.SUPPLY_WATTS
    assert electricity.parse_power_supplies(taken, POWER) == Electricity(watts=218.0)
    assert electricity.parse_power_supplies(given_, POWER) == Electricity(watts=196.0, estimated=True)
    one_silent = {"PowerSupplies": [{taken: 100.0}, {taken: None}]}
    assert electricity.parse_power_supplies(taken, one_silent) == Electricity(watts=100.0, partial=True)
    with pytest.raises(NotTold):
        electricity.parse_power_supplies(taken, {"PowerSupplies": [ABSENT]})


def test_each_supply_of_the_old_resource_has_its_place() -> None:
    assert electricity.parse_power_supply(0, POWER) == Electricity(watts=110.0, volts=231.0)
    assert electricity.parse_power_supply(2, POWER).watts == 108.0
    with pytest.raises(NotTold, match="absent"):
        electricity.parse_power_supply(1, POWER)
    with pytest.raises(Changed):
        electricity.parse_power_supply(3, POWER)


@given(resource=GARBAGE)
def test_garbage_is_refused_or_finite(resource: dict[str, Any]) -> None:
    """Whatever a service answers, nothing else is raised, and no number is none."""
    for told in (
        lambda: electricity.parse_sensor(resource),
        lambda: electricity.parse_sensors([resource, resource]),
        lambda: electricity.parse_excerpts(resource),
        lambda: electricity.parse_supply_sum(1, [resource, resource]),
        lambda: electricity.parse_power_control(resource),
        lambda: electricity.parse_power_supplies("PowerInputWatts", resource),
        lambda: electricity.parse_power_supply(0, resource),
    ):
        try:
            found = told()
        except RedfishError:
            continue
        numbers = [found.watts, found.volts, found.amperes, found.joules, found.joule_step, found.apparent_va]
        assert all(number is None or math.isfinite(number) for number in numbers)
        assert not all(number is None for number in numbers)

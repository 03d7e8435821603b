# SPDX-License-Identifier: Apache-2.0
"""The sensor of a whole machine is found by vendors' names, and never is one of its parts."""

from __future__ import annotations

import pytest

from climate.devices.ipmi import choosing
from climate.devices.ipmi.answers import IpmiError
from climate.devices.ipmi.sdr import DEGREES_C, WATTS, Sensor, parse_record
from tests.unit.devices.ipmi.ipmi_records import full_record


def sensors(*names: str, unit: int = WATTS, entity: int = 7) -> list[Sensor]:
    made = (parse_record(full_record(name, number, unit=unit, entity=entity)) for number, name in enumerate(names, 1))
    return [sensor for sensor in made if sensor is not None]


@pytest.mark.parametrize(
    ("names", "total"),
    [
        (["Pwr Consumption"], "Pwr Consumption"),
        (["CPU Power", "Sys Power", "Mem Power", "PSU1 AC In Pwr"], "Sys Power"),
        (["Sys Power", "Chassis Power", "PSU Power"], "Sys Power"),
        (["Power Meter", "Power Supply 1", "Power Supply 2"], "Power Meter"),
        (["Total_Power", "PSU1_PIN", "FAN_Power"], "Total_Power"),
        (["POWER_USAGE", "PSU1_POUT"], "POWER_USAGE"),
        (["Power", "Power1", "CPU Power"], "Power"),
        (["Whole Node"], "Whole Node"),
        (["Input Power"], "Input Power"),
    ],
)
def test_the_total_is_told_by_its_name(names: list[str], total: str) -> None:
    assert choosing.total_of(names) == total


@pytest.mark.parametrize(
    "names",
    [
        [],
        ["CPU Power"],
        ["PSU1 AC In Pwr"],
        ["PS1 Input Power"],
        ["Chassis Power"],
        ["Power Limit"],
        ["Memory Power"],
        ["PSU1 AC In Pwr", "PSU2 AC In Pwr"],
        ["Node A", "Node B"],
        ["Sys Power", "SYS POWER"],
    ],
)
def test_a_part_or_one_of_many_is_not_taken_for_the_whole(names: list[str]) -> None:
    assert choosing.total_of(names) is None
    with pytest.raises(IpmiError, match="cannot be told"):
        choosing.total(sensors(*names))


def test_sensors_of_other_units_are_not_looked_at() -> None:
    found = sensors("Sys Power", unit=DEGREES_C) + sensors("Whole")
    assert choosing.total(found).name == "Whole"


def test_a_sensor_is_named_or_numbered() -> None:
    found = sensors("Sys Power", "#2", "Twice", "Twice")
    assert choosing.named(found, "sys power", WATTS).number == 1
    assert choosing.named(found, "#4", WATTS).number == 4
    with pytest.raises(IpmiError, match=r"several.*Twice \(#3\)"):
        choosing.named(found, "Twice", WATTS)
    with pytest.raises(IpmiError, match=r"no sensor in degrees.*none"):
        choosing.named(found, "Sys Power", DEGREES_C)


def test_the_inlet_is_told_by_its_place() -> None:
    elsewhere = sensors("Inlet-not", unit=DEGREES_C)
    assert choosing.inlet(elsewhere + sensors("Ambient", unit=DEGREES_C, entity=0x37)).name == "Ambient"
    with pytest.raises(IpmiError, match=r"^0 sensors.*Inlet-not"):
        choosing.inlet(elsewhere)

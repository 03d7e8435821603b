# SPDX-License-Identifier: Apache-2.0
"""Register maps: those that come along, and what is wrong with others."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from climate.devices.modbus import blocks, mapping
from climate.devices.modbus.mapping import Quantity
from climate.devices.modbus.registers import Area, Kind
from climate.errors import ConfigError

MAP = """
vendor: Example
models: [E1]
source: a manual
area: holding
type: float32
points:
  total:
    watts: 10
    energy: {address: 20, type: uint32, unit: kWh, scale: 0.1, absent: [0xFFFFFFFF]}
  l:
    repeat: {count: 3, stride: 2}
    watts: 30
"""

# What stands in the registers of some meters, written by hand after the vendors' tables; addresses as on the wire.
ANSWERS: Mapping[str, tuple[str, Area, Mapping[int, Sequence[int]], Mapping[Quantity, float]]] = {
    "eastron-sdm630": (
        "l1",
        Area.INPUT,
        {0x00: [0x4366, 0x3333], 0x06: [0x3F80, 0x0000], 0x0C: [0x4360, 0x0000], 0x15A: [0x4120, 0x0000]},
        {Quantity.VOLTS: 230.2, Quantity.AMPERES: 1.0, Quantity.WATTS: 224.0, Quantity.ENERGY: 36e6},
    ),
    "carlo-gavazzi-em340": (
        "total",
        Area.INPUT,
        {0x28: [0x08CA, 0x0000], 0x31: [0x03CF], 0x33: [0x01F4], 0x34: [0x0001, 0x0001]},
        {
            Quantity.WATTS: 225.0,
            Quantity.POWER_FACTOR: 0.975,
            Quantity.FREQUENCY: 50.0,
            Quantity.ENERGY: 6553.7 * 3.6e6,
        },
    ),
    "schneider-iem3000": (
        "total",
        Area.HOLDING,
        {3059: [0x3F00, 0x0000], 3203: [0, 0, 0, 0x2710]},
        {Quantity.WATTS: 500.0, Quantity.ENERGY: 36e6},
    ),
    "siemens-pac3200": (
        "total",
        Area.HOLDING,
        {65: [0x43FA, 0x0000], 55: [0x4248, 0x0000], 801: [0x40C3, 0x8800, 0, 0]},
        {Quantity.WATTS: 500.0, Quantity.FREQUENCY: 50.0, Quantity.ENERGY: 36e6},
    ),
    "abb-b23": (
        "l2",
        Area.HOLDING,
        {0x5B02: [0, 0x08FF], 0x5B0E: [0, 0x007B], 0x5B18: [0xFFFF, 0xFC18], 0x5464: [0, 0, 0, 0x03E8]},
        {Quantity.VOLTS: 230.3, Quantity.AMPERES: 1.23, Quantity.WATTS: -10.0, Quantity.ENERGY: 36e6},
    ),
    "shelly-pro3em": (
        "l3",
        Area.INPUT,
        {1060: [0x3333, 0x4366], 1064: [0x0000, 0x43FA], 1222: [0x4000, 0x461C]},
        {Quantity.VOLTS: 230.2, Quantity.WATTS: 500.0, Quantity.ENERGY: 36e6},
    ),
    "socomec-countis": (
        "l1",
        Area.HOLDING,
        {0xC558: [0, 0x59D8], 0xC560: [0, 0x05DC], 0xC570: [0, 0x0022]},
        {Quantity.VOLTS: 230.0, Quantity.AMPERES: 1.5, Quantity.WATTS: 340.0},
    ),
}


def test_there_are_maps_of_many_families() -> None:
    """All can be used, say where they are known from, and tell power or energy of a whole and, mostly, of phases."""
    found = [mapping.installed(name) for name in mapping.names()]
    assert len(found) >= 10
    for each in found:
        assert each.vendor
        assert each.models
        assert each.source
        assert "total" in each.points
        assert Quantity.WATTS in each.points["total"]


@pytest.mark.parametrize("name", ANSWERS)
def test_maps_say_what_stands_where(name: str) -> None:
    point, area, registers, expected = ANSWERS[name]
    found = mapping.installed(name).points[point]
    for quantity, value in expected.items():
        register = found[quantity]
        assert register.area is area
        assert register.number(registers[register.address]) == pytest.approx(value)


@pytest.mark.parametrize("name", mapping.names())
def test_registers_of_one_point_do_not_overlap(name: str) -> None:
    """Two quantities in one register would be a slip of the pen."""
    found = mapping.installed(name)
    places = sorted(
        (each.area, each.address, each.end) for point in found.points.values() for each in set(point.values())
    )
    for before, behind in itertools.pairwise(places):
        assert before[0] != behind[0] or before[2] <= behind[1]


@pytest.mark.parametrize(
    ("name", "requests"), [("eastron-sdm630", 1), ("siemens-pac3200", 2), ("janitza-umg", 1), ("eastron-sdm120", 2)]
)
def test_few_requests_read_the_whole(name: str, requests: int) -> None:
    found = mapping.installed(name)
    assert len(blocks.plan(found.points["total"].values(), found.most_registers, found.gap)) == requests


def test_a_map_is_read() -> None:
    found = mapping.parse("folder/mine.yaml", MAP)
    assert found.name == "mine"
    assert list(found.points) == ["total", "l1", "l2", "l3"]
    assert found.points["l3"][Quantity.WATTS].address == 34
    energy = found.points["total"][Quantity.ENERGY]
    assert (energy.kind, energy.scale) == (Kind.UINT32, pytest.approx(360_000))
    assert energy.number([0xFFFF, 0xFFFF]) is None


def test_addresses_may_count_from_one() -> None:
    found = mapping.parse("mine.yaml", MAP + "address_base: 1\n")
    assert found.points["total"][Quantity.WATTS].address == 9


@pytest.mark.parametrize(
    ("before", "after", "complaint"),
    [
        ("vendor: Example", "", "vendor is missing"),
        ("type: float32", "type: float31", "points.total.watts.type: 'float31' is none of int16"),
        ("area: holding", "areas: holding", "'areas' means nothing here; is it area?"),
        ("watts: 10", "watts: -1", "points.total.watts.address: here must be a whole number"),
        ("watts: 10", "watts: 65535", "points.total.watts.address: here must be a whole number"),
        ("watts: 10", "watt: 10", "'watt' means nothing here; is it watts?"),
        ("unit: kWh", "unit: kW", "points.total.energy.unit: 'kW' is none of Wh"),
        ("scale: 0.1", "scale: 0", "points.total.energy.scale: 0 is no number to multiply with"),
        ("scale: 0.1", "scale: .nan", "is no number to multiply with"),
        ("count: 3", "count: 0", "points.l.repeat.count: here must be a whole number"),
        ("stride: 2", "stride: 40000", "the last of them lie behind register 65535"),
        ("absent: [0xFFFFFFFF]", "absent: 5", "points.total.energy.absent: here must be a list"),
        ("points:", "points: [", "it is no YAML"),
        ("    watts: 30", "    volts: 30", "points.l: it says neither watts nor energy"),
    ],
)
def test_a_fault_is_named_with_its_place(before: str, after: str, complaint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        mapping.parse("mine.yaml", MAP.replace(before, after))
    assert caught.value.message.startswith("mine.yaml")
    assert complaint in caught.value.message


def test_an_unknown_map_is_named_with_near_ones() -> None:
    with pytest.raises(ConfigError, match="eastron-sdm630"):
        mapping.installed("eastron-sdm63")


@given(st.text(max_size=200) | st.recursive(st.none() | st.integers() | st.text(max_size=5), st.lists).map(str))
def test_any_text_is_a_map_or_an_error(text: str) -> None:
    with pytest.raises(ConfigError):
        mapping.parse("mine.yaml", text)

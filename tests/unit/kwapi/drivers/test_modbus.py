# SPDX-License-Identifier: Apache-2.0
"""Modbus meters as sections: which registers are asked for, and what becomes of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from climate.devices.modbus.blocks import Block, Words
from climate.devices.modbus.mapping import Quantity
from climate.devices.modbus.registers import Area, Kind, Order, Register
from climate.devices.modbus.session import ModbusError
from climate.errors import ConfigError
from kwapi.drivers.modbus import ModbusDriver, parse_point, parse_register
from kwapi.drivers.protocol import DeviceError
from tests.unit.kwapi.drivers.sections import Clock, section


class Registers:
    """A session with a meter that has these words; what is not given is 0."""

    def __init__(self, **words: int) -> None:
        self.words = {int(name[1:]): word for name, word in words.items()}
        self.asked: list[Block] = []
        self.error: ModbusError | None = None

    def read(self, blocks: Sequence[Block]) -> Words:
        self.asked = list(blocks)
        if self.error is not None:
            raise self.error
        return {block: [self.words.get(block.address + place, 0) for place in range(block.count)] for block in blocks}

    def close(self) -> None:
        pass


def driver(meter: Registers, *outlets: str | None, folder: Path = Path(), **options: object) -> ModbusDriver:
    made = section(ModbusDriver, outlets or ("mains",), folder, host="meter", **options)
    return ModbusDriver(made, Clock(), meter)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("input 52 float32", Register(area=Area.INPUT, address=52, kind=Kind.FLOAT32)),
        ("Holding 0x5B14 INT32 x0.01", Register(area=Area.HOLDING, address=0x5B14, kind=Kind.INT32, scale=0.01)),
        (
            "holding 10 uint32 little kW x-0.1",
            Register(area=Area.HOLDING, address=10, kind=Kind.UINT32, order=Order.LITTLE, scale=-100.0),
        ),
    ],
)
def test_registers_are_written_in_a_line(text: str, expected: Register) -> None:
    assert parse_register(Quantity.WATTS, text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "52",
        "coil 52 uint16",
        "input fifty float32",
        "input 52 float33",
        "input 52 float32 kWh",
        "input 52 float32 0.1",
        "input 52 float32 x0",
        "input 52 float32 xnan",
        "input -1 float32",
        "input 65535 float32",
    ],
)
def test_what_cannot_be_understood_is_told_before_anything_is_read(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_register(Quantity.WATTS, text)
    assert caught.value.details.get("option", "watts") == "watts"


def test_a_single_probe_is_the_whole() -> None:
    """In as few requests as the map allows."""
    meter = Registers(r52=0x4360, r72=0x4120)
    (reading,) = driver(meter, map="eastron-sdm630").read()
    assert (reading.watts, reading.energy_j) == (224.0, 36e6)
    assert reading.extra["frequency_hz"] == 0.0
    assert meter.asked == [Block(Area.INPUT, 42, 32)]


def test_outlets_may_be_called_like_points() -> None:
    readings = driver(Registers(r12=0x4360), "l1", None, "total", map="eastron-sdm630").read()
    assert [reading.probe_id.rsplit("/", 1)[-1] for reading in readings] == ["l1", "total"]
    assert readings[0].watts == 224.0


def test_points_are_given_to_probes() -> None:
    meter = Registers(r14=0x4360)
    (reading,) = driver(meter, None, "node-7", map="eastron-sdm630", points=["l1", "l2"]).read()
    assert (reading.probe_id, reading.watts) == ("site/rack/meter/node-7", 224.0)


def test_circuits_lie_apart_by_a_stride() -> None:
    meter = Registers(r100=10, r103=20, r106=30)
    readings = driver(meter, "1", None, "3", watts="holding 100 uint16 x0.1", stride=3).read()
    assert [reading.watts for reading in readings] == [pytest.approx(1.0), pytest.approx(3.0)]


def test_a_map_may_be_the_operators_own(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(
        "{vendor: X, models: [Y], source: Z, area: input, type: uint16, points: {total: {watts: 7}}}"
    )
    (reading,) = driver(Registers(r7=9), folder=tmp_path, map_file="mine.yaml").read()
    assert reading.watts == 9.0


@pytest.mark.parametrize(
    ("outlets", "options", "complaint"),
    [
        (["1"], {}, "Name a map, or the register"),
        (["1"], {"volts": "input 1 uint16"}, "Name a map, or the register"),
        (["1"], {"map": "eastron-sdm630", "map_file": "x.yaml"}, "both set"),
        (["1"], {"map": "eastron-sdm630", "watts": "input 1 uint16"}, "either in a map or in the section"),
        (["1", "2"], {"map": "eastron-sdm630"}, "has no point '1'; there are: total, l1, l2, l3"),
        (["1", "2"], {"map": "eastron-sdm630", "points": ["l1"]}, "1 points and 2 probes"),
        (["1"], {"watts": "input 1 uint16", "points": ["l1"]}, "points are those of a map"),
        (["1", "2"], {"watts": "input 1 uint16"}, "say by stride"),
        (["1", "2"], {"watts": "input 65530 uint16", "stride": 9}, "lie behind"),
        (["1"], {"map_file": "nowhere.yaml"}, "cannot be read: No such file"),
    ],
)
def test_mistakes_are_told(outlets: list[str], options: dict[str, object], complaint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        driver(Registers(), *outlets, **options)
    assert complaint in caught.value.message


def test_a_probe_without_power_and_energy_is_left_out() -> None:
    point = {
        Quantity.WATTS: Register(area=Area.INPUT, address=0, kind=Kind.INT16, absent=frozenset({0x8000})),
        Quantity.VOLTS: Register(area=Area.INPUT, address=1, kind=Kind.UINT16),
    }
    block = Block(Area.INPUT, 0, 2)
    assert parse_point("a/1", point, {block: [0x8000, 230]}, 1, 2) is None
    reading = parse_point("a/1", point, {block: [5, 230]}, 1, 2)
    assert reading is not None
    assert (reading.watts, reading.volts, reading.begin_ns, reading.end_ns) == (5.0, 230.0, 1, 2)


def test_a_probe_without_a_value_is_named() -> None:
    """Until it has one again; the others are told."""
    meter = Registers(r10=0x7FC0, r12=0x42C8)
    made = driver(meter, "1", "2", watts="input 10 float32", stride=2)
    assert [(reading.probe_id[-1], reading.watts) for reading in made.read()] == [("2", 100.0)]
    assert [(probe[-1], "no value" in reason) for probe, reason in made.missing().items()] == [("1", True)]
    meter.words[10] = 0x42C8
    assert len(made.read()) == 2
    assert made.missing() == {}


def test_a_meter_that_says_nothing_of_any_probe_fails() -> None:
    with pytest.raises(DeviceError, match="no value"):
        driver(Registers(r10=0x7FC0), watts="input 10 float32").read()


def test_what_the_session_says_is_passed_on() -> None:
    meter = Registers()
    meter.error = ModbusError("meter, port 502: no answer")
    with pytest.raises(DeviceError, match="meter, port 502: no answer"):
        driver(meter, watts="input 10 float32").read()

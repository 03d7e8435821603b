# SPDX-License-Identifier: Apache-2.0
"""Register maps: which quantities stand where in a meter. YAML files, checked to the last word before they are used."""

from __future__ import annotations

import difflib
import enum
import functools
import importlib.resources
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from climate.devices.modbus.blocks import MOST_REGISTERS
from climate.devices.modbus.registers import LARGEST_ADDRESS, Area, Kind, Order, Register
from climate.errors import ConfigError

MOST_POINTS = 256


class Quantity(enum.StrEnum):
    """What a register stands for, once it is scaled: watts, volts, amperes, joules, volt-amperes and so on."""

    WATTS = "watts"
    VOLTS = "volts"
    AMPERES = "amperes"
    ENERGY = "energy"
    APPARENT_POWER = "apparent_power"
    POWER_FACTOR = "power_factor"
    FREQUENCY = "frequency"
    TEMPERATURE = "temperature"


UNITS: Mapping[Quantity, Mapping[str, float]] = {
    Quantity.WATTS: {"W": 1.0, "mW": 0.001, "kW": 1e3, "MW": 1e6},
    Quantity.VOLTS: {"V": 1.0, "mV": 0.001, "kV": 1e3},
    Quantity.AMPERES: {"A": 1.0, "mA": 0.001, "kA": 1e3},
    Quantity.ENERGY: {"Wh": 3600.0, "J": 1.0, "mWh": 3.6, "kJ": 1e3, "kWh": 3.6e6, "MWh": 3.6e9},
    Quantity.APPARENT_POWER: {"VA": 1.0, "kVA": 1e3, "MVA": 1e6},
    Quantity.POWER_FACTOR: {"1": 1.0, "%": 0.01},
    Quantity.FREQUENCY: {"Hz": 1.0, "mHz": 0.001},
    Quantity.TEMPERATURE: {"C": 1.0},
}
"""What a raw number is multiplied with, by the unit that it is in. The first is the one without a word."""

Point = Mapping[Quantity, Register]
"""One place that is measured: the whole, a phase, a circuit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterMap:
    """What a family of meters tells. ``source`` says where that is known from.

    One request may read ``most_registers``, and up to ``gap`` registers that
    nobody wants between those that somebody does.
    """

    name: str
    vendor: str
    models: tuple[str, ...]
    source: str
    points: Mapping[str, Point]
    most_registers: int = MOST_REGISTERS
    gap: int = 0


def names() -> list[str]:
    """The maps that come along, in the order of the alphabet."""
    folder = importlib.resources.files("climate.devices.modbus") / "maps"
    return sorted(file.name.removesuffix(".yaml") for file in folder.iterdir() if file.name.endswith(".yaml"))


@functools.cache
def installed(name: str) -> RegisterMap:
    """A map that comes along.

    :raises ConfigError: there is none of that name; near ones are told.
    """
    known = names()
    if name not in known:
        near = difflib.get_close_matches(name, known, n=3, cutoff=0.4) or known
        raise ConfigError(f"there is no map {name!r}; there are: {', '.join(near)}", option="map")
    file = importlib.resources.files("climate.devices.modbus") / "maps" / f"{name}.yaml"
    return parse(f"{name}.yaml", file.read_text(encoding="utf-8"))


def parse(file: str, text: str) -> RegisterMap:
    """The map in a file's text.

    :raises ConfigError: it is none; the text names the file, the place in it and the fault.
    """
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark is not None else ""
        raise ConfigError(f"{file}{line}: it is no YAML.") from None
    try:
        return _map(file.rsplit("/", 1)[-1].removesuffix(".yaml"), document)
    except _Fault as fault:
        raise ConfigError(f"{file}: {fault}.") from None


class _Fault(Exception):
    """What is wrong with a map, and where."""


_WORDS = {"vendor", "models", "source", "address_base", "area", "type", "order", "most_registers", "gap", "points"}
_WORDS |= {"absent", "units", "note"}
_POINT_WORDS = {"repeat", *Quantity}
_REGISTER_WORDS = {"address", "area", "type", "order", "unit", "scale", "absent", "absent_from"}


def _map(name: str, document: Any) -> RegisterMap:
    content = _mapping(document, "the file", _WORDS)
    for word in ("vendor", "models", "source", "points"):
        if not content.get(word):
            raise _Fault(f"{word} is missing")
    units = _mapping(content.get("units", {}), "units", set(Quantity))
    points: dict[str, Point] = {}
    for point_name, point in _mapping(content["points"], "points", None).items():
        points.update(_points(point_name, point, content, units))
    if len(points) > MOST_POINTS:
        raise _Fault(f"points: there are more than {MOST_POINTS}")
    return RegisterMap(
        name=name,
        vendor=str(content["vendor"]),
        models=tuple(map(str, content["models"])),
        source=str(content["source"]),
        points=points,
        most_registers=_whole(content.get("most_registers", MOST_REGISTERS), "most_registers", 1, MOST_REGISTERS),
        gap=_whole(content.get("gap", 0), "gap", 0, MOST_REGISTERS),
    )


def _points(name: str, content: Any, around: Mapping[str, Any], units: Mapping[str, Any]) -> dict[str, Point]:
    """A point, or those that it stands for: ``repeat: {count: 3, stride: 2}`` makes name1, name2 and name3 of it."""
    way = f"points.{name}"
    words = _mapping(content, way, _POINT_WORDS)
    registers: Point = {
        Quantity(word): _register(f"{way}.{word}", Quantity(word), value, around, units)
        for word, value in words.items()
        if word != "repeat"
    }
    if not registers.keys() & {Quantity.WATTS, Quantity.ENERGY}:
        raise _Fault(f"{way}: it says neither watts nor energy")
    if "repeat" not in words:
        return {name: registers}
    repeat = _mapping(words["repeat"], f"{way}.repeat", {"count", "stride", *Quantity})
    count = _whole(repeat.get("count"), f"{way}.repeat.count", 1, MOST_POINTS)
    stride = _whole(repeat.get("stride"), f"{way}.repeat.stride", 1, LARGEST_ADDRESS)
    own = {
        quantity: _whole(repeat.get(quantity, stride), f"{way}.repeat.{quantity}", 1, LARGEST_ADDRESS)
        for quantity in registers
    }
    made: dict[str, Point] = {
        f"{name}{place + 1}": {quantity: each.moved(own[quantity] * place) for quantity, each in registers.items()}
        for place in range(count)
    }
    if any(each.end > LARGEST_ADDRESS + 1 for point in made.values() for each in point.values()):
        raise _Fault(f"{way}.repeat: the last of them lie behind register {LARGEST_ADDRESS}")
    return made


def _register(
    way: str, quantity: Quantity, content: Any, around: Mapping[str, Any], units: Mapping[str, Any]
) -> Register:
    words = {"address": content} if isinstance(content, int) else _mapping(content, way, _REGISTER_WORDS)
    base = _whole(around.get("address_base", 0), "address_base", 0, 1)
    kind = _one_of(Kind, words.get("type", around.get("type")), f"{way}.type")
    unit = str(words.get("unit", units.get(quantity, next(iter(UNITS[quantity])))))
    if unit not in UNITS[quantity]:
        raise _Fault(f"{way}.unit: {unit!r} is none of {', '.join(UNITS[quantity])}")
    scale = words.get("scale", 1.0)
    if type(scale) not in (int, float) or not math.isfinite(scale) or scale == 0:
        raise _Fault(f"{way}.scale: {scale!r} is no number to multiply with")
    absent = words.get("absent", _mapping(around.get("absent", {}), "absent", set(Kind)).get(kind, []))
    if not isinstance(absent, list):
        raise _Fault(f"{way}.absent: here must be a list")
    limit = words.get("absent_from")
    return Register(
        area=_one_of(Area, words.get("area", around.get("area")), f"{way}.area"),
        address=_whole(words.get("address"), f"{way}.address", base, LARGEST_ADDRESS + 1 - kind.words + base) - base,
        kind=kind,
        order=_one_of(Order, words.get("order", around.get("order", Order.BIG)), f"{way}.order"),
        scale=scale * UNITS[quantity][unit],
        absent=frozenset(_whole(each, f"{way}.absent", 0, 2**64 - 1) for each in absent),
        absent_from=None if limit is None else _whole(limit, f"{way}.absent_from", 0, 2**64 - 1),
    )


def _mapping(content: Any, way: str, known: set[Any] | None) -> dict[str, Any]:
    if not isinstance(content, dict) or not all(isinstance(word, str) for word in content):
        raise _Fault(f"{way}: here must be words with a colon behind each")
    for word in content:
        if known is not None and word not in known:
            near = difflib.get_close_matches(word, [str(each) for each in known], n=1)
            raise _Fault(f"{way}: {word!r} means nothing here" + (f"; is it {near[0]}?" if near else ""))
    return content


def _whole(value: Any, way: str, least: int, most: int) -> int:
    if type(value) is not int or not least <= value <= most:
        raise _Fault(f"{way}: here must be a whole number from {least} to {most}")
    return value


def _one_of(kind: Any, value: Any, way: str) -> Any:
    try:
        return kind(value)
    except ValueError:
        raise _Fault(f"{way}: {value!r} is none of {', '.join(kind)}") from None

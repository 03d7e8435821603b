# SPDX-License-Identifier: Apache-2.0
"""Meters that speak Modbus: by a register map that comes along, one of the operator's, or single registers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from oslo_config import cfg

from climate.devices.modbus import blocks, mapping
from climate.devices.modbus.mapping import UNITS, Point, Quantity, RegisterMap
from climate.devices.modbus.registers import LARGEST_ADDRESS, Area, Kind, Order, Register
from climate.devices.modbus.session import ModbusError, Session, TcpSession
from climate.errors import ConfigError
from kwapi.core.reading import Reading
from kwapi.drivers.protocol import DeviceError, Section

LARGEST_MAP = 256 * 1024
_TOTAL = "total"
_EXTRAS = {
    Quantity.APPARENT_POWER: "apparent_power_va",
    Quantity.POWER_FACTOR: "power_factor",
    Quantity.FREQUENCY: "frequency_hz",
    Quantity.TEMPERATURE: "temperature_c",
}
_REGISTER_HELP = (
    "as area, address from 0, type and, if need be, the order of registers, the unit, and what the number is "
    "multiplied with: input 52 float32, or holding 0x5B14 int32 little W x0.01."
)


class ModbusDriver:
    """Asks for the registers of all probes in as few requests as the map allows.

    ``session`` replaces the connection that the options describe.

    :raises ConfigError: there is no such map, it has no such point, or a register cannot be understood.
    """

    options: ClassVar[Sequence[cfg.Opt]] = (
        cfg.StrOpt("host", required=True, help="The meter's name or address, or its gateway's."),
        cfg.PortOpt("port", default=502, help="The TCP port."),
        cfg.IntOpt("unit_id", default=1, min=0, max=255, help="Which device it is behind that address."),
        cfg.StrOpt(
            "framing",
            default="tcp",
            choices=[("tcp", "Modbus TCP"), ("rtu", "that of serial lines, for gateways that hand bytes on")],
            help="How requests are packed.",
        ),
        cfg.StrOpt("map", help=f"The meter's register map: {', '.join(mapping.names())}."),
        cfg.StrOpt("map_file", help="A file with a map of your own, in the form of those."),
        cfg.ListOpt(
            "points",
            default=[],
            help="Which point of the map each probe is, in the order of the probes: total, l1, l2. By default the "
            "one of the outlet's name, or total for a single probe.",
        ),
        *(
            cfg.StrOpt(
                str(quantity),
                help=f"Without a map: the register of the {str(quantity).replace('_', ' ')}, {_REGISTER_HELP}",
            )
            for quantity in Quantity
        ),
        cfg.IntOpt(
            "stride",
            default=0,
            min=0,
            max=LARGEST_ADDRESS,
            help="Without a map: how many registers further on the next probe's are.",
        ),
    )

    def __init__(self, section: Section, clock_ns: Callable[[], int], session: Session | None = None) -> None:
        settings: Any = section.options
        found = _map_of(section)
        self._points = _strided(section) if found is None else _mapped(section, found)
        registers = [register for point in self._points.values() for register in point.values()]
        most, gap = (blocks.MOST_REGISTERS, 0) if found is None else (found.most_registers, found.gap)
        self._blocks = blocks.plan(registers, most, gap)
        self._session: Session = session or TcpSession(
            settings["host"],
            settings["port"],
            settings["unit_id"],
            section.timeout_s,
            serial_framing=settings["framing"] == "rtu",
        )
        self._clock_ns = clock_ns
        self._missing: dict[str, str] = {}

    def read(self) -> list[Reading]:
        """What all registers say now; a probe of which neither watts nor energy are there is left out.

        :raises DeviceError: the meter does not answer, or has nothing for any probe.
        """
        begin_ns = self._clock_ns()
        try:
            words = self._session.read(self._blocks)
        except ModbusError as error:
            raise DeviceError(str(error)) from None
        end_ns = max(begin_ns, self._clock_ns())
        readings = {probe: parse_point(probe, point, words, begin_ns, end_ns) for probe, point in self._points.items()}
        told = [reading for reading in readings.values() if reading is not None]
        silent = [probe for probe, reading in readings.items() if reading is None]
        self._missing = dict.fromkeys(silent, "its registers of watts and energy say that there is no value")
        if not told:
            raise DeviceError("all registers of watts and energy say that there is no value; look at the map")
        return told

    def missing(self) -> dict[str, str]:
        """The probes whose registers had no value in the last answer."""
        return self._missing

    def close(self) -> None:
        """Whoever reads comes back with an error."""
        self._session.close()


def parse_point(probe: str, point: Point, words: blocks.Words, begin_ns: int, end_ns: int) -> Reading | None:
    """A point's reading out of what was read; ``None`` if it has neither watts nor energy."""
    numbers = {quantity: blocks.number(register, words) for quantity, register in point.items()}
    watts, joules = numbers.get(Quantity.WATTS), numbers.get(Quantity.ENERGY)
    if watts is None and joules is None:
        return None
    extra = {name: number for each, name in _EXTRAS.items() if (number := numbers.get(each)) is not None}
    return Reading(
        probe_id=probe,
        begin_ns=begin_ns,
        end_ns=end_ns,
        watts=watts,
        volts=numbers.get(Quantity.VOLTS),
        amperes=numbers.get(Quantity.AMPERES),
        energy_j=joules,
        extra=extra,
    )


def parse_register(quantity: Quantity, text: str) -> Register:
    """A register as the operator writes it: ``input 52 float32``, ``holding 0x5B14 int32 little kW x0.01``.

    :raises ConfigError: it cannot be understood; says which word.
    """
    words = text.split()
    name = str(quantity)
    if len(words) < 3:
        raise ConfigError(f"{name} = {text}: write {_REGISTER_HELP}", option=name)
    try:
        area, address, kind = Area(words[0].lower()), int(words[1], 0), Kind(words[2].lower())
    except ValueError as error:
        raise ConfigError(f"{name} = {text}: {error}; write {_REGISTER_HELP}", option=name) from None
    order, scale, unit = Order.BIG, 1.0, next(iter(UNITS[quantity]))
    for word in words[3:]:
        if word.lower() in list(Order):
            order = Order(word.lower())
        elif word in UNITS[quantity]:
            unit = word
        else:
            scale = _factor(name, word)
    if not 0 <= address <= LARGEST_ADDRESS + 1 - kind.words:
        raise ConfigError(f"{name}: addresses go from 0 to {LARGEST_ADDRESS}.", option=name)
    return Register(area=area, address=address, kind=kind, order=order, scale=scale * UNITS[quantity][unit])


def _factor(name: str, word: str) -> float:
    try:
        factor = float(word.removeprefix("x"))
    except ValueError:
        factor = 0.0
    if not word.startswith("x") or not 0 < abs(factor) < float("inf"):
        raise ConfigError(f"{name}: {word!r} is neither an order, a unit, nor a factor such as x0.1.", option=name)
    return factor


def _map_of(section: Section) -> RegisterMap | None:
    settings: Any = section.options
    if settings["map"] is not None and settings["map_file"] is not None:
        raise ConfigError("map and map_file are both set; leave one out.", option="map_file")
    if settings["map"] is not None:
        return mapping.installed(settings["map"])
    if settings["map_file"] is None:
        return None
    path = section.folder / settings["map_file"]
    try:
        with path.open(encoding="utf-8") as file:
            text = file.read(LARGEST_MAP + 1)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ConfigError(f"{path}: it cannot be read: {reason}.", option="map_file") from None
    if len(text) > LARGEST_MAP:
        raise ConfigError(f"{path}: a map has at most {LARGEST_MAP} characters.", option="map_file")
    return mapping.parse(str(path), text)


def _mapped(section: Section, found: RegisterMap) -> Mapping[str, Point]:
    """The map's point of each probe that is read."""
    settings: Any = section.options
    written = [str(quantity) for quantity in Quantity if settings[quantity] is not None]
    if written:
        raise ConfigError("Registers are written either in a map or in the section.", option=written[0])
    probes = section.probes
    names = settings["points"] or _named(probes, found)
    if len(names) != len(probes):
        raise ConfigError(f"There are {len(names)} points and {len(probes)} probes.", option="points")
    points = {}
    for probe, name in zip(probes, names, strict=True):
        if probe is not None:
            if name not in found.points:
                raise ConfigError(
                    f"{found.name} has no point {name!r}; there are: {', '.join(found.points)}.", option="points"
                )
            points[probe] = found.points[name]
    return points


def _named(probes: Sequence[str | None], found: RegisterMap) -> list[str]:
    outlets = [_TOTAL if probe is None else probe.rsplit("/", 1)[-1] for probe in probes]
    if len(outlets) == 1 and outlets[0] not in found.points:
        return [_TOTAL]
    return outlets


def _strided(section: Section) -> Mapping[str, Point]:
    """The section's own registers, moved on from probe to probe."""
    settings: Any = section.options
    written = {quantity: settings[quantity] for quantity in Quantity if settings[quantity] is not None}
    point = {quantity: parse_register(quantity, text) for quantity, text in written.items()}
    if not point.keys() & {Quantity.WATTS, Quantity.ENERGY}:
        raise ConfigError("Name a map, or the register of watts or of energy.", option="map")
    if settings["points"]:
        raise ConfigError("points are those of a map, and there is none.", option="points")
    probes, stride = section.probes, settings["stride"]
    if stride == 0 and len(probes) > 1:
        raise ConfigError("With several probes, say by stride how far apart their registers are.", option="stride")
    if max(register.end for register in point.values()) + stride * (len(probes) - 1) > LARGEST_ADDRESS + 1:
        raise ConfigError(f"The last probe's registers lie behind {LARGEST_ADDRESS}.", option="stride")
    return {
        probe: {quantity: register.moved(stride * place) for quantity, register in point.items()}
        for place, probe in enumerate(probes)
        if probe is not None
    }

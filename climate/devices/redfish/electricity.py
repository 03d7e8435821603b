# SPDX-License-Identifier: Apache-2.0
"""What the resources of a Redfish service say of electricity, in watts, volts, amperes and joules.

Names, types and units are those of DMTF's schemas (DSP0268): Sensor 1.x,
whose ``Reading`` is of the ``ReadingType`` and in the ``ReadingUnits`` (UCUM)
that stand beside it; its *excerpts*, which EnvironmentMetrics, PowerSupplyMetrics,
PowerDistributionMetrics, Outlet, OutletGroup and Circuit copy into properties
such as ``PowerWatts``; and Power 1.x, which they replace.

What is null, missing, absent, no number or in a unit of something else is
``None``; a resource without watts and joules raises :class:`NotTold`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from climate.devices.redfish.connection import RedfishError

Resource = Mapping[str, Any]

NOT_THERE = frozenset({"Absent", "UnavailableOffline"})
"""Values of ``Status.State`` (Resource 1.x) under which what is told is nobody's."""
_MOST = 1e15
_WATTS = {"W": 1.0, "kW": 1000.0, "mW": 0.001}
_JOULES = {"J": 1.0, "kJ": 1000.0, "W.h": 3600.0, "Wh": 3600.0, "kW.h": 3_600_000.0, "kWh": 3_600_000.0}
_ENERGY = {"EnergyJoules": "J", "EnergyWh": "W.h", "EnergykWh": "kW.h"}
"""Types of readings, and properties with their excerpts, that are energy; and in what unit, where none is named."""
_VOLTS = {"V": 1.0, "mV": 0.001, "kV": 1000.0}
_AMPERES = {"A": 1.0, "mA": 0.001}
SUPPLY_WATTS = ("PowerInputWatts", "LastPowerOutputWatts")
"""What a supply of a Power resource takes in; and what it gives, which is less by what it loses."""
_WATTS_OF = ("PowerWatts", "InputPowerWatts")
_VOLTS_OF = ("Voltage", "InputVoltage")
_AMPERES_OF = ("CurrentAmps", "InputCurrentAmps")


class NotTold(RedfishError):
    """A resource that was found does not say how much power is drawn; the text says what it lacks."""


class Changed(RedfishError):
    """What a device is made of is not what it was; it is to be found out anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Electricity:
    """What is told of one place. ``read_at_s``: when, by the device's clock (seconds since the epoch).

    ``joule_step`` is the least that the counter is seen to count. ``estimated``:
    watts without what the supplies lose. ``partial``: of a sum, a part is missing.
    """

    watts: float | None = None
    volts: float | None = None
    amperes: float | None = None
    joules: float | None = None
    joule_step: float | None = None
    apparent_va: float | None = None
    power_factor: float | None = None
    hertz: float | None = None
    celsius: float | None = None
    read_at_s: float | None = None
    estimated: bool = False
    partial: bool = False


def is_there(resource: Resource) -> bool:
    """Whether a resource is of something that is in its place."""
    return _state(resource) not in NOT_THERE


def number(value: Any) -> float | None:
    """A number that may be of electricity, or none: texts, truth values and what no wire carries are none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if abs(found) <= _MOST else None


def parse_sensor(sensor: Resource) -> Electricity:
    """A Sensor of power, energy, voltage or current. :raises NotTold: it is none of them, or has no reading."""
    name, kind, units = (_text(sensor.get(known)) for known in ("Id", "ReadingType", "ReadingUnits"))
    reading, state = number(sensor.get("Reading")), _state(sensor)
    if reading is None or state == "Disabled" or not is_there(sensor):
        raise NotTold(f"the sensor {name!r} has no reading" + (f" ({state})" if state not in {"", "Enabled"} else ""))
    read_at_s = _seconds(sensor.get("ReadingTime"))
    if kind == "Power":
        return Electricity(
            watts=_scaled(name, reading, units or "W", _WATTS),
            apparent_va=number(sensor.get("ApparentVA")),
            power_factor=_power_factor(sensor),
            read_at_s=read_at_s,
        )
    if kind in _ENERGY and reading >= 0:
        units = units or _ENERGY[kind]
        joules = _scaled(name, reading, units, _JOULES)
        return Electricity(joules=joules, joule_step=_JOULES[units] * _last_place(reading), read_at_s=read_at_s)
    if kind == "Voltage":
        return Electricity(volts=_scaled(name, reading, units or "V", _VOLTS), read_at_s=read_at_s)
    if kind == "Current":
        return Electricity(amperes=_scaled(name, reading, units or "A", _AMPERES), read_at_s=read_at_s)
    raise NotTold(f"the sensor {name!r} is of {kind!r}, and tells nothing of electricity")


def parse_sensors(sensors: Sequence[Resource | None]) -> Electricity:
    """One place of which several sensors tell a part each: the first its power, others its energy and so on.

    A part that is missing but the first is left out.
    """
    first, *others = sensors
    if first is None:
        raise NotTold("its sensor did not answer")
    found = parse_sensor(first)
    for other in others:
        if other is None:
            continue
        try:
            more = parse_sensor(other)
        except NotTold:
            continue
        found = replace(found, joules=more.joules, joule_step=more.joule_step)
    return found


def parse_excerpts(metrics: Resource) -> Electricity:
    """Metrics of a chassis, a supply, a PDU, an outlet, a group of them, or a circuit. :raises NotTold: no power."""
    name = _text(metrics.get("Id")) or _text(metrics.get("Name"))
    if not is_there(metrics):
        raise NotTold(f"{name!r} is absent")
    joules, step = _counter(metrics)
    watts = _first(metrics, _WATTS_OF)
    if watts is None and joules is None:
        asked = next((known for known in _WATTS_OF if known in metrics), "PowerWatts")
        raise NotTold(f"{name!r} has {'a null' if asked in metrics else 'no'} {asked}")
    power: Resource = next((metrics[known] for known in _WATTS_OF if isinstance(metrics.get(known), dict)), {})
    return Electricity(
        watts=watts,
        volts=_first(metrics, _VOLTS_OF),
        amperes=_first(metrics, _AMPERES_OF),
        joules=joules,
        joule_step=step,
        apparent_va=number(power.get("ApparentVA")),
        power_factor=_power_factor(power),
        hertz=_first(metrics, ("FrequencyHz",)),
        celsius=_first(metrics, ("TemperatureCelsius",)),
    )


def parse_supply_sum(watched: int, resources: Sequence[Resource | None]) -> Electricity:
    """The sum over the supplies of a chassis: metrics of those that are there, then ``watched`` that were absent.

    :raises Changed: an absent one has come.
    """
    metrics = resources[: len(resources) - watched]
    if any(bay is not None and is_there(bay) for bay in resources[len(metrics) :]):
        raise Changed("a power supply has been put in")
    parts = []
    for each in metrics:
        try:
            parts.append(parse_excerpts(each) if each is not None else Electricity())
        except NotTold:
            # One that was taken out draws nothing; one that is there and is silent draws nobody knows what.
            if each is not None and is_there(each):
                parts.append(Electricity())
    watts = [part.watts for part in parts if part.watts is not None]
    if not watts:
        raise NotTold("no power supply tells its input power")
    joules = [part.joules for part in parts if part.joules is not None]
    steps = [part.joule_step for part in parts if part.joule_step is not None]
    whole = len(joules) == len(metrics)
    return Electricity(
        watts=sum(watts),
        joules=sum(joules) if whole else None,
        joule_step=max(steps, default=None) if whole else None,
        partial=len(watts) < len(parts),
    )


def parse_power_control(power: Resource) -> Electricity:
    """What a chassis consumes by its Power resource.

    Only the first PowerControl is the whole chassis's; on some machines others
    tell the processors' and the memory's part of it.
    """
    controls = _objects(power, "PowerControl")
    watts = number(controls[0].get("PowerConsumedWatts")) if controls and is_there(controls[0]) else None
    if watts is None:
        raise NotTold("Power has no PowerConsumedWatts")
    return Electricity(watts=watts)


def parse_power_supplies(what: str, power: Resource) -> Electricity:
    """The sum over the supplies of a Power resource; ``what`` is one of :data:`SUPPLY_WATTS`."""
    present = [each for each in _objects(power, "PowerSupplies") if is_there(each)]
    told = [watts for each in present if (watts := number(each.get(what))) is not None]
    if not told:
        raise NotTold(f"Power has no supply with {what}")
    return Electricity(watts=sum(told), estimated=what != SUPPLY_WATTS[0], partial=len(told) < len(present))


def parse_power_supply(index: int, power: Resource) -> Electricity:
    """One of the supplies of a Power resource."""
    supplies = _objects(power, "PowerSupplies")
    if index >= len(supplies):
        raise Changed(f"Power has {len(supplies)} supplies, and no {index + 1}th")
    supply = supplies[index]
    if not is_there(supply):
        raise NotTold(f"the power supply {index + 1} is absent")
    taken, given = (number(supply.get(what)) for what in SUPPLY_WATTS)
    if taken is None and given is None:
        raise NotTold(f"the power supply {index + 1} tells no watts")
    watts = given if taken is None else taken
    return Electricity(watts=watts, volts=number(supply.get("LineInputVoltage")), estimated=taken is None)


def _objects(resource: Resource, name: str) -> list[dict[str, Any]]:
    found = resource.get(name)
    return [each if isinstance(each, dict) else {} for each in found] if isinstance(found, list) else []


def _first(metrics: Resource, names: Sequence[str]) -> float | None:
    return next((found for name in names if (found := _excerpt(metrics.get(name))) is not None), None)


def _excerpt(told: Any) -> float | None:
    # Early firmware of PDUs has plain numbers where an excerpt belongs.
    return number(told.get("Reading")) if isinstance(told, dict) else number(told)


def _counter(metrics: Resource) -> tuple[float | None, float | None]:
    for name, units in _ENERGY.items():
        reading = _excerpt(metrics.get(name))
        if reading is not None and reading >= 0:
            return reading * _JOULES[units], _JOULES[units] * _last_place(reading)
    return None, None


def _power_factor(told: Resource) -> float | None:
    factor = number(told.get("PowerFactor"))
    return factor if factor is not None and -1.0 <= factor <= 1.0 else None


def _text(value: Any) -> str:
    return value[:40] if isinstance(value, str) else ""


def _state(resource: Resource) -> str:
    status = resource.get("Status")
    return _text(status.get("State")) if isinstance(status, dict) else ""


def _scaled(name: str, reading: float, units: str, known: Mapping[str, float]) -> float:
    if units not in known:
        raise NotTold(f"the sensor {name!r} reads in {units!r}, which is not known for what it is")
    return reading * known[units]


def _last_place(reading: float) -> float:
    """The worth of the last digit that was told; of a whole number, 1."""
    digits = repr(reading).partition(".")[2]
    if "e" in digits:
        return 1.0
    return 1.0 if digits in {"", "0"} else 10.0 ** -len(digits)


def _seconds(text: Any) -> float | None:
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text)
        return moment.timestamp() if moment.tzinfo else None
    except (ValueError, OverflowError, OSError):
        return None

# SPDX-License-Identifier: Apache-2.0
"""Where a Redfish service tells electricity: found once, so that only the few resources that say it are asked again.

The names of resources are those of DMTF's schemas (DSP0268).
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from climate.devices.redfish.answers import Resource
from climate.devices.redfish.client import NotFound
from climate.devices.redfish.electricity import (
    SUPPLY_WATTS,
    Electricity,
    NotTold,
    is_there,
    parse_excerpts,
    parse_power_control,
    parse_power_supplies,
    parse_power_supply,
    parse_sensor,
    parse_sensors,
    parse_supply_sum,
)
from climate.devices.redfish.navigation import Fetch, Service, link, objects, tail

_TELLING = ("power", "energy", "watt")
"""What the name of a sensor worth asking first has in it."""
_ENERGY = ("EnergykWh", "EnergyWh", "EnergyJoules")


class Source(enum.Enum):
    """Where a chassis may tell its power, best first."""

    SENSORS = "sensors"
    ENVIRONMENT = "environment"
    POWER_SUBSYSTEM = "power_subsystem"
    POWER = "power"


class Measured(enum.Enum):
    """What can be measured, each of which may be there more than once."""

    CHASSIS = "chassis"
    SUPPLIES = "supplies"
    SENSORS = "sensors"
    PDU = "pdu"
    MAINS = "mains"
    BRANCHES = "branches"
    OUTLETS = "outlets"
    OUTLET_GROUPS = "outlet_groups"


_OF_PDUS = {
    Measured.MAINS: "Mains",
    Measured.BRANCHES: "Branches",
    Measured.OUTLETS: "Outlets",
    Measured.OUTLET_GROUPS: "OutletGroups",
}


@dataclass(frozen=True, slots=True)
class Place:
    """What one thing is called, the resources that tell its electricity, and how to read them.

    A resource that could not be had is ``None`` to ``parse``.
    """

    name: str
    uris: tuple[str, ...]
    parse: Callable[[Sequence[Mapping[str, Any] | None]], Electricity]


@dataclass(frozen=True, slots=True)
class Plan:
    """What to ask each time, and what for. A request may bring the members of a collection with it.

    ``places`` has ``None`` for those that are not wanted.
    """

    requests: tuple[str, ...]
    places: tuple[Place | None, ...]
    source: Source | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What to look for: of which chassis or PDU (the only one, if it is not named), and told by whom.

    ``members`` choose among what is found, by the last part of their
    addresses, and say in which order. ``taken`` says of each, in that order,
    whether it is wanted.
    """

    taken: tuple[bool, ...]
    measured: tuple[Measured, ...] = (Measured.CHASSIS,)
    members: tuple[str, ...] = ()
    chassis: str | None = None
    pdu: str | None = None
    sources: tuple[Source, ...] = tuple(Source)


def discover(wanted: Wanted, fetch: Fetch) -> Plan:
    """Where it is told. May ask for the same resource more than once, and be begun anew after an error.

    :raises RedfishError: it is told nowhere; the text says where it was looked for.
    """
    service = Service(fetch)
    found: list[Place] = []
    source = None
    for measured in wanted.measured:
        if measured is Measured.CHASSIS:
            place, source = _whole_chassis(service, wanted)
            found.append(place)
        else:
            found.extend(_each(service, measured, wanted))
    if wanted.members:
        found = [_called(name, found) for name in wanted.members]
    if len(wanted.taken) > len(found):
        there = ", ".join(place.name for place in found) or "nothing"
        raise NotTold(f"{len(wanted.taken)} probes are named, and there is less to measure: {there}")
    places = tuple(place if taken else None for place, taken in zip(found, wanted.taken, strict=False))
    requests = service.requests_for(uri for place in places if place is not None for uri in place.uris)
    return Plan(requests, places, source)


def _whole_chassis(service: Service, wanted: Wanted) -> tuple[Place, Source]:
    """The first source that tells the power of a chassis now."""
    chassis = _chassis(service, wanted)
    reasons = []
    for source in wanted.sources:
        try:
            place = _SOURCES[source](service, chassis)
            if place.parse([service.given(uri) for uri in place.uris]).watts is None:
                raise NotTold("there is a counter of energy, and no power")
        except (NotFound, NotTold) as error:
            reasons.append(f"{source.value}: {error}")
        else:
            return place, source
    raise NotTold(f"the chassis {chassis.get('Id')!r} does not tell its power ({'; '.join(reasons)})")


def _each(service: Service, measured: Measured, wanted: Wanted) -> list[Place]:
    """All of a kind, in the service's order, whether they tell anything now or not."""
    if measured is Measured.SUPPLIES:
        return _supplies(service, _chassis(service, wanted))
    if measured is Measured.SENSORS:
        sensors = service.members(service.linked(_chassis(service, wanted), "Sensors"), expand=False)
        return [_place(tail(uri), uri, parse_sensor) for uri in sensors]
    equipment = service.linked(service.root, "PowerEquipment")
    pdu = service.member(service.linked(equipment, "RackPDUs"), wanted.pdu, "PDU")
    if measured is not Measured.PDU:
        members = service.members(service.linked(pdu, _OF_PDUS[measured]))
        return [_place(tail(uri), uri, parse_excerpts) for uri in members]
    metrics = link(pdu, "Metrics")
    if metrics is None:
        raise NotFound(f"the PDU {pdu.get('Id')!r} has no metrics")
    return [_place(str(pdu.get("Id")), metrics, parse_excerpts)]


def _chassis(service: Service, wanted: Wanted) -> Resource:
    return service.member(service.linked(service.root, "Chassis"), wanted.chassis, "chassis")


def _by_sensors(service: Service, chassis: Resource) -> Place:
    """The sensor of all power, by EnvironmentMetrics or by what it says of itself, and that of all energy."""
    environment = service.linked_or_empty(chassis, "EnvironmentMetrics")
    power = _data_source(environment, ("PowerWatts",))
    energy = _data_source(environment, _ENERGY)
    if power is None or energy is None:
        # Hundreds of them at once are more than some services can give in time.
        uris = service.members(service.linked_or_empty(chassis, "Sensors"), expand=False)
        telling = [uri for uri in uris if any(word in tail(uri).lower() for word in _TELLING)]
        power = power or _total(service, telling, ("Power",)) or _total(service, uris, ("Power",))
        energy = energy or _total(service, telling, _ENERGY)
    if power is None:
        raise NotTold("no sensor is of the power of the whole chassis")
    return Place("chassis", (power,) if energy is None else (power, energy), parse_sensors)


def _by_environment(service: Service, chassis: Resource) -> Place:
    return _place("chassis", _linked_uri(chassis, "EnvironmentMetrics"), parse_excerpts)


def _by_power_subsystem(service: Service, chassis: Resource) -> Place:
    """The sum over the supplies; empty bays are looked at too, since who fills one adds to it."""
    bays = _bays(service, chassis)
    metrics = [link(supply, "Metrics") for _, supply in bays if is_there(supply)]
    absent = [uri for uri, supply in bays if not is_there(supply)]
    uris = [uri for uri in metrics if uri is not None]
    if not uris:
        raise NotTold("no power supply has metrics")
    return Place("chassis", (*uris, *absent), partial(parse_supply_sum, len(absent)))


def _by_power(service: Service, chassis: Resource) -> Place:
    uri = _linked_uri(chassis, "Power")
    power = service.fetch(uri)
    reasons = []
    ways: list[Callable[[Mapping[str, Any]], Electricity]] = [parse_power_control]
    ways.extend(partial(parse_power_supplies, what) for what in SUPPLY_WATTS)
    for parse in ways:
        try:
            parse(power)
        except NotTold as error:
            reasons.append(str(error))
        else:
            return _place("chassis", uri, parse)
    raise NotTold(", ".join(reasons))


_SOURCES: dict[Source, Callable[[Service, Resource], Place]] = {
    Source.SENSORS: _by_sensors,
    Source.ENVIRONMENT: _by_environment,
    Source.POWER_SUBSYSTEM: _by_power_subsystem,
    Source.POWER: _by_power,
}


def _supplies(service: Service, chassis: Resource) -> list[Place]:
    """Each power supply: by its metrics, or as the Power resource lists them."""
    bays = _bays(service, chassis)
    if any(link(supply, "Metrics") for _, supply in bays):
        # One without metrics is asked itself: it has its place among the others, and says whether it is there.
        return [_place(tail(uri), link(supply, "Metrics") or uri, parse_excerpts) for uri, supply in bays]
    power = _linked_uri(chassis, "Power")
    count = len(objects(service.fetch(power), "PowerSupplies"))
    return [_place(str(index), power, partial(parse_power_supply, index)) for index in range(count)]


def _bays(service: Service, chassis: Resource) -> list[tuple[str, Resource]]:
    """Each supply of the PowerSubsystem, by its address."""
    subsystem = service.linked_or_empty(chassis, "PowerSubsystem")
    uris = service.members(service.linked_or_empty(subsystem, "PowerSupplies"))
    return [(uri, service.given(uri)) for uri in uris]


def _total(service: Service, uris: Sequence[str], kinds: Sequence[str]) -> str | None:
    """The one sensor among some that is of the whole chassis."""
    sensors = [(uri, service.given(uri)) for uri in uris]
    found = [
        uri
        for uri, sensor in sensors
        if any(sensor.get("ReadingType") == kind for kind in kinds)
        and sensor.get("PhysicalContext") == "Chassis"
        and sensor.get("PhysicalSubContext") != "Output"
        and is_there(sensor)
    ]
    if len(found) > 1:
        named = ", ".join(tail(uri) for uri in found)
        raise NotTold(f"any of the sensors {named} may be the whole; measure 'sensors' and name the member")
    return found[0] if found else None


def _data_source(environment: Resource, names: Sequence[str]) -> str | None:
    excerpts = (environment.get(name) for name in names)
    uris = (each.get("DataSourceUri") for each in excerpts if isinstance(each, dict))
    return next((uri for uri in uris if isinstance(uri, str)), None)


def _linked_uri(resource: Resource, name: str) -> str:
    uri = link(resource, name)
    if uri is None:
        raise NotFound(f"the chassis has no {name}")
    return uri


def _called(name: str, places: Sequence[Place]) -> Place:
    found = [place for place in places if place.name == name]
    if len(found) != 1:
        there = ", ".join(place.name for place in places) or "none"
        raise NotFound(f"{name!r} is {'none' if not found else 'more than one'} of those there are: {there}")
    return found[0]


def _place(name: str, uri: str, parse: Callable[[Mapping[str, Any]], Electricity]) -> Place:
    return Place(name, (uri,), partial(_only, parse))


def _only(
    parse: Callable[[Mapping[str, Any]], Electricity], resources: Sequence[Mapping[str, Any] | None]
) -> Electricity:
    resource = resources[0]
    if resource is None:
        raise NotTold("it did not answer")
    return parse(resource)

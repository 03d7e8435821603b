# SPDX-License-Identifier: Apache-2.0
"""Which sensor is meant: by the name that an operator wrote, or, for a machine's whole power, by what vendors call it.

A part is never taken for the whole: processors, memory, fans, risers, single
power supplies; nor is an enclosure that several machines share ("Chassis
Power", "PSU Power" of dense servers).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from climate.devices.ipmi.answers import IpmiError
from climate.devices.ipmi.sdr import DEGREES_C, INLETS, WATTS, Sensor

TOTALS = (
    "pwrconsumption",  # Dell PowerEdge; "System Level" on older ones
    "systemlevel",
    "syspower",  # Lenovo ThinkSystem and System x
    "totalpower",  # Fujitsu PRIMERGY, Inspur, Supermicro
    "systotalpower",  # Quanta
    "systempower",
    "systemtotalpower",
    "powermeter",  # HPE ProLiant
    "powerconsumption",
    "serverpower",
    "nodepower",
    "powerusage",  # Cisco UCS
    "avgpower",  # IBM System x
    "power",  # Huawei
)
"""Names in small letters without what is neither letter nor digit, the better first."""

UNITS = {WATTS: "watts", DEGREES_C: "degrees"}
_PARTS = re.compile(
    r"cpu|mem|memory|dimm|fan|psu?|supply|riser|gpu|pcie?|hdd|ssd|disk|drive|slot|board|mb|vr|"
    r"chassis|enclosure|cap|limit|budget|max|min|peak|in|out|ac|dc"
)
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_NUMBER = re.compile(r"#(\d{1,3})", re.ASCII)


def total_of(names: Collection[str]) -> str | None:
    """The name of the machine's total among those of sensors in watts, if there is one that can be told.

    The first of :data:`TOTALS` that is there; else, where there is but one
    sensor and it is not called after a part of a machine, that one.
    """
    plain = [(re.sub(r"[^a-z0-9]", "", name.lower()), name) for name in names]
    for total in TOTALS:
        found = [name for text, name in plain if text == total]
        if found:
            return found[0] if len(found) == 1 else None
    if len(names) == 1:
        (name,) = names
        if not any(_PARTS.fullmatch(word.lower()) for word in _WORDS.findall(name)):
            return name
    return None


def total(sensors: Sequence[Sensor]) -> Sensor:
    """The sensor of the machine's whole power.

    :raises IpmiError: there is none, or it cannot be told; says which there are in watts.
    """
    name = total_of([sensor.name for sensor in sensors if sensor.unit == WATTS])
    if name is None:
        raise IpmiError(f"which sensor is that of the whole machine cannot be told; {_there_are(sensors, WATTS)}")
    return named(sensors, name, WATTS)


def named(sensors: Sequence[Sensor], name: str, unit: int) -> Sensor:
    """The sensor of a unit with a name, or a number that is written ``#12``. Capitals do not matter.

    :raises IpmiError: there is none, or several; says which there are.
    """
    right = [sensor for sensor in sensors if sensor.unit == unit]
    number = _NUMBER.fullmatch(name)
    if number:
        found = [sensor for sensor in right if sensor.number == int(number[1])]
    else:
        found = [sensor for sensor in right if sensor.name.lower() == name.lower()]
    if len(found) == 1:
        return found[0]
    reason = "several sensors are called" if found else f"no sensor in {UNITS[unit]} is called"
    raise IpmiError(f"{reason} {name!r}; {_there_are(sensors, unit)}")


def inlet(sensors: Sequence[Sensor]) -> Sensor:
    """The sensor of the air that comes in, by the place that its record names.

    :raises IpmiError: there is none, or several; says which there are in degrees.
    """
    found = [sensor for sensor in sensors if sensor.unit == DEGREES_C and sensor.entity in INLETS]
    if len(found) == 1:
        return found[0]
    raise IpmiError(f"{len(found)} sensors say that they are at the inlet; {_there_are(sensors, DEGREES_C)}")


def _there_are(sensors: Sequence[Sensor], unit: int) -> str:
    told = [f"{sensor.name} (#{sensor.number})" for sensor in sensors if sensor.unit == unit]
    return f"there are in {UNITS[unit]}: {', '.join(told[:40]) or 'none'}"

# SPDX-License-Identifier: Apache-2.0
"""Readings of what an SNMP agent answered: which counters to believe, what is estimated, and what is only repeated."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from msgspec import structs

from climate.devices.snmp.decode import Item
from climate.devices.snmp.oid import Oid, Value, number_of
from climate.devices.snmp.profile import Quantity
from kwapi.core.reading import NO_FLAGS, Flag, Reading

NS = 1_000_000_000
_FINE_WATTS = 1000.0
"""A counter is fine if so much power moves it at each reading."""
_EXTRAS = {
    Quantity.VA: "apparent_power_va",
    Quantity.POWER_FACTOR: "power_factor",
    Quantity.FREQUENCY_HZ: "frequency_hz",
    Quantity.TEMPERATURE_C: "temperature_c",
}
_ALONE = {Quantity.AMPERES: "current_a", Quantity.VOLTS: "voltage_v"}
"""Where a place has nothing else, since the bus carries no reading without power that has no extra."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """``counter`` is ``always``, ``fine`` or ``never``; without ``power_factor`` nothing is estimated.

    ``refresh_s``: how often the device measures, ``None`` where that is when it is asked.
    """

    counter: str = "always"
    interval_s: float = 1.0
    power_factor: float | None = None
    nominal_volts: float | None = None
    refresh_s: float | None = None


@dataclass(frozen=True, slots=True)
class _Told:
    numbers: Mapping[Quantity, float]
    since_ns: int


class Readings:
    """Makes readings, and remembers of each probe what makes the next one."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self._told: dict[str, _Told] = {}
        self._steps: dict[str, float] = {}

    def reading(
        self, probe: str, items: Mapping[Quantity, Item], answers: Mapping[Oid, Value], begin_ns: int, end_ns: int
    ) -> Reading | None:
        """What a probe's items say by some answers; ``None``: nothing."""
        numbers = {quantity: value for quantity, item in items.items() if (value := item.value(answers)) is not None}
        if not numbers:
            return None
        joules = numbers.get(Quantity.ENERGY_J)
        if joules is not None:
            step = step_of(items[Quantity.ENERGY_J], answers)
            self._steps[probe] = min(step, self._steps.get(probe, step))
        reading = parse_place(probe, numbers, begin_ns, end_ns, self.rules, self._steps.get(probe, 0.0))
        return self._marked(reading, numbers)

    def _marked(self, reading: Reading, numbers: Mapping[Quantity, float]) -> Reading:
        """With a flag if it is what was said before, and the device has not measured since."""
        before = self._told.get(reading.probe_id)
        if before is None or before.numbers != numbers:
            self._told[reading.probe_id] = _Told(numbers, reading.end_ns)
            return reading
        age_ns = reading.end_ns - before.since_ns
        refresh_s = self.rules.refresh_s
        if refresh_s is None or not 0 <= age_ns < refresh_s * NS:
            self._told[reading.probe_id] = _Told(numbers, reading.end_ns)
            return reading
        extra = reading.extra | {"age_s": age_ns / NS}
        return structs.replace(reading, flags=reading.flags | Flag.STALE, extra=extra)


def parse_place(
    probe: str, numbers: Mapping[Quantity, float], begin_ns: int, end_ns: int, rules: Rules, step_j: float = 0.0
) -> Reading:
    """A reading of what a place measures, one number at least; ``step_j`` is the least by which its counter moves.

    Volt-amperes are never taken for watts, unless a power factor says how
    many of them are: then the watts are an estimate, and flagged.
    """
    watts, joules = numbers.get(Quantity.WATTS), numbers.get(Quantity.ENERGY_J)
    flags = NO_FLAGS
    extra = {name: numbers[quantity] for quantity, name in _EXTRAS.items() if quantity in numbers}
    if joules is not None and not _believes(rules, watts, step_j):
        extra["energy_counter_j"] = joules
        joules = None
    if watts is None and joules is None:
        watts = estimate(numbers, rules)
        flags = NO_FLAGS if watts is None else Flag.ESTIMATED
    if watts is None and joules is None and not extra:
        extra = {name: numbers[quantity] for quantity, name in _ALONE.items() if quantity in numbers}
    return Reading(
        probe_id=probe,
        begin_ns=begin_ns,
        end_ns=end_ns,
        watts=watts,
        volts=numbers.get(Quantity.VOLTS),
        amperes=numbers.get(Quantity.AMPERES),
        energy_j=joules,
        flags=flags,
        extra=extra,
    )


def estimate(numbers: Mapping[Quantity, float], rules: Rules) -> float | None:
    """Watts by what the operator knows of the load: VA times power factor, or amperes times volts times that."""
    if rules.power_factor is None:
        return None
    apparent = numbers.get(Quantity.VA)
    if apparent is None:
        amperes = numbers.get(Quantity.AMPERES)
        volts = numbers.get(Quantity.VOLTS, rules.nominal_volts)
        if amperes is None or volts is None:
            return None
        apparent = amperes * volts
    watts = apparent * rules.power_factor
    return watts if math.isfinite(watts) else None


def step_of(item: Item, answers: Mapping[Oid, Value]) -> float:
    """By how much a counter moves at least, in joules; a text shows by its digits how fine it is."""
    raw = answers.get(item.oid)
    number, value = number_of(raw), item.value(answers)
    factor = value / number if number and value is not None else item.column.scale
    if isinstance(raw, float):
        return 0.0
    digits = len(raw.partition(b".")[2].split(b" ")[0].rstrip(b"\0")) if isinstance(raw, bytes) else 0
    return float(abs(factor) * 10.0**-digits)


def _believes(rules: Rules, watts: float | None, step_j: float) -> bool:
    if rules.counter == "fine":
        return watts is None or step_j <= _FINE_WATTS * rules.interval_s
    return rules.counter == "always"

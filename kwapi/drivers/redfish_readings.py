# SPDX-License-Identifier: Apache-2.0
"""Readings of what a Redfish service told: when it was measured, whether it is new, and which counters to believe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from climate.devices.redfish.electricity import Electricity
from kwapi.core.reading import NO_FLAGS, Flag, Reading

NS = 1_000_000_000

OLDEST_S = 3600.0
"""A value that says of itself to be older has a clock that was never set, and is taken as of now."""
_SAME_S = 2.0
"""By how much two whole seconds of one clock may mislead."""
_FINE_WATTS = 1000.0
"""A counter is fine if so much power moves it at each reading."""


@dataclass(frozen=True, slots=True)
class Document:
    """A resource; when it was asked for and had come (by our clock), and when it was sent (by the device's)."""

    resource: Mapping[str, Any]
    begin_ns: int
    end_ns: int
    date_s: float | None = None


@dataclass(frozen=True, slots=True)
class Instant:
    """When the device measured by its own clock; and by ours, ``None`` where that cannot be known."""

    read_at_s: float
    at_ns: int | None


class Readings:
    """Makes readings, and remembers of each probe what makes the next one.

    ``counter`` is ``always``, ``fine`` or ``never``: fine is one whose joules
    do not come in larger steps than flow in an interval.
    """

    def __init__(self, counter: str, interval_s: float) -> None:
        self._counter = counter
        self._largest_step_j = _FINE_WATTS * interval_s
        self._steps: dict[str, float] = {}
        self._instants: dict[str, Instant] = {}

    def reading(self, probe: str, told: Electricity, documents: Sequence[Document]) -> Reading:
        """What a probe says by one or more documents, the first of which says when."""
        begin_ns = min(each.begin_ns for each in documents)
        end_ns = max(each.end_ns for each in documents)
        extra = extra_of(told)
        flags = Flag.ESTIMATED if told.estimated else NO_FLAGS
        if told.partial:
            flags |= Flag.PARTIAL
        if told.read_at_s is not None:
            before = self._instants.get(probe)
            if before is not None and before.read_at_s == told.read_at_s:
                flags |= Flag.STALE
            instant = self._instants[probe] = instant_of(told.read_at_s, documents[0], before)
            if instant.at_ns is not None:
                extra["age_s"] = max(0, end_ns - instant.at_ns) / NS
                begin_ns = end_ns = instant.at_ns
        believed = self._believes(probe, told)
        if told.joules is not None and not believed:
            extra["energy_counter_j"] = told.joules
        return Reading(
            probe_id=probe,
            begin_ns=begin_ns,
            end_ns=end_ns,
            watts=told.watts,
            volts=told.volts,
            amperes=told.amperes,
            energy_j=told.joules if believed else None,
            flags=flags,
            extra=extra,
        )

    def _believes(self, probe: str, told: Electricity) -> bool:
        if told.joules is None or told.joule_step is None or self._counter == "never":
            return False
        # The digits that it shows teach how fine it is; a last 0 is not shown.
        step = self._steps[probe] = min(told.joule_step, self._steps.get(probe, told.joule_step))
        return self._counter == "always" or told.watts is None or step <= self._largest_step_j


def instant_of(read_at_s: float, document: Document, before: Instant | None) -> Instant:
    """When a value was measured that the device dates; ``before`` is that of the value before.

    How old it is, the device's own clock tells, so that this need not be
    right. Its times are of whole seconds often: from value to value, their
    distance is truer.
    """
    if before is not None and before.read_at_s == read_at_s:
        return before
    now_s = document.end_ns / NS if document.date_s is None else document.date_s
    if not -_SAME_S <= now_s - read_at_s <= OLDEST_S:
        return Instant(read_at_s, None)
    at_ns = document.end_ns - round(max(now_s - read_at_s, 0.0) * NS)
    if before is not None and before.at_ns is not None:
        following = before.at_ns + round((read_at_s - before.read_at_s) * NS)
        if abs(following - at_ns) <= _SAME_S * NS:
            at_ns = max(following, before.at_ns)
    return Instant(read_at_s, min(at_ns, document.end_ns))


def extra_of(told: Electricity) -> dict[str, float]:
    """What is told beside watts, volts, amperes and joules, by the names that readings have for it."""
    named = {
        "apparent_power_va": told.apparent_va,
        "power_factor": told.power_factor,
        "frequency_hz": told.hertz,
        "temperature_c": told.celsius,
    }
    return {name: value for name, value in named.items() if value is not None}

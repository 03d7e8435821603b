# SPDX-License-Identifier: Apache-2.0
"""A machine's own BMC as wattmeter, by IPMI: its power meter (DCMI), or its sensors in watts."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from msgspec import structs
from oslo_config import cfg

from climate.devices.ipmi import choosing, dcmi
from climate.devices.ipmi.answers import Garbled, IpmiError, NoAnswer, Refused
from climate.devices.ipmi.dcmi import PowerReading
from climate.devices.ipmi.repository import Repository, value_of
from climate.devices.ipmi.sdr import DEGREES_C, WATTS, Sensor
from climate.devices.ipmi.session import KEPT_S, Bmc
from kwapi.core.reading import NO_FLAGS, Flag, Reading
from kwapi.drivers.ipmi_options import OPTIONS, login_of, names_of
from kwapi.drivers.protocol import DeviceError, Section

NS = 1_000_000_000
_UNSET = frozenset((0, 0xFFFFFFFF))
_LEAVE_S = 0.5


class Transport(Protocol):
    """A BMC, as :class:`climate.devices.ipmi.session.Bmc` is one."""

    def ask(self, netfn: int, command: int, data: bytes, *, what: str, until: float, lun: int = 0) -> bytes: ...

    def leave(self, until: float) -> None: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked for: each probe's sensors, or ``None`` for the power meter; and the sensor of the air."""

    probes: dict[str, tuple[Sensor, ...]] | None
    temperature: Sensor | None


class IpmiDriver:
    """Asks one BMC in a session that is kept. A long list of sensors takes several calls of ``read`` before the first
    reading.

    :raises ConfigError: options contradict each other.
    """

    options: ClassVar[Sequence[cfg.Opt]] = OPTIONS

    def __init__(self, section: Section, clock_ns: Callable[[], int], bmc: Transport | None = None) -> None:
        settings: Any = section.options
        self._probes = [probe for probe in section.probes if probe is not None]
        self._source: str = settings["source"]
        self._names = names_of(section, self._source, settings["sensors"])
        self._temperature: str | None = settings["temperature"]
        self._timeout_s = section.timeout_s
        self._seldom = section.interval_s >= KEPT_S
        self._clock_ns = clock_ns
        self._bmc: Transport = bmc or Bmc(settings["host"], settings["port"], login_of(settings))
        self._metered: bool | None = None
        self._why_not_metered = ""
        self._repository: Repository | None = None
        self._plan: Plan | None = None
        self._age = Age()
        self._missing: dict[str, str] = {}
        self._closed = False

    def read(self) -> list[Reading]:
        """One reading of each probe; none yet while the list of sensors is read.

        :raises DeviceError: the BMC did not answer, or nothing that is a power.
        """
        if self._closed:
            raise DeviceError("it is closed")
        now = time.monotonic()
        until = now + self._timeout_s
        try:
            plan = self._plan or self._planned(now + self._timeout_s / 2, until)
            if plan is None:
                return []
            readings = self._metered_power(until) if plan.probes is None else self._sensed(plan.probes, until)
            if plan.temperature is not None:
                readings[0] = self._with_temperature(readings[0], plan.temperature, until)
            if self._seldom:
                self._bmc.leave(time.monotonic() + _LEAVE_S)
        except IpmiError as error:
            if isinstance(error, Garbled) or (isinstance(error, NoAnswer) and self._plan is not None):
                # Who comes back may have other sensors, after an update of its firmware.
                self._forget()
            raise DeviceError(str(error)) from None
        return readings

    def missing(self) -> dict[str, str]:
        """The probes whose sensors told nothing when they were asked last, and why."""
        return self._missing

    def close(self) -> None:
        """End the session."""
        self._closed = True
        self._bmc.close()

    def _forget(self) -> None:
        self._plan, self._repository, self._metered = None, None, None

    def _planned(self, pause_at: float, until: float) -> Plan | None:
        """What to ask for; nothing while the list of sensors is not complete."""
        if self._metered is None:
            self._metered = self._source != "sensor" and not self._names and self._has_meter(until)
        temperature = None
        sensors: list[Sensor] = []
        if not self._metered or self._temperature is not None:
            if self._repository is None:
                self._repository = Repository(self._bmc)
            self._repository.read(pause_at, until)
            if not self._repository.complete:
                return None
            sensors = self._repository.sensors
            self._repository = None
        if self._temperature is not None:
            by_place = self._temperature == "inlet"
            temperature = choosing.inlet(sensors) if by_place else choosing.named(sensors, self._temperature, DEGREES_C)
        self._plan = Plan(None if self._metered else self._chosen(sensors), temperature)
        return self._plan

    def _has_meter(self, until: float) -> bool:
        """Whether it answers as DCMI has it; a BMC that is only told to use that is asked again each time."""
        if self._source == "dcmi":
            return True
        try:
            if self._power(until).active:
                return True
            self._why_not_metered = "its DCMI power measurement is not active"
        except (Refused, Garbled) as error:
            if isinstance(error, Refused) and error.passing:
                raise
            self._why_not_metered = str(error)
        return False

    def _chosen(self, sensors: Sequence[Sensor]) -> dict[str, tuple[Sensor, ...]]:
        if self._names:
            return {
                probe: tuple(choosing.named(sensors, name, WATTS) for name in names)
                for probe, names in self._names.items()
            }
        try:
            return {self._probes[0]: (choosing.total(sensors),)}
        except IpmiError as error:
            self._forget()
            reason = f"{self._why_not_metered}; and " if self._why_not_metered else ""
            raise IpmiError(f"{reason}{error}. Name it with 'sensors'") from None

    def _power(self, until: float) -> PowerReading:
        answer = self._bmc.ask(dcmi.NETFN, dcmi.COMMAND, dcmi.REQUEST, what="its DCMI power reading", until=until)
        return dcmi.parse_power(answer)

    def _metered_power(self, until: float) -> list[Reading]:
        begin_ns = self._clock_ns()
        power = self._power(until)
        end_ns = max(begin_ns, self._clock_ns())
        if not power.active:
            raise IpmiError("its DCMI power measurement is not active; the BMC's or the BIOS's settings turn it on")
        flags, extra = self._age.of(power, end_ns)
        return [
            Reading(
                probe_id=self._probes[0],
                begin_ns=begin_ns,
                end_ns=end_ns,
                watts=float(power.watts),
                flags=flags,
                extra=extra,
            )
        ]

    def _sensed(self, probes: Mapping[str, Sequence[Sensor]], until: float) -> list[Reading]:
        readings = []
        self._missing = {}
        for probe, sensors in probes.items():
            begin_ns = self._clock_ns()
            told = []
            silent: list[str] = []
            for sensor in sensors:
                try:
                    told.append(self._watts(sensor, until))
                except (Refused, Garbled) as error:
                    silent.append(str(error))
            end_ns = max(begin_ns, self._clock_ns())
            if told:
                flags = NO_FLAGS if len(told) == len(sensors) else Flag.PARTIAL
                readings.append(Reading(probe_id=probe, begin_ns=begin_ns, end_ns=end_ns, watts=sum(told), flags=flags))
            else:
                self._missing[probe] = ", ".join(silent)
        if not readings:
            raise Garbled(f"no sensor tells a power: {', '.join(self._missing.values())}")
        return readings

    def _watts(self, sensor: Sensor, until: float) -> float:
        value = value_of(self._bmc, sensor, until)
        if value is None:
            raise Garbled(f"{sensor.name!r} has no reading")
        if value < 0:
            raise Garbled(f"{sensor.name!r} says {value:g} W")
        return value

    def _with_temperature(self, reading: Reading, sensor: Sensor, until: float) -> Reading:
        try:
            value = value_of(self._bmc, sensor, until)
        except IpmiError:
            # The power is told all the same; if the BMC is lost, the next question finds out.
            value = None
        return reading if value is None else structs.replace(reading, extra=reading.extra | {"temperature_c": value})


class Age:
    """Tells whether a power meter repeats itself, by the BMC's clock; its instants are not compared with ours.

    A clock that stands while the watts change tells nothing from then on.
    """

    def __init__(self) -> None:
        self._last: PowerReading | None = None
        self._heard_ns = 0
        self._clock_stands = False

    def of(self, power: PowerReading, now_ns: int) -> tuple[Flag, dict[str, float]]:
        """The flags and extras of what was heard now: the seconds since the same was heard first, if it was."""
        last = self._last
        if power.at_s in _UNSET or last is None or last.at_s != power.at_s:
            self._last, self._heard_ns = power, now_ns
            return NO_FLAGS, {}
        if last.watts != power.watts:
            self._clock_stands = True
        if self._clock_stands:
            return NO_FLAGS, {}
        return Flag.STALE, {"age_s": max(0, now_ns - self._heard_ns) / NS}

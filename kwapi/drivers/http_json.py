# SPDX-License-Identifier: Apache-2.0
"""Meters that tell JSON over HTTP: a URL, and a JMESPath for each quantity."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any, ClassVar
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo

import jmespath
from jmespath.exceptions import JMESPathError
from jmespath.parser import ParsedResult
from oslo_config import cfg

from climate.devices.http_json import values
from climate.devices.http_json.source import FetchError, Source
from climate.devices.http_json.values import ValueAbsent, ValueUnfit
from climate.errors import ConfigError
from kwapi.core.reading import NO_FLAGS, Flag, Reading
from kwapi.drivers.http_access import ACCESS_OPTS, source_of
from kwapi.drivers.protocol import DeviceError, Section

LOG = logging.getLogger(__name__)

NS = 1_000_000_000
AHEAD_NS = 5 * NS
"""A device's clock may be ahead of ours by so much; its instants then count as ours."""

_UNITS: Mapping[str, Mapping[str, float]] = {
    "watts": {"W": 1.0, "mW": 0.001, "kW": 1e3},
    "volts": {"V": 1.0, "mV": 0.001},
    "amperes": {"A": 1.0, "mA": 0.001},
    "energy": {"Wh": 3600.0, "J": 1.0, "Wmin": 60.0, "mWh": 3.6, "kWh": 3.6e6, "MWh": 3.6e9},
}
_SCALED = ("watts", "amperes", "energy", "apparent_power")
_EXTRAS = {
    "apparent_power": "apparent_power_va",
    "power_factor": "power_factor",
    "frequency": "frequency_hz",
    "temperature": "temperature_c",
}
_AT = "at"


@dataclass(frozen=True, slots=True, kw_only=True)
class Paths:
    """Where a probe's numbers stand in a document, and what each is multiplied with."""

    numbers: Mapping[str, ParsedResult]
    factors: Mapping[str, float]
    at: ParsedResult | None = None
    zone: tzinfo | None = None


@dataclass(frozen=True, slots=True)
class Values:
    """What a document says of a probe: numbers by quantity, in watts, volts, amperes and joules, and their instant."""

    numbers: Mapping[str, float] = field(default_factory=dict)
    at_ns: int | None = None


class HttpJsonDriver:
    """Fetches a document, or one for each probe where the URL names the outlet.

    ``source`` replaces the connection that the options describe.

    :raises ConfigError: a path or another option cannot be understood.
    """

    options: ClassVar[Sequence[cfg.Opt]] = (
        cfg.StrOpt(
            "url",
            required=True,
            help="Where the document is. {outlet} stands for the probe's outlet and {index} for its place from 0, "
            "here and in the paths; with one of them in the URL each probe has a document of its own.",
        ),
        cfg.StrOpt("watts", help="The JMESPath of the power."),
        cfg.StrOpt("volts", help="The JMESPath of the voltage."),
        cfg.StrOpt("amperes", help="The JMESPath of the current."),
        cfg.StrOpt("energy", help="The JMESPath of a counter of energy that only ever rises."),
        cfg.StrOpt("apparent_power", help="The JMESPath of the apparent power, in VA."),
        cfg.StrOpt("power_factor", help="The JMESPath of the power factor."),
        cfg.StrOpt("frequency", help="The JMESPath of the mains frequency, in Hz."),
        cfg.StrOpt("temperature", help="The JMESPath of a temperature, in degrees Celsius."),
        *(
            cfg.StrOpt(f"{name}_unit", default=next(iter(units)), choices=list(units), help=f"The unit of {name}.")
            for name, units in _UNITS.items()
        ),
        cfg.FloatOpt(
            "scale",
            default=1.0,
            help="What power, current and energy are multiplied with besides, such as a current transformer's ratio.",
        ),
        cfg.StrOpt(
            "at",
            help="The JMESPath of the instant at which all that was measured: seconds or milliseconds since the "
            "epoch, or ISO 8601. Without it, the time of the question counts.",
        ),
        cfg.StrOpt("at_zone", help="The time zone of instants that name none themselves, such as Europe/Paris."),
        cfg.FloatOpt("max_age_s", default=300.0, min=0.1, help="What was measured longer ago is not told any more."),
        *ACCESS_OPTS,
    )

    def __init__(self, section: Section, clock_ns: Callable[[], int], source: Source | None = None) -> None:
        settings: Any = section.options
        zone = _zone(settings["at_zone"])
        self._urls: dict[str, str] = {}
        self._paths: dict[str, Paths] = {}
        for index, probe in enumerate(section.probes):
            if probe is not None:
                outlet = probe.removeprefix(f"{section.device}/")
                self._urls[probe] = _filled(settings["url"], quote(outlet, safe=""), index)
                self._paths[probe] = _paths(settings, outlet, index, zone)
        if not settings["url"].startswith(("http://", "https://")):
            raise ConfigError("It must begin with http:// or https://.", option="url")
        if "@" in urlsplit(settings["url"]).netloc:
            raise ConfigError("Write who we are as username, and the password into a file.", option="url")
        self._max_age_ns = round(settings["max_age_s"] * NS)
        self._timeout_s = section.timeout_s
        self._source: Source = source or source_of(section)
        self._told: dict[str, tuple[int, int]] = {}
        self._missing: dict[str, str] = {}
        self._clock_ns = clock_ns

    def read(self) -> list[Reading]:
        """What each document says; a probe of which it says nothing that can be used is left out.

        :raises DeviceError: that is so of all probes.
        """
        deadline = time.monotonic() + self._timeout_s
        documents: dict[str, tuple[Any, int, int] | DeviceError] = {}
        readings: list[Reading] = []
        reasons: dict[str, str] = {}
        for probe, url in self._urls.items():
            if url not in documents:
                documents[url] = self._document(url, deadline)
            document = documents[url]
            try:
                if isinstance(document, DeviceError):
                    raise document
                readings.append(self._reading(probe, *document))
            except DeviceError as error:
                reasons[probe] = str(error)
                LOG.debug("%s: %s", probe, error)
        self._missing = reasons
        if not readings:
            raise DeviceError(next(iter(reasons.values()), "there is no probe to be read"))
        return readings

    def missing(self) -> dict[str, str]:
        """The probes of which the last documents said nothing, and why."""
        return self._missing

    def close(self) -> None:
        """Whoever reads comes back with an error."""
        self._source.close()

    def _document(self, url: str, deadline: float) -> tuple[Any, int, int] | DeviceError:
        begin_ns = self._clock_ns()
        try:
            document = values.decoded(self._source.fetch(url, deadline))
        except (FetchError, ValueUnfit) as error:
            return DeviceError(str(error))
        return document, begin_ns, max(begin_ns, self._clock_ns())

    def _reading(self, probe: str, document: Any, begin_ns: int, end_ns: int) -> Reading:
        try:
            said = parse_document(document, self._paths[probe])
        except (ValueAbsent, ValueUnfit) as error:
            raise DeviceError(str(error)) from None
        extra = {name: said.numbers[each] for each, name in _EXTRAS.items() if each in said.numbers}
        flags = NO_FLAGS
        if said.at_ns is not None:
            begin_ns, flags, age_s = self._measured(probe, said.at_ns, end_ns)
            end_ns = begin_ns
            extra["age_s"] = age_s
        return Reading(
            probe_id=probe,
            begin_ns=begin_ns,
            end_ns=end_ns,
            watts=said.numbers.get("watts"),
            volts=said.numbers.get("volts"),
            amperes=said.numbers.get("amperes"),
            energy_j=said.numbers.get("energy"),
            flags=flags,
            extra=extra,
        )

    def _measured(self, probe: str, at_ns: int, now_ns: int) -> tuple[int, Flag, float]:
        """When it was measured by our clock, whether that was told before, and how long ago that is."""
        if at_ns > now_ns + AHEAD_NS:
            raise DeviceError(f"its clock is {(at_ns - now_ns) / NS:.0f} s ahead; set it, or leave at out")
        if at_ns < now_ns - self._max_age_ns:
            raise DeviceError(f"what it tells was measured {(now_ns - at_ns) / NS:.0f} s ago")
        said_before, told_before = self._told.get(probe, (0, 0))
        if at_ns <= said_before:
            return told_before, Flag.STALE, max(0, now_ns - told_before) / NS
        told_ns = max(told_before, min(at_ns, now_ns))
        self._told[probe] = at_ns, told_ns
        return told_ns, NO_FLAGS, max(0, now_ns - told_ns) / NS


def parse_document(document: Any, paths: Paths) -> Values:
    """What a document says of a probe. Quantities besides power and energy may be missing, and are left out if unfit.

    :raises ValueAbsent: neither power nor energy stands there.
    :raises ValueUnfit: power, energy or the instant is none.
    """
    numbers: dict[str, float] = {}
    missing: ValueAbsent | None = None
    for name, path in paths.numbers.items():
        needed = name in ("watts", "energy")
        try:
            numbers[name] = values.number(path, document) * paths.factors.get(name, 1.0)
        except ValueAbsent as error:
            missing = error if missing is None and needed else missing
        except ValueUnfit:
            if needed:
                raise
    if "watts" not in numbers and "energy" not in numbers:
        raise missing or ValueAbsent("it says neither power nor energy")
    return Values(numbers, None if paths.at is None else values.instant_ns(paths.at, document, paths.zone))


def _filled(text: str, outlet: str, index: int) -> str:
    # Not str.format: braces have a meaning of their own in a JMESPath.
    return text.replace("{outlet}", outlet).replace("{index}", str(index))


def _paths(settings: Any, outlet: str, index: int, zone: tzinfo | None) -> Paths:
    compiled = {}
    for name in ("watts", "energy", "volts", "amperes", *_EXTRAS, _AT):
        text = settings[name]
        if text is not None:
            try:
                compiled[name] = jmespath.compile(_filled(text, outlet, index))
            except (JMESPathError, ValueError) as error:
                reason = " ".join(str(error).split())[:200]
                raise ConfigError(f"It is no JMESPath: {reason}.", option=name) from None
    at = compiled.pop(_AT, None)
    if not compiled.keys() & {"watts", "energy"}:
        raise ConfigError("Say where the power stands, or the energy.", option="watts")
    scale = settings["scale"]
    factors = {name: units[settings[f"{name}_unit"]] for name, units in _UNITS.items()}
    for name in _SCALED:
        factors[name] = factors.get(name, 1.0) * scale
    return Paths(numbers=compiled, factors=factors, at=at, zone=zone)


def _zone(name: str | None) -> tzinfo | None:
    if name is None:
        return None
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        raise ConfigError(f"There is no time zone {name!r}.", option="at_zone") from None

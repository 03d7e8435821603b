# SPDX-License-Identifier: Apache-2.0
"""Probes as JSON, each encoded once for every reading however many ask.

The first Kwapi's fields come first, under its names: ``timestamp`` (seconds
since the epoch), ``w`` and ``kwh``, ``v`` and ``a`` where the device tells
them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from kwapi.consumers.live import Live, Probe
from kwapi.core.condition import Condition
from kwapi.core.energy import NS
from kwapi.core.reading import Flag

JSON = dict[str, object]
METERS = (
    "timestamp", "w", "kwh", "v", "a", "coverage", "kwh_lower", "kwh_upper", "since", "gaps", "refused",
    "stale", "flags", "extra", "device",
)  # fmt: skip
"""What one may ask of a probe by itself."""

_OF_READINGS = ("timestamp", "w", "kwh", "coverage", "kwh_lower", "kwh_upper", "since")
_JOULES_PER_KWH = 3_600_000.0
_encode = msgspec.json.Encoder().encode


class Listing:
    """All probes in one body. ``stale_after_s`` is how long a probe may be silent and still be fresh."""

    def __init__(self, live: Live, clock_ns: Callable[[], int], stale_after_s: float) -> None:
        self._live = live
        self._clock_ns = clock_ns
        self._stale_ns = int(stale_after_s * NS)
        self._encoded: dict[str, tuple[Probe, bool, bytes]] = {}

    def whole(self, probe: Probe, device: Condition | None = None) -> JSON:
        """A probe with all that is known of it; ``device``: what is wrong with its device."""
        shown = self._short(probe, self._is_stale(probe))
        meter = probe.meter
        shown |= {
            "kwh_lower": None if meter is None else meter.lower_j / _JOULES_PER_KWH,
            "kwh_upper": None if meter is None else meter.upper_j / _JOULES_PER_KWH,
            "since": None if meter is None else meter.since_ns / NS,
            "gaps": 0 if meter is None else meter.gaps,
            "refused": 0 if meter is None else meter.refused,
            "flags": _flags(probe),
            "extra": probe.reading.extra,
            "device": None if device is None else condition(device),
        }
        return shown

    @staticmethod
    def unheard(device: Condition) -> JSON:
        """A probe that was not heard, or not for long, of a device that is not well."""
        shown: JSON = dict.fromkeys(_OF_READINGS)
        return shown | {"stale": True, "gaps": 0, "refused": 0, "flags": [], "extra": {}, "device": condition(device)}

    def body(self, probes: Iterable[Probe]) -> msgspec.Raw:
        """An object of probes by their names, each as short as a pollster needs it."""
        return msgspec.Raw(b"{" + b",".join([fragment for _, fragment in self.fragments(probes)]) + b"}")

    def fragments(self, probes: Iterable[Probe]) -> list[tuple[str, bytes]]:
        """Each probe's name, and its part of :meth:`body`: the same object as long as it has nothing new to say."""
        fresh_ns = self._clock_ns() - self._stale_ns
        return [(probe.probe_id, self._fragment(probe, probe.reading.end_ns < fresh_ns)) for probe in probes]

    @staticmethod
    def name(probe_id: str) -> bytes:
        """A probe's name in JSON."""
        return _encode(probe_id)

    def _fragment(self, probe: Probe, stale: bool) -> bytes:
        kept = self._encoded.get(probe.probe_id)
        if kept is not None and kept[0] is probe and kept[1] is stale:
            return kept[2]
        made = _encode(probe.probe_id) + b":" + _encode(self._short(probe, stale))
        self._encoded[probe.probe_id] = probe, stale, made
        return made

    def _short(self, probe: Probe, stale: bool) -> JSON:
        reading, meter = probe.reading, probe.meter
        shown: JSON = {
            "timestamp": reading.end_ns / NS,
            "w": _watts(probe),
            "kwh": None if meter is None else meter.joules / _JOULES_PER_KWH,
            "coverage": None if meter is None else round(100 * meter.coverage, 3),
            "stale": stale,
        }
        if reading.volts is not None:
            shown["v"] = reading.volts
        if reading.amperes is not None:
            shown["a"] = reading.amperes
        if reading.flags or probe.flaws:
            shown["flags"] = _flags(probe)
        return shown

    def _is_stale(self, probe: Probe) -> bool:
        return self._clock_ns() - probe.reading.end_ns > self._stale_ns


def condition(device: Condition) -> JSON:
    """A device that is not well."""
    return {
        "device": device.device,
        "state": device.state,
        "since": device.since_ns / NS,
        "reason": device.reason,
        "probes": device.probes,
        "of": device.of,
        "attempts": device.attempts,
        "failures": device.failures,
        "answered": None if device.answered_ns is None else device.answered_ns / NS,
    }


def _watts(probe: Probe) -> float | None:
    """The last power that was believed."""
    if probe.flaws & Flag.IMPLAUSIBLE:
        return None if probe.meter is None else probe.meter.last.watts
    return probe.reading.watts


def _flags(probe: Probe) -> list[str]:
    return [str(flag.name).lower() for flag in probe.reading.flags | probe.flaws]

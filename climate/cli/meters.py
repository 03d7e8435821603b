# SPDX-License-Identifier: Apache-2.0
"""What a probe says, under the names and in the units that the commands show. Asks nothing and writes nothing."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from typing import Any, Final, NotRequired, TypedDict

from climate.client import times
from climate.client.probes import Device, Listing, Probe

SILENT: Final = "silent"
"""The mark of a probe that has not spoken for some time; its numbers are old."""
GONE: Final = "gone"
"""The mark of a probe that left the list while it was watched."""
REPEATING: Final = "stale"
"""The mark of a probe whose device repeats an old value."""
UNBELIEVABLE: Final = "implausible"
"""The mark of a probe whose last reading was not believed: the watts are those before it."""
MISSING: Final = "missing"
"""The mark of a probe that tells nothing while others of its device do."""
_PARTIAL: Final = "partial"


class Meter(TypedDict):
    """A probe for people and programs; ``marks`` holds all that is special about its last reading, and its device.

    ``trouble`` says in a sentence what is wrong with that.
    """

    probe: str
    watts: float | None
    kWh: float | None
    coverage: float | None
    age: float | None
    marks: list[str]
    trouble: str | None
    volts: float | None
    amperes: float | None
    timestamp: float | None
    kWh_lower: NotRequired[float | None]
    kWh_upper: NotRequired[float | None]
    since: NotRequired[float | None]
    gaps: NotRequired[int]
    refused: NotRequired[int]
    extra: NotRequired[dict[str, float]]
    device: NotRequired[Device | None]


_MORE: Final = {"kwh_lower": "kWh_lower", "kwh_upper": "kWh_upper"} | {
    name: name for name in ("since", "gaps", "refused", "extra", "device")
}


def concerned(listing: Listing) -> dict[str, Probe]:
    """All probes, those of devices that are not well with these, though they were never heard.

    A device of which no probe is concerned stands there itself.
    """
    found = dict(listing["probes"])
    for device in listing["devices"]:
        for name in device["probes"] or [device["device"]]:
            known = found.get(
                name, Probe(timestamp=None, w=None, kwh=None, coverage=None, stale=bool(device["probes"]))
            )
            found[name] = {**known, "device": device}
    return dict(sorted(found.items()))


def marks(probe: Probe) -> list[str]:
    """What is special about a probe: that it is silent, the flags of its last reading, and how its device is."""
    device = probe.get("device")
    how = [] if device is None else [device["state"]]
    if device is not None and device["probes"] and device["state"] == _PARTIAL:
        how = [MISSING]
    return [*([SILENT] if probe["stale"] else []), *probe.get("flags", []), *how]


def meter(name: str, probe: Probe, now: float) -> Meter:
    """A probe as the commands show it at ``now``: ages in seconds, instants in epoch seconds."""
    told: Mapping[str, Any] = probe
    read_at, device = probe["timestamp"], probe.get("device")
    shown: dict[str, Any] = {
        "probe": name,
        "watts": probe["w"],
        "kWh": probe["kwh"],
        "coverage": probe["coverage"],
        "age": None if read_at is None else round(max(0.0, now - read_at), 3),
        "marks": marks(probe),
        "trouble": None if device is None else device["reason"],
        "volts": probe.get("v"),
        "amperes": probe.get("a"),
        "timestamp": read_at,
    }
    more = {ours: told[theirs] for theirs, ours in _MORE.items() if theirs in told}
    return Meter(**shown, **more)  # type: ignore[typeddict-item]


def in_words(meter: Meter) -> dict[str, Any]:
    """The fields of a probe as people read them."""
    return {
        name: _WORDS[name](value) if value is not None and name in _WORDS else value for name, value in meter.items()
    }


def watts(value: float | None) -> str:
    """Watts with a tenth."""
    return "" if value is None else f"{value:.1f}"


def kwh(value: float | None) -> str:
    """Kilowatt hours with four digits behind the point: a server's in a few seconds."""
    return "" if value is None else f"{value:.4f}"


def percent(value: float | None) -> str:
    """Per cent with a tenth, rounded down: what lacks something is not whole."""
    return "" if value is None else f"{math.floor(value * 10) / 10:.1f}"


def _instant(value: float) -> str:
    return dt.datetime.fromtimestamp(int(value), dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _device(value: Device) -> dict[str, Any]:
    """A device without its probes, of which there may be many, and its trouble, which stands beside it."""
    answered = value["answered"]
    return {
        "device": value["device"],
        "state": value["state"],
        "since": _instant(value["since"]),
        "answered": "never" if answered is None else _instant(answered),
        "attempts": value["attempts"],
        "failures": value["failures"],
    }


_WORDS: Final[dict[str, Any]] = {
    "watts": watts,
    "kWh": kwh,
    "kWh_lower": kwh,
    "kWh_upper": kwh,
    "volts": lambda value: f"{value:.1f}",
    "amperes": lambda value: f"{value:.3f}",
    "coverage": lambda value: f"{percent(value)} %",
    "age": times.short,
    "timestamp": _instant,
    "since": _instant,
    "marks": ", ".join,
    "device": _device,
}

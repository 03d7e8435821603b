# SPDX-License-Identifier: Apache-2.0
"""What a probe says, under the names and in the units that the commands show. Asks nothing and writes nothing."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from typing import Any, Final, NotRequired, TypedDict

from climate.client import times
from climate.client.probes import Probe

SILENT: Final = "silent"
"""The mark of a probe that has not spoken for some time; its numbers are old."""
GONE: Final = "gone"
"""The mark of a probe that left the list while it was watched."""
REPEATING: Final = "stale"
"""The mark of a probe whose device repeats an old value."""
UNBELIEVABLE: Final = "implausible"
"""The mark of a probe whose last reading was not believed: the watts are those before it."""


class Meter(TypedDict):
    """A probe for people and programs; ``marks`` holds all that is special about its last reading."""

    probe: str
    watts: float | None
    kWh: float | None
    coverage: float | None
    age: float
    marks: list[str]
    volts: float | None
    amperes: float | None
    timestamp: float
    kWh_lower: NotRequired[float | None]
    kWh_upper: NotRequired[float | None]
    since: NotRequired[float | None]
    gaps: NotRequired[int]
    refused: NotRequired[int]
    extra: NotRequired[dict[str, float]]


_MORE: Final = {"kwh_lower": "kWh_lower", "kwh_upper": "kWh_upper"} | {
    name: name for name in ("since", "gaps", "refused", "extra")
}


def marks(probe: Probe) -> list[str]:
    """What is special about a probe: that it is silent, and the flags of its last reading."""
    return [*([SILENT] if probe["stale"] else []), *probe.get("flags", [])]


def meter(name: str, probe: Probe, now: float) -> Meter:
    """A probe as the commands show it at ``now``: ages in seconds, instants in epoch seconds."""
    told: Mapping[str, Any] = probe
    shown: dict[str, Any] = {
        "probe": name,
        "watts": probe["w"],
        "kWh": probe["kwh"],
        "coverage": probe["coverage"],
        "age": round(max(0.0, now - probe["timestamp"]), 3),
        "marks": marks(probe),
        "volts": probe.get("v"),
        "amperes": probe.get("a"),
        "timestamp": probe["timestamp"],
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
}

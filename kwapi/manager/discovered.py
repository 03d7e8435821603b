# SPDX-License-Identifier: Apache-2.0
"""What a device was found to measure, as readings, as a section for the configuration, and in words for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from climate.devices.snmp.looking import Found
from climate.devices.snmp.oid import is_below, text_of
from climate.devices.snmp.profile import Profile, Quantity, Scope
from kwapi.manager.credentials import quoted

SHOWN = {Quantity.WATTS: "W", Quantity.VA: "VA", Quantity.AMPERES: "A", Quantity.VOLTS: "V"}
"""What a reading tells of a place, with the units in which people read it."""
_POWER = (Quantity.WATTS, Quantity.ENERGY_J)
_ALMOST = (Quantity.VA, Quantity.AMPERES)
_WORDS = {Quantity.VA: "apparent power", Quantity.AMPERES: "current", Quantity.VOLTS: "voltage"}
_WIDEST = 100


@dataclass(slots=True)
class Place:
    """Where something is measured: its name below the device, and of each quantity that it has the value now."""

    name: str
    scope: Scope
    label: str = ""
    values: dict[Quantity, float | None] = field(default_factory=dict)

    def says(self, quantities: Iterable[Quantity]) -> bool:
        """Whether one of these has a value now."""
        return any(self.values.get(quantity) is not None for quantity in quantities)


def places_of(found: Found) -> list[Place]:
    """The places at which a device measures power, current or voltage, in its order."""
    places: dict[str, Place] = {}
    for item in found.device.items:
        if item.quantity in SHOWN or item.quantity in _POWER:
            place = places.setdefault(item.place, Place(item.place, item.scope))
            place.label = place.label or item.label
            place.values[item.quantity] = item.value(found.rows)
    return list(places.values())


def to_be_read(places: Sequence[Place]) -> list[Place]:
    """Those whose power is measured; where there is none, those from whose current or VA it can be guessed."""
    return [place for place in places if place.says(_POWER)] or [place for place in places if place.says(_ALMOST)]


def refusal(found: Found, places: Sequence[Place]) -> str | None:
    """Why there is no power here, in a sentence; ``None``: there is."""
    if any(place.says(_POWER) for place in places):
        return None
    name = found.description or found.name or "it"
    if not found.device.profiles:
        called = f" ({text_of(found.object_id)})" if found.object_id else ""
        return f"This is not a known device: {name}{called} answers nothing in which a known family has its power."
    if any(quantity in place.values for place in places for quantity in _POWER):
        return "No power is measured here now: the device has a place for it and says that there is no value."
    words = [word for quantity, word in _WORDS.items() if any(place.says((quantity,)) for place in places)]
    only = f"only {_listed(words)}" if words else "only other things, such as temperatures"
    return f"No power is measured here, {only}."


def readings_of(device: str, places: Iterable[Place]) -> list[dict[str, object]]:
    """What each place says now, for programs; ``device`` is how the bus calls it."""
    return [
        {"probe": f"{device}/{place.name}", "scope": place.scope.value}
        | {quantity.value: place.values.get(quantity) for quantity in SHOWN}
        for place in places
    ]


def profiles_of(found: Found) -> str | None:
    """The names of the profiles that gave something."""
    return ", ".join(profile.name for profile in found.device.profiles) or None


def overview_of(found: Found) -> list[str]:
    """What the device is, and how that is known, in lines."""
    lines = [found.description or "It does not describe itself."]
    if found.name:
        lines.append(f"It is called {found.name}.")
    for profile in found.device.profiles:
        vendor = "" if profile.standard else f"{profile.vendor}, "
        lines.append(f"{vendor}{profile.description}: profile {profile.name}, {_known_by(found, profile)}")
    return lines


def _known_by(found: Found, profile: Profile) -> str:
    object_id = found.object_id
    if object_id and any(is_below(object_id, each) for each in profile.object_ids):
        return f"known by its sysObjectID {text_of(object_id)}"
    return "a standard that it answers" if profile.standard else "known by what it answers"


def table_of(places: Sequence[Place]) -> list[str]:
    """What is measured now, a line for each place."""
    rows = [["place", "label", *SHOWN.values()]]
    rows += [[place.name, place.label, *(_shown(place.values.get(quantity)) for quantity in SHOWN)] for place in places]
    kept = [column for column in zip(*rows, strict=True) if any(column[1:])]
    widths = [max(map(len, column)) for column in kept]
    return [
        "  ".join(
            cell.ljust(width) if column[0] in {"place", "label"} else cell.rjust(width)
            for cell, width, column in zip(row, widths, kept, strict=True)
        ).rstrip()
        for row in zip(*kept, strict=True)
    ]


def _shown(number: float | None) -> str:
    return "" if number is None else f"{number:g}" if abs(number) < 100_000 else f"{number:.0f}"


def section_of(
    name: str, device: str, found: Found, places: Sequence[Place], access: Iterable[str], own: Mapping[str, Path]
) -> str:
    """A section that reads the device.

    ``access`` are the lines that say where it is and who asks; ``own`` are
    the files of profiles that are not installed.
    """
    profiles = found.device.profiles
    read = to_be_read(places)
    lines = [f"# {found.description}"] if found.description else []
    lines += [f"[{name}]", "driver = snmp", f"device = {device}", *access]
    installed = [profile.name for profile in profiles if profile.name not in own]
    if installed:
        lines.append(f"profile = {', '.join(installed)}")
    lines += [f"profile_file = {quoted(str(own[profile.name]))}" for profile in profiles if profile.name in own]
    if found.object_id:
        lines.append(f"object_id = {text_of(found.object_id)}")
    refresh_s = max((profile.refresh_s or 0.0 for profile in profiles), default=0.0)
    if refresh_s:
        # Not set: where it is longer than the API's gap_s, no energy would be counted between two readings.
        lines.append(
            f"# The device measures each {refresh_s:g} s. With a longer gap_s at kwapi-api, set interval_s to it."
        )
    if not any(place.says(_POWER) for place in places):
        lines += _guessing(read)
    lines += [f"# {place.name}: {place.label}" for place in read if place.label]
    lines.append(f"probes = {', '.join(place.name for place in read)}")
    others = [place.name for place in places if place not in read]
    if others:
        lines.append(f"# Without power now, and so not read: {', '.join(others)}")
    return "".join(f"{line}\n" for line in lines)


def _guessing(read: Sequence[Place]) -> list[str]:
    """What an operator may add where no power is measured."""
    lines = [
        "# No power is measured here. Watts can be guessed with what you know of the load:",
        "# power_factor = 1.0",
    ]
    if not all(place.says((Quantity.VA,)) for place in read):
        lines.append("# nominal_volts = 230")
    return lines


def _listed(words: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))

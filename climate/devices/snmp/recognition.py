# SPDX-License-Identifier: Apache-2.0
"""Which profiles are a device's: by what it calls itself, and by what it really has."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass

from climate.devices.snmp.decode import Item, items_of, signs
from climate.devices.snmp.oid import Oid, Value, is_below
from climate.devices.snmp.profile import Profile, Quantity


@dataclass(frozen=True, slots=True)
class Device:
    """What was found: the profiles that gave something, the first first, and all that is measured.

    Of one quantity of one place that several profiles give, the first is taken.
    """

    profiles: tuple[Profile, ...]
    items: tuple[Item, ...]


def ordered(profiles: Iterable[Profile], object_id: Oid | None) -> list[Profile]:
    """Profiles in the order in which they are believed.

    First those that know the device's sysObjectID, the longest beginning
    first; then the others, since some devices have a wrong one or none; last
    the standards, and what is coarser than these. A profile that is exact is
    left out where it does not know the sysObjectID, or another knows it
    better; alone it is somebody's own choice.
    """
    every = list(profiles)
    known = {profile.name: _known(profile, object_id) for profile in every}
    best = max(known.values(), default=0)
    kept = [each for each in every if not each.exact or len(every) == 1 or 0 < known[each.name] == best]
    return sorted(kept, key=lambda each: (each.coarse, each.standard, -known[each.name], each.name))


def _known(profile: Profile, object_id: Oid | None) -> int:
    """How much of a sysObjectID a profile knows; nothing: 0."""
    if object_id is None:
        return 0
    return max((len(each) for each in profile.object_ids if is_below(object_id, each)), default=0)


def present(profiles: Iterable[Profile], there: Container[Oid]) -> list[Profile]:
    """Those of which a device has something; ``there`` are the signs below which it has.

    Objects belong to whoever registered them. So what answers below a
    vendor's is that vendor's, whatever the device calls itself.
    """
    return [profile for profile in profiles if any(sign in there for sign in signs(profile))]


def device_of(profiles: Sequence[Profile], rows: Mapping[Oid, Value]) -> Device:
    """What a device measures, by the rows of walks; ``profiles`` in the order of :func:`ordered`.

    An object means what the first says that reads it: a later one, which may
    be of another model, does not read it again under another name.
    """
    items: dict[tuple[str, Quantity], Item] = {}
    given = []
    read: set[Oid] = set()
    for profile in profiles:
        every = items_of(profile, rows)
        new = {(item.place, item.quantity): item for item in every if item.oid not in read}
        read.update(item.oid for item in every)
        better = {
            key: item
            for key, item in new.items()
            if key not in items or (items[key].value(rows) is None and item.value(rows) is not None)
        }
        if better:
            given.append(profile)
            items.update(better)
    return Device(tuple(given), tuple(items.values()))

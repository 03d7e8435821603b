# SPDX-License-Identifier: Apache-2.0
"""Looks at a device: what it calls itself, what it has, and what of that is power."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from climate.devices.snmp.decode import signs, walked
from climate.devices.snmp.oid import SYS_DESCR, SYS_NAME, SYS_OBJECT_ID, Oid, Value, is_below, words_of
from climate.devices.snmp.profile import Profile
from climate.devices.snmp.recognition import Device, device_of, ordered, present
from climate.devices.snmp.session import Session

_TREE = len((1, 3, 6, 1, 4, 1, 318))
"""As many numbers say whose an object is: 1.3.6.1.4.1.VENDOR, 1.3.6.1.2.1.STANDARD."""


@dataclass(frozen=True, slots=True)
class Found:
    """A device as it was met; ``rows`` are what its items' values stand in."""

    object_id: Oid | None
    description: str
    name: str
    device: Device
    rows: Mapping[Oid, Value]


def look(
    session: Session, profiles: Iterable[Profile], step: Callable[[int, int], None] = lambda done, of: None
) -> Found:
    """What a device has by some profiles; ``step(done, of)`` is told of the walks.

    :raises SnmpError: it does not answer, or not as it should.
    """
    system = session.get([SYS_OBJECT_ID, SYS_DESCR, SYS_NAME])
    object_id = system.get(SYS_OBJECT_ID)
    known = object_id if isinstance(object_id, tuple) else None
    order = ordered(profiles, known)
    there = _there(session, [sign for profile in order for sign in signs(profile)])
    found = present(order, there)
    roots = list(dict.fromkeys(root for profile in found for root in walked(profile, there)))
    rows: dict[Oid, Value] = {}
    for done, root in enumerate(roots):
        step(done, len(roots))
        rows.update(session.walk(root))
    step(len(roots), len(roots))
    return Found(known, words_of(system.get(SYS_DESCR)), words_of(system.get(SYS_NAME)), device_of(found, rows), rows)


def _there(session: Session, asked: Sequence[Oid]) -> set[Oid]:
    """Those below which a device has something; asked for only in trees (a vendor's, a standard's) of which it has."""

    def answered(roots: Iterable[Oid]) -> set[Oid]:
        behind = session.following(list(dict.fromkeys(roots)))
        return {root for root, oid in behind.items() if is_below(oid, root)}

    trees = answered(oid[:_TREE] for oid in asked)
    return answered(oid for oid in asked if oid[:_TREE] in trees)

# SPDX-License-Identifier: Apache-2.0
"""What a source may say of a host: checked before the inventory believes it."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Iterator

from climate.core.host import PropertyValue, SourceHost
from climate.core.host_properties.catalogue import NAME, NAME_LENGTH, STANDARD, Kind, as_kind, storable

TEXT_LENGTH = 4096
IDENTITY_LENGTH = 255
REASON_LENGTH = 255
_LARGEST_NUMBER = 2**63 - 1


class BadFact(ValueError):
    """What a source says cannot be kept; the text says what and why. ``fact`` is the property, ``""`` for the host."""

    def __init__(self, message: str, fact: str = "") -> None:
        super().__init__(message)
        self.fact = fact


def checked_host(host: SourceHost) -> SourceHost:
    """The host as the inventory keeps it: standard properties have the standard type.

    :raises BadFact: a name that no host can have, or a property that no filter could ask for.
    """
    if not host.name or not host.name.isprintable() or any(character.isspace() for character in host.name):
        raise BadFact(f"name must be a host name without spaces, and {host.name[:IDENTITY_LENGTH]!r} is none", "name")
    for field, value in (("name", host.name), ("service_host", host.service_host), ("id", host.external_id)):
        if len(value) > IDENTITY_LENGTH or not storable(value):
            raise BadFact(f"{field} must be at most {IDENTITY_LENGTH} ordinary characters", field)
    if len(host.unavailable_reason) > REASON_LENGTH or not storable(host.unavailable_reason):
        raise BadFact(f"unavailable_reason must be at most {REASON_LENGTH} ordinary characters", "unavailable_reason")
    return dataclasses.replace(
        host, properties={name: checked_fact(name, fact) for name, fact in host.properties.items()}
    )


def checked_fact(name: str, value: PropertyValue, kind: Kind | None = None) -> PropertyValue:
    """A property's value as the inventory keeps it; ``kind`` is its type where the standard does not fix it.

    :raises BadFact: no name that a filter could write, a number that is not
        finite or too large, text that is too long, or the wrong type.
    """
    if len(name) > NAME_LENGTH or NAME.fullmatch(name) is None:
        raise BadFact(
            f"{name[:NAME_LENGTH]!r} cannot name a property: use letters, digits and _ - : "
            f"with dots between parts, at most {NAME_LENGTH} characters",
            name,
        )
    _keepable(name, value)
    standard = STANDARD.get(name)
    expected = kind if standard is None else standard.kind
    if expected is None:
        return value
    fitting = as_kind(value, expected)
    if fitting is None:
        raise BadFact(f"{name} must be a {expected}, and {value!r} is none", name)
    return _keepable(name, fitting)


def _keepable(name: str, value: PropertyValue) -> PropertyValue:
    if isinstance(value, str):
        if len(value) > TEXT_LENGTH or not storable(value):
            raise BadFact(f"{name} must be at most {TEXT_LENGTH} ordinary characters", name)
    elif not isinstance(value, bool) and not (math.isfinite(value) and abs(value) <= _LARGEST_NUMBER):
        raise BadFact(f"{name} must be a finite number below 2^63", name)
    return value


def repeated(names: Iterable[str]) -> Iterator[str]:
    """The names that come a second time."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            yield name
        seen.add(name)

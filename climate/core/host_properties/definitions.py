# SPDX-License-Identifier: Apache-2.0
"""What an admin says of properties: of the whole site's, beside what sources tell and the standard fixes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from climate.core.host import PropertyValue
from climate.core.host_properties.catalogue import Kind
from climate.core.host_properties.visibility import Visibility


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Hosts that the filter ``where`` holds for have this ``value``."""

    where: list[Any]
    value: PropertyValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """One property, as an admin wants it; what is empty or ``None`` is left to others.

    ``type`` is set of a property that the admin added, and of no other.
    Of the ``rules``, the first whose filter holds for a host counts; what the
    admin gave that very host counts more, what its source tells less.
    """

    name: str
    hidden: bool | None = None
    type: Kind | None = None
    unit: str = ""
    description: str = ""
    rules: tuple[Rule, ...] = ()


def visibility_of(definitions: Iterable[Definition]) -> Visibility:
    """Which properties are hidden, and which are shown though they are hidden by default."""
    said = list(definitions)
    return Visibility(
        frozenset(one.name for one in said if one.hidden), frozenset(one.name for one in said if one.hidden is False)
    )

# SPDX-License-Identifier: Apache-2.0
"""The catalogue of properties: from it a tenant writes a filter, and an admin sees what was said of each."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from climate.core.host import PropertyValue
from climate.core.host_properties.catalogue import STANDARD, Kind
from climate.core.host_properties.definitions import Definition, Rule
from climate.core.host_properties.table import Column, HostTable

VALUES_SHOWN = 100


class Origin(enum.StrEnum):
    """Why there is a property."""

    STANDARD = "standard"
    REPORTED = "reported"
    ADDED = "added"


@dataclass(frozen=True, slots=True, kw_only=True)
class Property:
    """One searchable fact: its type (``number``, ``text``, ``boolean``), unit, meaning, and the values in use.

    ``values`` holds at most 100 distinct values (of numbers: the least and
    the greatest), ``hosts`` counts the hosts that have the fact. The rest is
    for admins: whether it is ``hidden`` from others, who has ``source`` for
    it, its rules, and what is wrong with them.
    """

    name: str
    type: str
    unit: str = ""
    description: str = ""
    values: tuple[PropertyValue, ...] = ()
    hosts: int = 0
    hidden: bool = False
    source: Origin = Origin.REPORTED
    rules: tuple[Rule, ...] = ()
    rule_problems: tuple[str, ...] = ()


def describe(
    table: HostTable, sees_hosts: bool, problems: Mapping[str, tuple[str, ...]] | None = None
) -> list[Property]:
    """The properties that the asker may name, by name: those that some host has, and those that an admin added.

    Who sees hosts also gets what else an admin spoke of. ``problems``: what is wrong with rules, by property.
    """
    names = set(table.columns()) | (set(table.definitions) if sees_hosts else set())
    found = (describe_one(table, name, sees_hosts, problems) for name in sorted(names))
    return [one for one in found if one is not None]


def describe_one(
    table: HostTable, name: str, sees_hosts: bool, problems: Mapping[str, tuple[str, ...]] | None = None
) -> Property | None:
    """One property, whether or not a host has it; ``None`` if the asker may not name it, or nobody could."""
    if not table.visibility.may_name(name, sees_hosts):
        return None
    definition = table.definitions.get(name)
    column = table.column(name)
    if column is None:
        if definition is None or not sees_hosts:
            return None
        column = Column(Kind.TEXT, (), np.empty(0, np.intp))  # an admin spoke of what no host has any more
    standard = STANDARD.get(name)
    said = definition or Definition(name=name)
    return Property(
        name=name,
        type=str(column.kind),
        unit=standard.unit if standard else said.unit,
        description=said.description or (standard.description if standard else ""),
        values=_values(column),
        hosts=column.hosts,
        hidden=table.visibility.hides(name),
        source=Origin.STANDARD if standard else Origin.ADDED if said.type else Origin.REPORTED,
        rules=said.rules,
        rule_problems=(problems or {}).get(name, ()),
    )


def _values(column: Column) -> tuple[PropertyValue, ...]:
    if column.kind is Kind.NUMBER:
        return (column.values[0], column.values[-1]) if column.values else ()
    if column.several:
        return tuple(sorted(column.holders)[:VALUES_SHOWN])
    return column.values[:VALUES_SHOWN]

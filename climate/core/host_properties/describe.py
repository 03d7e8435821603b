# SPDX-License-Identifier: Apache-2.0
"""The catalogue of properties in use, from which somebody writes a filter."""

from __future__ import annotations

from climate.core.host import PropertyValue
from climate.core.host_properties.catalogue import STANDARD, Kind, Property, may_name
from climate.core.host_properties.table import Column, HostTable

VALUES_SHOWN = 100


def describe(table: HostTable, sees_hosts: bool) -> list[Property]:
    """The properties that some host has, by name; without those that the asker may not name."""
    return [_described(name, column) for name, column in table.columns().items() if may_name(name, sees_hosts)]


def _described(name: str, column: Column) -> Property:
    standard = STANDARD.get(name)
    return Property(
        name=name,
        type=str(column.kind),
        unit=standard.unit if standard else "",
        description=standard.description if standard else "",
        values=_values(column),
        hosts=column.hosts,
    )


def _values(column: Column) -> tuple[PropertyValue, ...]:
    if column.kind is Kind.NUMBER:
        return column.values[0], column.values[-1]
    if column.several:
        return tuple(sorted(column.holders)[:VALUES_SHOWN])
    return column.values[:VALUES_SHOWN]

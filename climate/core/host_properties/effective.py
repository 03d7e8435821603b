# SPDX-License-Identifier: Apache-2.0
"""Which facts of hosts are in effect: what a source tells, under what rules say, under what is given to the host.

Rules see what sources tell and what is given to hosts, never what another
rule says: so their order among properties has no meaning, and they make no
circle. A rule that cannot be evaluated holds for no host.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from climate.core.host import Host, PropertyValue
from climate.core.host_properties.catalogue import as_kind
from climate.core.host_properties.definitions import Definition
from climate.core.host_properties.grammar import parse
from climate.core.host_properties.match import holds_for
from climate.core.host_properties.table import HostTable
from climate.errors import BadProperties


@dataclass(frozen=True, slots=True)
class InEffect:
    """The facts of hosts, ``told`` without rules and ``table`` with them.

    ``ruled`` has by property what rules say of hosts, by id; ``problems`` has
    by property why rules hold for no host, in a sentence each.
    """

    told: HostTable
    table: HostTable
    ruled: Mapping[str, Mapping[str, PropertyValue]]
    problems: Mapping[str, tuple[str, ...]]

    def facts(self, host: Host) -> dict[str, PropertyValue]:
        """The facts of one host, also of one that the tables do not have: then rules say nothing of it."""
        by_rules = {name: values[host.host_id] for name, values in self.ruled.items() if host.host_id in values}
        facts = {**host.properties, **by_rules, **host.given}
        for name, definition in self.table.definitions.items():
            if definition.type is not None and name in facts:
                fitting = as_kind(facts.pop(name), definition.type)
                if fitting is not None:
                    facts[name] = fitting
        return facts


def in_effect(hosts: Iterable[Host], definitions: Iterable[Definition], before: InEffect | None = None) -> InEffect:
    """The facts in effect of all ``hosts``.

    What did not change since ``before`` is taken over from there; it is quick
    where the definitions and most of the hosts are the same.
    """
    said = tuple(definitions)
    same = before is not None and tuple(before.told.definitions.values()) == said
    told = before.told.renewed(hosts) if before is not None and same else HostTable(hosts, said)
    ruled: dict[str, Mapping[str, PropertyValue]] = {}
    problems: dict[str, tuple[str, ...]] = {}
    columns: dict[str, dict[int, PropertyValue]] = {}
    for name, definition in told.definitions.items():
        values, refused = _by_rules(told, definition)
        values = {row: value for row, value in values.items() if name not in told.hosts[row].given}
        if values:
            columns[name] = values
            ruled[name] = {told.hosts[row].host_id: value for row, value in values.items()}
        if refused:
            problems[name] = refused
    return InEffect(told, told.overlaid(columns) if columns else told, ruled, problems)


def _by_rules(told: HostTable, definition: Definition) -> tuple[dict[int, PropertyValue], tuple[str, ...]]:
    """What the rules of one property say, by row of the table; and what is wrong with them."""
    values: dict[int, PropertyValue] = {}
    refused = []
    for index, rule in enumerate(definition.rules):
        try:
            rows = np.flatnonzero(holds_for(told, parse(rule.where)))
        except BadProperties as error:
            refused.append(f"rules[{index}] holds for no host: {error.message}")
            continue
        for row in rows.tolist():
            values.setdefault(row, rule.value)
    return values, tuple(refused)

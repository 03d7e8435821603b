# SPDX-License-Identifier: Apache-2.0
"""What an admin says of properties and of single hosts: checked and decided here, carried out by the store."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NoReturn

from climate.core.host import Host, PropertyValue
from climate.core.host_properties import grammar
from climate.core.host_properties.catalogue import NAME, NAME_LENGTH, OWN, STANDARD, Kind, kind_in_use, similar
from climate.core.host_properties.definitions import Definition, Rule
from climate.core.host_properties.effective import InEffect
from climate.core.host_properties.facts import BadFact, checked_fact
from climate.core.host_properties.match import holds_for
from climate.core.host_properties.table import HostTable
from climate.errors import BadField, BadProperties, PropertyExists, PropertyNotFound, PropertyReported
from climate.inventory.refresh_plan import Known
from climate.rpcapi.inventory import PropertyChange

LONGEST_UNIT = 32
LONGEST_DESCRIPTION = 1024
LONGEST_REASON = 255
MOST_RULES = 64
MOST_GIVEN = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What to write; every host is in the state that an admin wants it in.

    It holds only while the store is at ``seen_generation``. What was said of
    ``forgotten`` goes, ``definition`` comes or takes the place of the one before.
    """

    seen_generation: int
    definition: Definition | None = None
    forgotten: str | None = None
    hosts: tuple[Host, ...] = ()


def addition(known: Known, effect: InEffect, wanted: Definition) -> Decision:
    """A property that neither the standard nor a source knows.

    :raises PropertyExists: there is one of this name.
    :raises BadField: a name, a text or a rule's value that cannot be kept.
    :raises BadProperties: a rule's filter cannot be understood.
    """
    name = wanted.name
    if len(name) > NAME_LENGTH or NAME.fullmatch(name) is None:
        raise BadField(
            f"name must be letters, digits and _ - : with dots between parts, at most {NAME_LENGTH} characters.",
            field="name",
        )
    if _is_known(effect, name):
        raise PropertyExists(f"There is a property {name} already: change it instead.", name=name)
    if wanted.type is None:
        raise BadField(f"type is needed: {', '.join(Kind)}.", field="type")
    return Decision(seen_generation=known.generation, definition=_checked(effect.told, wanted))


def change(known: Known, effect: InEffect, name: str, wanted: PropertyChange) -> Decision:
    """Something else is said of a property than before, or for the first time.

    :raises PropertyNotFound: nobody knows the property.
    :raises BadField: what is said cannot be said of this property.
    :raises BadProperties: a rule's filter cannot be understood.
    """
    if not _is_known(effect, name):
        raise PropertyNotFound()
    if name in OWN and wanted.hidden is False:
        raise BadField(f"{name} stays hidden: it is what a host is called.", field="hidden")
    if name in OWN and wanted.rules:
        raise BadField(f"{name} can have no rules: it is what a host is called.", field="rules")
    if name in STANDARD and wanted.unit is not None:
        raise BadField(f"{name} has its unit on every site, and no other.", field="unit")
    said = effect.told.definitions.get(name, Definition(name=name))
    news = {field.name: getattr(wanted, field.name) for field in dataclasses.fields(wanted)}
    wanted_now = dataclasses.replace(said, **{field: value for field, value in news.items() if value is not None})
    return Decision(seen_generation=known.generation, definition=_checked(effect.told, wanted_now))


def forgetting(known: Known, effect: InEffect, name: str) -> Decision:
    """Nothing is said of a property any more, and no host is given it.

    :raises PropertyNotFound: nobody knows the property.
    :raises PropertyReported: it is there without any admin having said so.
    """
    hosts = tuple(
        dataclasses.replace(host, given={other: value for other, value in host.given.items() if other != name})
        for host in known.hosts
        if name in host.given
    )
    if not hosts and name not in effect.told.definitions:
        if _is_known(effect, name):
            raise PropertyReported()
        raise PropertyNotFound()
    return Decision(seen_generation=known.generation, forgotten=name, hosts=hosts)


def of_host(
    known: Known,
    effect: InEffect,
    host: Host,
    *,
    disabled: bool | None,
    reason: str,
    properties: Mapping[str, PropertyValue | None],
) -> Decision:
    """A host is given facts, or ``None`` for what was given to be taken back; and is disabled, or not, or as before.

    :raises BadField: a fact that no host can be given, or that is no value of its property.
    """
    given = dict(host.given)
    for name, value in properties.items():
        if value is None and name in given:
            del given[name]
            continue
        if name in OWN:
            raise BadField(f"{name} cannot be given: it is what the host is called.", field="properties", property=name)
        if not _is_known(effect, name):
            _refuse_unknown(effect.table, name)
        if value is not None:
            try:
                given[name] = checked_fact(name, value, _kind(effect.told, name))
            except BadFact as error:
                raise BadField(f"properties: {error}.", field="properties", property=name) from None
    if len(given) > MOST_GIVEN:
        raise BadField(f"A host can be given {MOST_GIVEN} properties at most.", field="properties")
    wanted = dataclasses.replace(host, given=given)
    if disabled is not None:
        wanted = dataclasses.replace(wanted, disabled=disabled, disabled_reason=reason if disabled else "")
    return Decision(seen_generation=known.generation, hosts=(wanted,))


def _is_known(effect: InEffect, name: str) -> bool:
    table = effect.table
    return table.column(name) is not None or name in table.definitions


def _kind(told: HostTable, name: str) -> Kind | None:
    """The type that values of a property must have; ``None`` while nothing says which."""
    column = told.column(name)
    return None if column is None else column.kind


def _refuse_unknown(table: HostTable, name: str) -> NoReturn:
    near = similar(name[:NAME_LENGTH], table.columns())
    hint = f" Did you mean {' or '.join(near)}?" if near else ""
    raise BadField(
        f"There is no property {name[:NAME_LENGTH]!r}.{hint} POST /v1/properties adds one.",
        field="properties",
        property=name[:NAME_LENGTH],
        near=near,
    )


def _checked(told: HostTable, wanted: Definition) -> Definition:
    """What an admin wants to say, as it can be kept."""
    for field, text, longest in (
        ("unit", wanted.unit, LONGEST_UNIT),
        ("description", wanted.description, LONGEST_DESCRIPTION),
    ):
        if len(text) > longest or not text.isprintable():
            raise BadField(f"{field} must be at most {longest} printable characters, on one line.", field=field)
    if len(wanted.rules) > MOST_RULES:
        raise BadField(f"A property can have {MOST_RULES} rules at most.", field="rules")
    kind = wanted.type or _kind(told, wanted.name) or kind_in_use(rule.value for rule in wanted.rules)
    return dataclasses.replace(wanted, rules=tuple(_checked_rules(told, wanted.name, kind, wanted.rules)))


def _checked_rules(told: HostTable, name: str, kind: Kind, rules: Iterable[Rule]) -> Iterable[Rule]:
    for index, rule in enumerate(rules):
        where = f"rules[{index}].where"
        try:
            holds_for(told, grammar.parse(rule.where))
        except BadProperties as error:
            message = f"{where}: {error.message.replace(grammar.FIELD, 'it')}"
            raise BadProperties(message, **{**error.details, "field": where}) from None
        try:
            yield Rule(where=rule.where, value=checked_fact(name, rule.value, kind))
        except BadFact as error:
            field = f"rules[{index}].value"
            raise BadField(f"{field}: {error}.", field=field) from None

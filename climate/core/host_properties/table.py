# SPDX-License-Identifier: Apache-2.0
"""All hosts by column, so that a filter looks at each distinct value once and not at each host.

A column holds a property's distinct values in ascending order, and for every
host the index of its value. A comparison with a literal is then a range of
indexes, whatever the number of hosts.
"""

from __future__ import annotations

import copy
import operator
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from climate.core.candidates import ID_BYTES, chunks, pack
from climate.core.host import Host, PropertyValue
from climate.core.host_properties.catalogue import ID, OWN, RUNNING_VMS, STANDARD, Kind, as_kind, kind_in_use
from climate.core.host_properties.definitions import Definition, visibility_of

Codes = npt.NDArray[np.intp]
Mask = npt.NDArray[np.bool_]
Facts = Mapping[str, PropertyValue]

_HELD: dict[Kind, set[type]] = {
    Kind.NUMBER: {int, float, type(None)},
    Kind.TEXT: {str, type(None)},
    Kind.BOOLEAN: {bool, type(None)},
}
"""The types of facts that a column of each kind holds as they are."""


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """One property of all hosts.

    ``values`` are distinct, ascending, of one kind. ``codes`` has an index
    into them for each host, -1 where the host lacks the property. Where a
    value stands for ``several`` names, ``names`` has those of each value, and
    ``holders`` the codes of the values that hold a name.
    """

    kind: Kind
    values: tuple[PropertyValue, ...]
    codes: Codes
    several: bool = False
    names: tuple[frozenset[str], ...] = ()
    holders: dict[str, list[int]] = field(default_factory=dict)

    def facts(self) -> list[PropertyValue | None]:
        """The value of each host."""
        values = (*self.values, None)  # code -1, a host without the property, looks at the end
        return [values[code] for code in self.codes.tolist()]

    @property
    def hosts(self) -> int:
        """How many hosts have the property."""
        return int(np.count_nonzero(self.codes >= 0))


class HostTable:
    """Hosts by name, their properties by column; built once, never changed, taken over where little changes.

    Facts are what sources tell, under what is given to each host. What an
    admin says of properties, the ``definitions``, fixes the type of those
    that the admin added, and who may name which.

    ``ids`` are the hosts' ids, 16 bytes each; ``bookable`` marks those that
    may be candidates. Those that may not still tell which properties exist.
    ``in_use`` marks the hosts that had instances when they were last looked at.
    """

    def __init__(self, hosts: Iterable[Host], definitions: Iterable[Definition] = ()) -> None:
        self.hosts = _by_name(hosts)
        self.definitions = {definition.name: definition for definition in definitions}
        self.visibility = visibility_of(self.definitions.values())
        self._size = len(self.hosts)
        packed = pack(host.host_id for host in self.hosts)
        self.ids = np.frombuffer(packed, f"V{ID_BYTES}")
        self.bookable = _bookable(self.hosts)
        self._row_of = {host_id: row for row, host_id in enumerate(chunks(packed))}
        self._kinds = _kinds(self.definitions.values())
        facts = [_facts(host) for host in self.hosts]
        names = {name for name in self._kinds if self._is_added(name)}.union(*facts) - OWN
        self._set(_own_columns(self.hosts) | self._columns_of(names, facts))

    def renewed(self, hosts: Iterable[Host]) -> HostTable:
        """The table of these hosts, with the same definitions.

        Only columns in which something changed are built again, if all
        ``hosts`` are in this table too, and no other is. It is quick where
        most of them are the very objects that this table was made of.
        """
        ordered = _by_name(hosts)
        if [host.host_id for host in ordered] != [host.host_id for host in self.hosts]:
            return HostTable(ordered, self.definitions.values())
        changed = [pair for pair in zip(self.hosts, ordered, strict=True) if pair[0] is not pair[1]]
        names = set().union(*(_unlike(_facts(before), _facts(now)) for before, now in changed)) - OWN
        own = OWN if any(_called(before) != _called(now) for before, now in changed) else set()
        columns = {name: column for name, column in self._columns.items() if name not in names | own}
        columns |= _own_columns(ordered) if own else {}
        table = copy.copy(self)
        table.hosts = ordered
        table.bookable = _bookable(ordered)
        table._set(columns | self._columns_of(names, [_facts(host) for host in ordered] if names else []))
        return table

    def _columns_of(self, names: Iterable[str], facts: Sequence[Facts]) -> dict[str, Column]:
        """The columns of these properties, from the facts of all hosts; without those that are none."""
        found = {name: _fact_column(name, [one.get(name) for one in facts], self._kinds) for name in names}
        return {name: column for name, column in found.items() if column.values or self._is_added(name)}

    def _is_added(self, name: str) -> bool:
        return name in self._kinds and name not in STANDARD

    def _set(self, columns: dict[str, Column]) -> None:
        self._columns = dict(sorted(columns.items()))
        self.in_use = _in_use(columns.get(RUNNING_VMS), self._size)

    def __len__(self) -> int:
        return self._size

    def overlaid(self, facts: Mapping[str, Mapping[int, PropertyValue]]) -> HostTable:
        """This table with other facts: by property and row, instead of or beside those that there are."""
        columns = {name: self._overlaid(name, values) for name, values in facts.items()}
        table = copy.copy(self)
        table._set(self._columns | {name: column for name, column in columns.items() if column.values})
        return table

    def _overlaid(self, name: str, values: Mapping[int, PropertyValue]) -> Column:
        before = self._columns.get(name)
        facts: list[PropertyValue | None] = [None] * self._size if before is None else before.facts()
        for row, value in values.items():
            facts[row] = value
        return _fact_column(name, facts, self._kinds)

    def columns(self) -> Mapping[str, Column]:
        """The properties that some host has, and those that an admin added, by name."""
        return self._columns

    def rows(self, packed: bytes) -> Codes:
        """The rows of these hosts (packed ids), as far as they are in the table."""
        found = (self._row_of.get(host_id) for host_id in chunks(packed))
        return np.array([row for row in found if row is not None], np.intp)

    def column(self, name: str) -> Column | None:
        """A property's column; of a standard property that no host has, an empty one; ``None`` for an unknown name."""
        column = self._columns.get(name)
        if column is None and (standard := STANDARD.get(name)) is not None:
            return _empty(standard.kind, self._size, standard.several)
        return column


def _by_name(hosts: Iterable[Host]) -> tuple[Host, ...]:
    return tuple(sorted(hosts, key=operator.attrgetter("name")))


def _bookable(hosts: Sequence[Host]) -> Mask:
    return np.array([host.bookable for host in hosts], np.bool_)


def _facts(host: Host) -> Facts:
    return {**host.properties, **host.given} if host.given else host.properties


def _unlike(before: Facts, now: Facts) -> set[str]:
    """The properties of which two hosts do not have the same fact."""
    names = {*before, *now}
    return {name for name in names if _typed(before.get(name)) != _typed(now.get(name))}


def _typed(fact: PropertyValue | None) -> tuple[type, PropertyValue | None]:
    return type(fact), fact  # True and 1 are equal, and not the same fact


def _called(host: Host) -> tuple[str, ...]:
    return host.name, host.service_host, host.external_id


def _own_columns(hosts: Sequence[Host]) -> dict[str, Column]:
    """What identifies the hosts; ``id`` stands for any of it."""
    own = {
        "host_id": [host.host_id for host in hosts],
        "name": [host.name for host in hosts],
        "hypervisor_hostname": [host.name for host in hosts],
        "service.host": [host.service_host for host in hosts],
        "external_id": [host.external_id for host in hosts],
    }
    columns = {name: _column(Kind.TEXT, [text or None for text in texts]) for name, texts in own.items()}
    names = {host.host_id: frozenset((host.host_id, *_called(host))) - {""} for host in hosts}
    columns[ID] = _several(columns["host_id"], [names[str(value)] for value in columns["host_id"].values])
    return {name: column for name, column in columns.items() if column.values}


def _kinds(definitions: Iterable[Definition]) -> dict[str, Kind]:
    """The types that are fixed: those of the standard, and of what an admin added."""
    added = {one.name: one.type for one in definitions if one.type is not None}
    return {**added, **{name: standard.kind for name, standard in STANDARD.items()}}


def _fact_column(name: str, facts: Sequence[PropertyValue | None], kinds: Mapping[str, Kind]) -> Column:
    """The column of these facts, one for each host; what its type cannot hold is left out."""
    kind = kinds.get(name) or kind_in_use(fact for fact in facts if fact is not None)
    if not set(map(type, facts)) <= _HELD[kind]:
        facts = [None if fact is None else as_kind(fact, kind) for fact in facts]
    column = _column(kind, facts)
    standard = STANDARD.get(name)
    if standard is not None and standard.several:
        return _several(column, [frozenset(str(value).split()) for value in column.values])
    return column


def _empty(kind: Kind, size: int, several: bool = False) -> Column:
    return Column(kind, (), np.full(size, -1, np.intp), several)


def _in_use(running: Column | None, size: int) -> Mask:
    if running is None:
        return np.zeros(size, np.bool_)
    some = np.array([value > 0 for value in running.values if not isinstance(value, str)] + [False])
    mask: Mask = some[running.codes]  # code -1, a host of which nothing is known, looks at the end
    return mask


def _several(column: Column, names: Sequence[frozenset[str]]) -> Column:
    holders: dict[str, list[int]] = {}
    for code, held in enumerate(names):
        for name in held:
            holders.setdefault(name, []).append(code)
    return Column(column.kind, column.values, column.codes, True, tuple(names), holders)


def _column(kind: Kind, facts: Sequence[PropertyValue | None]) -> Column:
    distinct = sorted(fact for fact in set(facts) if fact is not None)
    code_of: dict[PropertyValue | None, int] = {value: code for code, value in enumerate(distinct)}
    code_of[None] = -1
    return Column(kind, tuple(distinct), np.fromiter(map(code_of.__getitem__, facts), np.intp, len(facts)))

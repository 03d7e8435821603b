# SPDX-License-Identifier: Apache-2.0
"""All hosts by column, so that a filter looks at each distinct value once and not at each host.

A column holds a property's distinct values in ascending order, and for every
host the index of its value. A comparison with a literal is then a range of
indexes, whatever the number of hosts.
"""

from __future__ import annotations

import copy
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from climate.core.candidates import ID_BYTES, chunks
from climate.core.host import Host, PropertyValue
from climate.core.host_properties.catalogue import ID, OWN, RUNNING_VMS, STANDARD, Kind, as_kind, kind_in_use
from climate.core.host_properties.definitions import Definition, visibility_of

Codes = npt.NDArray[np.intp]
Mask = npt.NDArray[np.bool_]


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

    def items(self) -> list[tuple[int, int]]:
        """Row and code of each host that has the property."""
        rows = np.flatnonzero(self.codes >= 0)
        return list(zip(rows.tolist(), self.codes[rows].tolist(), strict=True))

    @property
    def hosts(self) -> int:
        """How many hosts have the property."""
        return int(np.count_nonzero(self.codes >= 0))


class HostTable:
    """Hosts by name, their properties by column; built once, never changed.

    Facts are what sources tell, under what is given to each host. What an
    admin says of properties, the ``definitions``, fixes the type of those
    that the admin added, and who may name which.

    ``ids`` are the hosts' ids, 16 bytes each; ``bookable`` marks those that
    may be candidates. Those that may not still tell which properties exist.
    ``in_use`` marks the hosts that had instances when they were last looked at.
    """

    def __init__(self, hosts: Iterable[Host], definitions: Iterable[Definition] = ()) -> None:
        ordered = tuple(sorted(hosts, key=lambda host: host.name))
        self.hosts = ordered
        self.definitions = {definition.name: definition for definition in definitions}
        self.visibility = visibility_of(self.definitions.values())
        self._size = len(ordered)
        self.ids = np.array([uuid.UUID(host.host_id).bytes for host in ordered], f"V{ID_BYTES}")
        self.bookable: Mask = np.array([host.bookable for host in ordered], np.bool_)
        self._row_of = {packed: row for row, packed in enumerate(self.ids.tolist())}
        self._kinds = _kinds(self.definitions.values())
        columns = {name: _empty(kind, self._size) for name, kind in self._kinds.items() if name not in STANDARD}
        self._set(columns | _own_columns(ordered) | _fact_columns(ordered, self._kinds))

    def _set(self, columns: dict[str, Column]) -> None:
        self._columns = dict(sorted(columns.items()))
        self.in_use = _in_use(columns.get(RUNNING_VMS), self._size)

    def __len__(self) -> int:
        return self._size

    def overlaid(self, facts: Mapping[str, Mapping[int, PropertyValue]]) -> HostTable:
        """This table with other facts: by property and row, instead of or beside those that there are."""
        columns = {name: self._overlaid(name, values) for name, values in facts.items()}
        table = copy.copy(self)
        table._set({**self._columns, **{name: column for name, column in columns.items() if column is not None}})
        return table

    def _overlaid(self, name: str, values: Mapping[int, PropertyValue]) -> Column | None:
        before = self._columns.get(name)
        facts = {} if before is None else {row: before.values[code] for row, code in before.items()}
        facts.update(values)
        return _fact_column(name, list(facts), list(facts.values()), self._size, self._kinds)

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


def _own_columns(hosts: Sequence[Host]) -> dict[str, Column]:
    """What identifies the hosts; ``id`` stands for any of it."""
    own = {
        "host_id": [host.host_id for host in hosts],
        "name": [host.name for host in hosts],
        "hypervisor_hostname": [host.name for host in hosts],
        "service.host": [host.service_host for host in hosts],
        "external_id": [host.external_id for host in hosts],
    }
    columns = {}
    for name, texts in own.items():
        having = [index for index, text in enumerate(texts) if text]
        if having:
            columns[name] = _column(Kind.TEXT, having, [texts[index] for index in having], len(hosts))
    if hosts:
        names = {
            host.host_id: frozenset({host.host_id, host.name, host.service_host, host.external_id} - {""})
            for host in hosts
        }
        ids = columns["host_id"]
        columns[ID] = _several(ids, [names[str(value)] for value in ids.values])
    return columns


def _kinds(definitions: Iterable[Definition]) -> dict[str, Kind]:
    """The types that are fixed: those of the standard, and of what an admin added."""
    added = {one.name: one.type for one in definitions if one.type is not None}
    return {**added, **{name: standard.kind for name, standard in STANDARD.items()}}


def _fact_columns(hosts: Sequence[Host], kinds: Mapping[str, Kind]) -> dict[str, Column]:
    having: dict[str, list[int]] = {}
    facts: dict[str, list[PropertyValue]] = {}
    for index, host in enumerate(hosts):
        for name, value in (host.properties | host.given if host.given else host.properties).items():
            if name not in OWN:
                having.setdefault(name, []).append(index)
                facts.setdefault(name, []).append(value)
    columns = {name: _fact_column(name, having[name], values, len(hosts), kinds) for name, values in facts.items()}
    return {name: column for name, column in columns.items() if column is not None}


def _fact_column(
    name: str, having: Sequence[int], values: Sequence[PropertyValue], size: int, kinds: Mapping[str, Kind]
) -> Column | None:
    """The column of these facts; what its type cannot hold is left out, and a column without a fact is none."""
    kind = kinds.get(name) or kind_in_use(values)
    fitting = [as_kind(value, kind) for value in values]
    kept = [(index, value) for index, value in zip(having, fitting, strict=True) if value is not None]
    column = _column(kind, [index for index, _ in kept], [value for _, value in kept], size)
    if not column.values:
        return None
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


def _column(kind: Kind, having: Sequence[int], values: Sequence[PropertyValue], size: int) -> Column:
    distinct = sorted(set(values))
    code_of = {value: code for code, value in enumerate(distinct)}
    codes = np.full(size, -1, np.intp)
    codes[list(having)] = [code_of[value] for value in values]
    return Column(kind, tuple(distinct), codes)

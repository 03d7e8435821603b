# SPDX-License-Identifier: Apache-2.0
"""All hosts by column, so that a filter looks at each distinct value once and not at each host.

A column holds a property's distinct values in ascending order, and for every
host the index of its value. A comparison with a literal is then a range of
indexes, whatever the number of hosts.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from climate.core.candidates import ID_BYTES
from climate.core.host import Host, PropertyValue
from climate.core.host_properties.catalogue import ID, OWN, RUNNING_VMS, STANDARD, Kind, as_kind, kind_in_use

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

    @property
    def hosts(self) -> int:
        """How many hosts have the property."""
        return int(np.count_nonzero(self.codes >= 0))


class HostTable:
    """Hosts by name, their properties by column; built once, never changed.

    ``ids`` are the hosts' ids, 16 bytes each; ``bookable`` marks those that
    may be candidates. Those that may not still tell which properties exist.
    ``in_use`` marks the hosts that had instances when they were last looked at.
    """

    def __init__(self, hosts: Iterable[Host]) -> None:
        ordered = sorted(hosts, key=lambda host: host.name)
        self._size = len(ordered)
        self.ids = np.array([uuid.UUID(host.host_id).bytes for host in ordered], f"V{ID_BYTES}")
        self.bookable: Mask = np.array([host.bookable for host in ordered], np.bool_)
        self._columns = _own_columns(ordered)
        self._columns.update(_fact_columns(ordered))
        self.in_use = _in_use(self._columns.get(RUNNING_VMS), self._size)

    def __len__(self) -> int:
        return self._size

    def columns(self) -> dict[str, Column]:
        """The properties that some host has, by name."""
        return dict(sorted(self._columns.items()))

    def column(self, name: str) -> Column | None:
        """A property's column; of a standard property that no host has, an empty one; ``None`` for an unknown name."""
        column = self._columns.get(name)
        if column is None and (standard := STANDARD.get(name)) is not None:
            return Column(standard.kind, (), np.full(self._size, -1, np.intp), standard.several)
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


def _fact_columns(hosts: Sequence[Host]) -> dict[str, Column]:
    having: dict[str, list[int]] = {}
    facts: dict[str, list[PropertyValue]] = {}
    for index, host in enumerate(hosts):
        for name, value in host.properties.items():
            if name not in OWN:
                having.setdefault(name, []).append(index)
                facts.setdefault(name, []).append(value)
    columns = {}
    for name, values in facts.items():
        standard = STANDARD.get(name)
        kind = standard.kind if standard is not None else kind_in_use(values)
        fitting = [as_kind(value, kind) for value in values]
        kept = [(index, value) for index, value in zip(having[name], fitting, strict=True) if value is not None]
        column = _column(kind, [index for index, _ in kept], [value for _, value in kept], len(hosts))
        if not column.values:
            continue
        if standard is not None and standard.several:
            column = _several(column, [frozenset(str(value).split()) for value in column.values])
        columns[name] = column
    return columns


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

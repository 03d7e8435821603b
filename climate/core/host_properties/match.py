# SPDX-License-Identifier: Apache-2.0
"""Which hosts a filter matches, in groups of hosts alike where it says ``homogeneous``."""

from __future__ import annotations

import functools
from collections.abc import Mapping

import numpy as np

from climate.core.candidates import Candidates, Group
from climate.core.host_properties import comparing
from climate.core.host_properties.catalogue import similar
from climate.core.host_properties.grammar import (
    And,
    Clause,
    Comparison,
    Everything,
    Homogeneous,
    Literal,
    Name,
    Not,
    Operator,
    Or,
    plain_of,
    refuse,
)
from climate.core.host_properties.table import Column, HostTable, Mask


def match(table: HostTable, clause: Clause, sees_hosts: bool) -> Candidates:
    """Bookable hosts that match, each group's hosts by name; the largest group first, then by values.

    Without ``homogeneous`` all are one group, with nothing in ``alike``; with
    it, a host that lacks one of the properties is in no group. No group is
    empty; each tells which of its hosts are in use. ``sees_hosts``: whether the asker may name properties that identify
    hosts; to others these are unknown names.

    :raises BadProperties: an unknown name, or terms that cannot be compared.
    """
    matching = _Matching(table, sees_hosts)
    found = matching.mask(clause) & table.bookable
    return Candidates(_groups(table, found, matching.alike))


def holds_for(table: HostTable, clause: Clause) -> Mask:
    """The hosts, bookable or not, that a clause about single hosts holds for; it may name all properties.

    :raises BadProperties: an unknown name, terms that cannot be compared, or ``homogeneous``.
    """
    return _Matching(table, sees_hosts=True, single=True).mask(clause)


class _Matching:
    """Evaluates one filter; gathers in ``alike`` the columns that it calls homogeneous.

    ``single``: the filter speaks of single hosts, so that it may not say ``homogeneous``.
    """

    def __init__(self, table: HostTable, sees_hosts: bool, single: bool = False) -> None:
        self._table = table
        self._sees_hosts = sees_hosts
        self._single = single
        self.alike: dict[str, Column] = {}

    def mask(self, clause: Clause) -> Mask:
        """The hosts that the clause holds for."""
        match clause:
            case Everything():
                return np.ones(len(self._table), np.bool_)
            case Homogeneous(names, place):
                if self._single:
                    refuse('"homogeneous" speaks of several hosts, and this of each alone.', plain_of(clause), place)
                for index, name in enumerate(names, 1):
                    self.alike[name.name] = self._column(name, clause, f"{place}[{index}]")
                return np.ones(len(self._table), np.bool_)
            case Comparison():
                return self._comparison(clause)
            case Or(clauses, _):
                return functools.reduce(np.logical_or, map(self.mask, clauses))
            case And(clauses, _):
                return functools.reduce(np.logical_and, map(self.mask, clauses))
            case Not(clauses, _):
                return ~functools.reduce(np.logical_and, map(self.mask, clauses))

    def _comparison(self, clause: Comparison) -> Mask:
        """The first term against all the others; for ``in``, against any of them."""
        first, rest = clause.terms[0], list(enumerate(clause.terms[1:], 2))
        literals = [(index, term.value) for index, term in rest if isinstance(term, Literal)]
        names = [(index, term) for index, term in rest if isinstance(term, Name)]
        if isinstance(first, Name):
            left = first.name, self._column(first, clause, f"{clause.place}[1]")
            parts = [comparing.against_literals(clause, *left, literals)] if literals else []
            for index, name in names:
                right = name.name, self._column(name, clause, f"{clause.place}[{index}]")
                parts.append(comparing.against_column(clause, left, right, index))
        else:
            parts = [
                np.full(len(self._table), comparing.constant(clause, first.value, value, index))
                for index, value in literals
            ]
            for index, name in names:
                column = self._column(name, clause, f"{clause.place}[{index}]")
                parts.append(comparing.against_literals(clause, name.name, column, [(1, first.value)], mirrored=True))
        return functools.reduce(np.logical_or if clause.operator is Operator.IN else np.logical_and, parts)

    def _column(self, name: Name, clause: Clause, place: str) -> Column:
        may_name = self._table.visibility.may_name
        column = self._table.column(name.name) if may_name(name.name, self._sees_hosts) else None
        if column is None:
            seen = [known for known in self._table.columns() if may_name(known, self._sees_hosts)]
            near = similar(name.name, seen)
            hint = f" Did you mean {' or '.join(f'${other}' for other in near)}?" if near else ""
            refuse(f"No host has a property ${name.name}.{hint}", plain_of(clause), place, near)
        return column


def _groups(table: HostTable, found: Mask, alike: Mapping[str, Column]) -> tuple[Group, ...]:
    for column in alike.values():
        found = found & (column.codes >= 0)
    rows = np.flatnonzero(found)
    if not rows.size:
        return ()
    key = np.zeros(rows.size, np.intp)
    for column in alike.values():  # numbered anew after each column, so that the key cannot overflow
        key = np.unique(key * len(column.values) + column.codes[rows], return_inverse=True)[1]
    by_group = np.argsort(key, kind="stable")
    starts = np.flatnonzero(np.diff(key[by_group], prepend=-1))
    groups = [rows[members] for members in np.split(by_group, starts[1:])]
    groups.sort(key=len, reverse=True)  # stable: groups of one size stay in the order of their values
    return tuple(
        Group(
            {name: column.values[column.codes[group[0]]] for name, column in alike.items()},
            table.ids[group].tobytes(),
            table.ids[group[table.in_use[group]]].tobytes(),
        )
        for group in groups
    )

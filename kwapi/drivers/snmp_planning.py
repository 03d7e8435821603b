# SPDX-License-Identifier: Apache-2.0
"""Which requests bring the instances that are wanted: few, and none whose answer does not fit in a datagram."""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from climate.devices.snmp.oid import Oid, Value, is_below

MOST_OCTETS = 1400
"""What goes over an Ethernet in one piece, and agents can hold."""
LEAST_OCTETS = 300
_MOST_NAMES = 40
_ENVELOPE = 100
"""Octets of a message around its objects; of version 3, signed and encrypted, the most."""
_BY_NAME = 0.5
"""If a smaller part of a run than this is wanted, it is asked for by name."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One request: the instances ``names``, and the ``count`` objects behind each of ``behind``; none: a plain get."""

    names: tuple[Oid, ...]
    behind: tuple[Oid, ...] = ()
    count: int = 0


@dataclass(frozen=True, slots=True)
class _Run:
    """Objects that follow one another on the device, and the octets of the longest."""

    behind: Oid
    oids: tuple[Oid, ...]
    octets: int


def plan(
    first: Sequence[Oid],
    wanted: Iterable[Oid],
    roots: Iterable[Oid],
    rows: Mapping[Oid, Value],
    most_octets: int = MOST_OCTETS,
    bulk: bool = True,
) -> list[Ask]:
    """Requests for all that is ``wanted``, the instances ``first`` in the first of them.

    ``rows`` are all that the device has below ``roots``, which tells what
    follows what. Without ``bulk`` all is asked for by name.
    """
    runs, singles = _runs(list(dict.fromkeys(wanted)), roots, rows) if bulk else ([], list(dict.fromkeys(wanted)))
    room = most_octets - _ENVELOPE
    asks = _bulks(list(first), runs, singles, rows, room)
    left = singles if asks else [*first, *singles]
    return [*asks, *_gets(left, rows, room)]


def _runs(wanted: list[Oid], roots: Iterable[Oid], rows: Mapping[Oid, Value]) -> tuple[list[_Run], list[Oid]]:
    """What can be had in bulk, and the rest."""
    order = sorted(rows)
    known = set(roots)
    columns: dict[Oid, list[Oid]] = {}
    singles = []
    for oid in wanted:
        root = next((oid[:end] for end in range(len(oid) - 1, 0, -1) if oid[:end] in known), None)
        if root is None or oid not in rows:
            singles.append(oid)
        else:
            columns.setdefault(root, []).append(oid)
    runs = []
    for root, oids in columns.items():
        begin, end = bisect.bisect_left(order, min(oids)), bisect.bisect_left(order, max(oids))
        run = order[begin : end + 1]
        if len(run) == 1 or len(oids) < _BY_NAME * len(run):
            singles += oids
            continue
        behind = order[begin - 1] if begin and is_below(order[begin - 1], root) else root
        runs.append(_Run(behind, tuple(run), max(octets_of(oid, rows) for oid in run)))
    return runs, singles


def _bulks(first: list[Oid], runs: list[_Run], singles: list[Oid], rows: Mapping[Oid, Value], room: int) -> list[Ask]:
    """Runs of about one length side by side; takes from ``singles`` what still fits into the first request."""
    pieces = [piece for run in runs for piece in _cut(run, room - sum(octets_of(oid, rows) for oid in first))]
    pieces.sort(key=lambda run: len(run.oids), reverse=True)
    asks: list[Ask] = []
    names = first
    while pieces:
        count = len(pieces[0].oids)
        left = room - sum(octets_of(oid, rows) for oid in names)
        taken: list[_Run] = []
        for piece in pieces:
            if not taken or (2 * len(piece.oids) >= count and count * piece.octets <= left):
                taken.append(piece)
                left -= count * piece.octets
        pieces = [piece for piece in pieces if piece not in taken]
        if not asks:
            order = sorted(rows)
            for oid in [oid for oid in singles if _follows_directly(oid, order)]:
                if octets_of(oid, rows) <= left:
                    left -= octets_of(oid, rows)
                    singles.remove(oid)
                    names = [*names, oid]
        asks.append(Ask(tuple(names), tuple(piece.behind for piece in taken), count))
        names = []
    return asks


def _cut(run: _Run, room: int) -> list[_Run]:
    """A run in pieces of equal length that fit."""
    most = max(1, room // run.octets)
    number = -(-len(run.oids) // most)
    length = -(-len(run.oids) // number)
    return [
        _Run(run.oids[begin - 1] if begin else run.behind, run.oids[begin : begin + length], run.octets)
        for begin in range(0, len(run.oids), length)
    ]


def _follows_directly(oid: Oid, order: Sequence[Oid]) -> bool:
    """Whether nothing known stands between an instance and what is asked instead of it, see ``Session.rows``."""
    before = oid[:-1] if oid[-1] == 0 else (*oid[:-1], oid[-1] - 1)
    place = bisect.bisect_right(order, before)
    return place < len(order) and order[place] == oid


def _gets(names: list[Oid], rows: Mapping[Oid, Value], room: int) -> list[Ask]:
    batches: list[list[Oid]] = []
    left = 0
    for oid in names:
        octets = octets_of(oid, rows)
        if not batches or octets > left or len(batches[-1]) == _MOST_NAMES:
            batches.append([])
            left = room
        batches[-1].append(oid)
        left -= octets
    return [Ask(tuple(batch)) for batch in batches]


def octets_of(oid: Oid, rows: Mapping[Oid, Value]) -> int:
    """About how many octets an object takes in an answer: its name, its value, and three tags with their lengths."""
    name = sum(1 + (arc > 0x7F) + (arc > 0x3FFF) + (arc > 0x1FFFFF) + (arc > 0xFFFFFFF) for arc in oid) - 1
    value = rows.get(oid)
    if isinstance(value, int):
        return name + 8 + value.bit_length() // 8
    return name + 8 + (len(value) if isinstance(value, bytes | tuple) else 5)

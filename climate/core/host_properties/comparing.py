# SPDX-License-Identifier: Apache-2.0
"""One comparison over all hosts: a property against literals, or against another property.

Typed: a comparison is between numbers, between texts or between booleans.
``"90"`` beside a number is the number 90; text that is no number, a number
beside text, and the like are refused, never quietly false. Where a host lacks
a property, a comparison with it is false. A property of several names (``id``,
``cpu_info.features``) equals each of them.
"""

from __future__ import annotations

import bisect
import json
import operator
from collections.abc import Callable, Sequence

import numpy as np

from climate.core.host import PropertyValue
from climate.core.host_properties.catalogue import ID, Kind, as_kind, kind_of, text_of
from climate.core.host_properties.grammar import Comparison, Operator, plain_of, refuse
from climate.core.host_properties.table import Column, Mask

_EQUAL = (Operator.EQUAL, Operator.IN)
_MIRRORED = {
    Operator.LESS: Operator.GREATER,
    Operator.GREATER: Operator.LESS,
    Operator.LESS_OR_EQUAL: Operator.GREATER_OR_EQUAL,
    Operator.GREATER_OR_EQUAL: Operator.LESS_OR_EQUAL,
}
_COMPARE: dict[Operator, Callable[..., object]] = {
    Operator.EQUAL: operator.eq,
    Operator.IN: operator.eq,
    Operator.LESS: operator.lt,
    Operator.GREATER: operator.gt,
    Operator.LESS_OR_EQUAL: operator.le,
    Operator.GREATER_OR_EQUAL: operator.ge,
}


def against_literals(
    clause: Comparison, name: str, column: Column, literals: Sequence[tuple[int, PropertyValue]], mirrored: bool = False
) -> Mask:
    """Hosts whose property compares so with all literals; for ``in``, with any.

    A literal comes with its index in the clause. ``mirrored``: the literal
    stands on the left.

    :raises BadProperties: a literal that the property's type cannot be compared with.
    """
    _check_order(clause, name, column)
    compare = _MIRRORED.get(clause.operator, clause.operator) if mirrored else clause.operator
    anyone = clause.operator is Operator.IN
    wanted = np.full(len(column.values) + 1, not anyone)
    for index, literal in literals:
        value = _fitting(clause, name, column, index, literal)
        if column.several:
            hit = np.zeros_like(wanted)
            hit[column.holders.get(str(value), [])] = True
        else:
            hit = _between(len(wanted), *_range(compare, column.values, value))
        wanted = wanted | hit if anyone else wanted & hit
    mask: Mask = wanted[column.codes]  # code -1, a host without the property, looks at the end: no value hits there
    return mask


def against_column(clause: Comparison, left: tuple[str, Column], right: tuple[str, Column], index: int) -> Mask:
    """Hosts of which one property compares so with another; ``index`` is the right one's in the clause.

    :raises BadProperties: properties of two types.
    """
    for name, column in (left, right):
        _check_order(clause, name, column)
    one, other = left[1], right[1]
    if one.kind is not other.kind:
        refuse(
            f"{left[0]} is a {one.kind} and {right[0]} a {other.kind}: they cannot be compared.",
            plain_of(clause),
            f"{clause.place}[{index}]",
        )
    both = (one.codes >= 0) & (other.codes >= 0)
    if one.several or other.several:
        mask = np.zeros_like(both)
        mask[both] = [
            not _names(one, code).isdisjoint(_names(other, other_code))
            for code, other_code in zip(one.codes[both].tolist(), other.codes[both].tolist(), strict=True)
        ]
        return mask
    rank = {value: position for position, value in enumerate(sorted({*one.values, *other.values}))}
    ranks, other_ranks = (np.array([rank[value] for value in column.values] + [-1]) for column in (one, other))
    compared: Mask = np.asarray(_COMPARE[clause.operator](ranks[one.codes], other_ranks[other.codes]), np.bool_)
    return both & compared


def constant(clause: Comparison, first: PropertyValue, second: PropertyValue, index: int) -> bool:
    """Whether two literals compare so; ``index`` is the second one's in the clause.

    :raises BadProperties: literals of two types, or booleans in an order.
    """
    if kind_of(first) is not kind_of(second):
        refuse(
            f"{json.dumps(first)} and {json.dumps(second)} are of two types: they cannot be compared.",
            plain_of(clause),
            f"{clause.place}[{index}]",
        )
    if isinstance(first, bool) and clause.operator not in _EQUAL:
        refuse("Booleans have no order: use = or in.", plain_of(clause), clause.place)
    return bool(_COMPARE[clause.operator](first, second))


def _check_order(clause: Comparison, name: str, column: Column) -> None:
    if clause.operator in _EQUAL:
        return
    if column.kind is Kind.BOOLEAN:
        refuse(f"{name} is a boolean, which has no order: use = or in.", plain_of(clause), clause.place)
    if column.several:
        refuse(f"{name} holds several names, which have no order: use = or in.", plain_of(clause), clause.place)


def _fitting(clause: Comparison, name: str, column: Column, index: int, literal: PropertyValue) -> PropertyValue:
    """The literal as a value of the property's type."""
    if name == ID and not isinstance(literal, bool):
        return text_of(literal)
    value = as_kind(literal, column.kind)
    if value is None or (column.kind is Kind.TEXT and not isinstance(literal, str)):
        fix = f'write it as text, "{text_of(literal)}"' if column.kind is Kind.TEXT else f"write a {column.kind}"
        refuse(
            f"{name} is a {column.kind}, which cannot be compared with {json.dumps(literal)}: {fix}.",
            plain_of(clause),
            f"{clause.place}[{index}]",
            property=name,
            type=str(column.kind),
        )
    return value


def _range(compare: Operator, values: Sequence[PropertyValue], value: PropertyValue) -> tuple[int, int]:
    """Which of the ascending ``values`` compare so with ``value``: a half-open range of indexes."""
    left = bisect.bisect_left(values, value)
    right = bisect.bisect_right(values, value)
    match compare:
        case Operator.LESS:
            return 0, left
        case Operator.LESS_OR_EQUAL:
            return 0, right
        case Operator.GREATER:
            return right, len(values)
        case Operator.GREATER_OR_EQUAL:
            return left, len(values)
        case _:
            return left, right


def _between(size: int, low: int, high: int) -> Mask:
    mask = np.zeros(size, np.bool_)
    mask[low:high] = True
    return mask


def _names(column: Column, code: int) -> frozenset[str]:
    return column.names[code] if column.several else frozenset((str(column.values[code]),))

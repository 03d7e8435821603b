# SPDX-License-Identifier: Apache-2.0
"""A filter evaluated host by host in plain Python, as Nova's scheduler does it: the peer of the match by column."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from climate.core.host import PropertyValue

Facts = Mapping[str, PropertyValue]

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}


def match(hosts: Iterable[tuple[str, Facts]], properties: list[Any]) -> list[list[str]]:
    """Names of the hosts that match, by group of alike hosts, the largest first."""
    alike = _homogeneous(properties)
    groups: dict[tuple[object, ...], list[str]] = {}
    for name, facts in hosts:
        if _holds(properties, facts) and all(one in facts for one in alike):
            groups.setdefault(tuple(facts[one] for one in alike), []).append(name)
    return sorted(groups.values(), key=len, reverse=True)


def _homogeneous(clause: list[Any]) -> list[str]:
    if clause and clause[0] == "homogeneous":
        return [name[1:] for name in clause[1:]]
    return [name for inner in clause[1:] if isinstance(inner, list) for name in _homogeneous(inner)]


def _holds(clause: list[Any], facts: Facts) -> bool:
    match clause:
        case [] | ["homogeneous", *_]:
            return True
        case ["and", *inner]:
            return all(_holds(one, facts) for one in inner)
        case ["or", *inner]:
            return any(_holds(one, facts) for one in inner)
        case ["not", *inner]:
            return not all(_holds(one, facts) for one in inner)
    return _compares(clause, facts)


def _compares(clause: list[Any], facts: Facts) -> bool:
    first, *rest = (facts.get(term[1:]) if str(term).startswith("$") else term for term in clause[1:])
    if first is None or None in rest:
        return False
    if clause[0] == "in":
        names = set(str(first).split()) if clause[1] == "$cpu_info.features" else {first}
        return not names.isdisjoint(rest)
    return all(_COMPARE[clause[0]](first, other) for other in rest)

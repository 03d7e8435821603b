# SPDX-License-Identifier: Apache-2.0
"""The match by column equals a plain evaluation host by host, written apart from it.

The plain one follows what Nova's manual says of its JsonFilter: ``=``, ``<``,
``>``, ``<=`` and ``>=`` set the first term against every other one, ``in``
looks for the first among the others, ``not`` of several clauses holds where one
of them does not, and ``[]`` lets every host pass. Two things are meant to be
other than there: terms of two types are refused, not quietly unequal, and a
comparison with a property that a host lacks is false.
"""

from __future__ import annotations

import operator
import random
import uuid
from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from climate.core.candidates import Candidates, unpack
from climate.core.host import Host, PropertyValue
from climate.core.host_properties.grammar import parse
from climate.core.host_properties.match import match
from climate.core.host_properties.table import HostTable
from climate.errors import BadProperties
from tests.examples import many

Facts = dict[str, PropertyValue]
COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}
FACTS = {
    "vcpus": st.integers(1, 4),
    "clock_ghz": st.sampled_from([1, 1.0, 2, 2.5, 3]),
    "load": st.sampled_from([0, 1.5, 2]),
    "rack": st.sampled_from(["1", "2", "10", "a"]),
    "color": st.sampled_from(["1", "red", "a b", ""]),
    "turbo": st.booleans(),
    "lit": st.booleans(),
    "cpu_info.features": st.sampled_from(["avx", "avx sse", "sse mmx", ""]),
}
DRAWN: dict[str, list[PropertyValue]] = {
    "vcpus": [1, 2, 3, 4],
    "clock_ghz": [1, 1.0, 2, 2.5, 3],
    "load": [0, 1.5, 2, -1],
    "rack": ["1", "2", "10", "a"],
    "color": ["1", "red", "a b", ""],
    "turbo": [True, False],
    "lit": [True, False],
    "cpu_info.features": ["avx", "avx sse", "sse mmx", ""],
}
FLEETS, HOSTS, FILTERS = 40, 50, 4000
NUMBERS, TEXTS, BOOLEANS = ("vcpus", "clock_ghz", "load"), ("rack", "color"), ("turbo", "lit")
SEVERAL = "cpu_info.features"


class Refused(Exception):
    """What the oracle says where the suite says BadProperties."""


@st.composite
def fleets(draw: st.DrawFn) -> list[Host]:
    fleet = draw(st.lists(st.tuples(st.fixed_dictionaries({}, optional=FACTS), st.booleans()), max_size=12))
    # one host has every property, so that no name is unknown
    complete = {name: draw(values) for name, values in FACTS.items()}
    return [
        Host(
            host_id=str(uuid.UUID(int=number + 1)),
            name=f"n{number:02}",
            service_host="",
            external_id="",
            source="s",
            properties=facts,
            disabled=disabled,
        )
        for number, (facts, disabled) in enumerate([*fleet, (complete, False)])
    ]


def terms_of(kind: str) -> st.SearchStrategy[Any]:
    names = {"number": NUMBERS, "text": (*TEXTS, SEVERAL), "boolean": BOOLEANS}[kind]
    literals: dict[str, st.SearchStrategy[Any]] = {
        "number": st.sampled_from([0, 1, 2, 2.5, 3.0, 4, 5, -1]),
        "text": st.sampled_from(["1", "2", "10", "a", "red", "a b", "avx", "sse", ""]),
        "boolean": st.booleans(),
    }
    return st.one_of(st.sampled_from([f"${name}" for name in names]), literals[kind])


COMPARISONS = st.one_of(
    *(
        st.tuples(
            st.sampled_from(["=", "in"] if kind == "boolean" else [*COMPARE, "in"]),
            st.lists(terms_of(kind), min_size=2, max_size=4),
        ).map(lambda parts: [parts[0], *parts[1]])
        for kind in ("number", "text", "boolean")
    ),
    # of any types, most often a mixture
    st.tuples(
        st.sampled_from([*COMPARE, "in"]),
        st.lists(
            st.one_of(
                st.sampled_from([f"${name}" for name in FACTS]), st.sampled_from([1, "1", "2.5", "x", True, "false"])
            ),
            min_size=2,
            max_size=3,
        ),
    ).map(lambda parts: [parts[0], *parts[1]]),
)
CLAUSES = st.recursive(
    st.one_of(COMPARISONS, COMPARISONS, COMPARISONS, st.just([])),
    lambda inner: st.tuples(st.sampled_from(["and", "or", "not"]), st.lists(inner, min_size=1, max_size=3)).map(
        lambda parts: [parts[0], *parts[1]]
    ),
    max_leaves=6,
)
ALIKE = st.lists(st.sampled_from([f"${name}" for name in FACTS]), max_size=3, unique=True)


def drawn_fleet(draw: random.Random, count: int) -> list[Host]:
    """Hosts with some of the facts each; the first has all."""
    return [
        Host(
            host_id=str(uuid.UUID(int=number + 1)),
            name=f"n{number:02}",
            service_host="",
            external_id="",
            source="s",
            properties={name: draw.choice(DRAWN[name]) for name in FACTS if number == 0 or draw.random() < 0.8},
            disabled=draw.random() < 0.1,
        )
        for number in range(count)
    ]


def drawn_clause(draw: random.Random, levels: int) -> list[Any]:
    """A filter of so many levels at most; one comparison in twenty mixes types."""
    if levels > 1 and draw.random() < 0.6:
        return [draw.choice(["and", "or", "not"]), *(drawn_clause(draw, levels - 1) for _ in range(draw.randint(1, 3)))]
    if draw.random() < 0.05:
        return []
    kind = draw.choice(["number", "text", "boolean"])
    kinds = ["number", "text", "boolean"] if draw.random() < 0.05 else [kind]
    compare = draw.choice(["=", "in"] if kind == "boolean" else [*COMPARE, "in"])
    return [compare, *(drawn_term(draw, draw.choice(kinds)) for _ in range(draw.randint(2, 4)))]


def drawn_term(draw: random.Random, kind: str) -> Any:
    """A name of this type, or a value of it."""
    names = {"number": NUMBERS, "text": TEXTS, "boolean": BOOLEANS}[kind]
    if draw.random() < 0.5:
        return f"${SEVERAL if kind == 'text' and draw.random() < 0.1 else draw.choice(names)}"
    value = draw.choice(DRAWN[draw.choice(names)])
    # "2.5" is a number beside one, "true" a boolean, as whoever writes a filter by hand has it
    return str(value).lower() if kind != "text" and draw.random() < 0.1 else value


def kind_of_name(name: str) -> str:
    return "number" if name in NUMBERS else "boolean" if name in BOOLEANS else "text"


def operand(term: Any, facts: Facts) -> tuple[str, Any, bool]:
    """A term for one host: its type, its value (``None`` where missing), whether it is a literal."""
    if isinstance(term, str) and term.startswith("$"):
        return kind_of_name(term[1:]), facts.get(term[1:]), False
    kind = "boolean" if isinstance(term, bool) else "text" if isinstance(term, str) else "number"
    return kind, term, True


def converted(literal: Any, kind: str) -> Any:
    if kind == "text" or not isinstance(literal, str):
        raise Refused
    try:
        return float(literal) if kind == "number" else {"true": True, "false": False}[literal.lower()]
    except (ValueError, KeyError):
        raise Refused from None


def pair(compare: str, left: Any, right: Any, facts: Facts) -> bool:
    """One pair of terms on one host."""
    (left_kind, left_value, left_literal), (right_kind, right_value, right_literal) = (
        operand(term, facts) for term in (left, right)
    )
    several = [isinstance(term, str) and term == f"${SEVERAL}" for term in (left, right)]
    if compare != "=" and any(several):
        raise Refused
    if left_kind != right_kind:
        if left_literal == right_literal:
            raise Refused
        if left_literal:
            left_value = converted(left_value, right_kind)
        else:
            right_value = converted(right_value, left_kind)
    if compare != "=" and "boolean" in (
        left_kind if not left_literal else right_kind,
        right_kind if not right_literal else left_kind,
    ):
        raise Refused
    if left_value is None or right_value is None:
        return False
    if any(several):
        names = [set(v.split()) if flag else {v} for v, flag in zip((left_value, right_value), several, strict=True)]
        return bool(names[0] & names[1])
    return COMPARE[compare](left_value, right_value)


def holds(plain: list[Any], facts: Facts) -> bool:
    """The filter on one host; every part is looked at, so that what is wrong is always seen."""
    if not plain or plain[0] == "homogeneous":
        return True
    first, rest = plain[0], plain[1:]
    if first in ("and", "or", "not"):
        parts = [holds(clause, facts) for clause in rest]
        return {"and": all(parts), "or": any(parts), "not": not all(parts)}[first]
    pairs = [pair("=" if first == "in" else first, rest[0], other, facts) for other in rest[1:]]
    return any(pairs) if first == "in" else all(pairs)


def expected(fleet: list[Host], clause: list[Any], alike: list[str]) -> dict[tuple[Any, ...], list[str]]:
    groups: dict[tuple[Any, ...], list[str]] = {}
    names = [name[1:] for name in alike]
    for host in fleet:
        held = holds(clause, host.properties)
        if held and host.bookable and all(name in host.properties for name in names):
            groups.setdefault(tuple(host.properties[name] for name in names), []).append(host.host_id)
    return groups


def outcome(fleet: list[Host], plain: object) -> tuple[Candidates | None, dict[str, Any]]:
    """What is found, or the details of the refusal; any other exception goes through."""
    try:
        return match(HostTable(fleet), parse(plain), False), {}
    except BadProperties as error:
        return None, error.details


@settings(max_examples=many(500), deadline=None)
@given(fleets(), CLAUSES, ALIKE)
def test_a_match_equals_the_plain_evaluation(fleet: list[Host], clause: list[Any], alike: list[str]) -> None:
    """Searched for by hypothesis, which finds small examples."""
    agree(fleet, clause, alike)


def test_thousands_of_random_filters_match_as_the_plain_evaluation_says() -> None:
    """Drawn at random: many hosts, deep filters, both outcomes often."""
    draw = random.Random(20130614)
    refused = matched = 0
    for _ in range(FLEETS):
        fleet = drawn_fleet(draw, HOSTS)
        for _ in range(FILTERS // FLEETS):
            names = draw.sample([f"${name}" for name in FACTS], draw.choice((0, 0, 1, 2)))
            found = agree(fleet, drawn_clause(draw, 4), names)
            refused += found is None
            matched += found is not None and 0 < len(found) < HOSTS
    assert refused > FILTERS // 10
    assert matched > FILTERS // 4


def agree(fleet: list[Host], clause: list[Any], alike: list[str]) -> Candidates | None:
    """Hold the match of a filter against the plain evaluation; what both found, ``None`` where both refuse."""
    whole = ["and", clause, ["homogeneous", *alike]] if alike else clause
    try:
        wanted = expected(fleet, clause, alike)
    except Refused:
        wanted = None
    candidates, refusal = outcome(fleet, whole)
    assert (candidates is None) == (wanted is None), (whole, refusal)
    if candidates is None:
        return None
    found = {tuple(group.alike.values()): unpack(group.hosts) for group in candidates.groups}
    assert found == wanted, whole
    order = [(-len(group), tuple(group.alike.values())) for group in candidates.groups]
    assert order == sorted(order)
    assert all(list(group.alike) == [name[1:] for name in alike] for group in candidates.groups)
    return candidates


@settings(max_examples=many(500), deadline=None)
@given(
    st.recursive(
        st.one_of(
            st.none(),
            st.booleans(),
            st.integers(),
            st.floats(),
            st.text(max_size=5),
            st.sampled_from(["=", "in", "and", "not", "homogeneous", "$vcpus", "$rack", "$turbo"]),
        ),
        lambda inner: st.lists(inner, max_size=5),
        max_leaves=20,
    )
)
def test_whatever_is_sent_there_is_an_answer_or_a_refusal(plain: object) -> None:
    fleet = [
        Host(
            host_id=str(uuid.UUID(int=1)),
            name="n",
            service_host="",
            external_id="",
            source="s",
            properties={"vcpus": 4, "rack": "a", "turbo": True},
        )
    ]
    candidates, refusal = outcome(fleet, plain)
    assert (candidates is None) == ({"field", "clause", "place", "near"} <= refusal.keys())

# SPDX-License-Identifier: Apache-2.0
"""Filters as people write them: what they mean, and where a mistake is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from climate.cli import filters
from climate.cli.failures import Refused, Spot, Unusable
from climate.core.host_properties import grammar
from climate.errors import BadProperties

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("text", "clause"),
    [
        ("vcpus>=32", [">=", "$vcpus", "32"]),
        ("vcpus >= 32", [">=", "$vcpus", "32"]),
        ("$vcpus<=32", ["<=", "$vcpus", "32"]),
        ("cpu_info.model=Skylake", ["=", "$cpu_info.model", "Skylake"]),
        ("rack=a1,a2", ["in", "$rack", "a1", "a2"]),
        ("rack = a1 , a2", ["in", "$rack", "a1", "a2"]),
        ("rack!=a1", ["not", ["=", "$rack", "a1"]]),
        ("rack!=a1,a2", ["not", ["in", "$rack", "a1", "a2"]]),
        ("gpu_model=NVIDIA A100", ["=", "$gpu_model", "NVIDIA A100"]),
        ('rack="a,1","b"', ["in", "$rack", "a,1", "b"]),
        ('note=""', ["=", "$note", ""]),
        ("note=a=b", ["=", "$note", "a=b"]),
        ("trait:CUSTOM_X=true", ["=", "$trait:CUSTOM_X", "true"]),
        ("vcpus_used<$vcpus", ["<", "$vcpus_used", "$vcpus"]),
    ],
)
def test_a_short_form_is_a_clause(text: str, clause: list[Any]) -> None:
    """One that the service understands."""
    assert filters.comparison(text).clause == clause
    grammar.parse(clause)


@pytest.mark.parametrize(
    ("text", "message", "at"),
    [
        ("", "name stands first", 0),
        ("=3", "name stands first", 0),
        (">=3", "name stands first", 0),
        ("vcpus", "operator stands behind", 5),
        ("vcpus=>32", "mean >=", 5),
        ("vcpus==32", "mean =", 5),
        ("vcpus<>32", "mean !=", 5),
        ("vcpus>=", "value is missing", 7),
        ("rack=a1,", "value is missing", 8),
        ("rack=a1,,a2", "value is missing", 8),
        ("vcpus>1,2", "one value", 8),
        ('rack="a1', "not closed", 5),
        ('rack="a1"x', "comma", 9),
    ],
)
def test_a_mistake_is_pointed_at(text: str, message: str, at: int) -> None:
    with pytest.raises(Unusable, match=message) as raised:
        filters.comparison(text)
    assert raised.value.spot is not None
    assert (raised.value.spot.written, raised.value.spot.start) == (text, at)


@pytest.mark.parametrize(
    ("text", "at"), [('["=", "$a" 3]', 11), ("[", 1), ('["=", "$a", 3', 13), ("{}", 0), ("3", 0), ('"x"', 0)]
)
def test_bad_json_is_pointed_at(text: str, at: int) -> None:
    with pytest.raises(Unusable) as raised:
        filters.read(text)
    assert raised.value.spot is not None
    assert raised.value.spot.start == at


def test_json_nested_beyond_reason_is_refused() -> None:
    """Not with a traceback."""
    for depth in (700, 100_000):
        with pytest.raises(Unusable, match="nested"):
            filters.read("[" * depth + "]" * depth)


def test_all_that_is_asked_for_holds_together() -> None:
    """The filter as JSON, then short forms, then what shall be alike; one alone stands alone."""
    assert filters.read(None).clause is None
    assert filters.read("[]").clause == []
    assert filters.read(None, ["a=1"]).clause == ["=", "$a", "1"]
    everything = filters.read('["=", "$a", 1]', ["b>2", "c=x,y"], ["d,$e", "f"])
    assert everything.clause == [
        "and",
        ["=", "$a", 1],
        [">", "$b", "2"],
        ["in", "$c", "x", "y"],
        ["homogeneous", "$d", "$e"],
        ["homogeneous", "$f"],
    ]
    with pytest.raises(Unusable, match="alike"):
        filters.read(None, (), [","])


@given(st.lists(JSON))
def test_each_part_of_json_is_found_where_it_stands(value: list[Any]) -> None:
    """However it is written: what stands at the spot of a place is the value at that place."""
    for text in (json.dumps(value), json.dumps(value, indent=1, ensure_ascii=False)):
        piece = filters.read(text).pieces[0]
        for place, (start, end) in piece.spots.items():
            part: Any = value
            for index in place.strip("[]").split("][") if place else []:
                part = part[int(index)]
            assert json.loads(text[start:end]) == part


@pytest.mark.parametrize(
    ("whole", "short", "place", "spot"),
    [
        ('["=", "$x", 1]', [], "[1]", '"$x"'),
        ('["=", "$x", 1]', [], "[7][1]", '["=", "$x", 1]'),
        (None, ["x=1"], "[1]", "x"),
        (None, ["x!=1"], "[1][2]", "1"),
        ('["=", "$x", 1]', ["y>2"], "[1][2]", "1"),
        ('["=", "$x", 1]', ["y>2"], "[2][1]", "y"),
        (None, ["x=1", "y>2,"[:-1]], "[2]", "y>2"),
    ],
)
def test_what_the_service_refuses_is_found_in_what_was_written(
    whole: str | None, short: list[str], place: str, spot: str
) -> None:
    """In the option that holds it."""
    refused = filters.read(whole, short).refused(BadProperties("no", place=place))
    assert isinstance(refused, Refused)
    found: Spot = refused.spot
    assert found.written[found.start : found.end] == spot


def test_a_refusal_without_a_place_stays_as_it_is() -> None:
    error = BadProperties("no")
    assert filters.read(None).refused(error) is error
    assert filters.read(None, ["a=1", "b=2"]).refused(error) is error

# SPDX-License-Identifier: Apache-2.0
"""What a source may say of a host."""

from __future__ import annotations

import pytest

from climate.core.host import PropertyValue, SourceHost
from climate.core.host_properties.catalogue import STANDARD
from climate.core.host_properties.facts import BadFact, checked_fact, checked_host, repeated


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("vcpus", 64, 64),
        ("vcpus", "64", 64),
        ("clock_ghz", "2.50", 2.5),
        ("rack", 12, "12"),
        ("rack", 12.0, "12"),
        ("gpu_model", True, "true"),
        ("turbo", "False", False),
        ("turbo", True, True),
        ("color", 5, 5),
        ("color", "5", "5"),
        ("x.y-z:0.w_1", True, True),
    ],
)
def test_a_standard_property_gets_the_standard_type(name: str, value: PropertyValue, kept: PropertyValue) -> None:
    found = checked_fact(name, value)
    assert (found, type(found)) == (kept, type(kept))


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("vcpus", "many", "vcpus must be a number"),
        ("vcpus", True, "vcpus must be a number"),
        ("turbo", 1, "turbo must be a boolean"),
        ("turbo", "on", "turbo must be a boolean"),
        ("load", float("nan"), "finite"),
        ("load", float("-inf"), "finite"),
        ("load", 2**63, "2^63"),
        ("vcpus", str(2**63), "2^63"),
        ("color", "x" * 4097, "at most 4096"),
        ("color", "a\0b", "ordinary"),
        ("color", "\ud800", "ordinary"),
        *((name, 1, "cannot name a property") for name in ("", "a b", "$a", "a..b", ".a", "a.", "é", "a/b", "x" * 129)),
    ],
)
def test_a_fact_that_no_filter_could_ask_for_is_refused(name: str, value: PropertyValue, words: str) -> None:
    with pytest.raises(BadFact) as caught:
        checked_fact(name, value)
    assert words in str(caught.value)
    assert caught.value.fact == name


@pytest.mark.parametrize("name", ["", " ", "a b", "a\tb", "a\n", "x" * 256, "\ud800", "a\0"])
def test_a_host_needs_a_name_that_can_be_one(name: str) -> None:
    with pytest.raises(BadFact):
        checked_host(SourceHost(name=name))


def test_other_names_of_a_host_are_bounded() -> None:
    assert checked_host(SourceHost(name="x" * 255, service_host="y" * 255, external_id="a b"))
    for fields in ({"service_host": "x" * 256}, {"external_id": "x\0"}):
        with pytest.raises(BadFact):
            checked_host(SourceHost(name="a", **fields))


def test_what_comes_twice_is_told() -> None:
    assert list(repeated(["a", "b", "a", "c", "b", "a"])) == ["a", "b", "a"]


def test_every_standard_property_has_a_name_that_a_filter_can_write() -> None:
    for name, standard in STANDARD.items():
        assert standard.name == name
        assert standard.description
        assert checked_fact(name, {"number": 1, "text": "x", "boolean": True}[standard.kind]) is not None

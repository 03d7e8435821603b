# SPDX-License-Identifier: Apache-2.0
"""YAML read from events means what PyYAML's safe loader makes of it."""

from __future__ import annotations

import math
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from climate.chassis import yaml_events
from tests.examples import many

TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cn", "Co", "Cs"]), max_size=12)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS | st.integers(0, 9), inner, max_size=4),
    max_leaves=20,
)
ALIKE = (
    *(
        "",
        "# nothing",
        "---",
        "--- 5",
        "a",
        "'5'",
        '"\\u00e9"',
        "5",
        "1.5",
        "1e3",
        "0x1F",
        "0o17",
        "017",
        "1_000",
        "1:30",
    ),
    *("~", "null", "Null", "yes", "on", "No", ".inf", "-.inf", "!!str 5", "!!int '5'", "!!float 5", "! 5", "!!null ''"),
    *("- a\n- [b, {c: d}]", "{a: 1, '1': 2, 1.0: 3}", "a:\nb:\n", "a: |\n  x\n  y\n", "a: >-\n  x\n  y\n", "? a\n: b"),
    *("&x a: &y [1, 2]\nb: *y\nc: *x", "- &x a\n- {*x : c}", "- &a {b: 1}\n- *a", "'<<': 1", "!!map {a: 1}"),
    *("a: &x {b: 1, c: 2}\nd: {b: 3, <<: *x}", "[&x {a: 1}, &y {a: 2, b: 2}, {<<: [*x, *y]}, {<<: [*y, *x], a: 9}]"),
    *("[&x {a: 1}, &y {<<: *x, b: 2}, {<<: *y}]", "%YAML 1.1\n---\na: 1\n...\n", "\ufeffa: 1", "a: b # c", "- - - a"),
)
REFUSED = (
    *(
        "a: 1\n---\nb: 2",
        "[*x]",
        "&x [*x]",
        "[a",
        "a: b: c",
        "{[a]: 1}",
        "{{a: 1}: 1}",
        "- &x [1]\n- {*x : 1}",
        "a: 1\na: 2",
    ),
    *(
        "{1: a, 1: b}",
        "- !!python/object:os.system x",
        "!!set {a, b}",
        "!!omap [a: 1]",
        "!own 5",
        "{<<: 5}",
        "{<<: [5]}",
    ),
    *("!!int x", "!!float x", "\t- a", "@a", "%a", "a: 'b"),
)


def by_nodes(text: str) -> Any:
    return yaml.load(text, yaml.SafeLoader)


@pytest.mark.parametrize("text", ALIKE)
def test_values_are_those_of_the_safe_loader(text: str) -> None:
    expected, found = by_nodes(text), yaml_events.load(text)
    assert (found, repr(found)) == (expected, repr(expected))


@given(VALUES, st.booleans())
@settings(max_examples=many(200))
def test_what_was_written_is_read_again(value: object, flow: bool) -> None:
    text = yaml.safe_dump([value, value], default_flow_style=flow, allow_unicode=True, sort_keys=False)
    assert repr(yaml_events.load(text)) == repr([value, value])


@pytest.mark.parametrize("text", REFUSED)
def test_what_cannot_be_understood_is_refused(text: str) -> None:
    with pytest.raises((yaml.YAMLError, ValueError)):
        yaml_events.load(text)


@pytest.mark.parametrize("text", ["2026-11-21", "2026-11-21T14:00:00Z", "=", "<<"])
def test_what_looks_like_a_date_or_a_sign_is_text(text: str) -> None:
    assert yaml_events.load(f"[{text}]") == [text]


def test_an_anchor_means_what_it_was_last_given() -> None:
    assert yaml_events.load("[&x 1, *x, &x 2, *x]") == [1, 1, 2, 2]


def test_not_a_number_is_one_float_all_the_same() -> None:
    assert math.isnan(yaml_events.load(".nan"))


def test_a_mistake_has_its_line() -> None:
    with pytest.raises(yaml.MarkedYAMLError) as caught:
        yaml_events.load("a:\n  b: 1\n  c: 2\n  b: 3\n")
    assert caught.value.problem == "the key 'b' comes twice"
    assert caught.value.problem_mark is not None
    assert caught.value.problem_mark.line == 3


def test_without_libyaml_the_values_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_events, "Loader", yaml.SafeLoader)
    for text in ALIKE:
        assert repr(yaml_events.load(text)) == repr(by_nodes(text))

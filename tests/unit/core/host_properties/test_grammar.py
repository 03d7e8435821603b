# SPDX-License-Identifier: Apache-2.0
"""The filter language: what is understood, and how everything else is refused."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from climate.core.host_properties.grammar import (
    And,
    Comparison,
    Everything,
    Homogeneous,
    Literal,
    Name,
    Not,
    Operator,
    Or,
    parse,
    plain_of,
)
from climate.errors import BadProperties

DEEP: list[Any] = ["=", "$a", 1]
for _ in range(16):
    DEEP = ["not", DEEP]
BOTTOMLESS: list[Any] = []
BOTTOMLESS.append(BOTTOMLESS)


def test_an_empty_list_is_every_host() -> None:
    assert parse([]) == parse("[]") == parse(" [ ] ") == Everything("")


def test_text_and_list_are_the_same_filter() -> None:
    """The slides write the list in a string."""
    assert parse('["=", "$id", 1]') == parse(["=", "$id", 1])


def test_every_clause_knows_its_place() -> None:
    clause = parse(["and", ["=", "$a", 1], ["or", ["not", []], ["in", "$b.c", "x", True]]])
    assert clause == And(
        (
            Comparison(Operator.EQUAL, (Name("a"), Literal(1)), "[1]"),
            Or(
                (
                    Not((Everything("[2][1][1]"),), "[2][1]"),
                    Comparison(Operator.IN, (Name("b.c"), Literal("x"), Literal(True)), "[2][2]"),
                ),
                "[2]",
            ),
        ),
        "",
    )


def test_homogeneous_stands_at_the_root_and_under_nested_and() -> None:
    assert parse(["homogeneous", "$a", "$b"]) == Homogeneous((Name("a"), Name("b")), "")
    nested = parse(["and", [], ["and", ["homogeneous", "$a"]]])
    assert isinstance(nested, And)


@pytest.mark.parametrize(
    "plain",
    [
        [],
        ["=", "$a", 1, 2.5, "x", True, "$b"],
        ["in", 1, "$a"],
        ["and", ["or", ["not", ["<=", "$a.b", 3], []]], ["homogeneous", "$c"]],
        *(["and", [operator, "$a", "1"]] for operator in ("=", "<", ">", "<=", ">=", "in")),
    ],
)
def test_a_filter_is_written_back_as_it_was(plain: list[Any]) -> None:
    assert plain_of(parse(plain)) == plain


def test_limits_are_reached_before_they_are_passed() -> None:
    deepest = DEEP[1]
    assert parse(deepest)
    assert parse(["or", *[["=", "$a", 1]] * 255])
    assert parse(["in", "$a", *["x" * 98] * 163])


OTHER_OPERATORS = ["==", "!=", "<>", "eq", "AND", "Or", "nor", "xor", "=~", "like", "", " =", "in ", "$a", "homogenous"]
BARE_TERMS = [None, {}, {"a": 1}, float("nan"), float("inf"), float("-inf"), 10**400, -(10**5000), 1.5e305, b"x", (1,)]
BAD_NAMES = ["$", "$$a", "$ a", "$a ", "$a..b", "$.a", "$a.", "$a b", "$a\n", "$é", "$a/b", "$" + "a" * 129, "$a[0]"]

MALFORMED: list[tuple[object, str]] = [
    # neither a list, nor text that holds one
    *((value, "") for value in (None, True, 0, 1.5, {}, {"and": []}, b"[]", ("=", "$a", 1), object())),
    *((text, "") for text in ("", "  ", "null", "1", '"x"', "{}", "true", "[", "]", "[]]", "[,]", "['=', '$a', 1]")),
    *((text, "") for text in ('["=" "$a" 1]', '["=", "$a", 1', '["=", "$a", NaN]', '["=", "$a", 1e999]', "$a > 1")),
    *((text, "") for text in ("[\x00]", '["\\ud800"]', "\ud800", "[" * 8000, "[" * 100_000, "9" * 5000, "[]" * 9000)),
    # operators
    *(([operator, "$a", 1], "[0]") for operator in OTHER_OPERATORS),
    *(([operator, "$a", 1], "[0]") for operator in (None, 1, True, [], ["="], {}, ["=", "$a", 1])),
    (["x" * 10_000, "$a", 1], "[0]"),
    # comparisons
    *(([operator], "") for operator in ("=", "<", ">", "<=", ">=", "in")),
    *(([operator, "$a"], "") for operator in ("=", "<", ">", "<=", ">=", "in")),
    *((["=", "$a", term], "[2]") for term in BARE_TERMS),
    *((["in", term, "$a"], "[1]") for term in BARE_TERMS),
    *((["in", "$a", "b", term], "[3]") for term in BAD_NAMES),
    *((["=", "$a", text], "[2]") for text in ("a\0", "\ud800", "x\udfff")),
    (["in", "$a", ["x", "y"]], "[2]"),
    (["=", ["=", "$a", 1], True], "[1]"),
    (["and", [">", "$a", []]], "[1][2]"),
    # and, or, not
    *(([operator], "") for operator in ("and", "or", "not")),
    *(([operator, "$a"], "[1]") for operator in ("and", "or", "not")),
    *(([operator, [], True], "[2]") for operator in ("and", "or", "not")),
    (["not", "=", "$a", 1], "[1]"),
    (["and", ["or", ["not", ["~", "$a", 1]]]], "[1][1][1][0]"),
    (["and", ["=", "$a", 1], None], "[2]"),
    # homogeneous
    (["homogeneous"], ""),
    *((["homogeneous", term], "[1]") for term in ("a", 1, True, None, ["$a"], "$")),
    (["homogeneous", "$a", "b"], "[2]"),
    (["or", ["homogeneous", "$a"]], "[1]"),
    (["not", ["homogeneous", "$a"]], "[1]"),
    (["and", ["or", ["and", ["homogeneous", "$a"]]]], "[1][1][1]"),
    # limits
    (DEEP, "[1]" * 16),
    (BOTTOMLESS, "[0]"),
    (["or", *[["=", "$a", 1]] * 256], "[256]"),
    (["in", "$a", *["x" * 98] * 164], "[165]"),
    (["in", "$a", "x" * 10_000_000], "[2]"),
    (["in", "$a", *[1] * 1_000_000], "[8192]"),
    ("x" * 10_000_000, ""),
]


def test_the_corpus_is_large() -> None:
    assert len(MALFORMED) >= 100


@pytest.mark.parametrize(("value", "place"), MALFORMED, ids=range(len(MALFORMED)))
def test_what_is_malformed_is_refused_with_its_clause_and_place(value: object, place: str) -> None:
    """Never another exception, never slow: in one of three tries, since the collector of garbage may come between."""
    took_s = []
    for _ in range(3):
        started = time.thread_time()
        with pytest.raises(BadProperties) as caught:
            parse(value)
        took_s.append(time.thread_time() - started)
    details = caught.value.details
    assert details["field"] == "host_properties"
    assert details["place"] == place
    assert isinstance(details["clause"], str)
    assert details["clause"]
    assert len(details["clause"]) <= 320
    assert len(caught.value.message) < 500
    json.dumps(details)
    assert min(took_s) < 0.05


@pytest.mark.parametrize(
    ("operator", "near"), [("==", "="), ("inn", "in"), ("AND", "and"), ("homogenous", "homogeneous")]
)
def test_an_unknown_operator_names_those_like_it(operator: str, near: str) -> None:
    with pytest.raises(BadProperties) as caught:
        parse([operator, "$a", 1])
    assert near in caught.value.details["near"]


def test_the_clause_in_an_error_is_the_one_at_fault() -> None:
    with pytest.raises(BadProperties) as caught:
        parse(["and", ["=", "$a", 1], ["<", "$b"]])
    assert caught.value.details["clause"] == '["<", "$b"]'
    assert caught.value.details["place"] == "[2]"

# SPDX-License-Identifier: Apache-2.0
"""Numbers and instants in JSON documents."""

from __future__ import annotations

import contextlib
import json
import math
from typing import Any
from zoneinfo import ZoneInfo

import jmespath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from climate.devices.http_json import values
from climate.devices.http_json.values import ValueAbsent, ValueUnfit

NOON_NS = 1_706_788_800_000_000_000
"""2024-02-01T12:00:00Z"""


def number(path: str, document: Any) -> float:
    return values.number(jmespath.compile(path), document)


@pytest.mark.parametrize(
    ("value", "expected"), [(5, 5.0), (1.5, 1.5), ("7", 7.0), (" -1.5e2 ", -150.0), (0, 0.0), ("+3.25", 3.25)]
)
def test_numbers_may_be_texts(value: Any, expected: float) -> None:
    assert number("a.b", {"a": {"b": value}}) == expected


@pytest.mark.parametrize(
    "value", [True, False, "", "nan", "inf", "1e999", "12 W", "0x10", "1_000", "unavailable", [1], {"x": 1}, 10**400]
)
def test_what_is_no_number_is_none(value: Any) -> None:
    with pytest.raises(ValueUnfit):
        number("a", {"a": value})


@pytest.mark.parametrize(("path", "document"), [("a", {}), ("a.b", {"a": 5}), ("a[3]", {"a": [1]}), ("a", None)])
def test_what_is_not_there_is_absent(path: str, document: Any) -> None:
    with pytest.raises(ValueAbsent, match="there is nothing at a"):
        number(path, document)


def test_a_function_that_does_not_fit_is_told() -> None:
    with pytest.raises(ValueUnfit, match="sum"):
        number("sum(a)", {"a": ["x"]})


@pytest.mark.parametrize("raw", [b"", b"<html>", b'{"a": NaN}', b'{"a": -Infinity}', b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_json_is_told(raw: bytes) -> None:
    with pytest.raises(ValueUnfit, match="no JSON"):
        values.decoded(raw)


@pytest.mark.parametrize(
    "value",
    [
        1_706_788_800,
        1_706_788_800.0,
        "1706788800",
        1_706_788_800_000,
        "2024-02-01T12:00:00Z",
        "2024-02-01T13:00:00+01:00",
        "2024-02-01T13:00:00",
        "2024-02-01 13:00:00.000",
    ],
)
def test_instants_are_written_in_many_ways(value: Any) -> None:
    """Those that name no time zone are in the given one."""
    assert values.instant_ns(jmespath.compile("t"), {"t": value}, ZoneInfo("Europe/Paris")) == NOON_NS


@pytest.mark.parametrize("value", ["soon", "2024-13-01T00:00:00Z", -5, True, [], "0001-01-01T00:00:00+14:00", 1e300])
def test_what_is_no_instant_is_told(value: Any) -> None:
    with contextlib.suppress(ValueUnfit):
        found = values.instant_ns(jmespath.compile("t"), {"t": value}, None)
        assert found < 0  # the year 1 is an instant, and refused for its age by whoever asked


def test_an_instant_without_a_zone_is_none() -> None:
    with pytest.raises(ValueUnfit, match="names no time zone"):
        values.instant_ns(jmespath.compile("t"), {"t": "2024-02-01T13:00:00"}, None)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abt"), inner, max_size=3),
    max_leaves=10,
)


@given(JSON | st.text(max_size=20), st.sampled_from(["a", "a.b", "a[0].b", "*.b", "length(a)", "max(a)", "@"]))
def test_any_document_has_a_finite_number_or_none(document: Any, path: str) -> None:
    with contextlib.suppress(ValueAbsent, ValueUnfit):
        assert math.isfinite(number(path, document))
    with contextlib.suppress(ValueAbsent, ValueUnfit):
        values.instant_ns(jmespath.compile(path), document, None)
    with contextlib.suppress(ValueUnfit):
        values.decoded(json.dumps(document).encode())


@given(st.binary(max_size=100))
def test_any_bytes_are_json_or_an_error(raw: bytes) -> None:
    with contextlib.suppress(ValueUnfit):
        values.decoded(raw)

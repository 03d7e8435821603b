# SPDX-License-Identifier: Apache-2.0
"""Object identifiers and values, as devices and people write them."""

from __future__ import annotations

import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from climate.devices.snmp.oid import Value, number_of, oid_of, opaque_of, text_of, words_of


@pytest.mark.parametrize("text", ["", "1", ".1", "1..2", "1.2.", "1.-2", "iso.3", "1.3.4294967296", "1.3 ", "1.\u0662"])
def test_what_is_no_object_identifier(text: str) -> None:
    """Is refused, with what was written."""
    with pytest.raises(ValueError, match="is no object identifier"):
        oid_of(text)


@given(st.lists(st.integers(0, 2**32 - 1), min_size=2, max_size=20).map(tuple))
def test_an_object_identifier_comes_back(oid: tuple[int, ...]) -> None:
    """With a dot before it or without."""
    assert oid_of(text_of(oid)) == oid_of(f".{text_of(oid)}") == oid


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (5, 5.0),
        (b"3.2110", 3.211),
        (b"12.5 W", 12.5),
        (b" -7\0", -7.0),
        (b"1,5", 1.5),
        (b"1.2e3 VA", 1200.0),
        (b"230 V", 230.0),
        (b"1.2 kW", None),
        (b"5 %W", None),
        (b"on", None),
        (b"1.2.3", None),
        (b"\xff\xfe", None),
        (b"1" * 60, None),
        ((1, 3), None),
        (None, None),
        (math.nan, None),
    ],
)
def test_numbers_and_what_looks_like_one(value: Value | None, number: float | None) -> None:
    """A unit that needs a conversion makes it none: 1.2 kW are not 1.2 W."""
    assert number_of(value) == number


@given(st.binary(max_size=60))
def test_no_text_gives_more_than_a_finite_number(octets: bytes) -> None:
    """Or it gives nothing; and as words it stays in one line."""
    number = number_of(octets)
    assert number is None or math.isfinite(number)
    words = words_of(octets)
    assert len(words) <= 200
    assert words.isprintable()


def opaque(number: float, form: str) -> bytes:
    """A number as net-snmp wraps it."""
    return {"f": b"\x9f\x78\x04", "d": b"\x9f\x79\x08"}[form] + struct.pack(f">{form}", number)


@pytest.mark.parametrize("number", [0.2, 15.735, 1e-3, 0.0, -7.25, 16777216.0, 3.4e38, 123456.79])
def test_a_float_in_an_opaque_has_the_digits_that_were_meant(number: float) -> None:
    """In four bytes as in eight."""
    assert opaque_of(opaque(number, "f")) == number
    assert opaque_of(opaque(number, "d")) == number


@given(st.floats(width=32, allow_nan=False))
def test_every_float_in_an_opaque_is_told_exactly(number: float) -> None:
    """Fewer digits, but the same float."""
    told = opaque_of(opaque(number, "f"))
    assert isinstance(told, float)
    assert math.isinf(number) or struct.unpack(">f", struct.pack(">f", told))[0] == number


@given(st.binary(max_size=20))
def test_other_octets_in_an_opaque_stay_what_they_are(octets: bytes) -> None:
    """Or are a number; never an error."""
    assert isinstance(opaque_of(octets), float | bytes)

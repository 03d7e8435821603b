# SPDX-License-Identifier: Apache-2.0
"""Requests and answers as octets: what is understood, and that nothing else is."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from climate.devices.snmp.messages import Answer, Garbage, Kind, Request, encoded, parse
from tests.examples import many

NAME = (1, 3, 6, 1, 4, 1, 534, 1, 0)


def octets(tag: int, content: bytes) -> bytes:
    return bytes([tag, len(content)]) + content


def message(version: int, tag: int, value: bytes, name: bytes = b"\x2b\x06\x01\x04\x01\x84\x16\x01\x00") -> bytes:
    """An answer, or whatever ``tag`` is, to request 7."""
    binding = octets(0x30, octets(0x06, name) + value)
    pdu = octets(tag, octets(2, b"\7") + octets(2, b"\0") + octets(2, b"\0") + octets(0x30, binding))
    return octets(0x30, octets(2, bytes([version])) + octets(4, b"public") + pdu)


@pytest.mark.parametrize(
    ("value", "meaning"),
    [
        (b"\x02\x01\xff", -1),
        (b"\x42\x02\x12\x67", 4711),
        (b"\x41\x05\x00\xff\xff\xff\xff", 2**32 - 1),
        (b"\x43\x01\x64", 100),
        (b"\x46\x09\x00\xff\xff\xff\xff\xff\xff\xff\xff", 2**64 - 1),
        (b"\x04\x04 12\xff", b" 12\xff"),
        (b"\x40\x04\x7f\x00\x00\x01", b"\x7f\x00\x00\x01"),
        (b"\x06\x03\x2b\x06\x01", (1, 3, 6, 1)),
        (b"\x44\x07\x9f\x78\x04\x41\x48\x00\x00", 12.5),
        (b"\x44\x0b\x9f\x79\x08\x40\x29\x00\x00\x00\x00\x00\x00", 12.5),
        (b"\x44\x03\x9f\x78\x04", b"\x9f\x78\x04"),
        (b"\x05\x00", None),
        (b"\x80\x00", None),
        (b"\x81\x00", None),
        (b"\x82\x00", None),
    ],
)
def test_each_type_has_its_meaning(value: bytes, meaning: object) -> None:
    """RFC 2578, section 7.1; net-snmp's floats; and the ways to say that there is nothing."""
    assert parse(message(1, 0xA2, value), 2) == (7, Answer(0, 0, ((NAME, meaning),)))  # type: ignore[arg-type]


def test_version_1_says_the_same_of_what_it_has() -> None:
    assert parse(message(0, 0xA2, b"\x42\x02\x12\x67"), 1) == (7, Answer(0, 0, ((NAME, 4711),)))


@pytest.mark.parametrize(
    "data",
    [
        message(0, 0xA2, b"\x02\x01\x05"),
        message(1, 0xA0, b"\x02\x01\x05"),
        message(1, 0xA7, b"\x02\x01\x05"),
        message(1, 0xA2, b"\x02\x01\x05") + b"\0",
        message(1, 0xA2, b"\x02\x01\x05")[:-1],
        message(1, 0xA2, b"\x42\x06\x01\xff\xff\xff\xff\xff"),
        message(1, 0xA2, b"\x02\x01\x05", name=b""),
        b"",
    ],
    ids=["version", "request", "trap", "more behind it", "cut off", "too great", "no name", "nothing"],
)
def test_what_is_no_answer_of_this_version_is_garbage(data: bytes) -> None:
    with pytest.raises(Garbage):
        parse(data, 2)


@given(data=st.binary(max_size=300), version=st.sampled_from([1, 2]))
def test_random_octets_are_garbage(data: bytes, version: int) -> None:
    """And break nothing."""
    with pytest.raises(Garbage):
        parse(data, version)


@settings(max_examples=many(300))
@given(place=st.integers(0, 60), octet=st.integers(0, 255), end=st.integers(0, 60))
def test_an_answer_that_was_changed_on_its_way_breaks_nothing(place: int, octet: int, end: int) -> None:
    """It is garbage, or an answer that differs where it was changed."""
    data = bytearray(message(1, 0xA2, b"\x42\x02\x12\x67"))
    data[place % len(data)] = octet
    try:
        number, answer = parse(bytes(data[: len(data) - end]), 2)
    except Garbage:
        return
    assert type(number) is int
    assert all(type(arc) is int for name, _ in answer.bindings for arc in name)


@given(
    oids=st.lists(st.lists(st.integers(0, 2**32 - 1), max_size=20).map(lambda arcs: (1, 3, 6, *arcs)), max_size=5),
    kind=st.sampled_from(Kind),
    number=st.integers(0, 2**31 - 1),
)
def test_every_request_can_be_sent(oids: list[tuple[int, ...]], kind: Kind, number: int) -> None:
    """And whoever hears it does not take it for an answer."""
    for version in (1, 2):
        if kind is Kind.BULK and version == 1:
            continue
        data = encoded(Request(kind, tuple(oids), 0, 5), number, "public", version)
        with pytest.raises(Garbage):
            parse(data, version)

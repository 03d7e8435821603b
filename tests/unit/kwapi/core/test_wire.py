# SPDX-License-Identifier: Apache-2.0
"""Frames: what was signed comes back as it was, and nothing else comes back at all."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwapi.core.reading import ALL_FLAGS, Flag, Reading, columns_of, only, readings_of
from kwapi.core.wire import CAUSES, LARGEST_FRAME, MAC_BYTES, BadFrame, Key, Signer, Verifier, checked_probe

KEY = bytes(range(32))
NOW = 1_700_000_000_000_000_000
EPOCH = NOW - 5
TOPIC = b"lyon/r1/pdu1/"

numbers = st.floats(allow_nan=False, allow_infinity=False, width=64)
maybe = st.none() | numbers


@st.composite
def readings(draw: st.DrawFn) -> Reading:
    """Any reading of one device."""
    begin = draw(st.integers(0, 2**62))
    return Reading(
        probe_id=f"lyon/r1/pdu1/{draw(st.integers(0, 50))}",
        begin_ns=begin,
        end_ns=begin + draw(st.integers(0, 2**61)),
        watts=draw(maybe),
        volts=draw(maybe),
        amperes=draw(maybe),
        energy_j=draw(maybe),
        flags=Flag(draw(st.integers(0, ALL_FLAGS))),
        extra=draw(st.dictionaries(st.sampled_from(["temperature_c", "frequency_hz", "power_factor"]), numbers)),
    )


def signer(**other: Any) -> Signer:
    """The source of these tests."""
    return Signer(**{"source": "lyon/1", "key_id": "k1", "key": KEY, "epoch": EPOCH, **other})


def verifier() -> Verifier:
    """Who believes it, with either of two keys."""
    return Verifier({"k1": Key("lyon/1", KEY), "k2": Key("lyon/1", b"x" * 16), "other": Key("rennes/1", KEY)})


def reading(**other: Any) -> Reading:
    """An ordinary reading."""
    return Reading(**{"probe_id": "lyon/r1/pdu1/1", "begin_ns": NOW, "end_ns": NOW + 5, "watts": 100.0, **other})


def cause_of(frame: bytes) -> str:
    """Why the frame is refused."""
    with pytest.raises(BadFrame) as caught:
        verifier().read(frame)
    assert caught.value.cause in CAUSES
    return caught.value.cause


@given(st.lists(readings(), min_size=1, max_size=30), st.integers(1, 2**62), st.integers(0, 2**62))
def test_what_is_sent_arrives(batch: list[Reading], sequence: int, sent_ns: int) -> None:
    """Every value, in its place."""
    frame = verifier().read(signer().frame(TOPIC, sequence, sent_ns, columns_of(batch)))
    assert frame.topic == TOPIC.decode()
    assert (frame.body.source, frame.body.epoch) == ("lyon/1", EPOCH)
    assert (frame.body.sequence, frame.body.sent_ns) == (sequence, sent_ns)
    assert list(readings_of(frame.body.readings)) == batch


@given(st.lists(readings(), min_size=1, max_size=10), st.data())
def test_some_of_a_batch_are_the_same_readings(batch: list[Reading], data: st.DataObject) -> None:
    """A probe's own frame says what its device's frame says."""
    chosen = data.draw(st.lists(st.integers(0, len(batch) - 1), min_size=1, unique=True))
    assert list(readings_of(only(columns_of(batch), chosen))) == [batch[index] for index in chosen]


def test_the_format_is_what_the_manual_says() -> None:
    """Written here by hand: a topic, a key's name, an array, and BLAKE2b over all of it."""
    frame = signer().frame(TOPIC, 7, NOW + 9, columns_of([reading(flags=Flag.STALE, extra={"temperature_c": 30.5})]))
    columns = [["lyon/r1/pdu1/1"], NOW, [0], [5], [100.0], None, None, None, [2], {"temperature_c": [30.5]}]
    signed = b"lyon/r1/pdu1/\0k1\0" + msgspec.msgpack.encode([1, "lyon/1", EPOCH, 7, NOW + 9, columns])
    assert frame == signed + hashlib.blake2b(signed, key=KEY, digest_size=32, person=b"kwapi-1").digest()


@given(st.data())
def test_no_changed_frame_is_believed(data: st.DataObject) -> None:
    """One byte changed, taken out or put in, anywhere; a part of it; two in one."""
    good = signer().frame(TOPIC, 1, NOW, columns_of([reading(), reading(probe_id="lyon/r1/pdu1/2")]))
    at = data.draw(st.integers(0, len(good) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda value: value != good[at]))
    ways = [
        good[:at] + bytes([byte]) + good[at + 1 :],
        good[:at] + good[at + 1 :],
        good[:at] + bytes([byte]) + good[at:],
        good[:at],
        good[at + 1 :],
        good + good,
    ]
    assert cause_of(data.draw(st.sampled_from(ways))) in {"form", "key", "signature"}


@given(st.binary(max_size=2000))
def test_noise_is_refused(noise: bytes) -> None:
    """Also where it begins as a frame does."""
    assert cause_of(noise) in {"form", "key", "signature"}
    assert cause_of(TOPIC + b"\0k1\0" + noise + bytes(MAC_BYTES)) == "signature"


@given(st.recursive(st.none() | st.integers(-(2**63), 2**64 - 1) | st.text() | numbers | st.binary(), st.lists))
def test_a_friends_nonsense_is_refused(body: Any) -> None:
    """Well signed, but no batch."""
    signed = TOPIC + b"\0k1\0" + msgspec.msgpack.encode(body)
    assert cause_of(_signed(signed)) in {"content", "version"}


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ({"key_id": "k3"}, "key"),
        ({"key_id": "other"}, "key"),
        ({"source": "rennes/1"}, "key"),
        ({"key": bytes(32)}, "signature"),
        ({"key_id": "k2"}, "signature"),
        ({"epoch": 0}, "content"),
    ],
    ids=str,
)
def test_only_a_sources_own_key_speaks_for_it(change: dict[str, Any], cause: str) -> None:
    """Neither a key that is not known, nor that of another source."""
    assert cause_of(signer(**change).frame(TOPIC, 1, NOW, columns_of([reading()]))) == cause


def test_two_keys_of_a_source_are_good_at_a_time() -> None:
    """So that one can follow the other."""
    frame = signer(key_id="k2", key=b"x" * 16).frame(TOPIC, 1, NOW, columns_of([reading()]))
    assert verifier().read(frame).body.sequence == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"watts": float("nan")},
        {"energy_j": float("inf")},
        {"extra": {"temperature_c": float("-inf")}},
        {"extra": {"Temperature": 1.0}},
        {"end_ns": NOW - 1},
        {"begin_ns": -5, "end_ns": -4},
        {"end_ns": 2**63},
        {"probe_id": "rennes/r1/pdu1/1"},
        {"probe_id": "lyon/r1/pdu1"},
    ],
    ids=str,
)
def test_a_reading_that_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    """Even signed: a driver may have a fault."""
    batch = columns_of([reading(), reading(**wrong)])
    assert cause_of(signer().frame(TOPIC, 1, NOW, batch)) == "content"


def test_a_frame_of_the_future_is_called_so() -> None:
    """The operator is told to update, and not that somebody forges."""
    assert cause_of(_signed(TOPIC + b"\0k1\0" + msgspec.msgpack.encode([2, "something else"]))) == "version"


def test_a_frame_may_be_for_one_probe() -> None:
    """Its topic is the probe's name with a stroke behind it."""
    one = columns_of([reading()])
    assert verifier().read(signer().frame(b"lyon/r1/pdu1/1/", 1, NOW, one)).topic == "lyon/r1/pdu1/1/"
    assert cause_of(signer().frame(b"lyon/r1/pdu1/10/", 1, NOW, one)) == "content"
    assert cause_of(signer().frame(b"lyon/r1/pdu", 1, NOW, one)) == "content"


def test_a_huge_frame_is_not_looked_at() -> None:
    """Whoever sends it."""
    assert cause_of(bytes(LARGEST_FRAME + 1)) == "size"


@pytest.mark.parametrize("length", [0, 15, 65])
def test_a_key_has_a_sane_length(length: int) -> None:
    """Short ones can be guessed, longer ones BLAKE2b does not take."""
    with pytest.raises(ValueError, match="16 to 64 bytes"):
        signer(key=bytes(length))


@pytest.mark.parametrize("name", ["", "/a", "a/", "a//b", "a b", "a\0b", "a\n", "/".join("a" * 9), "a" * 256])
def test_a_probe_without_a_sane_name_is_refused(name: str) -> None:
    """Before anything is sent."""
    with pytest.raises(ValueError, match="is no probe"):
        checked_probe(name)


def _signed(signed: bytes) -> bytes:
    return signed + hashlib.blake2b(signed, key=KEY, digest_size=32, person=b"kwapi-1").digest()

# SPDX-License-Identifier: Apache-2.0
"""A source's word on its devices: what was signed comes back as it was, and nothing else comes back at all."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwapi.core.condition import LONGEST_REASON, Condition, sentence
from kwapi.core.reading import Reading, columns_of
from kwapi.core.wire import CONDITIONS, LARGEST_FRAME, MOST_PARTS, BadFrame, Key, Signer, Verifier

KEY = bytes(range(32))
NOW = 1_700_000_000_000_000_000
SIGNER = Signer("lyon-1", "k1", KEY, NOW - 5)
VERIFIER = Verifier({"k1": Key("lyon-1", KEY), "other": Key("rennes-1", KEY)})


def condition(number: int = 1, outlets: int = 2, **other: Any) -> Condition:
    """A PDU that does not answer."""
    device = f"lyon/r1/pdu{number}"
    usual = {
        "device": device, "state": "failing", "since_ns": NOW - 9, "reason": "it does not answer within 2 s",
        "probes": [f"{device}/{outlet}" for outlet in range(1, outlets + 1)], "of": outlets, "attempts": 7,
        "failures": 7, "answered_ns": None,
    }  # fmt: skip
    return Condition(**{**usual, **other})


def refused(frame: bytes) -> str:
    """Why a word is not believed."""
    with pytest.raises(BadFrame) as caught:
        VERIFIER.read_conditions(frame)
    return caught.value.cause


def signed(signer: Signer, *values: object) -> bytes:
    """A word that says anything."""
    return signer._signed(CONDITIONS, list(values))  # type: ignore[arg-type]


def test_the_format_is_what_the_manual_says() -> None:
    """Written here by hand."""
    (frame,) = SIGNER.conditions(NOW, [condition(answered_ns=NOW - 99)])
    device = ["lyon/r1/pdu1", "failing", NOW - 9, "it does not answer within 2 s"]
    device += [["lyon/r1/pdu1/1", "lyon/r1/pdu1/2"], 2, 7, 7, NOW - 99]
    text = b"/devices/\0k1\0" + msgspec.msgpack.encode([1, "lyon-1", NOW - 5, NOW, 1, 1, [device]])
    assert frame == text + hashlib.blake2b(text, key=KEY, digest_size=32, person=b"kwapi-1").digest()


@given(st.lists(st.tuples(st.integers(0, 9), st.text(max_size=80)), max_size=20, unique_by=lambda row: row[0]))
def test_what_is_sent_arrives(rows: list[tuple[int, str]]) -> None:
    """Devices that are called anything that a bus can call them, for any reason."""
    devices = [condition(number, reason=sentence(text)) for number, text in rows]
    (frame,) = SIGNER.conditions(NOW, devices)
    read = VERIFIER.read_conditions(frame)
    assert (read.devices, read.part, read.parts, read.sent_ns) == (devices, 1, 1, NOW)


def test_that_nothing_is_wrong_is_a_word_too() -> None:
    """A short one: it takes the place of what was said before."""
    (frame,) = SIGNER.conditions(NOW, [])
    assert len(frame) < 100
    assert VERIFIER.read_conditions(frame).devices == []


def test_a_site_that_is_cut_off_is_told_in_parts() -> None:
    """4,000 PDUs with 24 outlets each; all of them arrive."""
    devices = [condition(number, 24) for number in range(4000)]
    frames = SIGNER.conditions(NOW, devices)
    assert 1 < len(frames) <= MOST_PARTS
    assert max(map(len, frames)) <= LARGEST_FRAME
    read = [VERIFIER.read_conditions(frame) for frame in frames]
    assert [device for part in read for device in part.devices] == devices
    assert [part.part for part in read] == list(range(1, len(frames) + 1))
    assert {part.parts for part in read} == {len(frames)}


def test_there_is_an_end_to_what_one_source_may_say() -> None:
    """What is behind it is left out."""
    long = condition(1, 1000, reason="x" * LONGEST_REASON)
    frames = SIGNER.conditions(NOW, [long] * 3000)
    assert len(frames) == MOST_PARTS
    assert max(map(len, frames)) <= LARGEST_FRAME


def test_words_of_others_and_damaged_ones_are_refused() -> None:
    """As frames are."""
    (frame,) = SIGNER.conditions(NOW, [condition()])
    assert refused(frame[:-1]) == "signature"
    assert refused(frame.replace(b"failing", b"waiting")) == "signature"
    assert refused(frame.replace(b"\0k1\0", b"\0k2\0")) == "key"
    (foreign,) = Signer("lyon-1", "other", KEY, NOW).conditions(NOW, [condition()])
    assert refused(foreign) == "key"
    assert refused(signed(SIGNER, 2, "lyon-1", NOW, NOW, 1, 1, [])) == "version"
    assert refused(b"") == "form"


def test_a_word_and_a_frame_are_not_taken_for_each_other() -> None:
    """However well they are signed."""
    (word,) = SIGNER.conditions(NOW, [condition()])
    now = Reading(probe_id="lyon/r1/pdu1/1", begin_ns=NOW, end_ns=NOW, watts=1.0)
    frame = SIGNER.frame(b"lyon/r1/pdu1/", 1, NOW, columns_of([now]))
    assert refused(frame) == "content"
    assert refused(SIGNER.positions(NOW, [])) == "content"
    for read in (VERIFIER.read, VERIFIER.read_positions):
        with pytest.raises(BadFrame):
            read(word)


@pytest.mark.parametrize(
    "other",
    [
        {"device": "lyon r1"},
        {"device": "x/" * 200},
        {"probes": ["lyon/r2/pdu1/1"]},
        {"probes": ["lyon/r1/pdu10/1"]},
        {"probes": ["lyon/r1/pdu1/1"] * 3},
        {"state": "no state"},
        {"reason": "\x1b[2J"},
        {"reason": "x" * 501},
        {"since_ns": -1},
        {"since_ns": 2**63},
        {"answered_ns": -1},
        {"failures": -1},
    ],
)
def test_what_cannot_be_is_refused(other: dict[str, Any]) -> None:
    """Its source has a fault, or worse."""
    (frame,) = SIGNER.conditions(NOW, [condition(**other)])
    assert refused(frame) == "content"


@pytest.mark.parametrize(("part", "parts"), [(0, 1), (2, 1), (1, MOST_PARTS + 1)])
def test_parts_are_counted(part: int, parts: int) -> None:
    """From 1, and not for ever."""
    assert refused(signed(SIGNER, 1, "lyon-1", NOW, NOW, part, parts, [])) == "content"


def test_a_newer_source_may_say_more() -> None:
    """What is added behind is left out by those who do not know it."""
    device = [*msgspec.structs.astuple(condition()), "something new"]
    frame = signed(SIGNER, 1, "lyon-1", NOW, NOW, 1, 1, [device], "and more")
    assert VERIFIER.read_conditions(frame).devices == [condition()]

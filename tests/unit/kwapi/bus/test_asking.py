# SPDX-License-Identifier: Apache-2.0
"""Questions about the past, and answers: anything else is nothing, whoever sends it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kwapi.bus import asking
from kwapi.bus.asking import Fetch, Frames, Words

WORDS = st.sampled_from([asking.POSITIONS, asking.DEVICES, asking.FETCH, asking.FRAMES, asking.UNKNOWN, "else", 5])
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text(max_size=5) | st.binary(),
    lambda inner: st.lists(inner, max_size=5),
    max_leaves=10,
)
READERS: list[Callable[[bytes], tuple[int, Any]]] = [asking.question_of, asking.answer_of]


def test_questions_and_answers_are_understood() -> None:
    """As they were written."""
    wanted = Fetch("lyon-1", "lyon/r1/pdu1/", 7, 3, 9)
    assert asking.question_of(asking.question(4, asking.POSITIONS)) == (4, asking.POSITIONS)
    assert asking.question_of(asking.question(4, asking.DEVICES)) == (4, asking.DEVICES)
    assert asking.question_of(asking.fetch_question(5, wanted)) == (5, wanted)
    assert asking.answer_of(asking.answer(6, asking.FRAMES, 9, [b"a"])) == (6, Frames(9, [b"a"]))
    assert asking.answer_of(asking.answer(7, asking.POSITIONS, [b"a", b"b"])) == (
        7,
        Words(asking.POSITIONS, [b"a", b"b"]),
    )
    assert asking.answer_of(asking.answer(8, asking.UNKNOWN)) == (8, None)


@pytest.mark.parametrize("read", READERS)
@given(message=st.binary(max_size=60) | st.lists(ANYTHING, max_size=8).map(msgspec.msgpack.encode))
@example(message=msgspec.msgpack.encode([float("inf"), asking.POSITIONS]))
@example(message=msgspec.msgpack.encode([float("inf"), asking.UNKNOWN]))
@example(message=b"\x91" * 100_000)
def test_noise_is_nothing(read: Callable[[bytes], tuple[int, Any]], message: bytes) -> None:
    """A number and something known, or a refusal that its reader counts on."""
    try:
        number, _ = read(message)
    except ValueError:
        return
    assert isinstance(number, int)


@pytest.mark.parametrize("read", READERS)
@given(number=ANYTHING, word=WORDS, what=st.lists(ANYTHING, max_size=6))
def test_half_of_a_message_is_nothing(
    read: Callable[[bytes], tuple[int, Any]], number: Any, word: Any, what: list[Any]
) -> None:
    """Known words with whatever belongs to none."""
    try:
        found, _ = read(msgspec.msgpack.encode([number, word, *what]))
    except ValueError:
        return
    assert type(found) is int

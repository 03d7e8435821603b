# SPDX-License-Identifier: Apache-2.0
"""What one may ask a source about the past, as messages: a number, a word and what belongs to it, in MessagePack.

How far are you?  ``[number, "positions"]``, answered
``[number, "positions", [signed word of each source]]``.

Which devices are not well?  ``[number, "devices"]``, answered
``[number, "devices", [signed words of each source]]``. Who does not know this
question yet does not answer it.

Send me those again: ``[number, "fetch", source, topic, epoch, first, last]``,
answered ``[number, "frames", through, [frames]]``: what there still is of the
batches from ``first`` to ``through``; ask again for what follows. Whoever does
not know the source answers ``[number, "unknown"]``.

Everything that matters is signed by its source, so a forwarder may pass it on.
"""

from __future__ import annotations

from typing import Any

import msgspec

POSITIONS = "positions"
DEVICES = "devices"
FETCH = "fetch"
FRAMES = "frames"
UNKNOWN = "unknown"
MOST_BYTES = 1024 * 1024
"""How much of frames an answer holds at most, but for one that is larger by itself."""

_WORDS = (POSITIONS, DEVICES)
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[Any]).decode
_NOTHING = (msgspec.MsgspecError, TypeError, ValueError, LookupError, RecursionError, OverflowError)
"""What a message raises that is neither a question nor an answer."""


class Fetch(msgspec.Struct, frozen=True, array_like=True):
    """Batches ``first`` to ``last`` of one life of a source's stream."""

    source: str
    topic: str
    epoch: int
    first: int
    last: int


class Frames(msgspec.Struct, frozen=True, array_like=True):
    """What there is of the batches asked for, up to and with number ``through``."""

    through: int
    frames: list[bytes]


class Words(msgspec.Struct, frozen=True, array_like=True):
    """What sources say, signed, to the question ``word``."""

    word: str
    signed: list[bytes]


def question(number: int, word: str) -> bytes:
    """How far are you (``POSITIONS``)? Which devices are not well (``DEVICES``)?"""
    return _encode([number, word])


def fetch_question(number: int, wanted: Fetch) -> bytes:
    """Send me those again."""
    return _encode([number, FETCH, *msgspec.structs.astuple(wanted)])


def answer(number: int, word: str, *what: Any) -> bytes:
    """An answer to question ``number``."""
    return _encode([number, word, *what])


def question_of(message: bytes) -> tuple[int, Fetch | str]:
    """A question's number, and what is to be fetched, or the word that it asks for.

    :raises ValueError: it is no question.
    """
    try:
        number, word, *what = _decode(message)
        if word in _WORDS and not what:
            return msgspec.convert(number, int), str(word)
        if word == FETCH:
            return msgspec.convert(number, int), msgspec.convert(what, Fetch)
    except _NOTHING:
        pass
    raise ValueError("not a question")


def answer_of(message: bytes) -> tuple[int, Words | Frames | None]:
    """An answer's number, and what it says: words, frames, or ``None`` where the source is not known.

    :raises ValueError: it is no answer.
    """
    try:
        number, word, *what = _decode(message)
        if word in _WORDS:
            return msgspec.convert(number, int), Words(str(word), msgspec.convert(what[0], list[bytes]))
        if word == FRAMES:
            return msgspec.convert(number, int), msgspec.convert(what, Frames)
        if word == UNKNOWN:
            return msgspec.convert(number, int), None
    except _NOTHING:
        pass
    raise ValueError("not an answer")

# SPDX-License-Identifier: Apache-2.0
"""The frame in which readings travel: who says them, in which order, and a proof that nobody else wrote it.

One ZeroMQ message of one part::

    topic  0x00  key_id  0x00  body  mac

``topic`` is UTF-8 and ends with ``/``; a subscription is a prefix of it.
``body`` is MessagePack, an array (:class:`Body`). ``mac`` is 32 bytes of keyed
BLAKE2b (RFC 7693) with the personalisation ``kwapi-1`` over everything before
it, so neither the topic nor a byte of the body can be changed, and nothing of
a body is looked at before it is known who wrote it. The key that ``key_id``
names must belong to the body's ``source``: who holds one driver host's key
cannot speak for another.

A *stream* is what one source says under one topic in one life (``epoch``, when
it started, in nanoseconds); ``sequence`` counts its batches from 1 without
gaps. A topic is a device's, with the readings of its probes; whoever
subscribes to a single probe gets that probe's part of each batch under the
probe's own name with a ``/`` behind it, and the batch's number.

How far its streams are, a source says in the same way: a frame whose topic is
:data:`POSITIONS` and whose body is :class:`Positions`. Which of its devices
are not well, it says by frames whose topic is :data:`CONDITIONS` and whose
bodies are :class:`Conditions`, parts of one list.
docs/reference/bus-frame has the same in words, with test vectors.
"""

from __future__ import annotations

import hashlib
import hmac
import math
import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from kwapi.core.condition import Condition, is_sound
from kwapi.core.reading import ALL_FLAGS, EXTRA, PROBE, PROBE_LENGTH, Columns

VERSION = 1
POSITIONS = b"/"
"""The topic of a source's word on how far it is; no reading can have it."""
CONDITIONS = b"/devices/"
"""The topic of a source's word on its devices; no reading can have it either."""
MAC_BYTES = 32
KEY_BYTES = (16, 64)
LARGEST_FRAME = 1024 * 1024
MOST_READINGS = 10_000
MOST_PARTS = 64
_PART_BYTES = 256 * 1024
_PERSON = b"kwapi-1"
_LONGEST_ID = 255
_LATEST_NS = 2**63 - 1
_UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, OverflowError)
_T = TypeVar("_T", "Positions", "Conditions")


class Body(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What is signed beside the topic. ``sent_ns`` is when the source wrote it, by its clock."""

    version: int
    source: str
    epoch: int
    sequence: int
    sent_ns: int
    readings: Columns


class Positions(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """How far a source's streams are: for each its topic, a life of it, and the greatest number in that life.

    ``epoch`` is the source's present life; all others are over. Lives of
    which nothing is kept any more are left out.
    """

    version: int
    source: str
    epoch: int
    sent_ns: int
    streams: list[tuple[str, int, int]]


class Conditions(msgspec.Struct, frozen=True, array_like=True):
    """Part ``part`` of ``parts``, from 1, of the source's devices that are not well at ``sent_ns``; often of none."""

    version: int
    source: str
    epoch: int
    sent_ns: int
    part: int
    parts: int
    devices: list[Condition]


class _Packed(msgspec.Struct, frozen=True, array_like=True):
    """As :class:`Conditions`, whose devices are encoded already."""

    version: int
    source: str
    epoch: int
    sent_ns: int
    part: int
    parts: int
    devices: list[msgspec.Raw]


CAUSES = ("size", "form", "key", "signature", "version", "content")
"""Why a frame may be refused, in the order in which it is looked at."""


class BadFrame(ValueError):
    """A frame that is not believed; ``cause`` is the one of ``CAUSES`` under which it is counted."""

    def __init__(self, cause: str, text: str) -> None:
        super().__init__(text)
        self.cause = cause


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame that was believed."""

    topic: str
    body: Body


class Signer:
    """Writes the frames of one source. ``key`` has 16 to 64 bytes.

    :raises ValueError: a key of another length.
    """

    def __init__(self, source: str, key_id: str, key: bytes, epoch: int) -> None:
        self.source = source
        self.epoch = epoch
        self._between = b"\0" + key_id.encode() + b"\0"
        self._keyed = _keyed(key)
        self._encode = msgspec.msgpack.Encoder().encode

    def frame(self, topic: bytes, sequence: int, sent_ns: int, readings: Columns) -> bytes:
        """The frame of one batch; ``topic`` ends with ``/``."""
        return self._signed(topic, Body(VERSION, self.source, self.epoch, sequence, sent_ns, readings))

    def positions(self, sent_ns: int, streams: list[tuple[str, int, int]]) -> bytes:
        """The source's word on how far its streams are: topic, epoch and greatest number of each."""
        return self._signed(POSITIONS, Positions(VERSION, self.source, self.epoch, sent_ns, streams))

    def conditions(self, sent_ns: int, devices: Iterable[Condition]) -> list[bytes]:
        """The source's word on its devices that are not well, in parts that fit into frames; one at least.

        What does not fit into the most parts that there may be is left out.
        """
        parts: list[list[msgspec.Raw]] = [[]]
        room = _PART_BYTES
        for device in devices:
            packed = msgspec.Raw(self._encode(device))
            if parts[-1] and len(packed) > room:
                if len(parts) == MOST_PARTS:
                    break
                parts.append([])
                room = _PART_BYTES
            parts[-1].append(packed)
            room -= len(packed)
        return [
            self._signed(CONDITIONS, _Packed(VERSION, self.source, self.epoch, sent_ns, number, len(parts), part))
            for number, part in enumerate(parts, 1)
        ]

    def _signed(self, topic: bytes, body: Body | Positions | _Packed) -> bytes:
        signed = topic + self._between + self._encode(body)
        mac = self._keyed.copy()
        mac.update(signed)
        return signed + bytes(mac.digest())


@dataclass(frozen=True, slots=True)
class Key:
    """A key that is believed for frames of one source."""

    source: str
    secret: bytes


class Verifier:
    """Reads frames, and believes those signed by a key of their source.

    ``keys`` by id; a source may have two at a time, so that its key can be
    changed without a pause.
    """

    def __init__(self, keys: Mapping[str, Key]) -> None:
        self._keys = {key_id.encode(): (key.source, _keyed(key.secret)) for key_id, key in keys.items()}
        self._decode: Callable[[bytes], Body] = msgspec.msgpack.Decoder(Body).decode
        self._decode_positions: Callable[[bytes], Positions] = msgspec.msgpack.Decoder(Positions).decode
        self._decode_conditions: Callable[[bytes], Conditions] = msgspec.msgpack.Decoder(Conditions).decode

    def read(self, frame: bytes) -> Frame:
        """The frame's topic and body.

        :raises BadFrame: it is not believed.
        """
        topic, body, source, key_id = self._opened(frame)
        try:
            read = Frame(topic.decode(), self._decode(body))
        except _UNREADABLE:
            raise BadFrame("version" if _other_version(body) else "content", "the body cannot be read") from None
        if read.body.source != source:
            raise BadFrame("key", f"key {key_id[:_LONGEST_ID]!r} is none of source {read.body.source!r}")
        _check(read.topic, read.body)
        return read

    def read_positions(self, frame: bytes) -> Positions:
        """What a source says of how far it is.

        :raises BadFrame: it is not believed.
        """
        return self._word(frame, POSITIONS, self._decode_positions, "this does not say how far a source is")

    def read_conditions(self, frame: bytes) -> Conditions:
        """What a source says of its devices that are not well.

        :raises BadFrame: it is not believed.
        """
        read = self._word(frame, CONDITIONS, self._decode_conditions, "this says nothing of devices")
        if not (0 < read.part <= read.parts <= MOST_PARTS and all(map(is_sound, read.devices))):
            raise BadFrame("content", "a device that cannot be")
        return read

    def _word(self, frame: bytes, wanted: bytes, decode: Callable[[bytes], _T], otherwise: str) -> _T:
        topic, body, source, key_id = self._opened(frame)
        try:
            read = decode(body)
        except _UNREADABLE:
            raise BadFrame("version" if _other_version(body) else "content", "the body cannot be read") from None
        if topic != wanted:
            raise BadFrame("content", otherwise)
        if read.version != VERSION:
            raise BadFrame("version", f"version {read.version} is not known here")
        if read.source != source:
            raise BadFrame("key", f"key {key_id[:_LONGEST_ID]!r} is none of source {read.source!r}")
        return read

    def _opened(self, frame: bytes) -> tuple[bytes, bytes, str, bytes]:
        """Topic, body, source and key id of a frame that one of the keys has signed."""
        if len(frame) > LARGEST_FRAME:
            raise BadFrame("size", f"{len(frame)} bytes are more than {LARGEST_FRAME}")
        signed, mac = frame[:-MAC_BYTES], frame[-MAC_BYTES:]
        try:
            topic, key_id, body = signed.split(b"\0", 2)
        except ValueError:
            raise BadFrame("form", "there is no topic, no key id, or no body") from None
        known = self._keys.get(key_id)
        if known is None:
            raise BadFrame("key", f"key {key_id[:_LONGEST_ID]!r} is not known")
        source, keyed = known
        proof = keyed.copy()
        proof.update(signed)
        if not hmac.compare_digest(proof.digest(), mac):
            raise BadFrame("signature", "the signature is wrong")
        # From here on a friend speaks; who may have a fault, or be of another release.
        return topic, body, source, key_id


def _keyed(key: bytes) -> Any:
    if not KEY_BYTES[0] <= len(key) <= KEY_BYTES[1]:
        raise ValueError(f"a key must have {KEY_BYTES[0]} to {KEY_BYTES[1]} bytes, not {len(key)}")
    return hashlib.blake2b(key=key, digest_size=MAC_BYTES, person=_PERSON)


def _other_version(body: bytes) -> bool:
    try:
        first = msgspec.msgpack.decode(body)[0]
    except (msgspec.MsgspecError, LookupError, TypeError, RecursionError, OverflowError):
        return False
    return bool(first != VERSION)


def _check(topic: str, body: Body) -> None:
    """Whether a signed body holds what it should."""
    columns = body.readings
    count = len(columns)
    if body.version != VERSION:
        raise BadFrame("version", f"version {body.version} is not known here")
    if not (0 < count <= MOST_READINGS and body.sequence > 0 and 0 < body.epoch <= _LATEST_NS):
        raise BadFrame("content", "no readings, too many, or no place in a stream")
    first, last = min(columns.probes), max(columns.probes)
    # What lies between two texts that begin alike begins so, too.
    under = (first.startswith(topic) and last.startswith(topic)) or f"{first}/" == f"{last}/" == topic
    if not (under and topic.endswith("/")):
        raise BadFrame("content", "a probe that is not under the topic")
    _check_times(columns, count)
    _check_numbers(columns.watts, count)
    for column in (columns.volts, columns.amperes, columns.energy_j):
        if column is not None:
            _check_numbers(column, count)
    for name, column in (columns.extra or {}).items():
        if EXTRA.fullmatch(name) is None:
            raise BadFrame("content", "a number without a sane name")
        _check_numbers(column, count)
    flags = columns.flags
    if flags is not None and not (len(flags) == count and min(flags) >= 0 and max(flags) <= ALL_FLAGS):
        raise BadFrame("content", "flags that are not known")


def _check_times(columns: Columns, count: int) -> None:
    begin, end = columns.begin_ns, columns.end_ns
    if not (len(begin) == len(end) == count):
        raise BadFrame("content", "columns of different lengths")
    if columns.base_ns + min(begin) < 0 or columns.base_ns + max(end) > _LATEST_NS:
        raise BadFrame("content", "an instant outside of time")
    if any(map(operator.gt, begin, end)):
        raise BadFrame("content", "an interval that ends before it begins")


def _check_numbers(column: list[float | None], count: int) -> None:
    if len(column) != count:
        raise BadFrame("content", "columns of different lengths")
    values = [value for value in column if value is not None] if None in column else column
    # One sum is quicker than a look at each; it fails where one is not finite, or where it is too large itself.
    if not math.isfinite(sum(values)) and not all(map(math.isfinite, values)):  # type: ignore[arg-type]
        raise BadFrame("content", "a number that is not finite")


def checked_probe(probe_id: str) -> str:
    """A probe's name as it may stand in a frame.

    :raises ValueError: it cannot.
    """
    if len(probe_id) > PROBE_LENGTH or PROBE.fullmatch(probe_id) is None:
        raise ValueError(f"{probe_id[:PROBE_LENGTH]!r} is no probe: write site/rack/device/outlet, without spaces")
    return probe_id


def checked_extra(name: str) -> str:
    """The name of an extra number.

    :raises ValueError: it cannot be one.
    """
    if EXTRA.fullmatch(name) is None:
        raise ValueError(f"{name!r} cannot name a number: use small letters, digits and _, such as temperature_c")
    return name

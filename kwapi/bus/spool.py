# SPDX-License-Identifier: Apache-2.0
"""Frames on disk, written before they are sent, so that a consumer's night of absence or our own death loses none.

A folder of segment files, each a row of records: a header (:data:`_HEADER`:
the frame's length, its stream's epoch, its sequence number) and the frame. The
oldest segment goes when the spool is too large or the segment too old. A kill
leaves at most one torn record at the end, which is cut off at the next start.
"""

from __future__ import annotations

import logging
import os
import struct
import threading
from array import array
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from climate.errors import ConfigError
from kwapi.bus.archive import Range

LOG = logging.getLogger(__name__)

SUFFIX = ".spool"
_HEADER = struct.Struct("<IQQ")
_SEGMENTS = 16
"""Into how many segments the spool's size is divided: the part that goes at a time."""
_SMALLEST_SEGMENT = 64 * 1024
_OFFSET_BITS = 40
_NOWHERE = 2**64 - 1
"""The place of a frame that could not be written, with later ones behind it."""
_CHUNK = 256 * 1024
_LARGEST = 64 * 1024 * 1024
_MOST_AT_ONCE = 10_000
_LONGEST_GAP = _MOST_AT_ONCE - 1
"""So many frames of a stream may be missing in a row; behind more, what was there before is let go."""


def _whole(data: bytes, at: int) -> bool:
    """Whether the record that begins there is in ``data`` to its end."""
    return len(data) >= at + _HEADER.size and len(data) >= at + _HEADER.size + _HEADER.unpack_from(data, at)[0]


@dataclass(slots=True)
class _Stream:
    """Where a stream's frames lie: ``places[n]`` is that of number ``first + n``: segment and offset in one."""

    first: int
    places: array[int] = field(default_factory=lambda: array("Q"))


@dataclass(slots=True)
class _Segment:
    number: int
    descriptor: int
    size: int = 0
    newest_s: float = 0.0
    counts: dict[tuple[bytes, int], int] = field(default_factory=dict)


class Spool:
    """An :class:`kwapi.bus.archive.Archive` in ``folder``; ``max_bytes`` and ``max_age_s`` bound it.

    ``clock`` gives epoch seconds. :meth:`sync` is called from outside, each
    second: what was appended before it survives the loss of power, too.

    :raises ConfigError: the folder cannot be written.
    """

    def __init__(self, folder: Path, max_bytes: int, max_age_s: float, clock: Callable[[], float]) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._max_age_s = max_age_s
        self._clock = clock
        self._segment_bytes = max(max_bytes // _SEGMENTS, _SMALLEST_SEGMENT)
        self._lock = threading.Lock()
        self._streams: dict[tuple[bytes, int], _Stream] = {}
        self._segments: dict[int, _Segment] = {}
        self._bytes = 0
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            for path in sorted(folder.glob(f"*{SUFFIX}"), key=lambda path: int(path.stem)):
                self._recover(path)
            self._current = self._new_segment(max(self._segments, default=0) + 1)
        except (OSError, ValueError) as error:
            raise ConfigError(f"The spool {folder} cannot be used: {error}.", option="spool_dir") from None

    @property
    def size(self) -> int:
        """How many bytes it holds."""
        return self._bytes

    def append(self, topic: bytes, epoch: int, sequence: int, frame: bytes) -> None:
        """Keep a frame.

        :raises OSError: the disk is full, or gone; nothing was kept.
        """
        record = _HEADER.pack(len(frame), epoch, sequence) + frame
        with self._lock:
            segment = self._current
            if segment.size >= self._segment_bytes:
                segment.newest_s = self._clock()
                segment = self._current = self._new_segment(segment.number + 1)
                self._expire()
            written = os.write(segment.descriptor, record)
            if written != len(record):
                os.ftruncate(segment.descriptor, segment.size)
                raise OSError(f"only {written} of {len(record)} bytes could be written to {self._folder}")
            self._index(segment, topic, epoch, sequence, written)

    def get(self, wanted: Range, max_bytes: int) -> list[tuple[int, bytes]]:
        """What is there of a range, in order, ``max_bytes`` in all but one frame at least."""
        with self._lock:
            stream = self._streams.get((wanted.topic, wanted.epoch))
            if stream is None:
                return []
            begin = max(wanted.first - stream.first, 0)
            places = stream.places[begin : max(min(wanted.last - stream.first + 1, begin + _MOST_AT_ONCE), 0)]
            return self._read([place for place in places if place != _NOWHERE], max_bytes)

    def _read(self, places: Iterable[int], max_bytes: int) -> list[tuple[int, bytes]]:
        """The records at these places, many with one look at the disk: each look may cost this thread its turn."""
        found: list[tuple[int, bytes]] = []
        at, chunk, data = -1, 0, b""
        for place in places:
            number, offset = place >> _OFFSET_BITS, place & (1 << _OFFSET_BITS) - 1
            inside = offset - chunk
            if number != at or not 0 <= inside <= len(data) - _HEADER.size or not _whole(data, inside):
                at, chunk, inside = number, offset, 0
                data = os.pread(self._segments[number].descriptor, _CHUNK, offset)
                if not _whole(data, 0):
                    data = os.pread(self._segments[number].descriptor, _HEADER.size + _LARGEST, offset)
            length, _, sequence = _HEADER.unpack_from(data, inside)
            max_bytes -= length
            if found and max_bytes < 0:
                break
            start = inside + _HEADER.size
            found.append((sequence, data[start : start + length]))
        return found

    def oldest(self, topic: bytes, epoch: int) -> int | None:
        """The smallest number that is there, ``None`` if none is."""
        with self._lock:
            stream = self._streams.get((topic, epoch))
            return stream.first if stream is not None and stream.places else None

    def lives(self, topic: bytes) -> list[tuple[int, int]]:
        """The lives of a stream of which there is something: epoch, and greatest number."""
        with self._lock:
            return sorted(
                (epoch, stream.first + len(stream.places) - 1)
                for (name, epoch), stream in self._streams.items()
                if name == topic and stream.places
            )

    def streams(self) -> list[tuple[bytes, int, int]]:
        """All that there is: topic, epoch, and greatest number."""
        with self._lock:
            return [
                (topic, epoch, stream.first + len(stream.places) - 1)
                for (topic, epoch), stream in self._streams.items()
                if stream.places
            ]

    def sync(self) -> None:
        """Bring to the disk what was appended, and let go what is too old. Appending goes on meanwhile."""
        with self._lock:
            descriptor = os.dup(self._current.descriptor)
            self._expire()
        try:
            os.fdatasync(descriptor)
        finally:
            os.close(descriptor)

    def close(self) -> None:
        """Bring everything to the disk."""
        self.sync()
        with self._lock:
            for segment in self._segments.values():
                os.close(segment.descriptor)
            self._segments.clear()

    def _new_segment(self, number: int) -> _Segment:
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        segment = _Segment(number, os.open(self._path(number), flags, 0o600), newest_s=self._clock())
        self._segments[number] = segment
        return segment

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:012d}{SUFFIX}"

    def _index(self, segment: _Segment, topic: bytes, epoch: int, sequence: int, length: int) -> None:
        key = topic, epoch
        stream = self._streams.get(key)
        gap = 0 if stream is None else sequence - stream.first - len(stream.places)
        if stream is None or not 0 <= gap <= _LONGEST_GAP:
            stream, gap = _Stream(sequence), 0
            self._streams[key] = stream
            # What was there before is out of reach; its segments need not count it.
            for other in self._segments.values():
                other.counts.pop(key, None)
        stream.places.extend([_NOWHERE] * gap)
        stream.places.append(segment.number << _OFFSET_BITS | segment.size)
        segment.counts[key] = segment.counts.get(key, 0) + gap + 1
        segment.size += length
        self._bytes += length

    def _expire(self) -> None:
        """Drop the oldest segments while the spool is too large or they are too old; never the current one."""
        too_old = self._clock() - self._max_age_s
        for number in sorted(self._segments)[:-1]:
            segment = self._segments[number]
            if self._bytes <= self._max_bytes and segment.newest_s >= too_old:
                break
            for key, count in segment.counts.items():
                stream = self._streams[key]
                del stream.places[:count]
                stream.first += count
                if not stream.places:
                    del self._streams[key]
            self._bytes -= segment.size
            del self._segments[number]
            os.close(segment.descriptor)
            self._path(number).unlink(missing_ok=True)

    def _recover(self, path: Path) -> None:
        segment = _Segment(
            int(path.stem), os.open(path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC), newest_s=path.stat().st_mtime
        )
        self._segments[segment.number] = segment
        total = os.fstat(segment.descriptor).st_size
        with path.open("rb") as records:
            while len(header := records.read(_HEADER.size)) == _HEADER.size:
                length, epoch, sequence = _HEADER.unpack(header)
                frame = records.read(length) if segment.size + _HEADER.size + length <= total else b""
                end = frame.find(b"\0")
                if len(frame) != length or end < 1:
                    break
                self._index(segment, frame[:end], epoch, sequence, _HEADER.size + length)
        if segment.size < total:
            LOG.warning("%s: %d bytes behind the last whole frame are cut off", path, total - segment.size)
            os.ftruncate(segment.descriptor, segment.size)

# SPDX-License-Identifier: Apache-2.0
"""Where frames wait for those who missed them: what any such place can do, and one in memory."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Range:
    """Sequence numbers ``first`` to ``last`` of one life of a stream."""

    topic: bytes
    epoch: int
    first: int
    last: int


class Archive(Protocol):
    """Frames by stream and number. Numbers of one stream's life come in ascending order."""

    def append(self, topic: bytes, epoch: int, sequence: int, frame: bytes) -> None:
        """Keep a frame, and forget the oldest where there is no more room."""

    def get(self, wanted: Range, max_bytes: int) -> list[tuple[int, bytes]]:
        """What is there of a range, in order: from the first one that is there, at least one, ``max_bytes`` in all."""

    def oldest(self, topic: bytes, epoch: int) -> int | None:
        """The smallest number that is there, ``None`` if none is."""


class Ring:
    """The newest frames, in memory: ``max_bytes`` at most. Any thread may ask. Numbers come without gaps."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._lock = threading.Lock()
        self._order: deque[deque[tuple[int, bytes]]] = deque()
        self._streams: dict[tuple[bytes, int], deque[tuple[int, bytes]]] = {}

    def append(self, topic: bytes, epoch: int, sequence: int, frame: bytes) -> None:
        """Keep a frame, and forget the oldest where there is no more room."""
        with self._lock:
            stream = self._streams.get((topic, epoch))
            if stream is None:
                stream = self._streams[topic, epoch] = deque()
            stream.append((sequence, frame))
            self._order.append(stream)
            self._bytes += len(frame)
            while self._bytes > self._max_bytes:
                self._bytes -= len(self._order.popleft().popleft()[1])

    def get(self, wanted: Range, max_bytes: int) -> list[tuple[int, bytes]]:
        """What is there of a range, in order, ``max_bytes`` in all but one frame at least."""
        with self._lock:
            stream = self._streams.get((wanted.topic, wanted.epoch))
            if not stream:
                return []
            # Numbers ascend without gaps, so a place in the deque is a difference.
            oldest = stream[0][0]
            begin, end = max(wanted.first - oldest, 0), min(wanted.last - oldest + 1, len(stream))
            found: list[tuple[int, bytes]] = []
            for index in range(begin, end):
                entry = stream[index]
                max_bytes -= len(entry[1])
                if found and max_bytes < 0:
                    break
                found.append(entry)
            return found

    def oldest(self, topic: bytes, epoch: int) -> int | None:
        """The smallest number that is there, ``None`` if none is."""
        with self._lock:
            stream = self._streams.get((topic, epoch))
            return stream[0][0] if stream else None

# SPDX-License-Identifier: Apache-2.0
"""Packets out of a stream of bytes that comes in pieces and may be disturbed."""

from __future__ import annotations


class Splitter:
    """Cuts at ``end``. Keeps what has no end yet, up to ``longest`` bytes; what is longer is thrown away to its end."""

    def __init__(self, end: bytes, longest: int) -> None:
        self._end = end
        self._longest = longest
        self._rest = b""
        self._overflows = False

    def feed(self, data: bytes) -> tuple[list[bytes], int]:
        """The packets that ended, without their ends, and how many were thrown away."""
        *packets, self._rest = (self._rest + data).split(self._end)
        dropped = 0
        if packets and self._overflows:
            packets, dropped, self._overflows = packets[1:], 1, False
        if len(self._rest) > self._longest:
            self._rest, self._overflows = b"", True
        sound = [packet for packet in packets if len(packet) <= self._longest]
        return sound, dropped + len(packets) - len(sound)

    def clear(self) -> None:
        """Forget what has no end yet, and what comes until the next one: it is only a part."""
        self._rest, self._overflows = b"", False

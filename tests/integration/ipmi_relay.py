# SPDX-License-Identifier: Apache-2.0
"""A bad network in front of a BMC: datagrams that are lost, doubled, spoilt, or answered by noise."""

from __future__ import annotations

import random
import select
import socket
import threading
from collections.abc import Callable
from typing import Self

Fate = Callable[[bytes], list[bytes]]
"""What becomes of a datagram: none, one or several."""


def unharmed(packet: bytes) -> list[bytes]:
    return [packet]


def lost(_packet: bytes) -> list[bytes]:
    return []


def noise(_packet: bytes) -> list[bytes]:
    return [random.randbytes(random.randrange(1, 80)), b"\x06\x00\xff\x07" + random.randbytes(40)]


def spoilt(chance: float) -> Fate:
    """Some with a byte that is another, and some twice."""

    def fate(packet: bytes) -> list[bytes]:
        if random.random() > chance:
            return [packet]
        wrong = bytearray(packet)
        wrong[random.randrange(len(wrong))] ^= 1 << random.randrange(8)
        return random.choice([[bytes(wrong)], [packet, packet], [bytes(wrong), packet]])

    return fate


class Relay:
    """A UDP port in front of another; ``there`` and ``back`` may be replaced at any time."""

    def __init__(self, port: int) -> None:
        self.there: Fate = unharmed
        self.back: Fate = unharmed
        self.heard = 0
        self._target = ("127.0.0.1", port)
        self._front = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._front.bind(("127.0.0.1", 0))
        self.port: int = self._front.getsockname()[1]
        self._clients: dict[socket.socket, tuple[str, int]] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(10)
        for each in (self._front, *self._clients):
            each.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            ready, _, _ = select.select([self._front, *self._clients], [], [], 0.05)
            for each in ready:
                try:
                    packet, sender = each.recvfrom(4096)
                except OSError:
                    continue
                if each is self._front:
                    for part in self.there(packet):
                        self._back_of(sender).sendto(part, self._target)
                    self.heard += 1
                else:
                    for part in self.back(packet):
                        self._front.sendto(part, self._clients[each])

    def _back_of(self, client: tuple[str, int]) -> socket.socket:
        for each, known in self._clients.items():
            if known == client:
                return each
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._clients[made] = client
        return made

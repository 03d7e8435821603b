# SPDX-License-Identifier: Apache-2.0
"""Answers what is asked about the past, and about devices, on a thread of its own: for a source itself."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable

import zmq

from kwapi.bus import asking
from kwapi.bus.publisher import Publisher
from kwapi.core.condition import Condition

LOG = logging.getLogger(__name__)

_LOOK_S = 0.2


class Answering:
    """A server (see :class:`climate.chassis.process.Server`) over a bound ROUTER ``socket``, which it closes."""

    def __init__(self, socket: zmq.Socket[bytes], publisher: Publisher) -> None:
        self._socket = socket
        self._publisher = publisher
        self._devices: Callable[[], Iterable[Condition]] = tuple
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="answering", daemon=True)

    def tell_of(self, devices: Callable[[], Iterable[Condition]]) -> None:
        """Say, when asked, which of these are not well; without it none is. To be called before :meth:`start`."""
        self._devices = devices

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Answer no more."""
        self._stopping.set()

    def wait(self) -> None:
        """Return when the thread has ended."""
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            if self._socket.poll(int(_LOOK_S * 1000)):
                asker, *parts = self._socket.recv_multipart()
                answer = self._answer(parts[-1] if parts else b"")
                if answer is not None:
                    self._socket.send_multipart([asker, answer], zmq.NOBLOCK)
        self._socket.close(linger=0)

    def _answer(self, message: bytes) -> bytes | None:
        try:
            number, wanted = asking.question_of(message)
        except ValueError:
            LOG.debug("something that is no question")
            return None
        if wanted == asking.POSITIONS:
            return asking.answer(number, asking.POSITIONS, [self._publisher.positions()])
        if isinstance(wanted, str):
            return asking.answer(number, asking.DEVICES, self._publisher.conditions(self._devices()))
        found = self._publisher.fetch(wanted)
        if found is None:
            return asking.answer(number, asking.UNKNOWN)
        return asking.answer(number, asking.FRAMES, found.through, found.frames)

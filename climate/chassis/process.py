# SPDX-License-Identifier: Apache-2.0
"""A process: servers that answer and loops that repeat, started together, drained together."""

from __future__ import annotations

import logging
import signal
import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import FrameType
from typing import Protocol

from climate.errors import ClimateError

LOG = logging.getLogger(__name__)

_LONGEST_PAUSE_S = 60.0
_ENDS = (signal.SIGTERM, signal.SIGINT)


class Server(Protocol):
    """Answers on threads of its own. ``stop`` refuses what is new, ``wait`` finishes what is under way."""

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def wait(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Loop:
    """Something to do again and again. A failure is logged and tried again after a pause that doubles."""

    name: str
    action: Callable[[], object]
    interval_s: float


class Process:
    """Servers and loops under one roof.

    ``close`` runs after everything has stopped, ``reload`` at each SIGHUP.
    Started and stopped by hand inside a process tree, or by signals with
    :meth:`run`.
    """

    def __init__(
        self,
        name: str,
        servers: Sequence[Server] = (),
        loops: Sequence[Loop] = (),
        close: Callable[[], None] = lambda: None,
        drain_timeout_s: float = 30.0,
        reload: Callable[[], None] | None = None,
    ) -> None:
        self.name = name
        self._reload = reload
        self.failures = 0
        self._servers = servers
        self._close = close
        self._drain_timeout_s = drain_timeout_s
        self._stopping = threading.Event()
        self._answering: list[Server] = []
        self._threads = [
            threading.Thread(target=self._repeat, args=(loop,), name=f"{name}-{loop.name}", daemon=True)
            for loop in loops
        ]

    def start(self) -> None:
        """Start the loops, then the servers; returns when these answer.

        A server waits for a broker that is away; the loops do without.
        """
        for thread in self._threads:
            thread.start()
        for server in self._servers:
            server.start()
            self._answering.append(server)
        LOG.info("%s is up", self.name)

    def stop(self) -> None:
        """Refuse what is new, finish what is under way (for ``drain_timeout_s`` at most), then close."""
        self._stopping.set()
        drain = threading.Thread(target=self._drain, name=f"{self.name}-drain", daemon=True)
        drain.start()
        drain.join(self._drain_timeout_s)
        if drain.is_alive():
            LOG.warning("%s stops with work under way", self.name)
        self._close()
        LOG.info("%s is down", self.name)

    def run(self) -> None:
        """Start, stay until SIGTERM or SIGINT, stop. For the main thread."""
        # A signal may hit any thread, and would not wake this one out of a lock: so it waits for a byte.
        asked, waker = socket.socketpair()
        waker.setblocking(False)
        failures: list[BaseException] = []

        def begin() -> None:
            try:
                self.start()
            except BaseException as error:  # noqa: BLE001 - raised again in the main thread
                failures.append(error)
                waker.send(bytes([signal.SIGTERM]))

        for number in (*_ENDS, *((signal.SIGHUP,) if self._reload is not None else ())):
            signal.signal(number, _noted)
        signal.set_wakeup_fd(waker.fileno())
        # On a thread, because a server that waits for its broker would hear no signal.
        threading.Thread(target=begin, name=f"{self.name}-start", daemon=True).start()
        while (number := asked.recv(1)[0]) not in _ENDS:
            if number == signal.SIGHUP:
                self._reload_safely()
        signal.set_wakeup_fd(-1)
        self.stop()
        if failures:
            raise failures[0]

    def _reload_safely(self) -> None:
        """What was right goes on if what is new is wrong."""
        if self._reload is None:
            return
        try:
            self._reload()
        except ClimateError as error:
            LOG.error("%s goes on as it was: %s", self.name, error.message)
        except Exception:
            LOG.exception("%s goes on as it was", self.name)

    def _drain(self) -> None:
        for server in self._answering:
            server.stop()
        for server in self._answering:
            server.wait()
        for thread in self._threads:
            if thread.is_alive():
                thread.join()

    def _repeat(self, loop: Loop) -> None:
        pause_s = loop.interval_s
        while not self._stopping.is_set():
            try:
                loop.action()
                pause_s = loop.interval_s
            except Exception:
                self.failures += 1
                pause_s = min(max(pause_s, 0.1) * 2, max(_LONGEST_PAUSE_S, loop.interval_s))
                LOG.exception("%s: %s failed, again in %.1f s", self.name, loop.name, pause_s)
            self._stopping.wait(pause_s)


def _noted(number: int, frame: FrameType | None) -> None:
    """Nothing: that there is a handler writes the signal's number where :meth:`Process.run` waits."""

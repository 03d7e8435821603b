# SPDX-License-Identifier: Apache-2.0
"""Keeps probes up with the bus, and writes down how far it is: the one thread between the two."""

from __future__ import annotations

import logging
import threading
import time

from kwapi.bus.subscriber import Subscriber
from kwapi.consumers.checkpoint import Checkpoint, CheckpointFile
from kwapi.consumers.history import History
from kwapi.consumers.live import Live, Probe

LOG = logging.getLogger(__name__)

_WAIT_S = 0.25


class Following:
    """Hands what ``subscriber`` hears to ``live``; both belong to the thread that calls :meth:`step`.

    ``caught_up`` is set once everything was taken that had been said before.

    Each ``interval_s`` the counters and the place on the bus go to ``file``
    together, so that a restart counts nothing twice and leaves nothing out;
    and what ``history`` has waiting, as the change of the next ``generation``.
    """

    def __init__(
        self,
        subscriber: Subscriber,
        live: Live,
        file: CheckpointFile[dict[str, Probe]] | None,
        interval_s: float,
        history: History | None = None,
        generation: int = 0,
    ) -> None:
        self._subscriber = subscriber
        self._live = live
        self._file = file
        self._interval_s = interval_s
        self._history = history
        self._generation = generation
        self._written_at = time.monotonic()
        self.caught_up = threading.Event()

    def step(self) -> None:
        """Take all that there is, or wait a moment for something.

        Called with a pause in between: to wake up for each of many small
        batches costs more than what is in them.

        :raises OSError: the counters cannot be written down; they are kept in memory meanwhile.
        """
        events = self._subscriber.receive(_WAIT_S)
        deadline = time.monotonic() + _WAIT_S
        while events:
            self._live.take(events)
            events = self._subscriber.receive(0.0) if time.monotonic() < deadline else []
        if self._subscriber.up_to_date:
            self.caught_up.set()
        crowded = self._history is not None and self._history.crowded
        if crowded or time.monotonic() - self._written_at >= self._interval_s:
            self.write()

    def write(self) -> None:
        """Write down where this is.

        :raises OSError: it cannot be written.
        """
        self._written_at = time.monotonic()
        if self._file is None:
            return
        generation = self._generation + 1
        if self._history is not None:
            self._history.prepare(generation)
        self._file.write(Checkpoint(self._subscriber.positions(), self._live.meters(), generation))
        self._generation = generation
        if self._history is not None:
            self._history.apply()


class CatchUp:
    """A server (see :class:`climate.chassis.process.Server`) that only lets those behind it wait.

    They start when ``following`` has caught up, or ``within_s`` have passed:
    so a counter that was told before a restart is not told with less after it.
    """

    def __init__(self, following: Following, within_s: float) -> None:
        self._caught_up = following.caught_up
        self._within_s = within_s

    def start(self) -> None:
        """Wait."""
        if not self._caught_up.wait(self._within_s):
            LOG.warning("some upstreams have not answered after %g s: counters are told as they were", self._within_s)

    def stop(self) -> None:
        """Wait no longer."""
        self._caught_up.set()

    def wait(self) -> None:
        """There is nothing under way."""

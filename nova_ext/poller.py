# SPDX-License-Identifier: Apache-2.0
"""One thread that keeps one value fresh, and lets others have it, wait for it, and know its age.

Plain threads and locks, so that it is right with native threads and where
eventlet has patched these. The thread starts when the value is first wanted,
in each process for itself: one that was forked starts its own.
"""

from __future__ import annotations

import os
import random
import threading
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from oslo_log import log as logging

LOG = logging.getLogger(__name__)
T = TypeVar("T")
Fetch = Callable[["T | None"], "T"]

_GAP_S = 0.02
_GAP_AFTER_FAILURE_S = 0.5


@dataclass(frozen=True, slots=True)
class Known(Generic[T]):
    """A value, and when it was asked for (monotonic seconds): so old it is at most."""

    value: T
    asked_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often to ask: every ``interval_s``; while nobody answers, ever more rarely, down to every ``retry_max_s``."""

    interval_s: float
    retry_max_s: float

    def pause_s(self, failures: int, randomness: random.Random) -> float:
        """How long to wait after so many failures in a row."""
        if not failures:
            return self.interval_s
        return min(2.0 ** min(failures - 1, 32), self.retry_max_s) * randomness.uniform(0.5, 1.0)


class Poller(Generic[T]):
    """Asks again and again in the background.

    ``connect`` is called in the thread and gives what is asked with: a
    function from the last value (or ``None``) to the next. Whatever either
    raises means that nobody answers. ``what`` names the value in the log.
    """

    def __init__(
        self,
        what: str,
        connect: Callable[[], Fetch[T]],
        pace: Pace,
        *,
        known: Known[T] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        randomness: random.Random | None = None,
    ) -> None:
        self._what = what
        self._connect = connect
        self._pace = pace
        self._monotonic = monotonic
        self._randomness = randomness or random.Random()  # noqa: S311
        self._known = known
        self._reset()
        itself = weakref.ref(self)

        def forked() -> None:
            poller = itself()
            if poller is not None:
                poller._reset()

        os.register_at_fork(after_in_child=forked)

    def _reset(self) -> None:
        """As before the thread started: locks and threads of the parent mean nothing in a forked process."""
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._wanted_at = float("-inf")
        self._stopped = False
        self._failures = 0
        self._answered_at = float("-inf")

    @property
    def failing(self) -> bool:
        """Whether the last attempt was in vain."""
        return self._failures > 0

    def known(self) -> Known[T] | None:
        """The last value; ``None`` while there was none. Does not wait."""
        self._start()
        return self._known

    def fresh(self, wait_s: float) -> Known[T] | None:
        """The last value after one more attempt that begins now; whatever there is after ``wait_s`` seconds."""
        asked_at = self._monotonic()
        self._start()
        with self._changed:
            self._wanted_at = max(self._wanted_at, asked_at)
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._answered_at >= asked_at or self._stopped, wait_s)
            return self._known

    def stop(self, wait_s: float = 10.0) -> None:
        """End the thread, and wait until it has ended."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
            thread = self._thread
        if thread is not None:
            thread.join(wait_s)

    def _start(self) -> None:
        thread = self._thread
        if thread is not None and thread.is_alive():
            return
        with self._changed:
            if (self._thread is None or not self._thread.is_alive()) and not self._stopped:
                self._thread = threading.Thread(target=self._run, name=f"climate-{self._what}", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        fetch: Fetch[T] | None = None
        while True:
            began_at = self._monotonic()
            value: T | None = None
            failure: Exception | None = None
            known = self._known
            try:
                fetch = fetch or self._connect()
                value = fetch(known.value if known else None)
            except Exception as error:  # noqa: BLE001  whatever it is, the scheduler goes on without an answer
                failure = error
            with self._changed:
                if self._stopped:
                    return
                if failure is None:
                    self._known = Known(value, began_at)  # type: ignore[arg-type]
                self._tell(failure)
                self._answered_at = began_at
                self._changed.notify_all()
                self._rest()
                if self._stopped:
                    return

    def _tell(self, failure: Exception | None) -> None:
        """Count, and log what changed: the first failure of a row, and its end."""
        if failure is None:
            if self._failures:
                LOG.info("Climate answers again about %s, after %d attempts in vain", self._what, self._failures)
            self._failures = 0
            return
        self._failures += 1
        if self._failures == 1:
            LOG.warning("Climate does not answer about %s: %s", self._what, failure or type(failure).__name__)

    def _rest(self) -> None:
        """Wait until it is time again, or somebody wants an answer; they cannot make it ask without a pause."""
        now = self._monotonic()
        due = now + self._pace.pause_s(self._failures, self._randomness)
        earliest = min(due, now + (_GAP_AFTER_FAILURE_S if self._failures else _GAP_S))
        while not self._stopped:
            left = (earliest if self._wanted_at > self._answered_at else due) - self._monotonic()
            if left <= 0:
                break
            self._changed.wait(left)

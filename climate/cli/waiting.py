# SPDX-License-Identifier: Apache-2.0
"""Waiting for a lease, and showing how it stands meanwhile."""

from __future__ import annotations

import argparse
import datetime as dt
import itertools
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TextIO

from climate.cli import shown
from climate.cli.terminal import Terminal, terminal_of
from climate.client import times
from climate.client.leases import Lease

if TYPE_CHECKING:
    from climate.client import Client

STATES: Final = ("confirmed", "active", "ended")
_FRAME_S: Final = 0.1
_LOOK_S: Final = (0.5, 15.0)  # the shortest and the longest time between two looks
_CONFIRMS_S: Final = 2.0  # the time between two looks at what somebody may confirm at any moment
_LOOKS: Final = 20  # in the time that is left until something should happen
_BAR: Final = 24


def add_options(parser: argparse.ArgumentParser, wait_for: str) -> None:
    """The options of waiting; ``wait_for`` is what that for the state is called."""
    parser.add_argument(
        wait_for,
        dest="wait_for",
        choices=STATES,
        help="the state to wait for (default: active)",
    )
    parser.add_argument("--timeout", metavar="TIME", help="give up after this long: 10m, or seconds (default: never)")


def wait(client: Client, lease_id: str, state: str | None, timeout: str | None, out: TextIO) -> Lease:
    """The lease once it is in ``state`` (``None``: active); ``out`` tells of the way there.

    :raises BadField: ``timeout`` is no duration.
    :raises TimeoutError: it has passed.
    :raises WrongState: the lease is over.
    """
    timeout_s = None if timeout is None else times.seconds(timeout, "--timeout")
    state = state or "active"
    view = View(terminal_of(out), state, timeout_s)
    try:
        lease = client.leases.wait_for(lease_id, state, timeout_s, view.tell, pause=view.pause)
    except KeyboardInterrupt:
        view.end(f"The lease stays. Wait on with: climate lease wait {lease_id}")
        raise
    except BaseException:
        view.end()
        raise
    view.end(f"lease {lease_id}: {standing(lease, time.time())}" if view.live else None)
    return lease


def standing(lease: Lease, now: float) -> str:
    """How a lease stands, and what happens to it next."""
    match lease["state"]:
        case "proposed" if lease["expires_at"]:
            return f"proposed, expires {_when(lease['expires_at'], now)}"
        case "confirmed":
            return f"confirmed, begins {_when(lease['start_at'], now)}"
        case "active":
            return f"active, ends {_when(lease['end_at'], now)}"
    return lease["state"]


class View:
    """What is shown of a lease that is waited for: one line that changes, or a line for each new state."""

    def __init__(
        self,
        terminal: Terminal,
        state: str,
        timeout_s: float | None = None,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.live = terminal.live
        self._terminal = terminal
        self._state = state
        self._clock = clock
        self._sleep = sleep
        self._began_at = clock()
        self._give_up_at = None if timeout_s is None else self._began_at + timeout_s
        self._frames = itertools.cycle("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏" if terminal.signs else "|/-\\")

    def tell(self, lease: Lease) -> None:
        """The lease is in a new state."""
        if not self.live:
            self._terminal.write(f"lease {lease['id']}: {standing(lease, self._clock())}\n")

    def pause(self, lease: Lease) -> None:
        """Let some time pass until the next look: the less, the sooner something should happen."""
        now = self._clock()
        next_at = self._next_at(lease)
        shortest, longest = _LOOK_S
        until = now + (_CONFIRMS_S if next_at is None else min(longest, max(shortest, (next_at - now) / _LOOKS)))
        if self._give_up_at is not None:
            until = min(until, self._give_up_at)
        while (left := until - self._clock()) > 0:
            if self.live:
                self._draw(lease)
            self._sleep(min(_FRAME_S, left) if self.live else left)

    def end(self, line: str | None = None) -> None:
        """Leave a last line, or nothing."""
        if self.live:
            self._terminal.line("")
        if line is not None:
            self._terminal.write(f"{line}\n")

    def _draw(self, lease: Lease) -> None:
        now = self._clock()
        next_at = self._next_at(lease)
        bar = ""
        if next_at is not None:
            span = next_at - self._began_at
            done = int(_BAR * min(1.0, max(0.0, (now - self._began_at) / span)) if span > 0 else _BAR)
            full, empty = ("█", "░") if self._terminal.signs else ("#", ".")
            bar = f"{full * done}{empty * (_BAR - done)} "
        self._terminal.line(f"{next(self._frames)} {bar}{standing(lease, now)}")

    def _next_at(self, lease: Lease) -> float | None:
        """When the lease should be in the state that is waited for; unknown, while somebody has to confirm it."""
        if lease["state"] == "proposed":
            return None
        return dt.datetime.fromisoformat(lease["end_at" if self._state == "ended" else "start_at"]).timestamp()


def _when(instant: str, now: float) -> str:
    left = dt.datetime.fromisoformat(instant).timestamp() - now
    return f"in {times.short(left)} ({shown.local(instant)})" if left >= 1 else f"now ({shown.local(instant)})"

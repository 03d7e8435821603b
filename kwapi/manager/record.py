# SPDX-License-Identifier: Apache-2.0
"""What happened with a device, and when it is asked next. Decides and counts; knows no thread and no clock."""

from __future__ import annotations

import math
from collections import Counter

from kwapi.manager import deadlines
from kwapi.manager.configuration import Wattmeter
from kwapi.manager.status import Cause, DeviceStatus, State

LONGEST_TEXT = 500
"""How much of what a driver says is kept, on one line."""
_NS = 1_000_000_000
_ROUNDING = 1e-9
_CLOCK_SET_NS = 500_000_000
"""By how much two clocks must have gone apart to say that one was set; those that are only corrected go less."""


class Record:
    """The numbers of one device; its owner keeps threads apart. All times are seconds of a clock that nobody sets."""

    def __init__(self, wattmeter: Wattmeter, phase_s: float, longest_pause_s: float) -> None:
        self._wattmeter = wattmeter
        self._interval_s = wattmeter.section.interval_s
        self._phase_s = phase_s
        self._longest_pause_s = longest_pause_s
        self._planned: int | None = None
        self._begun = True
        self.state = State.WAITING
        self.attempts = 0
        self.readings = 0
        self.last_success_ns: int | None = None
        self.failures: Counter[Cause] = Counter()
        self.failures_in_row = 0
        self.last_failure = ""
        self.restarts = 0
        self.late = 0
        self.missed = 0
        self.paused = 0
        self.refused = 0
        self.unpublished = 0
        self.lag_s = 0.0
        self.clock_steps = 0
        self._apart_ns: int | None = None

    @property
    def pause_s(self) -> float:
        """How long a device that fails is left alone."""
        return deadlines.pause(self.failures_in_row, self._interval_s, self._longest_pause_s)

    def plan(self, now: float) -> float:
        """When to ask next: at a deadline, that planned before if it is still to come.

        Those that have passed are not made up for, but counted.
        """
        soonest = deadlines.next_number(now, self._phase_s, self._interval_s)
        if self._planned is None:
            self._planned = soonest
        elif self._begun or self._due(self._planned) < now:
            last = self._planned if self._begun else self._planned - 1
            soonest = max(soonest, last + 1)
            allowed = last + math.ceil(self.pause_s / self._interval_s - _ROUNDING)
            self._planned = max(soonest, allowed)
            self.missed += soonest - (last + 1)
            self.paused += self._planned - soonest
        self._begun = False
        return self._due(self._planned)

    def begin(self, now: float) -> None:
        """The attempt that was planned begins."""
        self._begun = True
        self.attempts += 1
        if self._planned is not None:
            self.lag_s = max(0.0, now - self._due(self._planned))

    def clock_was_set(self, now_ns: int, now: float) -> bool:
        """Whether the clock that dates readings was set since the last time, by one that nobody sets."""
        apart_ns = now_ns - round(now * _NS)
        before_ns, self._apart_ns = self._apart_ns, apart_ns
        was_set = before_ns is not None and abs(apart_ns - before_ns) > _CLOCK_SET_NS
        self.clock_steps += was_set
        return was_set

    def succeed(self, now_ns: int, refused: int) -> None:
        """The device answered; so many of its readings are unfit."""
        self.state = State.ANSWERING
        self.failures_in_row = 0
        self.last_success_ns = now_ns
        self.refused += refused

    def fail(self, cause: Cause, text: str) -> None:
        """It did not, or nobody could ask it."""
        self.state = State.FAILING
        self.failures[cause] += 1
        self.failures_in_row += 1
        self.last_failure = " ".join(text.split())[:LONGEST_TEXT]

    def status(self, abandoned: int) -> DeviceStatus:
        """All of it as a value."""
        section = self._wattmeter.section
        return DeviceStatus(
            section=section.name,
            device=section.device,
            driver=self._wattmeter.driver,
            state=self.state,
            probes=len(self._wattmeter.probes),
            interval_s=self._interval_s,
            attempts=self.attempts,
            readings=self.readings,
            last_success_ns=self.last_success_ns,
            failures={cause: self.failures[cause] for cause in Cause},
            failures_in_row=self.failures_in_row,
            last_failure=self.last_failure,
            restarts=self.restarts,
            abandoned=abandoned,
            late=self.late,
            missed=self.missed,
            paused=self.paused,
            refused=self.refused,
            unpublished=self.unpublished,
            lag_s=self.lag_s,
            clock_steps=self.clock_steps,
        )

    def _due(self, number: int) -> float:
        return deadlines.due(number, self._phase_s, self._interval_s)

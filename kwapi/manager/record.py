# SPDX-License-Identifier: Apache-2.0
"""What happened with a device, and when it is asked next. Decides and counts; knows no thread and no clock."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from kwapi.core.condition import MOST_NAMED, Condition, sentence
from kwapi.manager import deadlines
from kwapi.manager.configuration import Wattmeter
from kwapi.manager.status import WELL, Cause, DeviceStatus, State

QUIET_S = 15.0
"""A probe that tells nothing for so long while others of its device do is missing, though its driver says no word."""
_LATE_S = 0.1
"""An answer is late that takes so much longer than an interval; to wait for a meter's next packet takes about one."""
_NS = 1_000_000_000
_ROUNDING = 1e-9
_CLOCK_SET_NS = 500_000_000
"""By how much two clocks must have gone apart to say that one was set; those that are only corrected go less."""


@dataclass(frozen=True, slots=True)
class Answered:
    """A device's answer: the probes that told something fit for the bus, how many readings were not, and why.

    ``absent`` are probes that told nothing, or not what they should, each with the reason.
    """

    told: Collection[str] = ()
    refused: int = 0
    complaint: str = ""
    absent: Mapping[str, str] = field(default_factory=dict)


class Record:
    """The numbers of one device; its owner keeps threads apart. All times are seconds of a clock that nobody sets.

    But ``now_ns``, which is told to others.
    """

    def __init__(self, wattmeter: Wattmeter, phase_s: float, longest_pause_s: float, now_ns: int) -> None:
        self._wattmeter = wattmeter
        self._probes = wattmeter.probes
        self._under = f"{wattmeter.section.device}/"
        self._interval_s = wattmeter.section.interval_s
        self._phase_s = phase_s
        self._longest_pause_s = longest_pause_s
        self._planned: int | None = None
        self._begun = True
        self.state = State.WAITING
        self.since_ns = now_ns
        self.reason = ""
        self.missing: tuple[str, ...] = ()
        self.took_s = 0.0
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
        self._began = 0.0
        self._was_late = False
        self._told_at: dict[str, float] = {}
        self._first_told = 0.0
        self._quiet_s = max(QUIET_S, deadlines.patience(wattmeter.section.interval_s, wattmeter.section.timeout_s))

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
        self._began = now
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

    def succeed(self, now_ns: int, now: float, answered: Answered) -> None:
        """The device answered, well or in part."""
        self.failures_in_row = 0
        self.last_success_ns = now_ns
        self.refused += answered.refused
        self.took_s = now - self._began
        absent = self._absent(answered, now) if answered.told else {}
        was_late, self._was_late = self._was_late, self.took_s > self._interval_s + _LATE_S
        if answered.told:
            self.missing = tuple(absent)
        self._enter(*self._judged(answered, absent, was_late and self._was_late), now_ns)

    def fail(self, cause: Cause, text: str, now_ns: int) -> None:
        """It did not, or nobody could ask it."""
        self.failures[cause] += 1
        self.failures_in_row += 1
        self.last_failure = sentence(text)
        # What a driver that breaks says was written by nobody who knew that it would be told.
        told = "its driver failed; the log of kwapi-drivers says how" if cause is Cause.FAULT else text
        self._enter(State.FAILING, told, now_ns)

    def leave(self, state: State, reason: str, now_ns: int) -> None:
        """It is asked no more, or again."""
        self._enter(state, reason, now_ns)

    def _judged(self, answered: Answered, absent: Mapping[str, str], late: bool) -> tuple[State, str]:
        """How a device is that gave this answer, and why if it is not well."""
        if not answered.told:
            if answered.complaint:
                return State.FAILING, answered.complaint
            if not self._told_at:
                return State.WAITING, "it answers, and has told nothing yet"
            stays = self.state in (State.ANSWERING, State.SLOW, State.PARTIAL)
            return (self.state, self.reason) if stays else (State.ANSWERING, "")
        if absent or answered.complaint:
            return State.PARTIAL, "; ".join(filter(None, dict.fromkeys([*absent.values(), answered.complaint])))
        if late:
            return State.SLOW, f"it takes {self.took_s:.1f} s to answer, and is asked each {self._interval_s:g} s"
        return State.ANSWERING, ""

    def _absent(self, answered: Answered, now: float) -> dict[str, str]:
        """The probes that tell nothing, as the driver says or for long enough."""
        if not self._told_at:
            self._first_told = now
        self._told_at.update(dict.fromkeys(answered.told, now))
        if len(answered.told) >= len(self._probes) and not answered.absent:
            return {}
        return {
            probe: answered.absent.get(probe) or f"it tells nothing of {probe.removeprefix(self._under)}"
            for probe in self._probes
            if probe in answered.absent or now - self._told_at.get(probe, self._first_told) > self._quiet_s
        }

    def _enter(self, state: State, reason: str, now_ns: int) -> None:
        if state is not self.state:
            self.state, self.since_ns = state, now_ns
        if state is not State.PARTIAL:
            self.missing = ()
        self.reason = sentence(reason)

    def condition(self, now_ns: int) -> Condition | None:
        """What is wrong, as others are told; ``None`` also of a device that has not had the time to answer yet."""
        waits = self.state is State.WAITING and now_ns - self.since_ns < self._quiet_s * _NS
        if self.state in WELL or waits:
            return None
        concerned = self.missing if self.state is State.PARTIAL else self._probes
        return Condition(
            device=self._wattmeter.section.device,
            state=self.state.value,
            since_ns=self.since_ns,
            reason=self.reason,
            probes=list(concerned[:MOST_NAMED]),
            of=len(self._probes),
            attempts=self.attempts,
            failures=sum(self.failures.values()),
            answered_ns=self.last_success_ns,
        )

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
            since_ns=self.since_ns,
            reason=self.reason,
            missing=self.missing,
            took_s=self.took_s,
        )

    def _due(self, number: int) -> float:
        return deadlines.due(number, self._phase_s, self._interval_s)

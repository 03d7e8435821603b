# SPDX-License-Identifier: Apache-2.0
"""Watts into joules: the one integration of the whole suite.

Between two readings of a probe lies a *step*. Its energy is, in this order:

1. the difference of the device's own counter, where both have one and it can
   be true: it misses nothing, whatever the time between. While a coarse
   counter stands still, power is counted instead, up to the counter's step,
   and taken off when it moves: so neither hours at 0 nor a leap are told;
2. where the readings are no further apart than ``gap_ns``: their power over
   their own intervals, and a straight line from one to the other (the
   trapezoid rule);
3. else nothing: the time is a gap, marked and never filled.

Power below 0, which some devices tell at no load and others when energy flows
back, is believed where the rules say so, and takes nothing off.

Beside the energy stands what it can have been at least and at most. Where
power is known at both ends only, it is taken to have been between the two; in
a gap it was between 0 and the probe's ``max_watts``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from msgspec import Struct
from msgspec.structs import replace

from kwapi.core.reading import NO_FLAGS, Flag, Reading

NS = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What the operator says of a probe.

    ``gap_ns``: two readings further apart than this do not meet. Power is
    believed from ``min_watts`` to ``max_watts``. ``counter_modulus_j`` is the
    counter's size, ``None`` if unknown; ``counter_step_j`` the least it counts.
    """

    gap_ns: int = 10 * NS
    min_watts: float = 0.0
    max_watts: float = 20_000.0
    counter_modulus_j: float | None = None
    counter_step_j: float = 1.0


class Step(Struct, frozen=True, kw_only=True, gc=False):
    """Energy between two readings: ``joules`` in ``[begin_ns, end_ns)``, at least ``lower_j``, at most ``upper_j``.

    ``measured`` is false for a gap, whose ``joules`` are 0. ``flags`` say what
    was caught. Power went on a straight line from ``begin_watts`` to
    ``end_watts``, or nobody knows how, and both are its mean. Where the
    device's counter was believed, ``joules`` may be another than that line's.
    """

    begin_ns: int
    end_ns: int
    joules: float
    lower_j: float
    upper_j: float
    measured: bool
    begin_watts: float = 0.0
    end_watts: float = 0.0
    flags: Flag = NO_FLAGS


class Meter(Struct, frozen=True, kw_only=True):
    """What a probe has counted since ``since_ns``; ``last`` is its last believed reading.

    ``measured_ns`` of the time from ``since_ns`` to ``until_ns`` are measured,
    the rest are gaps, ``gaps`` in number. Nothing here ever falls.

    Of the device's counter: when it was last seen to move (``None``: not yet),
    what was counted from power since then, and the least that it moved at once.
    """

    since_ns: int
    until_ns: int
    last: Reading
    joules: float = 0.0
    lower_j: float = 0.0
    upper_j: float = 0.0
    measured_ns: int = 0
    gaps: int = 0
    refused: int = 0
    moved_ns: int | None = None
    since_moved_j: float = 0.0
    counter_step_j: float = 0.0

    @property
    def coverage(self) -> float:
        """The measured part of the time, from 0 to 1; 1 before any time has passed."""
        span = self.until_ns - self.since_ns
        return self.measured_ns / span if span else 1.0


def start(reading: Reading, rules: Rules) -> Meter | None:
    """A meter that begins with a probe's first reading; ``None`` where that one cannot be believed.

    The reading's own interval counts: its power is known there.
    """
    if _implausible(reading, rules):
        return None
    meter = Meter(since_ns=reading.begin_ns, until_ns=reading.begin_ns, last=reading)
    step = _within(reading, reading.begin_ns)
    return meter if step is None else _added(meter, (step,), reading)


def advance(meter: Meter, reading: Reading, rules: Rules) -> tuple[Meter, tuple[Step, ...], Flag]:
    """The meter with one more reading, what was added, in the order of time, and what was wrong with the reading.

    A reading that cannot be believed changes nothing but ``refused``: the
    time until the next good one is judged then. The same reading again adds
    nothing. A clock that was set back adds nothing until it passes the point
    where the meter stands, if by less than a gap; if by more, the meter goes
    on from there in the new time, as after a gap of unknown length.
    """
    flaws = _implausible(reading, rules)
    if flaws is not NO_FLAGS:
        return replace(meter, refused=meter.refused + 1), (), flaws
    if reading.end_ns <= meter.until_ns:
        return _stepped_back(meter, reading, rules)
    between = _between(meter, reading, rules)
    own = _within(reading, max(reading.begin_ns, meter.until_ns))
    lines = tuple(step for step in (between, own) if step is not None)
    before, after = meter.last.energy_j, reading.energy_j
    if before is None or after is None or not math.isfinite(after):
        return _added(replace(meter, moved_ns=None, since_moved_j=0.0), lines, reading), lines, NO_FLAGS
    return _by_counter(meter, reading, rules, lines, after - before)


def _implausible(reading: Reading, rules: Rules) -> Flag:
    watts = reading.watts
    if watts is None:
        return NO_FLAGS if reading.energy_j is not None and math.isfinite(reading.energy_j) else Flag.IMPLAUSIBLE
    if not (math.isfinite(watts) and rules.min_watts <= watts <= rules.max_watts):
        return Flag.IMPLAUSIBLE
    return reading.flags & Flag.IMPLAUSIBLE if reading.flags is not NO_FLAGS else NO_FLAGS


def _stepped_back(meter: Meter, reading: Reading, rules: Rules) -> tuple[Meter, tuple[Step, ...], Flag]:
    if meter.until_ns - reading.end_ns <= rules.gap_ns:
        # A device that repeats what it measured a while ago says when that was, and so nothing new of its clock.
        repeated = reading == meter.last or Flag.STALE in reading.flags
        return meter, (), NO_FLAGS if repeated else Flag.CLOCK_STEPPED
    # The time that the meter has behind it keeps its length; only its place moves.
    behind = meter.until_ns - meter.since_ns
    moved = replace(
        meter,
        since_ns=reading.begin_ns - behind,
        until_ns=reading.begin_ns,
        last=reading,
        gaps=meter.gaps + 1,
        moved_ns=None,
        since_moved_j=0.0,
    )
    step = _within(reading, reading.begin_ns)
    if step is None:
        return moved, (), Flag.CLOCK_STEPPED
    step = replace(step, flags=Flag.CLOCK_STEPPED)
    return _added(moved, (step,), reading), (step,), Flag.CLOCK_STEPPED


def _by_counter(
    meter: Meter, reading: Reading, rules: Rules, lines: tuple[Step, ...], joules: float
) -> tuple[Meter, tuple[Step, ...], Flag]:
    """With a device's counter that moved by ``joules``; ``lines`` is what power says of the same time."""
    end_ns = reading.end_ns
    since_ns = meter.until_ns if meter.moved_ns is None else meter.moved_ns
    most = rules.max_watts * (end_ns - since_ns) / NS + rules.counter_step_j
    flags = NO_FLAGS
    if joules < 0 and rules.counter_modulus_j is not None and joules + rules.counter_modulus_j <= most:
        joules += rules.counter_modulus_j
        flags = Flag.COUNTER_WRAPPED
    if not 0 <= joules <= most:
        # Or the first step of a coarse one, which cannot be told from that; the next ones can.
        lines = tuple(replace(step, flags=Flag.COUNTER_RESET) for step in lines)
        least = joules if joules > 0 else 0.0
        after = replace(meter, moved_ns=end_ns, since_moved_j=0.0, counter_step_j=least)
        return _added(after, lines, reading), lines, Flag.COUNTER_RESET
    known = bool(lines) and all(line.measured for line in lines)
    if joules == 0 and known:
        lines = _below_step(meter, lines)
        counted = sum(line.joules for line in lines)
        return _added(replace(meter, since_moved_j=meter.since_moved_j + counted), lines, reading), lines, flags
    step = _counted(meter, reading, rules, max(0.0, joules - meter.since_moved_j), lines if known else (), flags)
    if joules > 0:
        least = min(joules, meter.counter_step_j) if meter.counter_step_j else joules
        meter = replace(meter, moved_ns=end_ns, since_moved_j=0.0, counter_step_j=least)
    return _added(meter, (step,), reading), (step,), flags


def _below_step(meter: Meter, lines: tuple[Step, ...]) -> tuple[Step, ...]:
    """What power says while the counter stands still: no more in all than would have moved it."""
    told = sum(line.joules for line in lines)
    room = meter.counter_step_j - meter.since_moved_j
    if not meter.counter_step_j or told <= room:
        return lines
    part = max(0.0, room) / told
    return tuple(replace(line, joules=line.joules * part, lower_j=line.lower_j * part) for line in lines)


def _counted(meter: Meter, reading: Reading, rules: Rules, joules: float, lines: tuple[Step, ...], flags: Flag) -> Step:
    """One step from reading to reading by the counter; its power as in ``lines``, or else its mean."""
    # Across a silence, nobody knows how far a coarse counter had come to its next step at either end.
    slack = rules.counter_step_j if lines else max(rules.counter_step_j, meter.counter_step_j)
    mean = joules * NS / (reading.end_ns - meter.until_ns)
    return Step(
        begin_ns=meter.until_ns,
        end_ns=reading.end_ns,
        joules=joules,
        lower_j=max(0.0, joules - slack),
        upper_j=joules + slack,
        measured=True,
        begin_watts=lines[0].begin_watts if lines else mean,
        end_watts=lines[-1].end_watts if lines else mean,
        flags=flags,
    )


def _between(meter: Meter, reading: Reading, rules: Rules) -> Step | None:
    """From the last reading's end to this one's begin; ``None`` where they touch."""
    elapsed = reading.begin_ns - meter.until_ns
    if elapsed <= 0:
        return None
    first, second = meter.last.watts, reading.watts
    if first is None or second is None or elapsed > rules.gap_ns:
        seconds = elapsed / NS
        return Step(
            begin_ns=meter.until_ns,
            end_ns=reading.begin_ns,
            joules=0.0,
            lower_j=0.0,
            upper_j=rules.max_watts * seconds,
            measured=False,
        )
    return _line(meter.until_ns, reading.begin_ns, first, second)


def _within(reading: Reading, begin_ns: int) -> Step | None:
    """A reading's own interval from ``begin_ns`` on."""
    watts = reading.watts
    if watts is None or reading.end_ns <= begin_ns:
        return None
    return _line(begin_ns, reading.end_ns, watts, watts)


def _line(begin_ns: int, end_ns: int, first: float, second: float) -> Step:
    seconds = (end_ns - begin_ns) / NS
    return Step(
        begin_ns=begin_ns,
        end_ns=end_ns,
        joules=_used(first, second) * seconds,
        lower_j=max(0.0, min(first, second)) * seconds,
        upper_j=max(0.0, first, second) * seconds,
        measured=True,
        begin_watts=first,
        end_watts=second,
    )


def _used(first: float, second: float) -> float:
    """The mean of a line's power as far as it is used: what flows back is no one's to take off."""
    if first >= 0 and second >= 0:
        return (first + second) / 2
    most = max(first, second)
    return most * most / (2 * abs(first - second)) if most > 0 else 0.0


def _added(meter: Meter, steps: tuple[Step, ...], reading: Reading) -> Meter:
    joules, lower_j, upper_j = meter.joules, meter.lower_j, meter.upper_j
    measured_ns, gaps = meter.measured_ns, meter.gaps
    for step in steps:
        joules += step.joules
        lower_j += step.lower_j
        upper_j += step.upper_j
        if step.measured:
            measured_ns += step.end_ns - step.begin_ns
        else:
            gaps += 1
    return Meter(
        since_ns=meter.since_ns,
        until_ns=reading.end_ns,
        last=reading,
        joules=joules,
        lower_j=lower_j,
        upper_j=upper_j,
        measured_ns=measured_ns,
        gaps=gaps,
        refused=meter.refused,
        moved_ns=meter.moved_ns,
        since_moved_j=meter.since_moved_j,
        counter_step_j=meter.counter_step_j,
    )

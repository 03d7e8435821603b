# SPDX-License-Identifier: Apache-2.0
"""When a device is asked. All times are seconds of one clock that nobody sets."""

from __future__ import annotations

import math

_GOLDEN = (math.sqrt(5) - 1) / 2
_TOGETHER_S = 0.05
_LEAST_PHASES = 20


def phase(place: int, interval_s: float) -> float:
    """Where in the interval the device that came as number ``place`` is asked.

    Multiples of the golden ratio lie evenly in an interval however many there
    are, so those that come later move none that is there. Many devices share
    an instant of a grid: to wake a processor that sleeps costs several times
    what there is to do for one of them.
    """
    instants = max(_LEAST_PHASES, math.floor(interval_s / _TOGETHER_S))
    return math.floor(place * _GOLDEN % 1.0 * instants) / instants * interval_s


def due(number: int, phase_s: float, interval_s: float) -> float:
    """The deadline of that number; none depends on when the one before was met."""
    return phase_s + number * interval_s


def next_number(not_before: float, phase_s: float, interval_s: float) -> int:
    """The number of the first deadline that is not before an instant."""
    number = math.ceil((not_before - phase_s) / interval_s)
    # Rounding may have put it beside the instant.
    return number + 1 if due(number, phase_s, interval_s) < not_before else number


def pause(failures: int, interval_s: float, longest_s: float) -> float:
    """How long to leave a device alone after so many failures in a row: an interval, two, four, up to ``longest_s``."""
    if failures <= 0:
        return 0.0
    return min(interval_s * 2.0 ** min(failures - 1, 60), max(longest_s, interval_s))


def patience(interval_s: float, timeout_s: float) -> float:
    """How long a driver may stay away before it counts as hanging.

    Half an interval beyond its time-out, because one that gives up in time
    still needs a moment to say so.
    """
    return max(timeout_s, 2 * interval_s) + interval_s / 2

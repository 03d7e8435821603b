# SPDX-License-Identifier: Apache-2.0
"""When enough hosts of a group are feasible at once: a sweep over intervals of feasible starts."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt


class Starts(NamedTuple):
    """Feasible starts as columns: closed intervals ``[first, last]`` in epoch seconds, each of one group."""

    group: npt.NDArray[np.int64]
    first: npt.NDArray[np.int64]
    last: npt.NDArray[np.int64]


def covered(hosts: Starts, quantity: int, groups: int, lo: int, hi: int) -> Starts:
    """The parts of ``[lo, hi]`` in which ``quantity`` or more of the ``hosts`` of a group are feasible.

    ``hosts`` holds intervals of single hosts, in any order, of groups
    ``0 .. groups - 1``; each meets ``[lo, hi]``. The answer is maximal
    intervals, sorted by group, then time. One sort for all groups: an event's
    key is its group times the length of the window, plus its time.
    """
    group, first, last = hosts
    span = hi - lo + 1
    rises, falls = first > lo, last < hi
    at_lo = np.bincount(group[~rises], minlength=groups)
    at_hi = at_lo + np.bincount(group[rises], minlength=groups) - np.bincount(group[falls], minlength=groups)
    # Each group begins with an event at ``lo`` that takes the count from where the group before left it.
    heads = at_lo.copy()
    heads[1:] -= at_hi[:-1]
    ups = group[rises] * span + (first[rises] - lo)
    downs = group[falls] * span + (last[falls] + 1 - lo)
    keys = np.concatenate((np.arange(groups) * span, ups, downs))
    steps = np.concatenate((heads, np.full(ups.size, 1), np.full(downs.size, -1)))
    order = np.argsort(keys)
    keys, count = keys[order], np.cumsum(steps[order])

    settled = np.ones(keys.size, np.bool_)  # of several events at one instant the last
    settled[:-1] = keys[1:] != keys[:-1]
    keys, enough = keys[settled], count[settled] >= quantity
    of_group, time = np.divmod(keys, span)
    time += lo
    joined = of_group[1:] == of_group[:-1]
    until = np.full(keys.size, hi)  # a count holds until the next event of its group
    until[:-1][joined] = time[1:][joined] - 1
    begins, ends = enough.copy(), enough.copy()
    begins[1:] &= ~(enough[:-1] & joined)
    ends[:-1] &= ~(enough[1:] & joined)
    return Starts(of_group[begins], time[begins], until[ends])

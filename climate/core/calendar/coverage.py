# SPDX-License-Identifier: Apache-2.0
"""When are enough hosts of a group feasible at once: a sweep over intervals of feasible starts."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Column = npt.NDArray[np.int64]


class Starts(NamedTuple):
    """Maximal closed intervals ``[first, last]`` of starts, sorted by group, then time."""

    group: Column
    first: Column
    last: Column


def covered(  # noqa: PLR0913 - three columns of intervals, and what is asked of them
    group: npt.NDArray[np.intp], left: Column, right: Column, *, quantity: int, groups: int, lo: int, hi: int
) -> Starts:
    """The parts of ``[lo, hi]`` in which ``quantity`` or more intervals of a group hold.

    Intervals are closed ``[left, right]`` in integer seconds; each must meet
    ``[lo, hi]``. One sort for all groups: an event's key is its group times
    the length of the window, plus its time.
    """
    span = hi - lo + 1
    rises = left > lo
    falls = right < hi
    at_lo = np.bincount(group[~rises], minlength=groups)
    at_hi = at_lo + np.bincount(group[rises], minlength=groups) - np.bincount(group[falls], minlength=groups)
    # Each group begins with an event at ``lo`` that takes the count from where the group before left it.
    head = at_lo.copy()
    head[1:] -= at_hi[:-1]
    keys = np.concatenate(
        (
            np.arange(groups) * span,
            group[rises] * span + (left[rises] - lo),
            group[falls] * span + (right[falls] + 1 - lo),
        )
    )
    steps = np.ones(keys.size, np.int64)
    steps[:groups] = head
    steps[keys.size - int(falls.sum()) :] = -1
    order = np.argsort(keys)
    keys = keys[order]
    count = np.cumsum(steps[order])

    settled = np.empty(keys.size, np.bool_)  # the last of several events at one instant
    settled[:-1] = keys[1:] != keys[:-1]
    settled[-1:] = True
    keys = keys[settled]
    enough = count[settled] >= quantity
    of_group, time = np.divmod(keys, span)
    time += lo
    begins = enough.copy()
    begins[1:] &= ~(enough[:-1] & (of_group[1:] == of_group[:-1]))
    lasts = np.full(keys.size, hi, np.int64)
    ends = np.flatnonzero(enough)
    ends = ends[~_followed(enough, of_group)[ends]]
    inside = ends[(ends + 1 < keys.size)]
    inside = inside[of_group[inside + 1] == of_group[inside]]
    lasts[inside] = time[inside + 1] - 1
    return Starts(of_group[begins], time[begins], lasts[ends])


def _followed(enough: npt.NDArray[np.bool_], of_group: Column) -> npt.NDArray[np.bool_]:
    """Is the step after each one enough too, and of the same group?"""
    followed = np.zeros(enough.size, np.bool_)
    followed[:-1] = enough[1:] & (of_group[1:] == of_group[:-1])
    return followed

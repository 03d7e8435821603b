# SPDX-License-Identifier: Apache-2.0
"""A search that spares some hosts for a while: nothing begins on them before an instant.

The window is cut in two at that instant. What begins before it is searched
among the other hosts, what begins later among all; both parts are exact, and
so is the whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from climate.core.calendar.coverage import Starts
from climate.core.calendar.gaps import Calendar
from climate.core.calendar.search import Free, Need, Search
from climate.core.calendar.table import Rows
from climate.core.lease import Window


@dataclass(frozen=True, slots=True)
class GroupRows:
    """The rows of a group of alike hosts, and those among them that may be spared."""

    rows: Rows
    spared: Rows


class SparingSearch:
    """All feasible starts of one need, as :class:`~climate.core.calendar.search.Search` has them.

    Starts before ``until`` are those of hosts that are not ``spared``.
    """

    def __init__(self, calendar: Calendar, groups: Sequence[GroupRows], need: Need, now: int, until: int) -> None:
        """Prepare; nothing is searched yet.

        :raises ValueError: as :class:`~climate.core.calendar.search.Search` does.
        """
        window = need.window
        before = Window(window.earliest, min(window.latest, until - 1 + window.duration_s), window.duration_s)
        behind = Window(max(window.earliest, until), window.latest, window.duration_s)
        others = [_without(calendar, group) for group in groups]
        self.need = need
        self._before = Search(calendar, others, Need(need.quantity, before, need.margin_s), now)
        self._behind = Search(
            calendar, [group.rows for group in groups], Need(need.quantity, behind, need.margin_s), now
        )

    def earliest(self) -> int | None:
        """The first instant at which the need can be met, or ``None``."""
        first = self._before.earliest()
        return self._behind.earliest() if first is None else first

    def starts(self) -> Starts:
        """All instants at which the need can be met, as maximal intervals of each group."""
        parts = zip(self._before.starts(), self._behind.starts(), strict=True)
        group, first, last = (np.concatenate(columns) for columns in parts)
        order = np.lexsort((first, group))
        group, first, last = group[order], first[order], last[order]
        goes_on = (group[1:] == group[:-1]) & (last[:-1] + 1 == first[1:])  # over the instant of the cut
        begins, ends = np.ones(group.size, np.bool_), np.ones(group.size, np.bool_)
        begins[1:], ends[:-1] = ~goes_on, ~goes_on
        return Starts(group[begins], first[begins], last[ends])

    def free_at(self, start: int) -> list[Free]:
        """The groups in which the need can be met from ``start``, with all hosts that may begin then."""
        return self._before.free_at(start) + self._behind.free_at(start)  # one of them has no such start


def _without(calendar: Calendar, group: GroupRows) -> Rows:
    kept = np.ones(calendar.host_count, np.bool_)
    kept[group.spared] = False
    return group.rows[kept[group.rows]]

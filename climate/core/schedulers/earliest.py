# SPDX-License-Identifier: Apache-2.0
"""The strategy "as soon as possible"."""

from __future__ import annotations

import numpy as np

from climate.core.calendar.search import Free
from climate.core.schedulers.preference import smallest
from climate.core.schedulers.protocol import Choice, Feasible, Scores


class Earliest:
    """The first start at which enough hosts are free.

    Among groups free then, the one whose best hosts have the highest sum of
    scores, or the first. Among its hosts the best scores, then the tightest
    gaps (so that long gaps stay whole for those who need them), then the
    lowest rows.
    """

    name = "earliest"
    description = "Starts as soon as enough hosts are free."

    def choose(self, feasible: Feasible, scores: Scores | None) -> Choice | None:
        """The earliest start and its best hosts; ``None`` when there is no start."""
        start = feasible.earliest()
        if start is None:
            return None
        quantity = feasible.need.quantity
        options = feasible.free_at(start)
        if scores is None:
            option = options[0]
            costs = []
        else:
            option = max(options, key=lambda group: _worth(group, quantity, scores))
            costs = [_cost(option, scores)]
        chosen = smallest(quantity, [*costs, option.gap_until - option.gap_from, option.rows])
        return Choice(option.group, start, np.sort(option.rows[chosen]))


def _cost(option: Free, scores: Scores) -> Scores:
    return np.nan_to_num(-scores[option.rows], nan=np.inf, posinf=np.inf, neginf=-np.inf)


def _worth(option: Free, quantity: int, scores: Scores) -> float:
    return -float(np.partition(_cost(option, scores), quantity - 1)[:quantity].sum())

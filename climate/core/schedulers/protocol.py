# SPDX-License-Identifier: Apache-2.0
"""What a strategy is shown, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from climate.core.calendar.coverage import Starts
from climate.core.calendar.search import Free, Need
from climate.core.calendar.table import Rows

Scores = npt.NDArray[np.float64]
"""One number a calendar row, higher is better; NaN where nothing is known, which is worst."""


class Feasible(Protocol):
    """A request and everything that would satisfy it (:class:`~climate.core.calendar.search.Search`)."""

    @property
    def need(self) -> Need:
        """How many hosts, for how long, in which window."""
        ...

    def earliest(self) -> int | None:
        """The first feasible start, or ``None``."""
        ...

    def starts(self) -> Starts:
        """All feasible starts of every group."""
        ...

    def free_at(self, start: int) -> list[Free]:
        """The groups that can serve the request from ``start``, with all their hosts free then."""
        ...


@dataclass(frozen=True, slots=True)
class Choice:
    """What a strategy chose: hosts ``rows`` (rising) of the group with index ``group``, from ``start_at``."""

    group: int
    start_at: int
    rows: Rows


class Scheduler(Protocol):
    """A strategy: one that may stand under the entry points ``climate.schedulers``, made without arguments.

    ``description`` is a sentence for tenants.
    """

    name: str
    description: str

    def choose(self, feasible: Feasible, scores: Scores | None) -> Choice | None:
        """The start and hosts of a lease, or ``None`` where nothing is feasible. The same for the same input."""
        ...

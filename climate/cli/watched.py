# SPDX-License-Identifier: Apache-2.0
"""What was seen of probes while they were watched. Asks nothing and writes nothing."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from climate.cli import meters
from climate.cli.sparkline import Point, columns_of
from climate.client.probes import Probe

LONGEST: Final = 60
"""How many columns of a sparkline are remembered."""

OUTSTANDING: Final = (
    meters.UNBELIEVABLE, meters.GONE, "stuck", "failing", meters.SILENT, meters.MISSING, meters.REPEATING, "slow",
    "waiting", "partial",
)  # fmt: skip
"""The marks of probes whose numbers are not those of now, the worst first."""

_OLD: Final = frozenset({meters.SILENT, meters.GONE})
_HOLD_S: Final = 10.0


@dataclass(slots=True)
class Seen:
    """A probe, its marks, and what it said before."""

    name: str
    probe: Probe
    marks: list[str]
    history: deque[Point] = field(default_factory=deque)

    @property
    def watts(self) -> float:
        """What it draws now, as far as anybody knows; 0 if it does not say."""
        return 0.0 if _OLD.intersection(self.marks) else self.probe["w"] or 0.0

    @property
    def kwh(self) -> float:
        """What it has counted."""
        return self.probe["kwh"] or 0.0

    @property
    def worst(self) -> str | None:
        """The worst of its marks that stand out."""
        return next((mark for mark in OUTSTANDING if mark in self.marks), None)


ORDERS: Final[dict[str, Callable[[Seen], Any]]] = {
    # The last that was heard: nobody leaves their place by falling silent.
    "watts": lambda seen: (-(seen.probe["w"] or 0.0), seen.name),
    "name": lambda seen: seen.name,
}
"""How probes may be sorted: the greediest first, or by their names."""


class Watched:
    """All probes that were seen since it was made; one that leaves the list is kept, and marked.

    ``interval_s`` is the time between two looks. A column of a sparkline is
    that wide, but at least a second.
    """

    def __init__(self, interval_s: float, order: str = "watts") -> None:
        self.column_s = max(1.0, interval_s)
        self.sums: deque[Point] = deque()
        self._order = ORDERS[order]
        self._hold_s = max(_HOLD_S, 2 * interval_s)
        self._end = 0.0
        self._seen: dict[str, Seen] = {}

    def take(self, probes: Mapping[str, Probe]) -> None:
        """Note what one look gave."""
        for name in self._seen.keys() - probes.keys():
            self._seen[name].marks = [meters.GONE]
        for name, probe in probes.items():
            seen = self._seen.setdefault(name, Seen(name, probe, []))
            seen.probe, seen.marks = probe, meters.marks(probe)
            _note(seen.history, probe["timestamp"], probe["w"])
        # The newest reading is now: the clock that dated it is not this machine's.
        self._end = max((at for probe in probes.values() if (at := probe["timestamp"]) is not None), default=self._end)
        _note(self.sums, self._end, sum(seen.watts for seen in self._seen.values()))
        oldest = self._end - LONGEST * self.column_s - self._hold_s
        for history in (self.sums, *(seen.history for seen in self._seen.values())):
            while history and history[0][0] < oldest:
                history.popleft()

    def rows(self) -> list[Seen]:
        """The probes, sorted."""
        return sorted(self._seen.values(), key=self._order)

    def columns(self, points: Iterable[Point], count: int) -> list[float | None]:
        """The last so many columns of what was noted."""
        return columns_of(points, end=self._end, column_s=self.column_s, count=count, hold_s=self._hold_s)


def state(rows: Iterable[Seen]) -> str:
    """How many probes stand out, in words; empty if none does."""
    worst = [seen.worst for seen in rows]
    return ", ".join(f"{worst.count(mark)} {mark}" for mark in OUTSTANDING if mark in worst)


def _note(history: deque[Point], at: float | None, watts: float | None) -> None:
    if at is not None and watts is not None and (not history or history[-1][0] < at):
        history.append((at, watts))

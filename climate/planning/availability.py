# SPDX-License-Identifier: Apache-2.0
"""Who is on each host now, until when, and who comes next: read from the copy, one call for a scheduling round."""

from __future__ import annotations

from collections.abc import Callable

from climate.core.calendar.gaps import FOREVER
from climate.core.calendar.owners import NOBODY
from climate.planning.calendar import PlanningCalendar
from climate.rpcapi.planning import Availability


class AvailabilityReport:
    """Answers ``get_availability``. ``clock`` gives epoch seconds."""

    def __init__(self, calendar: PlanningCalendar, clock: Callable[[], int]) -> None:
        self._calendar = calendar
        self._clock = clock

    def now(self, known_sequence: int | None) -> Availability | None:
        """Every host's lease now and next; ``None`` while nothing changed since ``known_sequence``."""
        at = self._clock()
        with self._calendar.following() as replica:
            if known_sequence == replica.sequence:
                return None
            columns = replica.calendar.at(at)
            key = replica.calendar.owners.key
            return Availability(
                sequence=replica.sequence,
                at=at,
                hosts=self._calendar.host_ids(range(replica.calendar.host_count)),
                lease_ids=tuple("" if owner == NOBODY else key(owner) for owner in columns.owner.tolist()),
                free_from=tuple(
                    None if owner == NOBODY else until
                    for owner, until in zip(columns.owner.tolist(), columns.until.tolist(), strict=True)
                ),
                next_start=tuple(None if start >= FOREVER else start for start in columns.next_start.tolist()),
                next_lease_ids=tuple("" if owner == NOBODY else key(owner) for owner in columns.next_owner.tolist()),
            )

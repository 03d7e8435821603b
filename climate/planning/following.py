# SPDX-License-Identifier: Apache-2.0
"""The calendar for those outside planning: to follow it change by change, and to draw it."""

from __future__ import annotations

import itertools

from climate.planning.calendar import PlanningCalendar
from climate.planning.store.protocol import Store
from climate.rpcapi.planning import CalendarEntry, Changes, FollowedBlock, FollowedChange

_MOST = 5000


class Following:
    """Answers ``changes_since`` and ``get_calendar``: numbers of hosts become their ids."""

    def __init__(self, store: Store, calendar: PlanningCalendar) -> None:
        self._store = store
        self._calendar = calendar

    def changes_since(self, sequence: int, limit: int) -> Changes:
        """Journal entries after ``sequence``, in order and without gaps: where some were archived, those before."""
        latest = self._store.latest_sequence()
        read = self._store.changes_since(sequence, max(1, min(limit, _MOST)))
        found = [change for number, change in enumerate(read, sequence + 1) if change.sequence == number]
        lost = not found and (bool(read) or sequence != latest)
        changes = tuple(
            FollowedChange(
                sequence=change.sequence,
                at=change.at,
                event=change.event,
                lease_id=change.lease_id,
                project_id=change.project_id,
                state=change.state,
                start_at=change.start_at,
                end_at=change.end_at,
                blocks=tuple(
                    FollowedBlock(self._calendar.host_ids(block.hosts), block.was, block.now) for block in change.blocks
                ),
            )
            for change in found
        )
        return Changes(latest=max([latest, *(c.sequence for c in changes[-1:])]), changes=changes, lost=lost)

    def calendar(
        self, start: int, end: int, project_id: str | None, limit: int, marker: str | None
    ) -> list[CalendarEntry]:
        """How up to ``limit`` leases use hosts in ``[start, end)``: an entry for each lease and span, by start.

        :raises BadField: an unknown marker.
        """
        stretches = self._store.stretches(start, end, project_id, limit, marker)
        entries = []
        for _, of_lease in itertools.groupby(stretches, key=lambda one: one.lease.lease_id):
            spans: dict[tuple[int, int], list[int]] = {}
            for one in of_lease:
                lease = one.lease
                spans.setdefault((one.start_at, one.end_at), []).append(one.host)
            entries += [
                CalendarEntry(
                    lease_id=lease.lease_id,
                    project_id=lease.owner.project_id,
                    name=lease.terms.name,
                    state=lease.state,
                    start_at=span[0],
                    end_at=span[1],
                    quantity=len(hosts),
                    hosts=self._calendar.host_ids(hosts),
                )
                for span, hosts in sorted(spans.items())
            ]
        return entries

# SPDX-License-Identifier: Apache-2.0
"""Who is on each host now, until when, and who comes next: read from the copy, one call for a scheduling round."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from climate.core.calendar.owners import NOBODY
from climate.core.calendar.replica import Replica
from climate.core.lifecycle import State
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
            holders, followers = columns.owner.tolist(), columns.next_owner.tolist()
            leases, following = _leases(replica, holders), _leases(replica, followers)
            return Availability(
                sequence=replica.sequence,
                at=at,
                hosts=self._calendar.host_ids(range(replica.calendar.host_count)),
                lease_ids=leases.ids,
                project_ids=leases.project_ids,
                states=leases.states,
                until_at=_instants(holders, columns.until.tolist()),
                end_at=leases.end_at,
                next_lease_ids=following.ids,
                next_project_ids=following.project_ids,
                next_states=following.states,
                next_start_at=_instants(followers, columns.next_start.tolist()),
            )


@dataclass(frozen=True, slots=True)
class _Leases:
    """What is told of the lease on each host."""

    ids: tuple[str, ...]
    project_ids: tuple[str, ...]
    states: tuple[State | None, ...]
    end_at: tuple[int | None, ...]


def _leases(replica: Replica, owners: list[int]) -> _Leases:
    keys = ["" if owner == NOBODY else replica.calendar.owners.key(owner) for owner in owners]
    facts = [replica.facts[key] if key else None for key in keys]
    return _Leases(
        tuple(keys),
        tuple("" if fact is None else fact.project_id for fact in facts),
        tuple(None if fact is None else fact.state for fact in facts),
        tuple(None if fact is None else fact.end_at for fact in facts),
    )


def _instants(owners: list[int], instants: list[int]) -> tuple[int | None, ...]:
    return tuple(None if owner == NOBODY else instant for owner, instant in zip(owners, instants, strict=True))

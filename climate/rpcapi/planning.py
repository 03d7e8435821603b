# SPDX-License-Identifier: Apache-2.0
"""What one may ask planning. The first names are those of the 2013 slides.

``project_id`` scopes a call to one project; ``None`` is the administrator's
view of all. A lease outside the scope is not found, as one that never was.
"""

from __future__ import annotations

from dataclasses import dataclass

from climate.chassis.rpc import Caller
from climate.core.candidates import Candidates
from climate.core.evacuation import Evacuation
from climate.core.guarding import Misplaced
from climate.core.journal import Span
from climate.core.lease import Lease, LeaseChange, LeaseQuery, Owner, RepeatKey, Terms
from climate.core.lifecycle import State

TOPIC = "climate-planning"


@dataclass(frozen=True, slots=True, kw_only=True)
class SchedulerInfo:
    """A strategy that a request may name."""

    name: str
    description: str
    default: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Availability:
    """For every host the calendar knows: the lease on it now, until when, and the next one.

    Columns of equal length; instants in epoch seconds. ``hosts`` are packed
    ids. Where there is no lease, its ids are ``""``, its state and its instant
    ``None``. ``until_at`` is when the running booking ends, margin included: a
    lease that is over still blocks its hosts until then. ``end_at`` is when the
    lease itself ends: a host that is blocked for less was given back.
    """

    sequence: int
    at: int
    hosts: bytes
    lease_ids: tuple[str, ...]
    project_ids: tuple[str, ...]
    states: tuple[State | None, ...]
    until_at: tuple[int | None, ...]
    end_at: tuple[int | None, ...]
    next_lease_ids: tuple[str, ...]
    next_project_ids: tuple[str, ...]
    next_states: tuple[State | None, ...]
    next_start_at: tuple[int | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarEntry:
    """A lease's time on its hosts, for drawing. ``hosts`` are packed ids."""

    lease_id: str
    project_id: str
    name: str
    state: State
    start_at: int
    end_at: int
    quantity: int
    hosts: bytes


@dataclass(frozen=True, slots=True)
class FollowedBlock:
    """A :class:`climate.core.journal.Block` with packed host ids in place of numbers."""

    hosts: bytes
    was: Span | None
    now: Span | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowedChange:
    """A journal entry as those outside planning see it."""

    sequence: int
    at: int
    event: str
    lease_id: str
    project_id: str
    state: State
    start_at: int
    end_at: int
    blocks: tuple[FollowedBlock, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """Journal entries after a sequence number, in order; ``latest`` is the newest number there is.

    ``lost`` says that entries asked for were archived: load the calendar anew.
    """

    latest: int
    changes: tuple[FollowedChange, ...] = ()
    lost: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitValue:
    """A limit as it is for a project: its value, the site's, and how much is used where that is counted.

    -1 is no limit.
    """

    value: int
    default: int
    used: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectLimits:
    """All limits of a project, by name."""

    project_id: str
    limits: dict[str, LimitValue]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """How many requests of a project may be answered now, and the rate that says so (``per_s`` -1: no limit).

    Where none may, ``retry_after_s`` is how long it takes until some may.
    """

    granted: int
    retry_after_s: float
    per_s: int
    burst: int


class PlanningAPI:
    """Calls planning; every method raises the errors that the service raises."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def make_proposal(
        self,
        request_id: str,
        *,
        hosts: Candidates,
        start_time: int | None,
        end_time: int | None,
        duration: int | None,
        quantity: int,
        owner: Owner,
        terms: Terms,
        confirm: bool = False,
        repeat: RepeatKey | None = None,
        answer_by: int | None = None,
    ) -> Lease:
        """Hold ``quantity`` hosts of one group of ``hosts``; with ``confirm``, promise them at once.

        Nothing is booked from ``answer_by`` on (epoch seconds): the asker has
        given up by then. With ``repeat``, a second call gives the first
        call's lease.

        :raises BadField: a window that cannot be, an unknown scheduler.
        :raises NothingFits: no such set of hosts is free.
        :raises RepeatMismatch: the key came with another request before.
        """
        return self._caller.call(
            request_id,
            "make_proposal",
            Lease,
            hosts=hosts,
            start_time=start_time,
            end_time=end_time,
            duration=duration,
            quantity=quantity,
            owner=owner,
            terms=terms,
            confirm=confirm,
            repeat=repeat,
            answer_by=answer_by,
        )

    def get_proposal_details(self, request_id: str, *, lease_id: str, project_id: str | None) -> Lease:
        """One lease, in whatever state.

        :raises LeaseNotFound: none in this scope.
        """
        return self._caller.call(request_id, "get_proposal_details", Lease, lease_id=lease_id, project_id=project_id)

    def confirm_proposal(self, request_id: str, *, lease_id: str, project_id: str | None) -> Lease:
        """Promise what was held. Confirming twice is confirming once.

        :raises LeaseNotFound: none in this scope.
        :raises WrongState: the proposal is cancelled, expired or over.
        """
        return self._caller.call(request_id, "confirm_proposal", Lease, lease_id=lease_id, project_id=project_id)

    def cancel_proposal(self, request_id: str, *, lease_id: str, project_id: str | None) -> Lease:
        """Give everything back: a proposal, a confirmed or a running lease. Cancelling twice is cancelling once.

        :raises LeaseNotFound: none in this scope.
        :raises WrongState: the lease is over already.
        """
        return self._caller.call(request_id, "cancel_proposal", Lease, lease_id=lease_id, project_id=project_id)

    def change_lease(
        self,
        request_id: str,
        *,
        lease_id: str,
        project_id: str | None,
        change: LeaseChange,
        hosts: Candidates | None = None,
        answer_by: int | None = None,
    ) -> Lease:
        """Rename, extend, shorten, add hosts from ``hosts``, give hosts back: all of it or nothing.

        :raises LeaseNotFound: none in this scope.
        :raises BadField: an end in the past, a quantity below 1, ...
        :raises WrongState: the lease is over.
        :raises NothingFits: the extension collides, or no more such hosts are free.
        """
        return self._caller.call(
            request_id,
            "change_lease",
            Lease,
            lease_id=lease_id,
            project_id=project_id,
            change=change,
            hosts=hosts,
            answer_by=answer_by,
        )

    def substitute_hosts(self, request_id: str, *, lease_id: str, project_id: str | None) -> Lease:
        """Swap those hosts of a lease that cannot be used now for others like them, as far as there are.

        What is still missing stands in ``degraded_reason``. A lease whose hosts all can be used stays as it is.

        :raises LeaseNotFound: none in this scope.
        :raises WrongState: the lease is over.
        """
        return self._caller.call(request_id, "substitute_hosts", Lease, lease_id=lease_id, project_id=project_id)

    def get_misplaced(self, request_id: str) -> list[Misplaced]:
        """Instances that stand where they may not now, by host; none where there is no Nova.

        :raises ServiceUnavailable: Nova does not answer.
        """
        return self._caller.call(request_id, "get_misplaced", list[Misplaced])

    def evacuate_hosts(self, request_id: str, *, hosts: list[str], dry_run: bool) -> Evacuation:
        """Move all instances off these hosts (ids or names) that can go and belong to no lease there.

        The answer says what moves where, and what stays. It is begun, unless
        ``dry_run``; the same call with it tells how far it is.

        :raises HostNotFound: there is no such host.
        :raises NoNova: planning knows none.
        :raises ServiceUnavailable: Nova or the inventory does not answer.
        """
        return self._caller.call(request_id, "evacuate_hosts", Evacuation, hosts=hosts, dry_run=dry_run)

    def list_leases(self, request_id: str, *, query: LeaseQuery) -> list[Lease]:
        """A page of leases, newest first.

        :raises BadField: an unknown marker.
        """
        return self._caller.call(request_id, "list_leases", list[Lease], query=query)

    def get_schedulers(self, request_id: str) -> list[SchedulerInfo]:
        """The strategies that are installed and allowed."""
        return self._caller.call(request_id, "get_schedulers", list[SchedulerInfo])

    def get_availability(self, request_id: str, *, known_sequence: int | None = None) -> Availability | None:
        """Every host's lease now and next; ``None`` while nothing changed since ``known_sequence``."""
        return self._caller.call(request_id, "get_availability", Availability | None, known_sequence=known_sequence)

    def get_calendar(
        self, request_id: str, *, start: int, end: int, project_id: str | None, limit: int, marker: str | None
    ) -> list[CalendarEntry]:
        """Leases that held or hold hosts in ``[start, end)``, by start, a page at a time."""
        return self._caller.call(
            request_id,
            "get_calendar",
            list[CalendarEntry],
            start=start,
            end=end,
            project_id=project_id,
            limit=limit,
            marker=marker,
        )

    def changes_since(self, request_id: str, *, sequence: int, limit: int = 1000) -> Changes:
        """What happened to the calendar after ``sequence``, in order and without gaps."""
        return self._caller.call(request_id, "changes_since", Changes, sequence=sequence, limit=limit)

    def get_limits(self, request_id: str, *, project_id: str) -> ProjectLimits:
        """What a project may ask for and hold, and what it uses."""
        return self._caller.call(request_id, "get_limits", ProjectLimits, project_id=project_id)

    def set_limits(self, request_id: str, *, project_id: str, values: dict[str, int | None]) -> ProjectLimits:
        """Give a project limits of its own; ``None`` gives it the site's again. All of it or nothing.

        :raises BadField: an unknown limit, or a value that it cannot have.
        """
        return self._caller.call(request_id, "set_limits", ProjectLimits, project_id=project_id, values=values)

    def list_limits(self, request_id: str, *, limit: int, marker: str | None) -> list[ProjectLimits]:
        """Projects with limits of their own, by id, those after ``marker``; without what they use."""
        return self._caller.call(request_id, "list_limits", list[ProjectLimits], limit=limit, marker=marker)

    def take_requests(self, request_id: str, *, project_id: str, wanted: int) -> Grant:
        """Take up to ``wanted`` requests out of what a project may send; fewer may be granted.

        What is not used within a second is lost: it must not be kept for later.
        """
        return self._caller.call(request_id, "take_requests", Grant, project_id=project_id, wanted=wanted)

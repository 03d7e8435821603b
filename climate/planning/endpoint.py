# SPDX-License-Identifier: Apache-2.0
"""Planning's RPC methods: what :class:`climate.rpcapi.planning.PlanningAPI` calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from climate.chassis.rpc import exposed
from climate.core.candidates import Candidates
from climate.core.evacuation import Evacuation
from climate.core.guarding import Misplaced
from climate.core.lease import Lease, LeaseChange, LeaseQuery, Owner, RepeatKey, Terms, Wish
from climate.planning.availability import AvailabilityReport
from climate.planning.changes import Changes
from climate.planning.evacuations import Evacuations
from climate.planning.failures import Failures
from climate.planning.following import Following
from climate.planning.limits import LimitsOfProjects
from climate.planning.proposals import Proposals, Request
from climate.planning.store.protocol import Store
from climate.planning.strategies import Strategies
from climate.rpcapi import planning as rpcapi

Context = dict[str, Any]


class PlanningEndpoint:
    """One method for each of the contract's; no decisions here."""

    def __init__(
        self,
        store: Store,
        proposals: Proposals,
        changes: Changes,
        strategies: Strategies,
        availability: AvailabilityReport,
        following: Following,
        limits: LimitsOfProjects,
        failures: Failures,
        misplaced: Callable[[], list[Misplaced]],
        evacuations: Evacuations,
    ) -> None:
        self._evacuations = evacuations
        self._store = store
        self._proposals = proposals
        self._changes = changes
        self._strategies = strategies
        self._availability = availability
        self._following = following
        self._limits = limits
        self._failures = failures
        self._misplaced = misplaced

    @exposed
    def make_proposal(
        self,
        context: Context,
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
        """Hold hosts, or promise them at once."""
        return self._proposals.make(
            Request(
                hosts=hosts,
                wish=Wish(start_time=start_time, end_time=end_time, duration_s=duration),
                quantity=quantity,
                owner=owner,
                terms=terms,
                confirm=confirm,
                repeat=repeat,
                answer_by=answer_by,
            )
        )

    @exposed
    def get_proposal_details(self, context: Context, *, lease_id: str, project_id: str | None) -> Lease:
        """One lease, in whatever state."""
        return self._store.get_lease(lease_id, project_id)

    @exposed
    def confirm_proposal(self, context: Context, *, lease_id: str, project_id: str | None) -> Lease:
        """Promise what was held."""
        return self._proposals.confirm(lease_id, project_id)

    @exposed
    def cancel_proposal(self, context: Context, *, lease_id: str, project_id: str | None) -> Lease:
        """Give everything back."""
        return self._proposals.cancel(lease_id, project_id)

    @exposed
    def change_lease(
        self,
        context: Context,
        *,
        lease_id: str,
        project_id: str | None,
        change: LeaseChange,
        hosts: Candidates | None = None,
        answer_by: int | None = None,
    ) -> Lease:
        """Carry a PATCH out."""
        return self._changes.change(lease_id, project_id, change, hosts, answer_by)

    @exposed
    def substitute_hosts(self, context: Context, *, lease_id: str, project_id: str | None) -> Lease:
        """Other hosts for those that fail."""
        return self._failures.substitute(lease_id, project_id)

    @exposed
    def get_misplaced(self, context: Context) -> list[Misplaced]:
        """Instances that stand where they may not."""
        return self._misplaced()

    @exposed
    def evacuate_hosts(self, context: Context, *, hosts: list[str], dry_run: bool) -> Evacuation:
        """Empty hosts, or show how."""
        return self._evacuations.plan(hosts) if dry_run else self._evacuations.begin(hosts)

    @exposed
    def list_leases(self, context: Context, *, query: LeaseQuery) -> list[Lease]:
        """A page of leases."""
        return self._store.list_leases(query)

    @exposed
    def get_schedulers(self, context: Context) -> list[rpcapi.SchedulerInfo]:
        """The installed strategies."""
        return self._strategies.listed()

    @exposed
    def get_availability(self, context: Context, *, known_sequence: int | None = None) -> rpcapi.Availability | None:
        """Every host's lease now and next."""
        return self._availability.now(known_sequence)

    @exposed
    def get_calendar(
        self, context: Context, *, start: int, end: int, project_id: str | None, limit: int, marker: str | None
    ) -> list[rpcapi.CalendarEntry]:
        """Leases for drawing."""
        return self._following.calendar(start, end, project_id, limit, marker)

    @exposed
    def changes_since(self, context: Context, *, sequence: int, limit: int = 1000) -> rpcapi.Changes:
        """The journal."""
        return self._following.changes_since(sequence, limit)

    @exposed
    def get_limits(self, context: Context, *, project_id: str) -> rpcapi.ProjectLimits:
        """What a project may ask for and hold, and what it uses."""
        return self._limits.shown(project_id)

    @exposed
    def set_limits(self, context: Context, *, project_id: str, values: dict[str, int | None]) -> rpcapi.ProjectLimits:
        """Limits of a project's own."""
        return self._limits.set(project_id, values)

    @exposed
    def list_limits(self, context: Context, *, limit: int, marker: str | None) -> list[rpcapi.ProjectLimits]:
        """Projects with limits of their own."""
        return self._limits.listed(limit, marker)

    @exposed
    def take_requests(self, context: Context, *, project_id: str, wanted: int) -> rpcapi.Grant:
        """A few of the requests that a project may send."""
        return self._limits.take_requests(project_id, wanted)

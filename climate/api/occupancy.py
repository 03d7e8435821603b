# SPDX-License-Identifier: Apache-2.0
"""What the API keeps between requests: how hosts are called, and each host's lease now and next.

Both are copies. Their owners are asked whether a copy is still true, and send
another only if it is not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from climate.core.candidates import unpack
from climate.core.lifecycle import State
from climate.rpcapi.inventory import HostNames as NameColumns
from climate.rpcapi.inventory import InventoryAPI
from climate.rpcapi.planning import Availability, PlanningAPI

_NEVER = -1


@dataclass(frozen=True, slots=True)
class LeaseNow:
    """The lease on a host, also one that is over while its margin lasts; instants in epoch seconds.

    A host that is blocked until before the lease's end was given back.
    """

    lease_id: str
    project_id: str
    state: State
    until_at: int
    end_at: int


@dataclass(frozen=True, slots=True)
class NextLease:
    """The lease that follows on a host; ``start_at`` in epoch seconds."""

    lease_id: str
    project_id: str
    state: State
    start_at: int


@dataclass(frozen=True, slots=True)
class Use:
    """A host's lease now and next."""

    lease: LeaseNow | None = None
    next: NextLease | None = None


FREE = Use()
"""Of a host that has no lease."""


@dataclass(frozen=True, slots=True)
class Uses:
    """The use of every host that the calendar knows, by id, as of its change ``sequence``, at an instant in s."""

    sequence: int
    at: int
    by_host: Mapping[str, Use]


@dataclass(frozen=True, slots=True)
class NamedHost:
    """How a host is called, here and in Nova, and whether it is gone."""

    host_id: str
    name: str
    service_host: str
    retired: bool


@dataclass(frozen=True, slots=True)
class Named:
    """All hosts of the inventory, by id and in the order of their names, as of its ``generation``."""

    generation: int
    by_id: Mapping[str, NamedHost]


class HostNames:
    """How hosts are called."""

    def __init__(self, inventory: InventoryAPI) -> None:
        self._inventory = inventory
        self._kept = Named(_NEVER, {})

    def all(self, request_id: str) -> Named:
        """All hosts, as the inventory calls them now."""
        kept = self._kept
        fresh = self._inventory.get_names(request_id, known_generation=kept.generation)
        if fresh is not None:
            # Two threads may overwrite each other's copy; the inventory is asked again each time, so either is good.
            kept = self._kept = Named(fresh.generation, _by_id(fresh))
        return kept

    def of(self, request_id: str, host_ids: Iterable[str]) -> dict[str, str]:
        """The names of these hosts; ``""`` for an id that the inventory does not know.

        A host keeps its name: one that is known is not asked for again.
        """
        wanted = list(dict.fromkeys(host_ids))
        known = self._kept.by_id
        if any(host_id not in known for host_id in wanted):
            known = self.all(request_id).by_id
        return {host_id: known[host_id].name if host_id in known else "" for host_id in wanted}


class Occupancy:
    """Each host's lease now and next."""

    def __init__(self, planning: PlanningAPI) -> None:
        self._planning = planning
        self._kept = Uses(_NEVER, _NEVER, {})

    def uses(self, request_id: str) -> Uses:
        """Every host's use, true now."""
        kept = self._kept
        fresh = self._planning.get_availability(request_id, known_sequence=kept.sequence)
        if fresh is not None:
            # As above: either thread's copy is good.
            kept = self._kept = Uses(fresh.sequence, fresh.at, _by_host(fresh))
        return kept


def _by_id(columns: NameColumns) -> dict[str, NamedHost]:
    rows = zip(unpack(columns.hosts), columns.names, columns.service_hosts, columns.retired, strict=True)
    return {row[0]: NamedHost(*row) for row in rows}


def _by_host(columns: Availability) -> dict[str, Use]:
    leases = zip(columns.lease_ids, columns.project_ids, columns.states, columns.until_at, columns.end_at, strict=True)
    following = zip(
        columns.next_lease_ids, columns.next_project_ids, columns.next_states, columns.next_start_at, strict=True
    )
    return {
        host_id: Use(_lease_now(*lease), _next_lease(*next_lease))
        for host_id, lease, next_lease in zip(unpack(columns.hosts), leases, following, strict=True)
    }


def _lease_now(
    lease_id: str, project_id: str, state: State | None, until_at: int | None, end_at: int | None
) -> LeaseNow | None:
    if state is None or until_at is None or end_at is None:
        return None
    return LeaseNow(lease_id, project_id, state, until_at, end_at)


def _next_lease(lease_id: str, project_id: str, state: State | None, start_at: int | None) -> NextLease | None:
    return None if state is None or start_at is None else NextLease(lease_id, project_id, state, start_at)

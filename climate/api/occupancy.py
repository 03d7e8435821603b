# SPDX-License-Identifier: Apache-2.0
"""What the API keeps between requests: the names of hosts, and each host's lease now and next.

Both are copies. A host's name is asked for again after a minute; the leases
are asked for each time, but planning sends them only if they changed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from climate.core.candidates import unpack
from climate.rpcapi.inventory import HostQuery, InventoryAPI
from climate.rpcapi.planning import Availability, PlanningAPI

_NAMES_KEPT_S = 60
_BATCH = 1000
_NEVER = -1


@dataclass(frozen=True, slots=True)
class Use:
    """A host's lease now and next; ``""`` and ``None`` where there is none. Instants in epoch seconds."""

    lease_id: str = ""
    free_from: int | None = None
    next_start: int | None = None
    next_lease_id: str = ""


@dataclass(frozen=True, slots=True)
class Uses:
    """Every host's use, by id, as of the calendar's change ``sequence``."""

    sequence: int
    by_host: Mapping[str, Use]


class HostNames:
    """Names of hosts by their ids. ``clock`` gives epoch seconds."""

    def __init__(self, inventory: InventoryAPI, clock: Callable[[], int]) -> None:
        self._inventory = inventory
        self._clock = clock
        self._lock = threading.Lock()
        self._names: dict[str, str] = {}
        self._since = 0

    def of(self, request_id: str, host_ids: Iterable[str]) -> dict[str, str]:
        """The names of these hosts; ``""`` for an id that the inventory does not know."""
        wanted = list(dict.fromkeys(host_ids))
        with self._lock:
            now = self._clock()
            if not 0 <= now - self._since < _NAMES_KEPT_S:
                self._names, self._since = {}, now
            kept = self._names
        missing = [host_id for host_id in wanted if host_id not in kept]
        for i in range(0, len(missing), _BATCH):
            ids = tuple(missing[i : i + _BATCH])
            query = HostQuery(ids=ids, retired=None, limit=len(ids))
            kept.update((host.host_id, host.name) for host in self._inventory.list_hosts(request_id, query=query))
        return {host_id: kept.get(host_id, "") for host_id in wanted}


class Occupancy:
    """Each host's lease now and next."""

    def __init__(self, planning: PlanningAPI) -> None:
        self._planning = planning
        self._kept = Uses(_NEVER, {})

    def uses(self, request_id: str) -> Uses:
        """Every host's use, true now."""
        kept = self._kept
        fresh = self._planning.get_availability(request_id, known_sequence=kept.sequence)
        if fresh is not None:
            # Two threads may overwrite each other's copy; planning is asked again each time, so either is good.
            kept = self._kept = Uses(fresh.sequence, _by_host(fresh))
        return kept


def _by_host(columns: Availability) -> dict[str, Use]:
    return {
        host_id: Use(lease_id, free_from, next_start, next_lease_id)
        for host_id, lease_id, free_from, next_start, next_lease_id in zip(
            unpack(columns.hosts),
            columns.lease_ids,
            columns.free_from,
            columns.next_start,
            columns.next_lease_ids,
            strict=True,
        )
    }

# SPDX-License-Identifier: Apache-2.0
"""What becomes of a lease's instances on hosts that it uses no more.

One call is one look, as in :mod:`climate.planning.effects.evict`. It is
written by the very commit that ends the lease, so an extension that came
before leaves no trace of it, and one that comes after is refused.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any

from climate.chassis.outbox import Effect
from climate.core import clearing
from climate.core.booking import Decision
from climate.core.candidates import unpack
from climate.core.clearing import Act, Ending
from climate.core.lease import Lease
from climate.errors import ClimateError
from climate.openstack.nova_servers import Refused, Server
from climate.planning.calendar import PlanningCalendar
from climate.planning.instances import Hosts, Servers, belongs
from climate.planning.store.protocol import Store

LOG = logging.getLogger(__name__)

TOPIC = "lease_end"
_LOOK_S = 2
_STUCK_S = 60
_GIVE_UP_S = 3600


def effect(decision: Decision, numbers: Iterable[int] | None = None) -> Effect:
    """For all hosts of the lease, or for those that leave it (calendar numbers)."""
    lease = decision.lease
    return Effect(
        topic=TOPIC,
        key=f"end:{lease.lease_id}",
        payload={
            "lease_id": lease.lease_id,
            "hosts": list(lease.hosts) if numbers is None else [],
            "numbers": [] if numbers is None else sorted(numbers),
            "over_at": min(decision.at, lease.end_at),
        },
    )


class LeaseEnd:
    """The outbox's handler. ``default`` is for leases that say nothing; ``clock`` gives epoch seconds."""

    def __init__(
        self,
        store: Store,
        calendar: PlanningCalendar,
        servers: Servers,
        hosts: Callable[[], Hosts],
        default: Ending,
        clock: Callable[[], int],
    ) -> None:
        self._store = store
        self._calendar = calendar
        self._servers = servers
        self._hosts = hosts
        self._default = default
        self._clock = clock

    def __call__(self, effect_id: int, payload: dict[str, Any]) -> int | None:
        """One look at the hosts, and the next step for each instance of the lease on them."""
        lease = self._store.get_lease(payload["lease_id"])
        how = Ending(lease.terms.on_lease_end or self._default)
        if how is Ending.LEAVE:
            return None
        try:
            ids = [*payload["hosts"], *unpack(self._calendar.host_ids(payload["numbers"]))]
            names = self._hosts().called(ids)
            acts = [self._step(server, how) for server in self._own(lease, names, payload["over_at"])]
        except ClimateError as error:
            LOG.warning("instances of lease %s cannot be ended now: %s", lease.lease_id, error.message)
            return _LOOK_S
        if Act.STUCK in acts and self._clock() - payload["over_at"] > _GIVE_UP_S:
            LOG.error("instances of lease %s are still on its hosts, after an hour; giving up", lease.lease_id)
            return None
        if all(act is Act.DONE for act in acts):
            return None
        return _STUCK_S if all(act in (Act.DONE, Act.STUCK) for act in acts) else _LOOK_S

    def _own(self, lease: Lease, names: Iterable[str], over_at: int) -> list[Server]:
        """The lease's instances on these hosts: none that was made after it was over."""
        found = self._servers.on(list(names))
        return [server for server in found if belongs(server, lease) and server.created_at <= over_at]

    def _step(self, server: Server, how: Ending) -> Act:
        act = clearing.ending(server.status, bool(server.task), how)
        if act in (Act.WAIT, Act.DONE, Act.STUCK):
            return act
        try:
            self._servers.act(act, server.server_id)
        except Refused as error:
            LOG.info("instance %s on %s: no %s: %s", server.server_id, server.host, act, error)
            return Act.STUCK
        LOG.info("instance %s on %s: %s, since its lease is over", server.server_id, server.host, act)
        return act

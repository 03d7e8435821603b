# SPDX-License-Identifier: Apache-2.0
"""Clear a lease's hosts of the instances of others, before it begins.

One call is one look: what stands there, what Nova did with it so far, and the
next thing for each. So a process that dies leaves nothing half known, and the
next one goes on. Before the first instance moves, the lease gets those hosts
of its kind from which the fewest have to. An instance that cannot be moved
costs the lease its host, if there is another; if not, the lease says so.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Protocol

from climate.chassis.outbox import Effect
from climate.core.clearing import Act, Eviction, EvictionRule
from climate.core.lease import Lease
from climate.core.lifecycle import State
from climate.errors import ClimateError, LeaseNotFound
from climate.openstack.nova_servers import Migration, Refused, Server
from climate.planning.calendar import PlanningCalendar
from climate.planning.instances import Hosts, Servers, belongs
from climate.planning.moving import Mover, tried, unconfirmed, under_way
from climate.planning.store.protocol import Store

LOG = logging.getLogger(__name__)

TOPIC = "evict"
NOTICE_TOPIC = "evict_notice"
_LOOK_S = 2
_STUCK_S = 30


def effect(lease: Lease) -> Effect:
    """Clear the hosts that the lease has when this is done."""
    return Effect(topic=TOPIC, key=_key(lease), payload={"lease_id": lease.lease_id})


def notice(lease: Lease) -> Effect:
    """Tell owners of instances on its hosts what will become of them, and when."""
    return Effect(topic=NOTICE_TOPIC, key=_key(lease), payload={"lease_id": lease.lease_id})


def _key(lease: Lease) -> str:
    # Not the lease's own: its notifications must not wait until all is moved.
    return f"evict:{lease.lease_id}"


class Clearing:
    """What the notice and the eviction have in common: whose instances stand on the hosts of a lease."""

    def __init__(
        self,
        store: Store,
        calendar: PlanningCalendar,
        servers: Servers,
        hosts: Callable[[], Hosts],
        rule: EvictionRule,
        clock: Callable[[], int],
    ) -> None:
        self.store = store
        self._calendar = calendar
        self.servers = servers
        self.hosts = hosts
        self.rule = rule
        self.clock = clock

    def lease(self, lease_id: str) -> Lease | None:
        """The lease, while its hosts are to be clear."""
        try:
            lease = self.store.get_lease(lease_id)
        except LeaseNotFound:
            return None
        wanted = lease.state in (State.CONFIRMED, State.ACTIVE) and lease.end_at > self.clock()
        return lease if wanted and self.rule.eviction is not Eviction.NONE else None

    def names(self, lease: Lease) -> dict[str, str]:
        """The ids of the lease's hosts by Nova's names; without those that other leases have until it begins."""
        now = self.clock()
        mine = lease.hosts if lease.start_at <= now else self._calendar.free(lease.hosts, (now, now + 1))
        return self.hosts().called(mine)

    def strangers(self, lease: Lease, names: Iterable[str]) -> list[Server]:
        """The instances of others on hosts (by Nova's names)."""
        return [server for server in self.servers.on(list(names)) if not belongs(server, lease)]


class Notice:
    """The handler of the notice: a word to each owner, in the instance's metadata and as a notification."""

    def __init__(self, clearing: Clearing, send: Callable[[str, dict[str, Any]], None]) -> None:
        self._clearing = clearing
        self._send = send

    def __call__(self, effect_id: int, payload: dict[str, Any]) -> int | None:
        """Tell them; the same again is told under the same ``notification_id``."""
        lease = self._clearing.lease(payload["lease_id"])
        if lease is None or lease.start_at <= self._clearing.clock():
            return None
        rule = self._clearing.rule
        at = lease.start_at - rule.finish_s
        for server in self._clearing.strangers(lease, self._clearing.names(lease)):
            word = {
                "server_id": server.server_id,
                "project_id": server.project_id,
                "eviction": str(rule.eviction),
                "fallback": str(rule.fallback),
                "before": at,
                "notification_id": f"planning-{effect_id}-{server.server_id}",
            }
            self._send("instance.eviction", word)
            try:
                self._clearing.servers.note(server.server_id, f"{rule.eviction} before {at}: its host is reserved")
            except Refused as error:
                LOG.info("instance %s took no note of its eviction: %s", server.server_id, error)
        return None


class Others(Protocol):
    """Where a lease finds other hosts (:class:`climate.planning.substitutes.Substitutes`)."""

    def avoid(self, lease_id: str, hosts: Collection[str]) -> Lease:
        """The lease with others for these, as far as there are."""

    def occupied(self, lease_id: str, hosts: int) -> Lease:
        """The lease, saying on how many of its hosts others still are."""


class Ways(Protocol):
    """Where instances had better go (:class:`climate.planning.packing.Packing`)."""

    def fewest_moves(self, lease: Lease) -> bool:
        """Give the lease hosts from which fewer instances have to move; whether that was done."""

    def targets(self, lease: Lease, names: Collection[str], going: Mapping[str, str]) -> dict[str, str]:
        """A host for each instance that has to leave; ``going`` are those on their way."""


class Evict:
    """The outbox's handler of evictions."""

    def __init__(self, clearing: Clearing, substitutes: Others, ways: Ways) -> None:
        self._clearing = clearing
        self._substitutes = substitutes
        self._ways = ways
        self._mover = Mover(clearing.servers, clearing.rule)

    def __call__(self, effect_id: int, payload: dict[str, Any]) -> int | None:
        """One look at the hosts of a lease, and the next step for what stands there."""
        lease = self._clearing.lease(payload["lease_id"])
        if lease is None:
            return None
        try:
            return self._look(lease)
        except ClimateError as error:
            # Not by the outbox's pauses, which grow: the lease begins soon.
            LOG.warning("the hosts of lease %s cannot be cleared now: %s", lease.lease_id, error.message)
            return _LOOK_S

    def _look(self, lease: Lease) -> int | None:
        now = self._clearing.clock()
        names = self._clearing.names(lease)
        moves = {name: self._moves(name, lease) for name in names}
        for found in moves.values():
            self._mover.confirm(found)
        strangers = [server for server in self._clearing.strangers(lease, names) if server.host in names]
        targets = self._targets(lease, strangers, moves, now)
        if targets is None:
            return _LOOK_S
        why = f"for lease {lease.lease_id}"
        results = {
            one.server_id: (
                one.host,
                self._mover.step(one, moves[one.host], lease.start_at, now, why, targets.get(one.server_id)),
            )
            for one in strangers
        }
        stuck = {names[host] for host, act in results.values() if act is Act.STUCK}
        self._tell(lease, stuck, now)
        if stuck:
            return _STUCK_S if lease.start_at <= now else _LOOK_S
        open_ = any(act is not Act.DONE for _, act in results.values()) or any(map(unconfirmed, moves.values()))
        return _LOOK_S if open_ or len(names) < len(self._clearing.hosts().called(lease.hosts)) else None

    def _moves(self, host: str, lease: Lease) -> list[Migration]:
        return self._clearing.servers.migrations(host, lease.start_at - self._clearing.rule.lead_s)

    def _targets(
        self, lease: Lease, strangers: list[Server], moves: dict[str, list[Migration]], now: int
    ) -> dict[str, str] | None:
        """Where those go that nobody has begun to move; ``None``: nowhere, the lease has other hosts now."""
        begun = [move for found in moves.values() for move in found]
        first = [one for one in strangers if one.server_id not in tried(begun)]
        if not first or self._clearing.rule.eviction is not Eviction.MIGRATE:
            return {}
        try:
            if lease.start_at > now and not tried(begun) and self._ways.fewest_moves(lease):
                return None
            return self._ways.targets(lease, moves, under_way(begun))
        except ClimateError as error:
            LOG.warning("what leaves hosts of lease %s goes where Nova likes: %s", lease.lease_id, error.message)
            return {}

    def _tell(self, lease: Lease, stuck: set[str], now: int) -> None:
        """Other hosts for those that stay occupied, while there is time; what is left is said in the lease."""
        if stuck and lease.start_at > now:
            lease = self._substitutes.avoid(lease.lease_id, stuck)
            stuck = stuck.intersection(lease.hosts)
        self._substitutes.occupied(lease.lease_id, len(stuck))

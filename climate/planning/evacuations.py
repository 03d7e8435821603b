# SPDX-License-Identifier: Apache-2.0
"""Empties hosts because an administrator says so: shows the moves, or has them made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from climate.core import clearing, evacuation, packing
from climate.core.candidates import unpack
from climate.core.clearing import Way
from climate.core.evacuation import Evacuation, Step
from climate.core.host import Host
from climate.core.lease import Lease
from climate.core.packing import ANY
from climate.errors import HostNotFound, NoNova
from climate.openstack.nova_servers import Server
from climate.planning.availability import AvailabilityReport
from climate.planning.effects import evacuate
from climate.planning.instances import Servers, belongs
from climate.planning.moving import under_way
from climate.planning.packing import Floor, Packing
from climate.planning.store.protocol import Store

_AHEAD_S = 24 * 3600  # a host that is leased within this time takes nothing: it would have to move again


class Evacuations(Protocol):
    """Shows how hosts are emptied, and begins it."""

    def plan(self, hosts: Sequence[str]) -> Evacuation:
        """What would become of the instances on these hosts (ids or names).

        :raises HostNotFound: there is no such host.
        :raises NoNova: planning knows none.
        :raises ServiceUnavailable: Nova or the inventory does not answer.
        """

    def begin(self, hosts: Sequence[str]) -> Evacuation:
        """The same, and begin with it; again is as once."""


class NoEvacuations:
    """Where planning knows no Nova."""

    def plan(self, hosts: Sequence[str]) -> Evacuation:
        """Nobody knows."""
        raise NoNova()

    def begin(self, hosts: Sequence[str]) -> Evacuation:
        """Nobody can."""
        return self.plan(hosts)


class NovaEvacuations:
    """Empties hosts in Nova. What is to be done goes into the outbox, a row for each host."""

    def __init__(
        self,
        store: Store,
        availability: AvailabilityReport,
        servers: Servers,
        packing: Packing,
        clock: Callable[[], int],
    ) -> None:
        self._store = store
        self._availability = availability
        self._servers = servers
        self._packing = packing
        self._clock = clock

    def plan(self, hosts: Sequence[str]) -> Evacuation:
        """See :class:`Evacuations`."""
        return self.look(hosts)[0]

    def names(self, host_ids: Sequence[str]) -> list[str]:
        """Nova's names of those hosts that there are still."""
        return [name for name, host in self._packing.hosts().items() if host.host_id in host_ids]

    def begin(self, hosts: Sequence[str]) -> Evacuation:
        """See :class:`Evacuations`."""
        found, _ = self.look(hosts)
        known, now = self._packing.hosts(), self._clock()
        ids = [known[name].host_id for name in found.hosts]
        new = [one for one in ids if not self._store.has_effects(evacuate.TOPIC, [evacuate.key(one)])]
        self._store.write_effects(tuple(evacuate.effect(one, ids, now) for one in new), now)
        return Evacuation(hosts=found.hosts, instances=found.instances, running=True)

    def look(self, hosts: Sequence[str]) -> tuple[Evacuation, dict[str, Server]]:
        """What there is to do, with the instances by their ids."""
        known = self._packing.hosts()
        names = list(dict.fromkeys(_name(known, host) for host in hosts))
        going: dict[str, str] = {}
        for name in names:
            going |= under_way(self._servers.migrations(name, self._clock() - _AHEAD_S))
        floor = self._packing.floor(going)
        servers = [server for name in names for server in floor.servers.get(name, ())]
        leases = self._leases(floor, names)
        own = {one.server_id: lease for one in servers if (lease := leases.get(one.host)) and belongs(one, lease)}
        targets = self._targets(floor, names, {*own, *going})
        steps = [self._step(floor, server, going, own, targets) for server in servers]
        running = self._store.has_effects(evacuate.TOPIC, [evacuate.key(floor.hosts[name].host_id) for name in names])
        evacuated = Evacuation(hosts=tuple(names), instances=evacuation.ordered(steps), running=running)
        return evacuated, {server.server_id: server for server in servers}

    def _leases(self, floor: Floor, names: Sequence[str]) -> dict[str, Lease]:
        """The leases that have these hosts now."""
        report = self._availability.now(None)
        assert report is not None  # noqa: S101 - only where the asker knows a sequence
        lease_ids = dict(zip(unpack(report.hosts), report.lease_ids, strict=True))
        had = {name: lease_ids.get(floor.hosts[name].host_id, "") for name in names}
        return {name: self._store.get_lease(lease_id) for name, lease_id in had.items() if lease_id}

    def _targets(self, floor: Floor, names: Sequence[str], staying: set[str]) -> dict[str, str]:
        now = self._clock()
        free = self._packing.free(floor, (now, now + _AHEAD_S))
        full = [floor.stand(name, lambda server: server.server_id in staying) for name in names]
        receiving = [floor.stand(name) for name in free if name not in names]
        return {move.instance_id: move.target for move in packing.clear(full, receiving).moves}

    def _step(
        self, floor: Floor, server: Server, going: dict[str, str], own: dict[str, Lease], targets: dict[str, str]
    ) -> Step:
        server_id, way = server.server_id, clearing.way_of(server.status)
        on_its_way = server_id in going
        target, reason = going.get(server_id) or targets.get(server_id, ""), ""
        if server_id in own:
            reason = evacuation.of_lease(own[server_id].lease_id)
        elif on_its_way:
            way = way or Way.COLD
        elif way is None:
            reason = evacuation.not_movable(server.status)
        elif not target:
            needs = floor.guest(server).needs
            reason = evacuation.no_room(None if needs == ANY else needs)
        return Step(
            server_id=server_id,
            name=server.name,
            project_id=server.project_id,
            source=server.host,
            target="" if reason else target,
            way=None if reason else way,
            under_way=on_its_way and not reason,
            reason=reason,
        )


def _name(known: dict[str, Host], wanted: str) -> str:
    """Nova's name of a host that is called by that, by our name, or by its id.

    :raises HostNotFound: there is none.
    """
    for name, host in known.items():
        if wanted in (host.host_id, host.name, name):
            return name
    raise HostNotFound(f"There is no host {wanted!r}.", host=wanted)

# SPDX-License-Identifier: Apache-2.0
"""Which hosts a lease had better have, and where what stands on hosts that are emptied goes: packed by the core.

Everything is looked at anew each time: the instances in Nova, the hosts'
sizes in the inventory, the calendar. So it may be asked again at any time.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from climate.core import clearing, packing
from climate.core.candidates import Candidates, unpack
from climate.core.clearing import Way
from climate.core.host import Host
from climate.core.journal import Span
from climate.core.lease import Lease
from climate.core.packing import ANY, Emptying, Guest, Size, Stand
from climate.openstack.nova_servers import Server
from climate.planning.calendar import PlanningCalendar
from climate.planning.instances import Servers, belongs

_MODEL = "cpu_info.model"
_NOWHERE = "nowhere"  # the type of host that an instance needs which Nova moves in no way


class Others(Protocol):
    """Where a lease's hosts are exchanged (:class:`climate.planning.substitutes.Substitutes`)."""

    def exchange(self, lease_id: str, leaving: Collection[str], joining: Collection[str]) -> Lease:
        """The lease with ``joining`` in the place of ``leaving``, if that can be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """The hosts that are not retired, by Nova's names, and the instances on each.

    ``coming`` are the instances that are on their way to a host.
    ``vcpus_per_thread`` is how many virtual CPUs Nova puts on one thread.
    """

    hosts: Mapping[str, Host]
    servers: Mapping[str, list[Server]]
    coming: Mapping[str, list[Server]]
    vcpus_per_thread: float

    def named(self, host_ids: Iterable[str]) -> list[str]:
        """Nova's names of hosts, in the order of the names."""
        wanted = frozenset(host_ids)
        return [name for name, host in self.hosts.items() if host.host_id in wanted]

    def stand(self, name: str, stays: Callable[[Server], bool] = lambda server: False) -> Stand:
        """A host as the packing sees it; what ``stays`` is no guest, but takes room."""
        host, here = self.hosts[name], self.servers.get(name, [])
        room = self._size(host)
        for server in (*here, *self.coming.get(name, ())):
            room = room.less(_taken(server))
        guests = tuple(self.guest(server) for server in here if not stays(server))
        return Stand(name, room, guests, str(host.properties.get(_MODEL, ANY)))

    def guest(self, server: Server) -> Guest:
        """An instance that is to move: while it runs, to a host with the same processor."""
        way = clearing.way_of(server.status)
        model = self.hosts[server.host].properties.get(_MODEL, ANY) if server.host in self.hosts else ANY
        needs = {Way.LIVE: str(model), Way.COLD: ANY, None: _NOWHERE}[way]
        return Guest(server.server_id, _taken(server), needs)

    def _size(self, host: Host) -> Size:
        vcpus, memory_mb, local_gb = (host.properties.get(name, 0) for name in ("vcpus", "memory_mb", "local_gb"))
        return Size(int(float(vcpus) * self.vcpus_per_thread), int(memory_mb), int(local_gb))


def _taken(server: Server) -> Size:
    return Size(server.vcpus, server.memory_mb, server.disk_gb)


class Packing:
    """Gathers what the packing needs, and has it decide.

    ``hosts`` gives all that are not retired, ``matching`` the bookable hosts
    of a request; ``margin_s`` is how long a host stays blocked after a lease.
    """

    def __init__(
        self,
        servers: Servers,
        calendar: PlanningCalendar,
        others: Others,
        hosts: Callable[[], list[Host]],
        matching: Callable[[list[Any]], Candidates],
        margin_s: int,
        vcpus_per_thread: float,
        clock: Callable[[], int],
    ) -> None:
        self._servers = servers
        self._calendar = calendar
        self._others = others
        self._hosts = hosts
        self._matching = matching
        self._margin_s = margin_s
        self._vcpus_per_thread = vcpus_per_thread
        self._clock = clock

    def hosts(self) -> dict[str, Host]:
        """All hosts that are not retired, by Nova's names and in their order."""
        hosts = {host.service_host or host.name: host for host in self._hosts()}
        return dict(sorted(hosts.items(), key=lambda item: item[0]))

    def floor(self, going: Mapping[str, str] | None = None) -> Floor:
        """What stands where now; ``going`` says of instances on their way to which host they are."""
        servers: dict[str, list[Server]] = {}
        coming: dict[str, list[Server]] = {}
        for server in self._servers.on():
            servers.setdefault(server.host, []).append(server)
            target = (going or {}).get(server.server_id)
            if target:
                coming.setdefault(target, []).append(server)
        return Floor(
            hosts=self.hosts(),
            servers=servers,
            coming=coming,
            vcpus_per_thread=self._vcpus_per_thread,
        )

    def fewest_moves(self, lease: Lease) -> bool:
        """Exchange hosts of a lease that has not begun for others of its kind, if fewer instances have to move then.

        Hosts are free for it when they are free from now until its end and
        clean-up. Returns whether it has other hosts now.
        """
        group = next(
            (one for one in self._matching(lease.terms.host_properties).groups if one.alike == lease.alike), None
        )
        if group is None:
            return False
        floor = self.floor()
        now = self._clock()
        free = self.free(floor, (now, lease.end_at + self._margin_s))
        vacant = frozenset(floor.named(self._calendar.free(lease.hosts, (now, now + 1))))
        # What another lease has on a host now ends with it: nobody has to move that.
        own = [floor.stand(name, lambda server: server.host not in vacant) for name in floor.named(lease.hosts)]
        if len(own) < lease.quantity:
            return False  # not all of them are known: nobody can say what stands there
        like = frozenset(floor.named(unpack(group.hosts))).difference(one.name for one in own)
        spare = [floor.stand(name) for name in free if name in like]
        rest = [floor.stand(name) for name in free if name not in like]
        before, best = packing.empty(own, spare + rest, len(own)), packing.empty(own + spare, rest, len(own))
        fewer = best is not None and (before is None or len(best.moves) < len(before.moves))
        return self._exchanged(lease, floor, best) if best is not None and fewer else False

    def _exchanged(self, lease: Lease, floor: Floor, best: Emptying) -> bool:
        hosts = [floor.hosts[name].host_id for name in best.hosts]
        leaving = [host_id for host_id in lease.hosts if host_id not in hosts]
        joining = [host_id for host_id in hosts if host_id not in lease.hosts]
        return self._others.exchange(lease.lease_id, leaving, joining).hosts != lease.hosts

    def targets(self, lease: Lease, names: Collection[str], going: Mapping[str, str]) -> dict[str, str]:
        """Where what has to leave hosts of a lease goes: a host for each instance that has room elsewhere.

        ``going`` are those under way already, and where they go.
        """
        floor = self.floor(going)
        free = self.free(floor, (self._clock(), lease.end_at + self._margin_s))

        def stays(server: Server) -> bool:
            return server.server_id in going or belongs(server, lease)

        full = [floor.stand(name, stays) for name in names if name in floor.hosts]
        receiving = [floor.stand(name) for name in free if name not in names]
        return {move.instance_id: move.target for move in packing.clear(full, receiving).moves}

    def free(self, floor: Floor, span: Span) -> list[str]:
        """The hosts that may be booked and that no lease has within a time."""
        bookable = [host.host_id for host in floor.hosts.values() if host.bookable]
        return floor.named(self._calendar.free(bookable, span))

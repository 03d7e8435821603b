# SPDX-License-Identifier: Apache-2.0
"""Instances on hosts of leases: whose they are, and how planning reaches them in Nova."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from climate.core import guarding
from climate.core.clearing import QUIET, Act
from climate.core.guarding import Seen, Tenure
from climate.core.lease import Lease
from climate.openstack.nova_servers import Migration, Server

HINTS = ("lease", "lease_id", "reservation_id", "reservation")
"""The names of the scheduler hint by which an instance asks for a lease's hosts."""


class Servers(Protocol):
    """What planning needs of Nova (:class:`climate.openstack.nova_servers.NovaServers`)."""

    def on(self, hosts: Iterable[str] | None = None) -> Iterator[Server]:
        """All instances, or those on these compute services."""

    def get(self, server_id: str) -> Server | None:
        """One instance."""

    def migrations(self, host: str, since: int) -> list[Migration]:
        """The moves off a host."""

    def act(self, act: Act, server_id: str, target: str | None = None) -> None:
        """Do something to an instance.

        :raises Refused: Nova does not.
        """

    def confirm(self, server_id: str) -> None:
        """End a cold migration."""

    def note(self, server_id: str, text: str) -> None:
        """Leave a word with an instance that its owner sees."""


def named(server: Server) -> frozenset[str] | None:
    """The leases that an instance asked for by a hint; ``None`` where Nova does not tell hints."""
    if server.hints is None:
        return None
    return frozenset(value for name in HINTS for value in server.hints.get(name, ()))


def seen(server: Server) -> Seen:
    """An instance as it is judged."""
    return Seen(
        server_id=server.server_id,
        project_id=server.project_id,
        host=server.host,
        created_at=server.created_at,
        quiet=server.status in QUIET,
        asked=named(server),
    )


def belongs(server: Server, lease: Lease) -> bool:
    """Whether an instance on a host of a lease is the lease's own (see :func:`climate.core.guarding.belongs`)."""
    return guarding.belongs(seen(server), tenure(lease))


def tenure(lease: Lease) -> Tenure:
    """A lease as what its hosts have."""
    return Tenure(
        lease_id=lease.lease_id, project_id=lease.owner.project_id, start_at=lease.start_at, end_at=lease.end_at
    )


@dataclass(frozen=True, slots=True)
class Hosts:
    """How Nova calls hosts, by their ids."""

    service_hosts: dict[str, str]

    def called(self, host_ids: Iterable[str]) -> dict[str, str]:
        """The ids of hosts by Nova's names; without those that Nova does not know."""
        found = ((self.service_hosts.get(host_id, ""), host_id) for host_id in host_ids)
        return {name: host_id for name, host_id in found if name}

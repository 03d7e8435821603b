# SPDX-License-Identifier: Apache-2.0
"""What planning itself asks the inventory, when it looks for hosts without a request from outside."""

from __future__ import annotations

import uuid
from typing import Any

from climate.core.candidates import Candidates, unpack
from climate.core.host import Host
from climate.planning.instances import Hosts
from climate.rpcapi.inventory import HostQuery, InventoryAPI

_PAGE = 500

_NOT_DOWN = ["not", ["and", ["=", "$state", "down"], ["=", "$status", "enabled"]]]


class AskedOfInventory:
    """Questions to the inventory, each with a request id of its own."""

    def __init__(self, inventory: InventoryAPI) -> None:
        self._inventory = inventory
        self._generation: int | None = None
        self._names = Hosts({})

    def matching(self, properties: list[Any]) -> Candidates:
        """The hosts that match a lease's ``host_properties``, whoever asked for it, may be booked, and would serve.

        Not those whose compute service is down. One that is down and disabled
        sleeps, perhaps; then it is not for this to judge.

        :raises BadProperties: the filter names what there is no more.
        :raises ServiceUnavailable: the inventory does not answer.
        """
        serving = ["and", properties, _NOT_DOWN] if properties else _NOT_DOWN
        return self._inventory.get_hosts(_request_id(), properties=serving, sees_hosts=True)

    def bookable(self) -> bytes:
        """The packed ids of all such hosts.

        :raises ServiceUnavailable: the inventory does not answer.
        """
        return b"".join(group.hosts for group in self.matching([]).groups)

    def hosts(self) -> list[Host]:
        """All hosts that are not retired, with their properties.

        :raises ServiceUnavailable: the inventory does not answer.
        """
        found: list[Host] = []
        marker = None
        while page := self._inventory.list_hosts(_request_id(), query=HostQuery(limit=_PAGE, marker=marker)):
            found.extend(page)
            marker = page[-1].host_id
        return found

    def names(self) -> Hosts:
        """How Nova calls all hosts now.

        :raises ServiceUnavailable: the inventory does not answer.
        """
        found = self._inventory.get_names(_request_id(), known_generation=self._generation)
        if found is not None:
            called = zip(unpack(found.hosts), found.names, found.service_hosts, strict=True)
            self._names = Hosts({host_id: service_host or name for host_id, name, service_host in called})
            self._generation = found.generation
        return self._names


def _request_id() -> str:
    return f"req-{uuid.uuid4()}"

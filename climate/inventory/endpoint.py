# SPDX-License-Identifier: Apache-2.0
"""The inventory's RPC methods: what :class:`climate.rpcapi.inventory.InventoryAPI` calls."""

from __future__ import annotations

from typing import Any

from climate.chassis.rpc import exposed
from climate.core.candidates import Candidates
from climate.core.host import Host
from climate.core.host_properties.catalogue import Property
from climate.inventory.hosts import Hosts
from climate.inventory.matching import Matching
from climate.inventory.store.protocol import Store
from climate.rpcapi import inventory as rpcapi

Context = dict[str, Any]


class InventoryEndpoint:
    """One method for each of the contract's; no decisions here."""

    def __init__(self, store: Store, matching: Matching, hosts: Hosts) -> None:
        self._store = store
        self._matching = matching
        self._hosts = hosts

    @exposed
    def get_hosts(self, context: Context, *, properties: list[Any], sees_hosts: bool) -> Candidates:
        """Bookable hosts that match."""
        return self._matching.candidates(properties, sees_hosts)

    @exposed
    def get_host_details(self, context: Context, *, host_id: str) -> Host:
        """One host, also a retired one."""
        return self._hosts.get(host_id)

    @exposed
    def list_hosts(self, context: Context, *, query: rpcapi.HostQuery) -> list[Host]:
        """A page of hosts."""
        return self._hosts.page(query)

    @exposed
    def get_names(self, context: Context, *, known_generation: int | None = None) -> rpcapi.HostNames | None:
        """How all hosts are called."""
        return self._matching.names(known_generation)

    @exposed
    def set_host(self, context: Context, *, host_id: str, disabled: bool, reason: str) -> Host:
        """Disable a host for new leases, or enable it again."""
        return self._hosts.set_disabled(host_id, disabled, reason)

    @exposed
    def get_properties(self, context: Context, *, sees_hosts: bool) -> list[Property]:
        """The properties that hosts have."""
        return self._matching.properties(sees_hosts)

    @exposed
    def get_sources(self, context: Context) -> list[rpcapi.SourceState]:
        """How fresh each source is."""
        return self._store.sources()

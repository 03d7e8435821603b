# SPDX-License-Identifier: Apache-2.0
"""The inventory's RPC methods: what :class:`climate.rpcapi.inventory.InventoryAPI` calls."""

from __future__ import annotations

from typing import Any

from climate.chassis.rpc import exposed
from climate.core.candidates import Candidates
from climate.core.host import Host, PropertyValue
from climate.core.host_properties.definitions import Definition
from climate.core.host_properties.describe import Property
from climate.inventory.hosts import Hosts
from climate.inventory.matching import Matching
from climate.inventory.properties import Properties
from climate.inventory.store.protocol import Store
from climate.rpcapi import inventory as rpcapi

Context = dict[str, Any]


class InventoryEndpoint:
    """One method for each of the contract's; no decisions here."""

    def __init__(self, store: Store, matching: Matching, hosts: Hosts, properties: Properties) -> None:
        self._store = store
        self._matching = matching
        self._hosts = hosts
        self._properties = properties

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
    def set_host(
        self,
        context: Context,
        *,
        host_id: str,
        disabled: bool | None = None,
        reason: str = "",
        properties: dict[str, PropertyValue | None] | None = None,
    ) -> Host:
        """Disable a host for new leases, or enable it again; give it properties, or take them back."""
        return self._hosts.set(host_id, disabled, reason, properties)

    @exposed
    def get_properties(self, context: Context, *, sees_hosts: bool) -> list[Property]:
        """The properties that the asker may name."""
        return self._properties.all(sees_hosts)

    @exposed
    def get_property(self, context: Context, *, name: str, sees_hosts: bool) -> Property:
        """One property."""
        return self._properties.get(name, sees_hosts)

    @exposed
    def add_property(self, context: Context, *, definition: Definition) -> Property:
        """A new property."""
        return self._properties.add(definition)

    @exposed
    def change_property(self, context: Context, *, name: str, change: rpcapi.PropertyChange) -> Property:
        """A property made different."""
        return self._properties.change(name, change)

    @exposed
    def forget_property(self, context: Context, *, name: str) -> None:
        """Forget what was said of a property."""
        self._properties.forget(name)

    @exposed
    def get_common(self, context: Context, *, hosts: bytes, names: list[str], sees_hosts: bool) -> rpcapi.Common:
        """What hosts have in common."""
        return self._properties.common(hosts, names, sees_hosts)

    @exposed
    def get_visible(self, context: Context, *, names: list[str], sees_hosts: bool) -> frozenset[str]:
        """Which names the asker may know."""
        return self._properties.visible(names, sees_hosts)

    @exposed
    def get_sources(self, context: Context) -> list[rpcapi.SourceState]:
        """How fresh each source is."""
        return self._store.sources()

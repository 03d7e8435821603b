# SPDX-License-Identifier: Apache-2.0
"""What one may ask the inventory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from climate.chassis.rpc import Caller
from climate.core.candidates import Candidates
from climate.core.host import Host
from climate.core.host_properties.catalogue import Property

TOPIC = "climate-inventory"


@dataclass(frozen=True, slots=True, kw_only=True)
class HostQuery:
    """Which hosts to list, by name; ``None`` does not filter. ``marker`` is the last host id seen."""

    ids: tuple[str, ...] | None = None
    name: str | None = None
    retired: bool | None = False
    limit: int = 100
    marker: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceState:
    """How fresh a source's hosts are; ``error`` is empty while it answers. Instants in epoch seconds."""

    name: str
    refreshed_at: int | None
    tried_at: int | None
    hosts: int
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostNames:
    """How all hosts are called, retired ones too, as of one generation.

    Columns of equal length, by name; ``hosts`` are packed ids. A host keeps
    its name, but not its ``service_host``.
    """

    generation: int
    hosts: bytes
    names: tuple[str, ...]
    service_hosts: tuple[str, ...]
    retired: tuple[bool, ...]


class InventoryAPI:
    """Calls the inventory; every method raises the errors that the service raises."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def get_hosts(self, request_id: str, *, properties: list[Any], sees_hosts: bool) -> Candidates:
        """Bookable hosts that match ``properties`` (the parsed filter; ``[]`` for all).

        ``sees_hosts``: whether the asker may name properties that identify a host.

        :raises BadProperties: the filter cannot be understood.
        """
        return self._caller.call(request_id, "get_hosts", Candidates, properties=properties, sees_hosts=sees_hosts)

    def get_host_details(self, request_id: str, *, host_id: str) -> Host:
        """One host, also a retired one.

        :raises HostNotFound: no host has this id or name.
        """
        return self._caller.call(request_id, "get_host_details", Host, host_id=host_id)

    def list_hosts(self, request_id: str, *, query: HostQuery) -> list[Host]:
        """A page of hosts, by name."""
        return self._caller.call(request_id, "list_hosts", list[Host], query=query)

    def get_names(self, request_id: str, *, known_generation: int | None = None) -> HostNames | None:
        """How all hosts are called; ``None`` while no host changed since ``known_generation``."""
        return self._caller.call(request_id, "get_names", HostNames | None, known_generation=known_generation)

    def set_host(self, request_id: str, *, host_id: str, disabled: bool, reason: str) -> Host:
        """Disable a host for new leases, or enable it again.

        :raises HostNotFound: no host has this id or name.
        """
        return self._caller.call(request_id, "set_host", Host, host_id=host_id, disabled=disabled, reason=reason)

    def get_properties(self, request_id: str, *, sees_hosts: bool) -> list[Property]:
        """The properties that hosts have, by name."""
        return self._caller.call(request_id, "get_properties", list[Property], sees_hosts=sees_hosts)

    def get_sources(self, request_id: str) -> list[SourceState]:
        """How fresh each source is."""
        return self._caller.call(request_id, "get_sources", list[SourceState])

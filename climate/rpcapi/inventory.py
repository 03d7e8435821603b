# SPDX-License-Identifier: Apache-2.0
"""What one may ask the inventory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from climate.chassis.rpc import Caller
from climate.core.candidates import Candidates
from climate.core.host import Host, PropertyValue
from climate.core.host_properties.definitions import Definition, Rule
from climate.core.host_properties.describe import Property

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
    """How all hosts are called, retired ones too, since one generation.

    Columns of equal length, by name; ``hosts`` are packed ids. A host keeps
    its name, but not its ``service_host``.
    """

    generation: int
    hosts: bytes
    names: tuple[str, ...]
    service_hosts: tuple[str, ...]
    retired: tuple[bool, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PropertyChange:
    """What is to be different about a property; ``None`` stays as it is."""

    hidden: bool | None = None
    unit: str | None = None
    description: str | None = None
    rules: tuple[Rule, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Common:
    """The ``properties`` that some hosts have with one value each, and which names are ``visible``."""

    properties: dict[str, PropertyValue]
    visible: frozenset[str]


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
        """How all hosts are called; ``None`` while that is what it was at ``known_generation``."""
        return self._caller.call(request_id, "get_names", HostNames | None, known_generation=known_generation)

    def set_host(
        self,
        request_id: str,
        *,
        host_id: str,
        disabled: bool | None = None,
        reason: str = "",
        properties: dict[str, PropertyValue | None] | None = None,
    ) -> Host:
        """Disable a host for new leases, or enable it again; give it properties, ``None`` takes one back.

        What is ``None`` stays as it is.

        :raises HostNotFound: no host has this id or name.
        :raises BadField: a property that there is not, or a value that it cannot have.
        """
        return self._caller.call(
            request_id,
            "set_host",
            Host,
            host_id=host_id,
            disabled=disabled,
            reason=reason,
            properties=properties,
        )

    def get_properties(self, request_id: str, *, sees_hosts: bool) -> list[Property]:
        """The properties that the asker may name, by name: those that hosts have, and those that an admin added.

        ``sees_hosts``: whether the asker may name all; then what an admin said of others is told, too.
        """
        return self._caller.call(request_id, "get_properties", list[Property], sees_hosts=sees_hosts)

    def get_property(self, request_id: str, *, name: str, sees_hosts: bool) -> Property:
        """One property, also a standard one that no host has.

        :raises PropertyNotFound: there is none, or the asker may not name it.
        """
        return self._caller.call(request_id, "get_property", Property, name=name, sees_hosts=sees_hosts)

    def add_property(self, request_id: str, *, definition: Definition) -> Property:
        """A property that neither the standard nor a source knows.

        :raises PropertyExists: there is one of this name.
        :raises BadField: a name, a text or a rule's value that cannot be kept.
        :raises BadProperties: a rule's filter cannot be understood.
        """
        return self._caller.call(request_id, "add_property", Property, definition=definition)

    def change_property(self, request_id: str, *, name: str, change: PropertyChange) -> Property:
        """A property made different: hidden or not, described, ruled.

        :raises PropertyNotFound: there is none.
        :raises BadField: what is said cannot be said of this property.
        :raises BadProperties: a rule's filter cannot be understood.
        """
        return self._caller.call(request_id, "change_property", Property, name=name, change=change)

    def forget_property(self, request_id: str, *, name: str) -> None:
        """Forget all that was said of a property, and what was given to hosts of it.

        :raises PropertyNotFound: there is none.
        :raises PropertyReported: nothing was said of it.
        """
        self._caller.call(request_id, "forget_property", type(None), name=name)

    def get_common(self, request_id: str, *, hosts: bytes, names: list[str], sees_hosts: bool) -> Common:
        """What ``hosts`` (packed ids) have in common, as far as the asker may name it; and :meth:`get_visible`."""
        return self._caller.call(
            request_id,
            "get_common",
            Common,
            hosts=hosts,
            names=names,
            sees_hosts=sees_hosts,
        )

    def get_visible(self, request_id: str, *, names: list[str], sees_hosts: bool) -> frozenset[str]:
        """Which of the ``names`` are those of properties that there are, and that the asker may name."""
        return self._caller.call(request_id, "get_visible", frozenset[str], names=names, sees_hosts=sees_hosts)

    def get_sources(self, request_id: str) -> list[SourceState]:
        """How fresh each source is."""
        return self._caller.call(request_id, "get_sources", list[SourceState])

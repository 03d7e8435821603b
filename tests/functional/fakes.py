# SPDX-License-Identifier: Apache-2.0
"""Services without a broker: calls reach an endpoint directly, through the same JSON as over the wire."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from typing import Any

import msgspec
import oslo_messaging as messaging

from climate.chassis.rpc import exposed
from climate.core.candidates import Candidates
from climate.core.host import Host
from climate.core.host_properties import describe, grammar, match
from climate.core.host_properties.catalogue import Property
from climate.core.host_properties.table import HostTable
from climate.errors import HostNotFound
from climate.rpcapi.inventory import HostQuery, SourceState

Context = dict[str, Any]


class DirectCaller:
    """Stands for :class:`climate.chassis.rpc.Caller`. ``before`` runs first: it may count, or fail."""

    def __init__(self, endpoint: Any) -> None:
        self._endpoint = endpoint
        self.before: Callable[[str], None] = lambda method: None

    def call(self, request_id: str, method: str, returns: Any, /, **arguments: Any) -> Any:
        self.before(method)
        plain = _over_the_wire({name: msgspec.to_builtins(value) for name, value in arguments.items()})
        try:
            answer = getattr(self._endpoint, method)({"request_id": request_id}, **plain)
        except messaging.ExpectedException as expected:
            raise expected.exc_info[1] from None
        return msgspec.convert(_over_the_wire(answer), returns)


class Inventory:
    """An inventory of hosts given beforehand."""

    def __init__(self, hosts: list[Host]) -> None:
        self.hosts = {host.host_id: host for host in hosts}

    @property
    def _table(self) -> HostTable:
        return HostTable(host for host in self.hosts.values() if host.retired_at is None)

    @exposed
    def get_hosts(self, context: Context, *, properties: list[Any], sees_hosts: bool) -> Candidates:
        return match.match(self._table, grammar.parse(properties), sees_hosts)

    @exposed
    def get_host_details(self, context: Context, *, host_id: str) -> Host:
        for host in self.hosts.values():
            if host_id in (host.host_id, host.name, host.external_id):
                return host
        raise HostNotFound()

    @exposed
    def list_hosts(self, context: Context, *, query: HostQuery) -> list[Host]:
        found = sorted(self.hosts.values(), key=lambda host: host.name)
        if query.marker is not None:
            last = self.hosts[query.marker].name
            found = [host for host in found if host.name > last]
        return [
            host
            for host in found
            if (query.ids is None or host.host_id in query.ids)
            and query.name in (None, host.name)
            and (query.retired is None or query.retired == (host.retired_at is not None))
        ][: query.limit]

    @exposed
    def set_host(self, context: Context, *, host_id: str, disabled: bool, reason: str) -> Host:
        host = next((host for host in self.hosts.values() if host_id in (host.host_id, host.name)), None)
        if host is None:
            raise HostNotFound()
        changed = dataclasses.replace(host, disabled=disabled, disabled_reason=reason)
        self.hosts[host.host_id] = changed
        return changed

    @exposed
    def get_properties(self, context: Context, *, sees_hosts: bool) -> list[Property]:
        return describe.describe(self._table, sees_hosts)

    @exposed
    def get_sources(self, context: Context) -> list[SourceState]:
        return [SourceState(name="file", refreshed_at=1, tried_at=1, hosts=len(self.hosts))]


def _over_the_wire(value: Any) -> Any:
    return json.loads(json.dumps(value))

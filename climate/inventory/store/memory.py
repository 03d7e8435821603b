# SPDX-License-Identifier: Apache-2.0
"""The store's twin in memory: for tests and trials, held to the same contract suite. Gone with its process."""

from __future__ import annotations

import dataclasses
import threading

from climate.core.host import Host
from climate.core.host_properties.definitions import Definition
from climate.errors import BadField, HostNotFound
from climate.inventory.decisions import Decision
from climate.inventory.refresh_plan import Known, RefreshPlan
from climate.rpcapi.inventory import HostQuery, SourceState


class MemoryStore:
    """The inventory's store in dictionaries (see :class:`climate.inventory.store.protocol.Store`)."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._generation = 0
        self._hosts: dict[str, Host] = {}
        self._changed_in: dict[str, int] = {}
        self._sources: dict[str, SourceState] = {}
        self._definitions: dict[str, Definition] = {}

    def generation(self) -> int:
        """The newest generation; 0 before the first host."""
        with self._lock:
            return self._generation

    def load(self, after: int | None = None) -> Known:
        """All hosts by name, or those that changed since, all definitions, and the generation of this."""
        with self._lock:
            definitions = sorted(self._definitions.values(), key=lambda definition: definition.name)
            hosts = [host for host in self._by_name() if after is None or self._changed_in[host.host_id] > after]
            return Known(self._generation, tuple(hosts), tuple(definitions))

    def apply(self, plan: RefreshPlan) -> bool:
        """Carry a plan out, whole or not at all; ``False`` if the store left the generation it was made for."""
        with self._lock:
            if plan.seen_generation != self._generation:
                return False
            self._generation += plan.changes
            for host in plan.added:
                self._put(host)
            for host in (*plan.changed, *plan.returned, *plan.retired):
                before = self._hosts[host.host_id]
                now = dataclasses.replace(
                    host,
                    name=before.name,
                    first_seen_at=before.first_seen_at,
                    disabled=before.disabled,
                    disabled_reason=before.disabled_reason,
                    given=before.given,
                )
                self._put(now)
            self._sources[plan.source] = SourceState(
                name=plan.source, refreshed_at=plan.at, tried_at=plan.at, hosts=plan.hosts
            )
            return True

    def settle(self, decision: Decision) -> bool:
        """Carry out what an admin decided, whole or not at all; ``False`` if the store left its generation."""
        with self._lock:
            if decision.seen_generation != self._generation:
                return False
            self._generation += 1
            for host in decision.hosts:
                now = dataclasses.replace(
                    self._hosts[host.host_id],
                    given=host.given,
                    disabled=host.disabled,
                    disabled_reason=host.disabled_reason,
                )
                self._put(now)
            if decision.forgotten is not None:
                self._definitions.pop(decision.forgotten, None)
            if decision.definition is not None:
                self._definitions[decision.definition.name] = decision.definition
            return True

    def record_failure(self, source: str, at: int, error: str) -> None:
        """Remember that a source failed; its hosts stay."""
        with self._lock:
            before = self._sources.get(source, SourceState(name=source, refreshed_at=None, tried_at=None, hosts=0))
            self._sources[source] = dataclasses.replace(before, tried_at=at, error=error)

    def forget_source(self, source: str) -> None:
        """Drop the state of a source that is used no more; its hosts stay, retired."""
        with self._lock:
            self._sources.pop(source, None)

    def sources(self) -> list[SourceState]:
        """How fresh each source is, by name."""
        with self._lock:
            return sorted(self._sources.values(), key=lambda state: state.name)

    def get_host(self, host: str) -> Host:
        """One host by id or by name, also a retired one."""
        with self._lock:
            found = self._hosts.get(host) or next((one for one in self._hosts.values() if one.name == host), None)
            if found is None:
                raise HostNotFound()
            return self._seen(found)

    def list_hosts(self, query: HostQuery) -> list[Host]:
        """A page of hosts, by name."""
        with self._lock:
            if query.marker is not None and query.marker not in self._hosts:
                raise BadField("marker is no host's id.", field="marker")
            after = self._hosts[query.marker].name if query.marker is not None else ""
            page = [
                host
                for host in self._by_name()
                if host.name > after
                and (query.ids is None or host.host_id in query.ids)
                and (query.name is None or host.name == query.name)
                and (query.retired is None or (host.retired_at is not None) == query.retired)
            ]
            return page[: query.limit]

    def set_disabled(self, host: str, disabled: bool, reason: str) -> Host:
        """Take a host, by id or name, out of new leases, or let it back in; the host as it is then."""
        with self._lock:
            host_id = self.get_host(host).host_id
            self._generation += 1
            self._put(dataclasses.replace(self._hosts[host_id], disabled=disabled, disabled_reason=reason))
            return self.get_host(host_id)

    def _put(self, host: Host) -> None:
        self._hosts[host.host_id] = host
        self._changed_in[host.host_id] = self._generation

    def _by_name(self) -> list[Host]:
        return [self._seen(host) for host in sorted(self._hosts.values(), key=lambda host: host.name)]

    def _seen(self, host: Host) -> Host:
        source = self._sources.get(host.source)
        if host.retired_at is not None or source is None or source.refreshed_at is None:
            return host
        return dataclasses.replace(host, last_seen_at=max(host.last_seen_at, source.refreshed_at))

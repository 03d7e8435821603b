# SPDX-License-Identifier: Apache-2.0
"""Hosts, for operators and for Nova."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypedDict
from urllib.parse import quote

from climate.client.connection import Connection


class LeaseNow(TypedDict):
    """The lease that a host is kept for now, and until when."""

    id: str
    project_id: str
    state: str
    until_at: str


class NextLease(TypedDict):
    """The lease that a host is kept for later, and from when on."""

    id: str
    project_id: str
    state: str
    start_at: str


class Host(TypedDict):
    """A host as the REST API gives it, with its lease now and next."""

    id: str
    name: str
    service_host: str
    external_id: str
    source: str
    properties: dict[str, Any]
    given: dict[str, Any]
    unavailable_reason: str | None
    disabled: bool
    disabled_reason: str | None
    bookable: bool
    first_seen_at: str
    last_seen_at: str
    retired_at: str | None
    lease: LeaseNow | None
    next: NextLease | None
    links: dict[str, str]


class Misplaced(TypedDict):
    """An instance that stands where it may not: an ``intruder`` on a leased host, or a ``stray`` off its lease's."""

    server_id: str
    project_id: str
    host: str
    wrong: str
    lease_id: str


class EvacuatedInstance(TypedDict):
    """An instance on a host that is emptied: ``target`` is where it goes, or ``reason`` why it stays."""

    server_id: str
    name: str
    project_id: str
    source: str
    target: str | None
    way: str | None
    under_way: bool
    reason: str | None


class Evacuation(TypedDict):
    """What is still on hosts that are emptied; ``running`` while the service works on it."""

    hosts: list[str]
    running: bool
    instances: list[EvacuatedInstance]


class Use(TypedDict):
    """A host's lease now, until when, and the next; ``None`` where there is none."""

    host_id: str
    name: str
    service_host: str
    lease_id: str | None
    project_id: str | None
    state: str | None
    until: str | None
    end_at: str | None
    next_lease_id: str | None
    next_project_id: str | None
    next_state: str | None
    next_start_at: str | None


class Availability(TypedDict):
    """Who has each host now, and who is next; hosts by name."""

    sequence: int
    generated_at: str
    hosts: list[Use]


class Hosts:
    """All hosts. Every method raises ``Forbidden`` for whoever is no operator."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def list(self, **filters: Any) -> Iterator[Host]:
        """Hosts by name, fetched a page at a time; ``filters`` are the query arguments of ``GET /v1/hosts``."""
        return self._connection.pages("/hosts", "hosts", filters)

    def get(self, host: str) -> Host:
        """One host by its id or name.

        :raises HostNotFound: there is no such host.
        """
        return self._connection.json("GET", f"/hosts/{quote(host, safe='')}")

    def set(
        self,
        host: str,
        *,
        disabled: bool | None = None,
        reason: str | None = None,
        properties: Mapping[str, Any] | None = None,
    ) -> Host:
        """Take a host out of new leases, or put it back; give it properties, ``None`` takes one back.

        What is left out stays, and leases that exist keep the host.

        :raises HostNotFound: there is no such host.
        :raises BadField: there is no such property, or it cannot have this value.
        """
        said = {"disabled": disabled, "reason": reason, "properties": properties}
        body = {field: value for field, value in said.items() if value is not None}
        return self._connection.json("PATCH", f"/hosts/{quote(host, safe='')}", body=body)

    def evacuate(self, hosts: Sequence[str], *, dry_run: bool = False) -> Evacuation:
        """Move instances off hosts (names or ids); with ``dry_run``, only say which would move where.

        It goes on after the answer: ask with ``dry_run`` how far it is.

        :raises HostNotFound: there is no such host.
        """
        return self._connection.json("POST", "/hosts/evacuate", body={"hosts": list(hosts), "dry_run": dry_run})

    def misplaced(self) -> Sequence[Misplaced]:
        """The instances that stand where they may not now, by host."""
        found: Sequence[Misplaced] = self._connection.json("GET", "/hosts/misplaced")["instances"]
        return found

    def availability(self, etag: str | None = None) -> tuple[Availability | None, str]:
        """Who has each host now and next, with the answer's ETag; ``None`` while ``etag`` is still true."""
        headers = {"If-None-Match": etag} if etag is not None else None
        answer = self._connection.request("GET", "/hosts/availability", headers=headers)
        return (answer.json() if answer.content else None), answer.headers.get("ETag", etag or "")

# SPDX-License-Identifier: Apache-2.0
"""The instances of one cloud's Nova, as an administrator sees and moves them.

Spoken to directly, not through python-novaclient: that knows no microversion
beyond 2.96, and from 2.100 on Nova tells with which hints an instance was
asked for.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from keystoneauth1 import exceptions
from keystoneauth1.adapter import Adapter

from climate.errors import ServiceUnavailable
from climate.openstack.keystone import Cloud, refused, speaking_to

SERVICE = "Nova"
_FLAVOR_EMBEDDED = (2, 47)
_HINTS = (2, 100)
_MIGRATIONS = (2, 80)
_PAGE = 500
_LONGEST_NOTE = 255
_HOST = "OS-EXT-SRV-ATTR:host"
_OUT_OF_REACH = "UNKNOWN"
_GONE, _CONFLICT, _BAD = 404, 409, 400

ACTIONS = {"pause": "pause", "stop": "os-stop", "shelve": "shelve", "offload": "shelveOffload"}
"""What can be done to an instance, beside migrating and deleting it, as Nova's API calls it."""

JSON = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """An instance as Nova tells it. ``host`` is the name of its compute service, "" while it is on none.

    ``task`` is what Nova is doing to it, "" for nothing. ``created_at`` is in
    epoch seconds. ``hints`` are those it was asked for with, ``None`` where
    Nova does not tell them.
    """

    server_id: str
    name: str
    project_id: str
    host: str
    status: str
    task: str = ""
    vcpus: int = 0
    memory_mb: int = 0
    disk_gb: int = 0
    created_at: int = 0
    hints: dict[str, tuple[str, ...]] | None = field(default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """A move of an instance by Nova's record; ``kind`` is live-migration, migration, resize or evacuation."""

    server_id: str
    kind: str
    status: str
    source: str
    target: str
    created_at: int


class Refused(Exception):
    """Nova does not do this to this instance now, and says why; asking again may help later, or not."""


class NovaServers:
    """One cloud's instances. Every method raises ServiceUnavailable where Nova does not answer, and ConfigError where
    the user of [keystone] may not do this."""

    def __init__(self, cloud: Cloud, endpoint_override: str | None = None) -> None:
        self._adapter = Adapter(
            service_type="compute",
            interface=list(cloud.interfaces),
            endpoint_override=endpoint_override,
            **cloud.adapter_arguments(),
        )
        self._most: tuple[int, int] | None = None

    def on(self, hosts: Iterable[str] | None = None) -> Iterator[Server]:
        """All instances of all projects, or those on these compute services."""
        if hosts is None:
            yield from self._listed({})
            return
        for host in hosts:
            yield from self._listed({"host": host})

    def get(self, server_id: str) -> Server | None:
        """One instance; ``None`` where it is gone."""
        answer = self._ask("GET", f"/servers/{server_id}", _HINTS)
        return None if answer is None else _server(answer["server"])

    def migrations(self, host: str, since: int) -> list[Migration]:
        """The moves off a compute service since an instant (epoch seconds)."""
        query = f"/os-migrations?source_compute={host}&changes-since={_text(since)}"
        found = (self._ask("GET", query, _MIGRATIONS) or {}).get("migrations", [])
        return [_migration(record) for record in found if record.get("source_compute") == host]

    def note(self, server_id: str, text: str) -> None:
        """Leave a word in its metadata, where its owner sees it.

        :raises Refused: not now.
        """
        body = {"metadata": {"climate": text[:_LONGEST_NOTE]}}
        if self._ask("POST", f"/servers/{server_id}/metadata", _MIGRATIONS, body) is None:
            raise Refused("It is gone.")

    def act(self, act: str, server_id: str, target: str | None = None) -> None:
        """Do one of :data:`ACTIONS` to an instance, or delete it; ``target`` is a host for the migrations.

        The scheduler's filters must allow that host; without one they choose.
        An instance that is gone is deleted.

        :raises Refused: not this instance, or not now.
        """
        if act == "delete":
            self._ask("DELETE", f"/servers/{server_id}", _FLAVOR_EMBEDDED)
        elif act == "live-migrate":
            self._act(server_id, {"os-migrateLive": {"host": target, "block_migration": "auto"}})
        elif act == "cold-migrate":
            self._act(server_id, {"migrate": None if target is None else {"host": target}})
        else:
            self._act(server_id, {ACTIONS[act]: None})

    def confirm(self, server_id: str) -> None:
        """End a cold migration: what is left on the old host goes."""
        self._act(server_id, {"confirmResize": None})

    def _listed(self, query: dict[str, str]) -> Iterator[Server]:
        marker = ""
        while True:
            arguments = "&".join(f"{name}={value}" for name, value in query.items())
            page = f"/servers/detail?all_tenants=1&limit={_PAGE}&{arguments}{marker and f'&marker={marker}'}"
            records = (self._ask("GET", page, _HINTS) or {}).get("servers", [])
            for record in records:
                yield _server(record)
            # Nova's own limit of a page may be lower than the one asked for.
            if not records:
                return
            marker = records[-1]["id"]

    def _act(self, server_id: str, action: JSON) -> None:
        if self._ask("POST", f"/servers/{server_id}/action", _MIGRATIONS, action) is None:
            raise Refused("It is gone.")

    def _ask(self, method: str, path: str, wanted: tuple[int, int], body: JSON | None = None) -> JSON | None:
        """What Nova answers, ``None`` where it knows no such instance.

        :raises Refused: it does not do that.
        """
        with speaking_to(SERVICE):
            version = min(wanted, self._greatest())
            answer = self._adapter.request(
                path, method, microversion=f"{version[0]}.{version[1]}", json=body, raise_exc=False
            )
        if answer.status_code == _GONE:
            return None
        if answer.status_code in (_BAD, _CONFLICT) and method != "GET":
            raise Refused(_said(answer))
        if answer.status_code >= _BAD:
            raise refused(SERVICE, answer.status_code)
        try:
            return answer.json() if answer.content else {}
        except ValueError:
            raise ServiceUnavailable(
                "Nova's answer cannot be understood: is there something else at its address?"
            ) from None

    def _greatest(self) -> tuple[int, int]:
        if self._most is None:
            try:
                found = self._adapter.get_endpoint_data()
            except exceptions.DiscoveryFailure:
                found = None
            major, minor = (found and found.max_microversion) or _FLAVOR_EMBEDDED
            self._most = (int(major), int(minor))
        return self._most


def _server(record: JSON) -> Server:
    """An instance as Nova writes it at any microversion from 2.47 on.

    :raises ServiceUnavailable: Nova did not reach the instance's cell, and does not say where it is.
    """
    if record.get("status") == _OUT_OF_REACH and _HOST not in record:
        raise ServiceUnavailable(
            "Nova does not reach all its cells, and cannot say where instances are.", service="Nova"
        )
    flavor = record.get("flavor") or {}
    hints = record.get("scheduler_hints")
    return Server(
        server_id=record["id"],
        name=record.get("name") or "",
        project_id=record.get("tenant_id") or "",
        host=record.get(_HOST) or "",
        status=record.get("status") or "",
        task=record.get("OS-EXT-STS:task_state") or "",
        vcpus=flavor.get("vcpus") or 0,
        memory_mb=flavor.get("ram") or 0,
        disk_gb=(flavor.get("disk") or 0) + (flavor.get("ephemeral") or 0),
        created_at=_instant(record.get("created")),
        hints=None if hints is None else {name: _texts(value) for name, value in hints.items()},
    )


def _migration(record: JSON) -> Migration:
    return Migration(
        server_id=record.get("instance_uuid") or "",
        kind=record.get("migration_type") or "",
        status=record.get("status") or "",
        source=record.get("source_compute") or "",
        target=record.get("dest_compute") or "",
        created_at=_instant(record.get("created_at")),
    )


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(str(one) for one in value) if isinstance(value, list) else (str(value),)


def _instant(text: str | None) -> int:
    """Epoch seconds; Nova writes UTC, some of its times without saying so. 0 where it says nothing."""
    if not text:
        return 0
    at = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    return int((at if at.tzinfo else at.replace(tzinfo=datetime.UTC)).timestamp())


def _text(at: int) -> str:
    return datetime.datetime.fromtimestamp(at, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _said(answer: Any) -> str:
    """Nova's own sentence in an answer that refuses."""
    try:
        return str(next(iter(answer.json().values()))["message"])
    except (ValueError, StopIteration, KeyError, TypeError, AttributeError):
        return f"Nova answers with the status {answer.status_code}."

# SPDX-License-Identifier: Apache-2.0
"""How Nova's answers about hypervisors look at each microversion, made from bodies recorded at any."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Record = dict[str, Any]
Version = tuple[int, int]

OBJECTS, PAGES, UUIDS, NO_CAPACITY = (2, 28), (2, 33), (2, 53), (2, 88)
_GONE = {
    "cpu_info", "current_workload", "disk_available_least", "free_disk_gb", "free_ram_mb", "local_gb", "local_gb_used",
    "memory_mb", "memory_mb_used", "running_vms", "vcpus", "vcpus_used",
}  # fmt: skip
_NAMESPACE = uuid.UUID("6f5f2a3e-0000-4000-8000-000000000000")


@dataclass(frozen=True)
class Answer:
    """An HTTP answer; a body that is text goes out as it is."""

    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)


NOT_FOUND = Answer(404, {"itemNotFound": {"code": 404, "message": "The resource could not be found."}})


@dataclass
class NovaBodies:
    """What a Nova knows. ``orphans``: names of hypervisors whose service was deleted, which Nova drops from pages."""

    hypervisors: list[Record]
    aggregates: list[Record]
    microversions: tuple[Version, Version]
    max_limit: int = 1000
    orphans: set[str] = field(default_factory=set)

    def answer(self, path: str, query: Mapping[str, str], headers: Mapping[str, str]) -> Answer:
        """What a request gets; ``path`` begins with the version of the API, headers are in small letters."""
        least, greatest = self.microversions
        if path.rstrip("/") == "v2.1":
            said = {
                "id": "v2.1",
                "status": "CURRENT",
                "links": [],
                "version": _text(greatest),
                "min_version": _text(least),
            }
            return Answer(200, {"version": said})
        version = _version(headers)
        if not least <= version <= greatest:
            return Answer(
                406, {"computeFault": {"code": 406, "message": f"Version {_text(version)} is not supported."}}
            )
        if path == "v2.1/os-hypervisors/detail":
            return self._detail(version, query)
        return Answer(200, {"aggregates": self.aggregates}) if path == "v2.1/os-aggregates" else NOT_FOUND

    def _detail(self, version: Version, query: Mapping[str, str]) -> Answer:
        if version < PAGES:
            return Answer(200, {"hypervisors": self._bodies(0, len(self.hypervisors), version, {})})
        ids = [str(hypervisor_id(record, number, version)) for number, record in enumerate(self.hypervisors)]
        limit = min(int(query.get("limit", self.max_limit)), self.max_limit)
        marker = query.get("marker")
        if marker is not None and marker not in ids:
            return Answer(400, {"badRequest": {"code": 400, "message": f"marker [{marker}] not found"}})
        first = ids.index(marker) + 1 if marker is not None else 0
        page = self._bodies(first, first + limit, version, query)
        body: Record = {"hypervisors": page}
        if len(page) == limit:
            body["hypervisors_links"] = [{"rel": "next", "href": f"?limit={limit}&marker={page[-1].get('id')}"}]
        return Answer(200, body)

    def _bodies(self, first: int, end: int, version: Version, query: Mapping[str, str]) -> list[Record]:
        servers = version >= UUIDS and query.get("with_servers") == "true"
        return [
            hypervisor_body(record, number, version, servers)
            for number, record in enumerate(self.hypervisors[first:end], first)
            if record.get("hypervisor_hostname") not in self.orphans
        ]


def hypervisor_id(record: Record, number: int, version: Version) -> int | str:
    """The id of the ``number``-th hypervisor: a uuid from 2.53 on, that of the record if it has one; before, a number.

    Bodies recorded in several clouds may share numbers, so those of the records do not count.
    """
    if version < UUIDS:
        return number + 1
    known = record.get("id")
    return known if isinstance(known, str) else str(uuid.uuid5(_NAMESPACE, str(number)))


def hypervisor_body(record: Record, number: int, version: Version, servers: bool = False) -> Record:
    """One record as ``version`` shows it; what is wrong in it stays wrong."""
    body = dict(record)
    if "id" in body:
        body["id"] = hypervisor_id(record, number, version)
    if isinstance(service := body.get("service"), dict) and version >= UUIDS and "id" in service:
        body["service"] = {**service, "id": str(uuid.uuid5(_NAMESPACE, f"service/{service['id']}"))}
    if version >= NO_CAPACITY:
        body = {key: value for key, value in body.items() if key not in _GONE} | {"uptime": None}
    elif "cpu_info" in body:
        body["cpu_info"] = _cpu_info(body["cpu_info"], version)
    if servers:
        names = range(record.get("running_vms") or 0)
        body["servers"] = [{"name": f"server-{name}", "uuid": str(uuid.uuid4())} for name in names]
    return body


def _cpu_info(value: Any, version: Version) -> Any:
    if version < OBJECTS:
        return json.dumps(value) if isinstance(value, dict) else value
    try:
        return json.loads(value) if isinstance(value, str) and value else value
    except ValueError:
        return value


def _version(headers: Mapping[str, str]) -> Version:
    text = headers.get("openstack-api-version", "").removeprefix("compute ")
    text = text or headers.get("x-openstack-nova-api-version") or "2.1"
    major, minor = text.split(".")
    return int(major), int(minor)


def _text(version: Version) -> str:
    return ".".join(map(str, version))

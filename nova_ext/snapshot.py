# SPDX-License-Identifier: Apache-2.0
"""What Climate said of every host, as one value: who has it now, until when, and who comes next."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


class NotUnderstood(Exception):
    """The answer is not what Climate says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostUse:
    """A host, its lease and the next; instants in epoch seconds.

    ``until`` is when the host is no longer blocked for the lease, clean-up
    included; ``end`` is when the lease ends. Where the host is blocked for
    less than that, it was given back and is only cleaned up.
    """

    name: str
    service_host: str | None = None
    lease_id: str | None = None
    project_id: str | None = None
    state: str | None = None
    until: float | None = None
    end: float | None = None
    next_lease_id: str | None = None
    next_project_id: str | None = None
    next_state: str | None = None
    next_start: float | None = None

    @property
    def used_until(self) -> float:
        """When the lease on the host stops using it."""
        if self.until is None:
            return float("-inf")
        if self.end is None:
            return self.until
        return self.end if self.until >= self.end else float("-inf")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All hosts as of one answer; ``tag`` is its ETag, ``body`` the answer itself.

    Compare its instants with the clock whenever it is used: a lease begins
    and ends without a new answer.
    """

    tag: str
    body: bytes
    hosts: tuple[HostUse, ...]
    by_name: Mapping[str, HostUse]
    by_service: Mapping[str, HostUse]
    by_lease: Mapping[str, tuple[HostUse, ...]]


def snapshot_of(hosts: tuple[HostUse, ...], tag: str = "", body: bytes = b"") -> Snapshot:
    """The snapshot of these hosts."""
    counted = Counter(host.service_host for host in hosts)
    of_leases: dict[str, list[HostUse]] = {}
    for host in hosts:
        for lease_id in {host.lease_id, host.next_lease_id} - {None}:
            of_leases.setdefault(str(lease_id), []).append(host)
    return Snapshot(
        tag=tag,
        body=body,
        hosts=hosts,
        by_name={host.name: host for host in hosts},
        by_service={host.service_host: host for host in hosts if host.service_host and counted[host.service_host] == 1},
        by_lease={lease_id: tuple(found) for lease_id, found in of_leases.items()},
    )


def parse(tag: str, body: bytes) -> Snapshot:
    """The answer of ``GET /v1/hosts/availability`` as a value.

    :raises NotUnderstood: it is something else.
    """
    try:
        return snapshot_of(tuple(map(_host, json.loads(body)["hosts"])), tag, body)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise NotUnderstood(f"no list of hosts ({type(error).__name__})") from None


def _host(row: Mapping[str, Any]) -> HostUse:
    lease_id, next_lease_id = _text(row["lease_id"]), _text(row.get("next_lease_id"))
    name = _text(row["name"])
    if not name:
        raise ValueError("a host without a name")
    until, next_start = _instant(row["until"]), _instant(row["next_start_at"])
    if (lease_id is None) != (until is None):
        raise ValueError("a lease without an end")
    return HostUse(
        name=name,
        service_host=_text(row["service_host"]),
        lease_id=lease_id,
        project_id=_text(row["project_id"]),
        state=_text(row["state"]),
        until=until,
        end=_instant(row.get("end_at")),
        next_lease_id=next_lease_id,
        next_project_id=_text(row.get("next_project_id")),
        next_state=_text(row.get("next_state")),
        next_start=next_start,
    )


def _text(value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        raise ValueError("not a text")
    return value or None


def _instant(value: Any) -> float | None:
    if value is None:
        return None
    instant = datetime.fromisoformat(value)
    if instant.tzinfo is None:
        raise ValueError("an instant without its offset")
    return instant.timestamp()

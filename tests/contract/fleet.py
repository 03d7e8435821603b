# SPDX-License-Identifier: Apache-2.0
"""Hosts, and a source's news of them, for the inventory's stores."""

from __future__ import annotations

import uuid
from typing import Any

from climate.core.host import Host
from climate.inventory.refresh_plan import RefreshPlan
from climate.inventory.store.protocol import Store


def host(number: int, name: str = "", **fields: Any) -> Host:
    values: dict[str, Any] = {
        "host_id": str(uuid.UUID(int=number)),
        "name": name or f"node-{number:05}",
        "service_host": f"compute-{number}",
        "external_id": str(number),
        "source": "file",
        "properties": {"vcpus": number},
        "first_seen_at": 10,
        "last_seen_at": 10,
    }
    return Host(**values | fields)


def plan(store: Store, at: int = 10, source: str = "file", **changes: tuple[Host, ...]) -> RefreshPlan:
    return RefreshPlan(source=source, at=at, seen_generation=store.generation(), hosts=3, **changes)


def filled(store: Store, *hosts: Host) -> tuple[Host, ...]:
    assert store.apply(plan(store, added=hosts))
    return hosts

# SPDX-License-Identifier: Apache-2.0
"""What a scheduling round looks like to the filter and the weighers, without Nova: hosts, requests, answers."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from nova_ext.options import Settings
from nova_ext.snapshot import HostUse, Snapshot, snapshot_of

NOW = 1_900_000_000.0
MINE, THEIRS = "project-a", "project-b"
LEASE = str(uuid.uuid5(uuid.NAMESPACE_DNS, "lease"))
OTHER = str(uuid.uuid5(uuid.NAMESPACE_DNS, "other"))
RULES = Settings()


@dataclass(frozen=True)
class Node:
    """What Nova's HostState says, as far as anybody looks."""

    nodename: str
    host: str = ""
    hypervisor_type: str = "QEMU"


def node(number: int) -> Node:
    return Node(f"node-{number}", f"compute-{number}")


def names(nodes: list[Node]) -> list[str]:
    return [one.nodename for one in nodes]


def use(number: int, **fields: Any) -> HostUse:
    """The host ``node-<number>``."""
    return HostUse(name=f"node-{number}", service_host=f"compute-{number}", **fields)


def leased(number: int, lease_id: str = LEASE, **fields: Any) -> HostUse:
    """A host of an active lease of project a, which ends in an hour."""
    usual = {"project_id": MINE, "state": "active", "until": NOW + 3600}
    return use(number, lease_id=lease_id, **{**usual, **fields})


def following(number: int, in_s: float, lease_id: str = LEASE, **fields: Any) -> HostUse:
    """A free host whose next lease, one of project a, begins so soon."""
    usual = {"next_project_id": MINE, "next_state": "confirmed"}
    return use(number, next_lease_id=lease_id, next_start=NOW + in_s, **{**usual, **fields})


def answer(*hosts: HostUse) -> Snapshot:
    return snapshot_of(hosts)


@dataclass
class Spec:
    """Nova's RequestSpec: asking for a field that is not set is a fault, ``in`` tells which are."""

    fields: dict[str, Any] = field(default_factory=dict)

    def __contains__(self, name: str) -> bool:
        return name in self.fields

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["fields"][name]
        except KeyError:
            raise NotImplementedError(f"{name} would be loaded from the database") from None


def spec(*, project_id: str = MINE, extra_specs: dict[str, str] | None = None, **hints: Any) -> Spec:
    """A request with these hints; Nova puts each that is no list into one."""
    flavor = Spec({"extra_specs": extra_specs or {}})
    listed = {name: value if isinstance(value, list) else [value] for name, value in hints.items()}
    return Spec({"project_id": project_id, "instance_uuid": "instance-1", "flavor": flavor, "scheduler_hints": listed})


def weighed(nodes: list[Node]) -> list[SimpleNamespace]:
    return [SimpleNamespace(obj=one) for one in nodes]

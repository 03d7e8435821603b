# SPDX-License-Identifier: Apache-2.0
"""Bodies as Nova sends them: records of hypervisors by the drivers that make them, and aggregates."""

from __future__ import annotations

import uuid
from typing import Any

from tools.servers.recorded_nova import Record

LIBVIRT_CPU = {
    "arch": "x86_64",
    "model": "EPYC-Rome",
    "vendor": "AMD",
    "topology": {"cells": 2, "sockets": 1, "cores": 16, "threads": 2},
    "features": ["aes", "avx", "avx2", "sse4.1", "tsc-deadline"],
}
# As Hyper-V's and VMware's drivers write it: lists where others have texts, no cells, other keys.
VMWARE_CPU = {
    "model": ["Intel(R) Xeon(R) CPU E5-2650", "Intel(R) Xeon(R) CPU E5-2650"],
    "vendor": ["Intel", "Intel"],
    "topology": {"cores": 16, "threads": 32},
}


def hypervisor(name: str = "node-1", **changes: Any) -> Record:
    """A hypervisor under libvirt, as of microversion 2.53 to 2.87; ``changes`` replace keys of the record."""
    return {
        "id": str(uuid.uuid5(uuid.NAMESPACE_DNS, name)),
        "hypervisor_hostname": name,
        "state": "up",
        "status": "enabled",
        "vcpus": 64,
        "memory_mb": 257_654,
        "local_gb": 437,
        "vcpus_used": 0,
        "memory_mb_used": 512,
        "local_gb_used": 0,
        "hypervisor_type": "QEMU",
        "hypervisor_version": 7_002_000,
        "free_ram_mb": 257_142,
        "free_disk_gb": 437,
        "current_workload": 0,
        "running_vms": 0,
        "disk_available_least": None,
        "host_ip": "192.0.2.17",
        "service": {
            "host": f"{name}-compute",
            "id": str(uuid.uuid5(uuid.NAMESPACE_URL, name)),
            "disabled_reason": None,
        },
        "cpu_info": LIBVIRT_CPU,
        **changes,
    }


def disabled(name: str, reason: str | None) -> Record:
    """A hypervisor whose service somebody disabled."""
    service = {"host": f"{name}-compute", "id": "1", "disabled_reason": reason}
    return hypervisor(name, status="disabled", service=service)


def ironic(name: str = "a2c1b5de-0f0c-4a6f-a5d5-0a6ba1c5f7a2") -> Record:
    """A node of Ironic: a hypervisor without anything to share."""
    nothing = dict.fromkeys(
        ["vcpus", "memory_mb", "local_gb", "memory_mb_used", "free_ram_mb", "free_disk_gb", "hypervisor_version"], 0
    )
    return hypervisor(name, hypervisor_type="ironic", cpu_info="", host_ip=None, **nothing)


def aggregate(name: str, hosts: list[str], zone: str | None = None, **metadata: str) -> Record:
    """An aggregate of compute services, as Nova shows it: with its zone in the metadata, too."""
    if zone is not None:
        metadata["availability_zone"] = zone
    return {
        "id": 1,
        "uuid": str(uuid.uuid5(uuid.NAMESPACE_OID, name)),
        "name": name,
        "availability_zone": zone,
        "hosts": hosts,
        "metadata": metadata,
        "created_at": "2026-01-01T00:00:00.000000",
        "updated_at": None,
        "deleted": False,
        "deleted_at": None,
    }

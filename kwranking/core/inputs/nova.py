# SPDX-License-Identifier: Apache-2.0
"""Nova's hypervisor records: libvirt's name of the CPU, its flags, its topology. They tell no clock."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from kwranking.core.facts import CpuFacts, HostFacts
from kwranking.core.inputs.numbers import count


def facts_of(record: Mapping[str, Any]) -> HostFacts:
    """The host of one record of ``GET /os-hypervisors/detail``, ``cpu_info`` an object or, as before 2.28, its text."""
    info, notes = _cpu_info(record.get("cpu_info"))
    topology = info.get("topology")
    topology = topology if isinstance(topology, dict) else {}
    cells, sockets, cores, threads = (count(topology.get(name)) for name in ("cells", "sockets", "cores", "threads"))
    vcpus = count(record.get("vcpus"))
    packages = (cells or 1) * sockets if sockets else None
    all_cores = packages * cores if packages and cores else None
    all_threads = all_cores * (threads or 1) if all_cores else vcpus
    if all_cores and vcpus and all_threads != vcpus:
        notes = (*notes, f"the topology has {all_threads} threads, the record {vcpus} vcpus; the topology counts")
    features = info.get("features")
    names = (
        (one.get("name") if isinstance(one, dict) else one for one in features) if isinstance(features, list) else ()
    )
    cpu = CpuFacts(
        vendor=_text(info.get("vendor")),
        libvirt_model=_text(info.get("model")),
        flags=frozenset(name for name in names if isinstance(name, str)),
        sockets=packages,
        cores=all_cores,
        threads=all_threads,
    )
    return HostFacts(cpus=(cpu,), notes=notes)


def _cpu_info(told: Any) -> tuple[Mapping[str, Any], tuple[str, ...]]:
    if isinstance(told, str) and told.strip():
        try:
            told = json.loads(told)
        except (ValueError, RecursionError):
            return {}, ("cpu_info is not JSON",)
    if isinstance(told, dict) and told:
        return told, ()
    return {}, ("the record has no cpu_info: Nova tells none beyond microversion 2.87, nor for bare metal",)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""

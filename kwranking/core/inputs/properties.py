# SPDX-License-Identifier: Apache-2.0
"""The properties of a host, as the inventory keeps them: from Nova, from a file, or said by the operator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kwranking.core.facts import CpuFacts, HostFacts
from kwranking.core.inputs import columns
from kwranking.core.inputs.numbers import clock, count, real

_NAMES = ("vendor", "model", "topology.cells", "topology.sockets", "topology.cores", "topology.threads")


def facts_of(properties: Mapping[str, Any]) -> HostFacts:
    """The host of standard properties (``cpu_model``, ``microarchitecture``, ``clock_ghz``, ``cpu_info.*``, ...).

    What the operator says goes before Nova's; ``declared``, ``declared_unit``,
    ``declared_at`` and ``declared_origin`` are a figure of a benchmark.
    """
    info = {name: properties.get(f"cpu_info.{name}") for name in _NAMES}
    cells, sockets, cores, threads = (
        count(info[f"topology.{part}"]) for part in ("cells", "sockets", "cores", "threads")
    )
    packages = (cells or 1) * sockets if sockets else None
    all_cores = packages * cores if packages and cores else None
    if all_cores is None and properties.get("hyperthreading") is False:
        all_cores = count(properties.get("vcpus"))
    flags = properties.get("cpu_info.features")
    peak_gflops = real(properties.get("peak_gflops"))
    cache_kb = real(properties.get("l3_cache_kb"))
    cpu = CpuFacts(
        name=_text(properties.get("cpu_model")),
        vendor=_text(info["vendor"]),
        microarchitecture=_text(properties.get("microarchitecture")),
        libvirt_model=_text(info["model"]),
        flags=frozenset(flags.split()) if isinstance(flags, str) else frozenset(),
        clock_hz=clock(properties.get("clock_ghz"), 1e9),
        sockets=packages,
        cores=all_cores,
        threads=count(properties.get("vcpus")) or (all_cores * (threads or 1) if all_cores else None),
        cache_mb=cache_kb / 1024 * (packages or 1) if cache_kb else None,
    )
    declared = columns.facts_of({name: _text(properties.get(name)) for name in columns.DECLARED})
    return HostFacts(
        cpus=(cpu,),
        gpus=_gpus(properties),
        declared=declared.declared,
        peak_flops=peak_gflops * 1e9 if peak_gflops else None,
        notes=declared.notes,
    )


def _gpus(properties: Mapping[str, Any]) -> str:
    number, model = count(properties.get("gpus")), _text(properties.get("gpu_model"))
    return f"{number}x {model}" if number else model if number is None else ""


def _text(value: Any) -> str:
    return "" if value is None or isinstance(value, bool) else str(value)

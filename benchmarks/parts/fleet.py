# SPDX-License-Identifier: Apache-2.0
"""A made-up site of any size: clusters of alike machines in racks, as an operator's file or Nova would tell them.

The machines are the kinds that clouds and computing centres buy; clusters
have from 32 to 512 hosts of one kind, racks 32 hosts and a switch of their
own. Half of the hosts have instances.
"""

from __future__ import annotations

import csv
import io
import json
import pathlib
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from climate.core.host import SourceHost

Record = dict[str, Any]

RACK = 32
SITES = ("grenoble", "lyon", "nancy", "nantes")
_CLUSTER_SIZES = (32, 64, 96, 128, 256, 512)

_FLAGS = (
    "fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 clflush mmx fxsr sse sse2 ss ht "
    "syscall nx pdpe1gb rdtscp lm constant_tsc rep_good nopl xtopology cpuid pni pclmuldq ssse3 fma cx16 pcid "
    "sse4.1 sse4.2 x2apic movbe popcnt aes xsave avx f16c rdrand hypervisor lahf_lm abm 3dnowprefetch fsgsbase "
    "tsc_adjust bmi1 avx2 smep bmi2 erms invpcid xsaveopt arat"
)
_WIDE = "rdseed adx smap avx512f avx512dq avx512bw avx512cd avx512vl clwb pku"
_NEWER = {
    "Haswell-noTSX": "",
    "Broadwell": "rdseed adx smap rtm hle",
    "Skylake-Server": _WIDE,
    "Cascadelake-Server": _WIDE + " avx512vnni md-clear stibp arch-capabilities",
    "Icelake-Server": _WIDE
    + " avx512vnni avx512vbmi avx512ifma avx512-vpopcntdq gfni vaes vpclmulqdq la57 sha-ni fsrm rdpid",
    "EPYC": "svm sse4a misalignsse osvw clzero sha-ni rdseed adx smap xsaves",
    "EPYC-Rome": "svm sse4a misalignsse osvw clzero sha-ni rdseed adx smap clwb rdpid",
    "EPYC-Milan": "svm sse4a misalignsse osvw clzero sha-ni rdseed adx vaes pku fsrm",
}


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of machine; ``gpu`` is the model and memory (MiB) of each of its ``gpus``."""

    node_model: str
    vendor: str
    model: str
    cpu_model: str
    microarchitecture: str
    clock_ghz: float
    sockets: int
    cores: int
    memory_gib: int
    local_gb: int
    network_gbps: int
    gpus: int = 0
    gpu: tuple[str, int] = ("", 0)


KINDS = (
    Kind("PowerEdge R630", "Intel", "Haswell-noTSX", "Xeon E5-2630 v3", "Haswell", 2.4, 2, 8, 128, 558, 10),
    Kind("PowerEdge C6320", "Intel", "Broadwell", "Xeon E5-2630 v4", "Broadwell", 2.2, 2, 10, 64, 299, 10),
    Kind("ProLiant DL360 Gen9", "Intel", "Broadwell", "Xeon E5-2680 v4", "Broadwell", 2.4, 2, 14, 768, 200, 10),
    Kind("PowerEdge C6420", "Intel", "Skylake-Server", "Xeon Gold 6130", "Skylake-SP", 2.1, 2, 16, 192, 240, 10),
    Kind("PowerEdge R740", "Intel", "Skylake-Server", "Xeon Gold 6126", "Skylake-SP", 2.6, 2, 12, 192, 480, 25),
    Kind("ThinkSystem SR630", "Intel", "Cascadelake-Server", "Xeon Gold 5218", "Cascade Lake", 2.3, 2, 16, 96, 480, 25),
    Kind(
        "ThinkSystem SR650",
        "Intel",
        "Cascadelake-Server",
        "Xeon Gold 6254",
        "Cascade Lake",
        3.1,
        2,
        18,
        384,
        960,
        25,
    ),
    Kind("PowerEdge R750", "Intel", "Icelake-Server", "Xeon Gold 6330", "Ice Lake-SP", 2.0, 2, 28, 256, 480, 25),
    Kind("PowerEdge R6415", "AMD", "EPYC", "EPYC 7301", "Zen", 2.2, 1, 16, 96, 240, 10),
    Kind("PowerEdge C6525", "AMD", "EPYC-Rome", "EPYC 7352", "Zen 2", 2.3, 2, 24, 128, 480, 25),
    Kind("ProLiant DL385 Gen10+", "AMD", "EPYC-Rome", "EPYC 7642", "Zen 2", 2.3, 2, 48, 512, 480, 25),
    Kind("PowerEdge R7525", "AMD", "EPYC-Milan", "EPYC 7513", "Zen 3", 2.6, 2, 32, 512, 480, 100),
    Kind(
        *("PowerEdge C4130", "Intel", "Broadwell", "Xeon E5-2698 v4", "Broadwell", 2.2, 2, 20, 512, 960, 10),
        *(4, ("Tesla P100-SXM2-16GB", 16_384)),
    ),
    Kind(
        *("PowerEdge T640", "Intel", "Skylake-Server", "Xeon Gold 6126", "Skylake-SP", 2.6, 2, 12, 192, 480, 25),
        *(2, ("Tesla V100-PCIE-32GB", 32_768)),
    ),
    Kind(
        *("Apollo 6500 Gen10+", "AMD", "EPYC-Milan", "EPYC 7513", "Zen 3", 2.6, 2, 32, 512, 1920, 100),
        *(4, ("A100-SXM4-40GB", 40_960)),
    ),
)


def fleet(hosts: int, seed: int = 1) -> list[Record]:
    """The site's hosts as an operator's file nests them."""
    draw = random.Random(seed)
    records: list[Record] = []
    cluster = 0
    while len(records) < hosts:
        kind = KINDS[cluster % len(KINDS)] if cluster < len(KINDS) else draw.choice(KINDS)
        size = min(draw.choice(_CLUSTER_SIZES), hosts - len(records))
        records += [_host(kind, cluster, within, len(records) + within, draw) for within in range(size)]
        cluster += 1
    return records


class ListSource:
    """A source called ``file`` that tells these hosts; they can be changed one by one."""

    name = "file"

    def __init__(self, records: Sequence[Record]) -> None:
        self._told = [told(record) for record in records]

    def change(self, index: int, record: Record) -> None:
        """Tell something else of one host."""
        self._told[index] = told(record)

    def fetch(self) -> list[SourceHost]:
        """All hosts."""
        return list(self._told)


def told(record: Record) -> SourceHost:
    """A host as a source tells it."""
    facts = {
        name: " ".join(value) if isinstance(value, list) else value
        for name, value in _flat(record)
        if name not in ("name", "id")
    }
    return SourceHost(name=record["name"], service_host=record["name"], external_id=record["id"], properties=facts)


def in_use(record: Record, instances: int) -> Record:
    """The host with so many instances of four virtual CPUs each."""
    used = {"vcpus_used": 4 * instances, "memory_mb_used": 512 + 8192 * instances, "local_gb_used": 40 * instances}
    return record | {"running_vms": instances} | used


def write(path: pathlib.Path, records: Sequence[Record]) -> None:
    """An operator's file of these hosts: ``path`` ends in .json, .yaml or .csv. It appears whole or not at all."""
    if path.suffix == ".json":
        text = json.dumps(records)
    elif path.suffix == ".yaml":
        text = yaml.dump(list(records), Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper), sort_keys=False)
    else:
        text = _csv(records)
    part = path.with_name(path.name + ".part")
    part.write_text(text)
    part.replace(path)


def _host(kind: Kind, cluster: int, within: int, number: int, draw: random.Random) -> Record:
    threads = kind.sockets * kind.cores * 2
    rack = number // RACK
    record: Record = {
        "name": f"c{cluster:03d}-{within + 1}.{SITES[cluster % len(SITES)]}.example.org",
        "id": str(number + 1),
        "vcpus": threads,
        "memory_mb": kind.memory_gib * 1024 - 512,
        "local_gb": kind.local_gb,
        "hypervisor_type": "QEMU",
        "hypervisor_version": 6_002_000 if cluster % 3 else 7_002_004,
        "host_ip": f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}",
        "cpu_info": {
            "vendor": kind.vendor,
            "model": kind.model,
            "arch": "x86_64",
            "topology": {"cells": kind.sockets, "sockets": 1, "cores": kind.cores, "threads": 2},
            "features": f"{_FLAGS} {_NEWER[kind.model]}".split(),
        },
        "cpu_model": kind.cpu_model,
        "microarchitecture": kind.microarchitecture,
        "clock_ghz": kind.clock_ghz,
        "l2_cache_kb": 512 if kind.vendor == "AMD" else 1024,
        "l3_cache_kb": kind.cores * (4096 if kind.vendor == "AMD" else 1408),
        "hyperthreading": True,
        "turbo": cluster % 5 != 0,
        "peak_gflops": round(kind.sockets * kind.cores * kind.clock_ghz * 16, 1),
        "network_gbps": kind.network_gbps,
        "node_model": kind.node_model,
        "site": SITES[cluster % len(SITES)],
        "cluster": f"c{cluster:03d}",
        "rack": f"rack-{rack}",
        "switch": f"tor-{rack}",
        "latency_class": "low" if kind.network_gbps >= 25 else "ordinary",
        "gpus": kind.gpus,
    }
    if kind.gpus:
        record |= {"gpu_model": kind.gpu[0], "gpu_memory_mb": kind.gpu[1]}
    return in_use(record, draw.randrange(1, 12) if draw.random() < 0.5 else 0)


def _flat(record: Record, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in record.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _csv(records: Sequence[Record]) -> str:
    rows = [{name: _cell(value) for name, value in _flat(record)} for record in records]
    text = io.StringIO()
    writer = csv.DictWriter(text, list(dict.fromkeys(name for row in rows for name in row)), restval="")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _cell(value: object) -> str:
    return " ".join(value) if isinstance(value, list) else json.dumps(value).strip('"')

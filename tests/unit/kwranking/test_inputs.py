# SPDX-License-Identifier: Apache-2.0
"""Facts come from what hosts really tell: Nova, the kernel, lscpu, properties, tables."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwranking.core.facts import CpuFacts, HostFacts
from kwranking.core.identify import identify
from kwranking.core.inputs import columns, cpuinfo, lscpu, nova, numbers, properties

TOPOLOGY = {"cells": 2, "sockets": 1, "cores": 6, "threads": 2}


def only(host: HostFacts) -> CpuFacts:
    """The processors of a host that has one kind."""
    (cpu,) = host.cpus
    return cpu


def record(**changes: Any) -> dict[str, Any]:
    info = {"vendor": "Intel", "model": "IvyBridge", "features": ["sse2", "avx"], "topology": TOPOLOGY}
    return {"vcpus": 24, "cpu_info": info | changes}


@pytest.mark.parametrize("encode", [json.dumps, lambda told: told], ids=["as text", "as an object"])
def test_nova_tells_topology_and_libvirts_model(encode: Callable[[Any], Any]) -> None:
    """Up to microversion 2.27 cpu_info is JSON in a text."""
    told = record()
    cpu = only(nova.facts_of(told | {"cpu_info": encode(told["cpu_info"])}))
    assert (cpu.libvirt_model, cpu.sockets, cpu.cores, cpu.threads) == ("IvyBridge", 2, 12, 24)
    assert cpu.flags == {"sse2", "avx"}
    assert cpu.clock_hz is None


def test_a_topology_that_contradicts_is_noted() -> None:
    host = nova.facts_of(record(topology={"sockets": 1, "cores": 10, "threads": 2}))
    assert only(host).threads == 20
    assert host.notes == ("the topology has 20 threads, the record 24 vcpus; the topology counts",)


@pytest.mark.parametrize("told", [None, "", "no JSON", "[]", 7, {}, "[" * 100_000])
def test_nova_without_cpu_info_says_so(told: Any) -> None:
    """Bare metal, and all hypervisors beyond microversion 2.87."""
    host = nova.facts_of({"vcpus": 8, "cpu_info": told})
    assert "cpu_info" in host.notes[0]
    assert only(host).threads == 8


X86 = """\
processor\t: {number}
vendor_id\t: GenuineIntel
cpu family\t: 6
model\t\t: 85
model name\t: Intel(R) Xeon(R) Gold 6126 CPU @ 2.60GHz
stepping\t: 4
cpu MHz\t\t: 1000.000
cache size\t: 19712 KB
physical id\t: {package}
siblings\t: 4
core id\t\t: {core}
cpu cores\t: 2
flags\t\t: fpu sse2 avx fma avx512f
bogomips\t: 5200.00
"""


def test_x86_numbers_its_cores() -> None:
    """Two packages of two cores with two threads; the clock of the moment is not the base clock."""
    text = "\n".join(X86.format(number=number, package=number % 2, core=number // 2 % 2) for number in range(8))
    cpu = only(cpuinfo.facts_of(text))
    assert (cpu.sockets, cpu.cores, cpu.threads) == (2, 4, 8)
    assert (cpu.vendor, cpu.family, cpu.model, cpu.stepping) == ("GenuineIntel", 6, 85, 4)
    assert (cpu.clock_hz, cpu.seen_hz) == (None, 1e9)
    assert cpu.cache_mb == pytest.approx(2 * 19.25)
    identity = identify(cpu)
    assert (identity.flops, identity.clock_hz) == (32, 2.6e9)


def test_bogomips_never_count() -> None:
    """The paper: they tell how often a processor can do nothing in a second."""
    text = X86.format(number=0, package=0, core=0)
    assert cpuinfo.facts_of(text) == cpuinfo.facts_of(text.replace("5200.00", "1.00"))


ARM = "processor\t: {}\nFeatures\t: fp asimd\nCPU implementer\t: 0x41\nCPU part\t: {}\n"


def test_cores_of_two_kinds_are_told_apart() -> None:
    """big.LITTLE: each kind has its own microarchitecture."""
    text = "\n".join([ARM.format(0, "0xd03"), ARM.format(1, "0xd03"), ARM.format(2, "0xd08")])
    told = [(identify(cpu).microarchitecture, cpu.cores) for cpu in cpuinfo.facts_of(text).cpus]
    assert [(row and row.name, cores) for row, cores in told] == [("Cortex-A53", 2), ("Cortex-A72", 1)]


def test_power_tells_its_version_and_clock() -> None:
    text = "processor\t: 0\ncpu\t\t: unnamed\nclock\t\t: 3550.000000MHz\nrevision\t: 2.1 (pvr 003f 0201)\n"
    cpu = only(cpuinfo.facts_of(text))
    assert (cpu.vendor, cpu.model, cpu.clock_hz) == ("IBM", 0x3F, 3.55e9)


SPARC = """\
cpu\t\t: UltraSparc T2 (Niagara2)
fpu\t\t: UltraSparc T2 integrated FPU
ncpus probed\t: 64
ncpus active\t: 32
Cpu0ClkTck\t: 000000004fd18a40
"""
ALPHA = "cpu\t\t\t: Alpha\ncpu model\t\t: EV67\ncycle frequency [Hz]\t: 666000000 est.\ncpus active\t\t: 1\n"
RISCV = "processor\t: 0\nhart\t\t: 2\nisa\t\t: rv64imafdc\nuarch\t\t: sifive,u74-mc\n"


@pytest.mark.parametrize(
    ("text", "microarchitecture", "mhz", "threads"),
    [(SPARC, "UltraSPARC T2", 1339.1, 32), (ALPHA, "Alpha EV6", 666, 1), (RISCV, "SiFive U7", None, 1)],
)
def test_other_architectures_write_other_names(
    text: str, microarchitecture: str, mhz: float | None, threads: int
) -> None:
    """SPARC and Alpha tell of all processors in one; RISC-V names a core by its maker."""
    assert cpuinfo.LOOKS_LIKE.search(text)
    cpu = only(cpuinfo.facts_of(text))
    row = identify(cpu).microarchitecture
    assert row is not None
    assert (row.name, cpu.threads) == (microarchitecture, threads)
    assert cpu.clock_hz == (None if mhz is None else pytest.approx(mhz * 1e6, rel=0.001))


LSCPU = """\
Architecture:        x86_64
CPU(s):              64
Vendor ID:           AuthenticAMD
Model name:          AMD EPYC 7351 16-Core Processor
CPU family:          23
Model:               1
Thread(s) per core:  2
Core(s) per socket:  16
Socket(s):           2
Stepping:            2
CPU max MHz:         2400.0000
L3 cache:            {}
Flags:               fpu sse2 avx fma avx2
"""


@pytest.mark.parametrize("cache", ["128 MiB (16 instances)", "65536K"])
def test_lscpu_tells_all(cache: str) -> None:
    """Newer programs add up the caches, older ones tell that of a socket."""
    cpu = only(lscpu.facts_of(LSCPU.format(cache)))
    assert (cpu.sockets, cpu.cores, cpu.threads, cpu.cache_mb) == (2, 32, 64, 128)
    assert (cpu.vendor, cpu.family, cpu.model, cpu.seen_hz) == ("AuthenticAMD", 23, 1, 2.4e9)


def test_neither_dump_is_taken_for_the_other() -> None:
    """lscpu's "CPU family" is as good as cpuinfo's "cpu family"."""
    assert lscpu.LOOKS_LIKE.search(LSCPU.format("1 MiB"))
    for text in (X86, ARM, SPARC, ALPHA, RISCV):
        assert not lscpu.LOOKS_LIKE.search(text)


def test_lscpus_json_tells_the_same() -> None:
    lines = [line.partition(":") for line in LSCPU.format("128 MiB (16 instances)").splitlines()]
    fields = [{"field": f"{name}:", "data": value.strip()} for name, _colon, value in lines]
    nested = [*fields[:3], {**fields[3], "children": fields[4:]}]
    assert lscpu.facts_of_json(nested) == lscpu.facts_of(LSCPU.format("128 MiB (16 instances)"))


def test_a_partition_has_the_cores_that_it_was_given() -> None:
    """IBM Z: the topology has room for many more than the partition's eight."""
    text = "CPU(s): 8\nVendor ID: IBM/S390\nModel name: -\nMachine type: 2964\nThread(s) per core: 1\n"
    cpu = only(lscpu.facts_of(text + "Core(s) per socket: 8\nSocket(s) per book: 3\nCPU static MHz: 5000\n"))
    assert (cpu.cores, cpu.model, cpu.clock_hz) == (8, 0x2964, 5e9)


def test_properties_of_the_operator_go_before_novas() -> None:
    told = {
        "vcpus": 128,
        "cpu_model": "AMD EPYC 7513 32-Core Processor",
        "clock_ghz": 2.6,
        "l3_cache_kb": 131072,
        "gpus": 2,
        "gpu_model": "Nvidia A100",
        "cpu_info.model": "EPYC-Rome",
        "cpu_info.features": "sse2 avx fma",
        "cpu_info.topology.cells": 2,
        "cpu_info.topology.sockets": 1,
        "cpu_info.topology.cores": 32,
        "cpu_info.topology.threads": 2,
        "declared": 1.9e12,
        "declared_at": "2026-05-01",
        "declared_origin": "HPL 2.3",
    }
    host = properties.facts_of(told)
    cpu = only(host)
    row = identify(cpu).microarchitecture
    assert row is not None
    assert row.name == "Zen 3"
    assert (cpu.cores, cpu.threads, cpu.clock_hz, cpu.cache_mb, host.gpus) == (64, 128, 2.6e9, 256, "2x Nvidia A100")
    assert [(one.value, one.unit, one.at, one.origin) for one in host.declared] == [
        (1.9e12, "flop/s", "2026-05-01", "HPL 2.3")
    ]


def test_without_hyperthreading_each_vcpu_is_a_core() -> None:
    told = {"vcpus": 64, "cpu_model": "AMD EPYC 7513 32-Core Processor", "hyperthreading": False}
    assert only(properties.facts_of(told)).cores == 64


def test_a_table_may_have_any_of_its_columns() -> None:
    row = {"cpu_string": "Unknown", "cpu_vendor": "Intel", "cpu_model": "Intel Xeon", "cpu_version": "Gold 6130"}
    cpu = only(columns.facts_of(row | {"cores": "32", "clock_hz": "2100000000"}))
    assert (cpu.name, cpu.cores, cpu.clock_hz) == ("Intel Intel Xeon Gold 6130", 32, 2.1e9)
    assert only(columns.facts_of({})).name == ""


@pytest.mark.parametrize("text", ["many", "-4", "0", "1e99", "inf", "nan", "4.5", "²", "9" * 100])
def test_an_impossible_number_is_left_out_and_noted(text: str) -> None:
    host = columns.facts_of({"cpu_string": "AMD EPYC 7513", "cores": text})
    assert only(host).cores is None
    assert host.notes[0].startswith("cores left out")


@pytest.mark.parametrize(("text", "megabytes"), [("18432 KB", 18), ("1.5 MiB", 1.5), ("1 GiB", 1024), ("much", None)])
def test_sizes_are_read_as_kernels_write_them(text: str, megabytes: float | None) -> None:
    assert numbers.megabytes(text) == megabytes


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)
LINES = st.lists(
    st.tuples(
        st.sampled_from(["processor", "model name", "cpu family", "revision", "CPU(s)", "Socket(s)", "flags", "clock"]),
        st.sampled_from([": ", ":", "\t: "]),
        st.text(max_size=20),
    ).map("".join)
).map("\n".join)


@given(JSON)
def test_any_json_is_a_record(told: Any) -> None:
    """Whatever stands in it, facts come out."""
    for one in (told, {"cpu_info": told}, {"cpu_info": {"topology": told, "features": told, "model": told}}):
        if isinstance(one, dict):
            nova.facts_of(one)
            properties.facts_of({"cpu_info.model": told, "gpus": told, "clock_ghz": told, "cpu_info.features": told})
    lscpu.facts_of_json(told)


@given(st.text() | LINES)
def test_any_text_is_a_dump(text: str) -> None:
    for host in (cpuinfo.facts_of(text), lscpu.facts_of(text)):
        for cpu in host.cpus:
            identify(cpu)


@given(st.dictionaries(st.sampled_from(columns.KNOWN), st.text()))
def test_any_row_is_a_host(row: dict[str, str]) -> None:
    for cpu in columns.facts_of(row).cpus:
        identify(cpu)

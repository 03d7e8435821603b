# SPDX-License-Identifier: Apache-2.0
"""The tables of what is known of processors are whole."""

from __future__ import annotations

from collections import Counter

import pytest

from kwranking.core import gpus, microarchitectures
from kwranking.core.microarchitectures import TABLE
from kwranking.core.microarchitectures.row import Cpuid, Isa, usable

ROWS = pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)


@ROWS
def test_a_row_says_what_it_claims_and_who_told_it(row: microarchitectures.Microarchitecture) -> None:
    assert row.source
    assert row.work_source
    assert row.work > 0
    assert row.flops
    assert row.smt >= 1
    assert 1985 < row.since < 2030


@ROWS
def test_the_fastest_instruction_set_comes_first(row: microarchitectures.Microarchitecture) -> None:
    """An older one never does more, and a pair of AVX-512 units does twice what FMA of 256 bits does."""
    flops = [each for _isa, each in row.flops]
    assert flops == sorted(flops, reverse=True)
    if row.fma_units:
        assert row.flops[0] == (Isa.AVX512, 32.0)


@ROWS
def test_a_row_is_found_by_each_of_its_names(row: microarchitectures.Microarchitecture) -> None:
    for name in (row.name, *row.aliases):
        assert microarchitectures.named(name) is row
        assert microarchitectures.named(name.upper().replace(" ", "_")) is row
    for name in row.libvirt:
        assert microarchitectures.libvirt_model(name) is row
        assert row.vendor == "Arm" or microarchitectures.libvirt_model(f"{name}-noTSX-IBRS") is row


def test_no_two_rows_claim_a_name_or_a_number() -> None:
    names = Counter(name for row in TABLE for name in {each.casefold() for each in (row.name, *row.aliases)})
    assert {name for name, times in names.items() if times > 1} == set()
    libvirt = Counter(name for row in TABLE for name in {each.casefold() for each in row.libvirt})
    assert {name for name, times in libvirt.items() if times > 1} == set()
    ranges = [(row.name, cpuid) for row in TABLE for cpuid in row.cpuids]
    for place, (name, one) in enumerate(ranges):
        assert [other for other, two in ranges[place + 1 :] if other != name and _overlap(one, two)] == [], name


def _overlap(one: Cpuid, two: Cpuid) -> bool:
    alike = (one.vendor, one.family) == (two.vendor, two.family)
    meet = one.first <= two.last and two.first <= one.last
    return alike and meet and one.steppings[0] <= two.steppings[1] and two.steppings[0] <= one.steppings[1]


@pytest.mark.parametrize(
    ("vendor", "family", "model", "stepping", "name"),
    [
        ("GenuineIntel", 6, 85, 4, "Skylake-SP"),
        ("GenuineIntel", 6, 85, 7, "Cascade Lake-SP"),
        ("GenuineIntel", 6, 85, 11, "Cooper Lake"),
        ("GenuineIntel", 6, 106, 6, "Ice Lake-SP"),
        ("GenuineIntel", 6, 143, 8, "Sapphire Rapids"),
        ("GenuineIntel", 6, 207, 2, "Emerald Rapids"),
        ("GenuineIntel", 6, 173, 1, "Granite Rapids"),
        ("GenuineIntel", 6, 175, 3, "Sierra Forest"),
        ("GenuineIntel", 6, 46, 6, "Nehalem"),
        ("GenuineIntel", 15, 4, 10, "NetBurst"),
        ("AuthenticAMD", 15, 5, 1, "K8"),
        ("AuthenticAMD", 16, 9, 1, "K10"),
        ("AuthenticAMD", 21, 1, 2, "Bulldozer"),
        ("AuthenticAMD", 21, 2, 0, "Piledriver"),
        ("AuthenticAMD", 23, 1, 2, "Zen"),
        ("AuthenticAMD", 23, 49, 0, "Zen 2"),
        ("AuthenticAMD", 25, 1, 1, "Zen 3"),
        ("AuthenticAMD", 25, 17, 1, "Zen 4"),
        ("AuthenticAMD", 25, 160, 2, "Zen 4c"),
        ("AuthenticAMD", 26, 2, 1, "Zen 5"),
        ("AuthenticAMD", 26, 17, 0, "Zen 5c"),
        ("HygonGenuine", 24, 1, 1, "Dhyana"),
        ("ARM", 0x41, 0xD0C, 1, "Neoverse-N1"),
        ("ARM", 0x41, 0xD4F, 0, "Neoverse-V2"),
        ("ARM", 0x46, 0x001, 0, "A64FX"),
        ("ARM", 0x43, 0x0AF, 1, "Vulcan"),
        ("IBM", 0, 0x4E, 0, "POWER9"),
        ("IBM/S390", 0, 0x3906, 0, "z14"),
    ],
)
def test_processors_are_known_by_their_numbers(vendor: str, family: int, model: int, stepping: int, name: str) -> None:
    row = microarchitectures.numbered(vendor, family, model, stepping)
    assert row is not None
    assert row.name == name


def test_numbers_of_nobody_are_of_no_row() -> None:
    assert microarchitectures.numbered("GenuineIntel", 6, 254) is None
    assert microarchitectures.numbered("", 0, 0) is None


def test_flags_forbid_and_their_absence_does_not() -> None:
    """A processor of which no flags are known may do all that its microarchitecture does."""
    assert usable(Isa.AVX512, frozenset())
    assert usable(Isa.AVX512, {"avx512f"})
    assert not usable(Isa.AVX512, {"avx", "fma"})
    assert usable(Isa.FMA, {"avx", "fma4"})
    assert not usable(Isa.FMA, {"fma"})


def test_a_library_of_emulators_names_is_covered() -> None:
    """Models of libvirt for whole generations; those that stand for no processor (qemu64) are of no row."""
    for name in (
        "EPYC-IBPB",
        "EPYC-Rome-v4",
        "Skylake-Server-noTSX-IBRS",
        "Neoverse-V1",
        "POWER10",
        "Opteron_G5",
        "a64fx",
    ):
        assert microarchitectures.libvirt_model(name) is not None, name
    for name in ("qemu64", "kvm64", "gate64", "", "host"):
        assert microarchitectures.libvirt_model(name) is None, name


@pytest.mark.parametrize(
    ("text", "tflops"),
    [
        ("2x Nvidia A100-PCIE-40GB", 19.4),
        ("8x AMD Radeon Instinct MI50 32GB", 52.8),
        ("4x Nvidia Tesla P100-SXM2-16GB + 1x Nvidia Tesla T4", 21.453),
        ("1x Nvidia GH200", 34.0),
        ("Tesla V100-PCIE-16GB", 7.0),
        ("2 x Nvidia H100 PCIe", 52.0),
        ("", 0.0),
        ("0", 0.0),
    ],
)
def test_gpus_are_counted_apart(text: str, tflops: float) -> None:
    told = gpus.read(text)
    assert told.flops == pytest.approx(tflops * 1e12, rel=0.001)
    assert told.unknown == ()


@pytest.mark.parametrize("text", ["4", "2x Voodoo 2", "99999x A100", "x", "3x"])
def test_unknown_gpus_are_named(text: str) -> None:
    told = gpus.read(text)
    assert told.known == ()
    assert len(told.unknown) <= 1
    assert told.flops == 0.0


def test_a_gpu_has_a_source_and_is_found_by_its_name() -> None:
    assert all(gpu.source and gpu.flops > 0 for gpu in gpus.TABLE)

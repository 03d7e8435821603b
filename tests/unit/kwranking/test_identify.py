# SPDX-License-Identifier: Apache-2.0
"""Whatever is told of a processor, the best source of each part counts, and the answer says which it was."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwranking.core.facts import CpuFacts
from kwranking.core.identify import Confidence, Identity, identify, least
from kwranking.core.microarchitectures.row import Isa


def name_of(identity: Identity) -> str | None:
    return identity.microarchitecture.name if identity.microarchitecture else None


def test_the_name_goes_before_numbers_before_the_record_before_libvirt() -> None:
    facts = {
        "name": "AMD EPYC 7513 32-Core Processor",
        "vendor": "GenuineIntel",
        "family": 6,
        "model": 79,
        "microarchitecture": "Haswell",
        "libvirt_model": "Westmere",
        "cores": 1,
        "clock_hz": 1e9,
    }
    order = []
    for left_out in ("name", "family", "microarchitecture", "libvirt_model"):
        order.append(name_of(identify(CpuFacts(**facts))))
        facts |= {left_out: None if left_out == "family" else ""}
    assert order == ["Zen 3", "Broadwell", "Haswell", "Westmere"]
    assert identify(CpuFacts(**facts)).unknown


def test_a_familys_name_means_servers_where_the_host_is_one() -> None:
    """ "Skylake" is a desktop's core; with AVX-512, or in two sockets, it is the other of that name."""
    flags = frozenset({"sse2", "avx", "fma", "avx512f"})
    assert name_of(identify(CpuFacts(microarchitecture="Skylake", cores=8))) == "Skylake"
    assert name_of(identify(CpuFacts(microarchitecture="Skylake", cores=8, sockets=2))) == "Skylake-SP"
    assert name_of(identify(CpuFacts(microarchitecture="Ice Lake", cores=8, flags=flags))) == "Ice Lake-SP"


def test_a_name_that_says_little_goes_last() -> None:
    """Clouds call any processor "Intel(R) Xeon(R) CPU"; a list of 2005 means NetBurst by "Xeon 3.6GHz"."""
    assert name_of(identify(CpuFacts(name="Xeon 3.6GHz", cores=1))) == "NetBurst"
    assert identify(CpuFacts(name="Xeon 3.6GHz", cores=1)).confidence is Confidence.LOW
    told = CpuFacts(name="Xeon 3.6GHz", vendor="GenuineIntel", family=6, model=85, stepping=7, cores=1)
    assert name_of(identify(told)) == "Cascade Lake-SP"


@pytest.mark.parametrize(
    ("facts", "ghz", "told", "confidence"),
    [
        ({"name": "AMD EPYC 7513 32-Core Processor 2.4GHz", "clock_hz": 2.1e9}, 2.1, "given", Confidence.HIGH),
        ({"name": "Xeon Gold 6126 CPU @ 2.60GHz", "seen_hz": 3e9}, 2.6, "by its name", Confidence.HIGH),
        ({"name": "AMD EPYC 7513 32-Core", "seen_hz": 3e9}, 2.6, "table of models", Confidence.HIGH),
        ({"name": "AMD EPYC 7B13", "seen_hz": 3e9}, 3.0, "as it was read", Confidence.MEDIUM),
        ({"name": "AMD EPYC 7B13"}, 2.5, "a usual one", Confidence.LOW),
    ],
)
def test_the_clock_given_then_the_names_then_the_tables(
    facts: dict[str, object], ghz: float, told: str, confidence: Confidence
) -> None:
    identity = identify(CpuFacts(cores=8, threads=16, sockets=1, **facts))  # type: ignore[arg-type]
    assert identity.clock_hz == pytest.approx(ghz * 1e9)
    assert told in " ".join(identity.notes)
    assert identity.confidence is confidence


@pytest.mark.parametrize(
    ("name", "flops"),
    [
        ("Xeon Gold 5120 CPU @ 2.20GHz", 16),
        ("Xeon Gold 5122 CPU @ 3.60GHz", 32),
        ("Xeon Gold 5222 CPU @ 3.80GHz", 32),
        ("Xeon Silver 4210 CPU @ 2.20GHz", 16),
        ("Xeon Bronze 3204 CPU @ 1.90GHz", 16),
        ("Xeon Platinum 8153 CPU @ 2.00GHz", 32),
        ("Xeon Silver 4314 CPU @ 2.40GHz", 32),
        ("Xeon D-2183IT CPU @ 2.20GHz", 16),
    ],
)
def test_the_model_number_tells_how_many_units_of_avx_512(name: str, flops: float) -> None:
    assert identify(CpuFacts(name=name, cores=1)).flops == flops


def test_where_nobody_tells_the_units_the_answer_says_so() -> None:
    identity = identify(CpuFacts(libvirt_model="Skylake-Server-IBRS", cores=1, clock_hz=2e9))
    assert identity.flops == 32
    assert identity.confidence is Confidence.MEDIUM
    assert "some have one" in " ".join(identity.notes)


def test_an_instruction_set_without_its_flag_is_not_counted() -> None:
    """AVX-512 may be off in the firmware; a hypervisor may hide it."""
    flags = frozenset({"sse2", "avx", "fma", "avx2"})
    identity = identify(CpuFacts(name="Xeon Gold 6126 CPU @ 2.60GHz", flags=flags, cores=1))
    assert (identity.isa, identity.flops) == (Isa.FMA, 16)
    assert "AVX-512 cannot be used: its flag is missing" in " ".join(identity.notes)


@pytest.mark.parametrize(
    ("flags", "flops"),
    [
        ({"sse2", "avx", "fma", "avx512f"}, 32),
        ({"sse2", "avx", "fma"}, 16),
        ({"sse2", "avx"}, 8),
        ({"sse2"}, 4),
        ({"asimd", "sve"}, 16),
        ({"asimd"}, 8),
    ],
)
def test_an_unknown_processor_gets_the_best_that_its_flags_allow(flags: set[str], flops: float) -> None:
    identity = identify(CpuFacts(name="Novel 9000", flags=frozenset(flags), cores=4, clock_hz=2e9))
    assert (identity.microarchitecture, identity.flops, identity.unknown) == (None, flops, "")
    assert identity.confidence is Confidence.LOW
    assert "at most" in " ".join(identity.notes)


@pytest.mark.parametrize(
    ("facts", "cores", "threads"),
    [
        ({"name": "AMD EPYC 7513 32-Core Processor", "cores": 64, "threads": 128}, 64, 128),
        ({"name": "AMD EPYC 7513 32-Core Processor", "sockets": 2}, 64, 128),
        ({"name": "AMD EPYC 7513 32-Core Processor"}, 32, 64),
        ({"name": "AMD EPYC 7513 32-Core Processor", "threads": 128}, 64, 128),
        ({"name": "AMD EPYC 7513 32-Core Processor", "threads": 32}, 32, 32),
        ({"name": "POWER7", "threads": 64}, 16, 64),
        ({"name": "AMD Opteron 6328", "cores": 8, "threads": 16}, 16, 16),
        ({"name": "AMD Opteron 6328", "cores": 16, "threads": 16}, 16, 16),
        ({"name": "Neoverse-N1", "threads": 80}, 80, 80),
    ],
)
def test_cores_and_threads_are_those_of_the_host(facts: dict[str, object], cores: int, threads: int) -> None:
    """Linux takes a module of Bulldozer for one core with two threads; its maker sells two cores."""
    identity = identify(CpuFacts(**facts))  # type: ignore[arg-type]
    assert (identity.cores, identity.threads) == (cores, threads)


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({}, "names no processor"),
        ({"name": "BCM2835"}, "no row of the table fits (BCM2835)"),
        ({"name": "R12000"}, "nothing tells the clock"),
        ({"name": "R12000 400 MHz"}, "how many cores"),
    ],
)
def test_what_cannot_be_known_says_why(facts: dict[str, str], why: str) -> None:
    assert why in identify(CpuFacts(**facts)).unknown


def test_the_least_sure_part_counts() -> None:
    assert least() is Confidence.HIGH
    assert least(Confidence.HIGH, Confidence.LOW, Confidence.MEDIUM) is Confidence.LOW


@given(
    st.builds(
        CpuFacts,
        name=st.text(max_size=60),
        vendor=st.text(max_size=15) | st.sampled_from(["GenuineIntel", "AuthenticAMD", "ARM"]),
        family=st.none() | st.integers(0, 300),
        model=st.none() | st.integers(0, 5000),
        stepping=st.integers(0, 20),
        microarchitecture=st.text(max_size=20),
        libvirt_model=st.text(max_size=20),
        flags=st.frozensets(st.sampled_from(["sse2", "avx", "fma", "avx512f", "asimd", "sve"])),
        clock_hz=st.none() | st.floats(1e7, 1e10),
        sockets=st.none() | st.integers(1, 64),
        cores=st.none() | st.integers(1, 10_000),
        threads=st.none() | st.integers(1, 10_000),
    )
)
def test_any_facts_give_an_identity_or_a_reason(facts: CpuFacts) -> None:
    identity = identify(facts)
    if not identity.unknown:
        assert identity.flops > 0
        assert identity.clock_hz > 0
        assert identity.threads >= identity.cores > 0

# SPDX-License-Identifier: Apache-2.0
"""Processors are known by the names that kernels, vendors and lists give them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwranking.core import microarchitectures
from kwranking.core.facts import CpuFacts
from kwranking.core.identify import identify
from kwranking.core.processors import naming
from kwranking.core.processors.intel_names import RULES as INTEL
from kwranking.core.processors.other_names import RULES as OTHERS

KNOWN = [
    ("AMD Optimized 3rd Generation EPYC 64C 2GHz", "Zen 3", 16),
    ("AMD 4th Gen EPYC 24C 1.8GHz", "Zen 4", 16),
    ("AMD EPYC 7H12 64C 2.6GHz", "Zen 2", 16),
    ("AMD EPYC 9654 96C 2.4GHz", "Zen 4", 16),
    ("AMD EPYC 9755 128C 2.7GHz", "Zen 5", 32),
    ("AMD EPYC 9965 192C 2.25GHz", "Zen 5c", 32),
    ("AMD EPYC 7V73X 60C 2.2GHz", "Zen 3", 16),
    ("AMD EPYC 7V12 48C 2.45GHz", "Zen 2", 16),
    ("AMD EPYC 9V84 96C 2.4GHz", "Zen 4", 16),
    ("AMD EPYC 9V64H 96C 3.5GHz", "Zen 4", 16),
    ("AMD EPYC 8534P 64-Core Processor", "Zen 4c", 16),
    ("AMD EPYC 9754 128-Core Processor", "Zen 4c", 16),
    ("AMD EPYC 4564P 16-Core Processor", "Zen 4", 16),
    ("AMD EPYC 4545P 16-Core Processor", "Zen 5", 32),
    ("AMD EPYC 7R32", "Zen 2", 16),
    ("AMD EPYC 7R13 Processor", "Zen 3", 16),
    ("AMD EPYC 9R14", "Zen 4", 16),
    ("AMD EPYC 7B13", "Zen 3", 16),
    ("AMD EPYC 7571", "Zen", 8),
    ("AMD EPYC 3251 8-Core Processor", "Zen", 8),
    ("AMD EPYC 9V74 80-Core Processor", "Zen 4", 16),
    ("AMD EPYC-Rome Processor", "Zen 2", 16),
    ("AMD EPYC-Milan Processor", "Zen 3", 16),
    ("AMD EPYC 72F3 8-Core Processor", "Zen 3", 16),
    ("AMD EPYC 7F72 24-Core Processor", "Zen 2", 16),
    ("AMD EPYC 9575F 64-Core Processor", "Zen 5", 32),
    ("AMD EPYC 9684X 96-Core Processor", "Zen 4", 16),
    ("Hygon C86 7185 32-core Processor", "Dhyana", 8),
    ("Hygon Dhyana 32C 2GHz", "Dhyana", 8),
    ("Intel Xeon E5-2692v2 12C 2.2GHz", "Ivy Bridge", 8),
    ("Xeon Platinum 8280 28C 2.7GHz", "Cascade Lake-SP", 32),
    ("Xeon Platinum 9242 48C 2.3GHz", "Cascade Lake-SP", 32),
    ("Xeon Platinum 8174 24C 3.1GHz", "Skylake-SP", 32),
    ("Xeon Gold 6148F 20C 2.4GHz", "Skylake-SP", 32),
    ("Xeon Gold 5118 12C 2.3GHz", "Skylake-SP", 16),
    ("Xeon Gold 5122 4C 3.6GHz", "Skylake-SP", 32),
    ("Xeon Silver 4310 12C 2.1GHz", "Ice Lake-SP", 32),
    ("Xeon Platinum 8380HL 28C 2.9GHz", "Cooper Lake", 32),
    ("Xeon Gold 5318H", "Cooper Lake", 32),
    ("Intel Xeon Platinum 8480C 56C 2GHz", "Sapphire Rapids", 32),
    ("Xeon CPU Max 9470 52C 2.4GHz", "Sapphire Rapids", 32),
    ("Intel(R) Xeon(R) Platinum 8568Y+", "Emerald Rapids", 32),
    ("INTEL(R) XEON(R) PLATINUM 8592+", "Emerald Rapids", 32),
    ("Intel(R) Xeon(R) 6980P", "Granite Rapids", 32),
    ("Intel(R) Xeon(R) 6787P", "Granite Rapids", 32),
    ("Intel(R) Xeon(R) 6780E", "Sierra Forest", 8),
    ("Intel Xeon 6 6740E", "Sierra Forest", 8),
    ("Intel(R) Xeon(R) 6315P", "Golden Cove", 16),
    ("Xeon Phi 7250 68C 1.4GHz", "Knights Landing", 32),
    ("Intel(R) Xeon Phi(TM) CPU 7210 @ 1.30GHz", "Knights Landing", 32),
    ("Intel Xeon Phi 7295 72C 1.5GHz", "Knights Mill", 16),
    ("Intel Xeon Phi 31S1P 57C 1.1GHz", "Knights Corner", 16),
    ("NVIDIA Grace 72C 3.1GHz", "Neoverse-V2", 16),
    ("A64FX 48C 2.2GHz", "A64FX", 32),
    ("Fujitsu A64FX 48C 2.2GHz", "A64FX", 32),
    ("Vector Engine Type10AE 8C 1.58GHz", "SX-Aurora", 192),
    ("Vector Engine Type 20B 8C 1.6GHz", "SX-Aurora", 192),
    ("Marvell ThunderX2 ARMv8 28C 2GHz", "Vulcan", 8),
    ("Cavium ThunderX2 CN9975-2000 28C 2GHz", "Vulcan", 8),
    ("IBM POWER9 22C 3.07GHz", "POWER9", 8),
    ("POWER8NVL, altivec supported", "POWER8", 8),
    ("POWER9 (architected), altivec supported", "POWER9", 8),
    ("Kunpeng 920 64C 2.6GHz", "TaiShan v110", 4),
    ("Sunway SW26010-Pro 390C 2.25GHz", "SW26010P", 16),
    ("Phytium FT-2000+/64", "FTC662", 4),
    ("Intel EM64T Xeon 51xx (Woodcrest) 3000 MHz (12 GFlops)", "Core", 4),
    ("Intel EM64T Xeon E54xx (Harpertown) 3000 MHz (12 GFlops)", "Penryn", 4),
    ("Intel EM64T Xeon X55xx (Nehalem-EP) 2930 MHz (11.72 GFlops)", "Nehalem", 4),
    ("Intel EM64T Xeon X56xx (Westmere-EP) 2930 MHz (11.72 GFlops)", "Westmere", 4),
    ("Intel EM64T Xeon 53xx (Clovertown) 2333 MHz (9.332 GFlops)", "Core", 4),
    ("Intel EM64T Xeon L54xx (Harpertown) 2500 MHz (10 GFlops)", "Penryn", 4),
    ("Intel EM64T Xeon 3.6 GHz", "NetBurst", 2),
    ("AMD x86_64 Opteron Dual Core 2400 MHz (4.8 GFlops)", "K8", 2),
    ("AMD x86_64 Opteron Quad Core 2300 MHz (9.2 GFlops)", "K10", 4),
    ("AMD x86_64 Opteron 2.2 GHz", "K8", 2),
    ("Intel IA-64 Itanium 2 1600 MHz (6.4 GFlops)", "Itanium", 4),
    ("NEC 3200 MHz (102.4 GFlops)", "SX-9", 32),
    ("NEC 1000 MHz", "Earth Simulator", 8),
    ("SPARC64-VII 2500 MHz", "SPARC64 VII", 4),
    ("SPARC64 VIIIfx 8C 2GHz", "SPARC64 VIIIfx", 8),
    ("POWER5 1900 MHz (7.6 GFlops)", "POWER5", 4),
    ("SP Power3 375 MHz", "POWER3", 4),
    ("PowerPC 440 700 MHz (2.8 GFlops)", "PowerPC 440", 4),
    ("Power PC 450 850 MHz", "PowerPC 450", 4),
    ("Pentium4 Xeon 2.4 GHz", "NetBurst", 2),
    ("Pentium 4 Xeon 3.06GHz", "NetBurst", 2),
    ("Pentium III 1 GHz", "P6", 1),
    ("PentiumPro 200 MHz", "P6", 1),
    ("Alpha 21264 1 GHz", "Alpha EV6", 2),
    ("Alpha EV68 1.25 GHz", "Alpha EV6", 2),
    ("R12000 400 MHz", "R10000", 2),
    ("PA-RISC 8700+ 750MHz", "PA-8000", 4),
    ("Cray X1E 1.13GHz", "Cray X1", 16),
    ("UltraSPARC III 900 MHz", "UltraSPARC III", 2),
    ("Athlon MP 2000+ 1.667 GHz", "K7", 2),
    ("AMD Athlon(tm) 64 Processor 3200+", "K8", 2),
    ("Intel(R) Core(TM)2 Duo CPU E8400 @ 3.00GHz", "Core", 4),
    ("Intel(R) Core(TM) i7-9700K CPU @ 3.60GHz", "Skylake", 16),
    ("Intel(R) Core(TM) i9-9900X CPU @ 3.50GHz", "Skylake-SP", 32),
    ("Intel(R) Core(TM) i7-5960X CPU @ 3.00GHz", "Haswell", 16),
    ("Intel(R) Core(TM) i7 CPU 920 @ 2.67GHz", "Nehalem", 4),
    ("Intel(R) Core(TM) i5-3570 CPU @ 3.40GHz", "Ivy Bridge", 8),
    ("13th Gen Intel(R) Core(TM) i9-13900K", "Golden Cove", 16),
    ("Intel(R) Xeon(R) CPU X5670 @ 2.93GHz", "Westmere", 4),
    ("Intel(R) Xeon(R) CPU E5-2603 0 @ 1.80GHz", "Sandy Bridge", 8),
    ("Intel(R) Xeon(R) CPU E7-4870 @ 2.40GHz", "Westmere", 4),
    ("Intel(R) Xeon(R) CPU E7- 8837 @ 2.67GHz", "Westmere", 4),
    ("Intel(R) Xeon(R) CPU L5420 @ 2.50GHz", "Penryn", 4),
    ("Intel(R) Xeon(R) CPU 3065 @ 2.33GHz", "Core", 4),
    ("Intel(R) Xeon(R) CPU X3220 @ 2.40GHz", "Core", 4),
    ("Intel(R) Xeon(R) CPU E31220 @ 3.10GHz", "Sandy Bridge", 8),
    ("Intel(R) Xeon(R) CPU W3520 @ 2.67GHz", "Nehalem", 4),
    ("Intel(R) Xeon(TM) CPU 3.60GHz", "NetBurst", 2),
    ("Intel(R) Xeon(R) W-2145 CPU @ 3.70GHz", "Skylake-SP", 32),
    ("Intel(R) Xeon(R) w9-3495X", "Sapphire Rapids", 32),
    ("Intel(R) Xeon(R) D-2146NT CPU @ 2.30GHz", "Skylake-SP", 16),
    ("Intel(R) Xeon(R) D-2796NT CPU @ 2.00GHz", "Ice Lake-SP", 16),
    ("Intel(R) Xeon(R) CPU D-1541 @ 2.10GHz", "Broadwell", 16),
    ("Intel(R) Xeon(R) E-2288G CPU @ 3.70GHz", "Skylake", 16),
    ("Intel(R) Xeon(R) E-2488", "Golden Cove", 16),
    ("Intel(R) Atom(TM) CPU C2750 @ 2.40GHz", "Silvermont", 2),
    ("Intel(R) Atom(TM) CPU C3958 @ 2.00GHz", "Goldmont", 4),
    ("Intel(R) Atom(TM) CPU D510 @ 1.66GHz", "Bonnell", 1.5),
    ("Intel Xeon Processor (Skylake, IBRS)", "Skylake-SP", 32),
    ("Intel Xeon Processor (Icelake)", "Ice Lake-SP", 32),
    ("Intel Xeon Processor (Cascadelake)", "Cascade Lake-SP", 32),
    ("Intel Core Processor (Haswell, no TSX)", "Haswell", 16),
    ("Intel Xeon Processor (SapphireRapids)", "Sapphire Rapids", 32),
    ("Intel(R) Xeon(R) Platinum 8259CL CPU @ 2.50GHz", "Cascade Lake-SP", 32),
    ("Dual-Core AMD Opteron(tm) Processor 2218", "K8", 2),
    ("Quad-Core AMD Opteron(tm) Processor 2356", "K10", 4),
    ("Six-Core AMD Opteron(tm) Processor 2435", "K10", 4),
    ("AMD Opteron(tm) Processor 6164 HE", "K10", 4),
    ("AMD Opteron(TM) Processor 6276", "Bulldozer", 4),
    ("AMD Opteron(tm) Processor 6380", "Piledriver", 4),
    ("AMD Opteron X2150", "Jaguar", 3),
    ("AMD Opteron(tm) X3421", "Excavator", 4),
    ("Opteron 8431", "K10", 4),
    ("AMD Opteron(tm) Processor 4184", "K10", 4),
    ("AMD Ryzen 9 5950X 16-Core Processor", "Zen 3", 16),
    ("AMD Ryzen Threadripper 3990X 64-Core Processor", "Zen 2", 16),
    ("AMD Ryzen Threadripper PRO 5995WX 64-Cores", "Zen 3", 16),
    ("AMD FX(tm)-8350 Eight-Core Processor", "Piledriver", 4),
    ("AMD Phenom(tm) II X6 1090T", "K10", 4),
    ("AMD Turion(tm) II Neo N54L Dual-Core Processor", "K10", 4),
    ("Intel Xeon E5 2680 v3 @ 2.50GHz", "Haswell", 16),
    ("HPE Xeon-G 6154", "Skylake-SP", 32),
    ("Xeon-S 4114 2.2GHz", "Skylake-SP", 16),
    ("64-bit Intel(R) Xeon(R) Processor LV 2.80 GHz", "NetBurst", 2),
    ("Intel(R) Xeon(R) W-3175X CPU @ 3.10GHz", "Skylake-SP", 32),
    ("AMD EPYC 9V33X 96-Core Processor", "Zen 4", 16),
    ("Cortex-A15", "Cortex-A15", 2),
    ("Intel(R) Pentium(R) CPU G3260 @ 3.30GHz", "Haswell", 4),
    ("Intel(R) Celeron(R) CPU G530 @ 2.40GHz", "Sandy Bridge", 4),
    ("Intel(R) Xeon(R) CPU L3014 @ 2.40GHz", "Penryn", 4),
    ("Intel(R) Pentium(R) CPU D1508 @ 2.20GHz", "Broadwell", 16),
    ("Intel Xeon Platinum P-8136 CPU @ 2.00GHz", "Skylake-SP", 32),
    ("Neoverse-N1", "Neoverse-N1", 8),
    ("Ampere(R) Altra(R) Max Processor", "Neoverse-N1", 8),
    ("Ampere-1a", "AmpereOne", 8),
    ("Cortex-A72", "Cortex-A72", 4),
    ("ShenWei processor SW1600 16C 975MHz", "SW1600", 8),
    ("Intel Xeon E3-1265LV2", "Ivy Bridge", 8),
    ("Intel Pentium Dual-Core E5300", "Penryn", 4),
    ("Loongson-3C5000L", "LA464", 16),
]
"""Name, microarchitecture, flop a cycle and core in double precision."""

UNKNOWN = ["VIA Nano U2250", "BCM2835", "Intel(R) Xeon(R) CPU @ 2.20GHz", "Xeon", "", "0", "GenuineIntel", "CPU 1"]


@pytest.mark.parametrize(("name", "microarchitecture", "flops"), KNOWN)
def test_a_name_tells_the_microarchitecture(name: str, microarchitecture: str, flops: float) -> None:
    identity = identify(CpuFacts(name=name, cores=1))
    assert identity.microarchitecture is not None
    assert (identity.microarchitecture.name, identity.flops) == (microarchitecture, flops)


@pytest.mark.parametrize("name", UNKNOWN)
def test_nothing_is_guessed_of_other_names(name: str) -> None:
    assert naming.read(name).microarchitecture is None


@pytest.mark.parametrize(
    ("name", "ghz"),
    [
        ("Intel(R) Xeon(R) Gold 6126 CPU @ 2.60GHz", 2.6),
        ("AMD EPYC 7513 32-Core Processor", None),
        ("Intel Xeon E5-2470 2.30 GHz (Intel Turbo Boost Technology up to 3.10 GHz)", 2.3),
        ("Intel Xeon E5-2470 (Intel Turbo Boost Technology up to 3.10 GHz )", None),
        ("PowerPC 440 2C 700MHz", 0.7),
        ("AMD EPYC 7742 2.25Ghz", 2.25),
        ("Xeon 3,06 GHz", 3.06),
        ("Xeon at 0 GHz", None),
        ("Xeon at 99999 GHz", None),
    ],
)
def test_a_name_may_tell_the_base_clock(name: str, ghz: float | None) -> None:
    """The highest clock is none that counts."""
    assert naming.read(name).clock_hz == (None if ghz is None else pytest.approx(ghz * 1e9))


@pytest.mark.parametrize(
    ("name", "cores"),
    [
        ("AMD EPYC 7513 32-Core Processor", 32),
        ("Xeon Gold 6148 20C 2.4GHz", 20),
        ("Quad-Core AMD Opteron(tm) Processor 2356", 4),
        ("Opteron Six Core 6C 2.4GHz", 6),
        ("Intel(R) Xeon(R) 6980P", 128),
        ("AMD Opteron(tm) Processor 6328", 8),
        ("Opteron 8431", 6),
        ("Intel(R) Xeon(R) CPU X5670 @ 2.93GHz", 6),
        ("Neoverse-N1", None),
    ],
)
def test_a_name_may_tell_the_cores(name: str, cores: int | None) -> None:
    """By itself, or by the table of models."""
    assert naming.read(name).cores == cores


@pytest.mark.parametrize(
    ("name", "cores", "ghz"),
    [
        ("AMD EPYC 7513 32-Core Processor", 32, 2.6),
        ("AMD EPYC 7313P 16-Core Processor", 16, 3.0),
        ("AMD Opteron(tm) Processor 250", 1, 2.4),
        ("AMD Opteron(tm) Processor 6164 HE", 12, 1.7),
        ("Intel(R) Xeon(R) Platinum 8458P", 44, 2.7),
        ("Intel(R) Xeon(R) Gold 6430", 32, 2.1),
        ("INTEL(R) XEON(R) PLATINUM 8592+", 64, 1.9),
        ("Intel Xeon E5-2660 v3", 10, 2.6),
        ("Intel Xeon E3-1265LV2", 4, 2.5),
    ],
)
def test_the_table_of_models_tells_cores_and_clock(name: str, cores: int, ghz: float) -> None:
    model = naming.read(name).model
    assert model is not None
    assert (model.cores, model.clock_hz) == (cores, pytest.approx(ghz * 1e9))


def test_every_rule_leads_into_the_table() -> None:
    """A rule names a row by its own name, not by an alias."""
    for rule in (*INTEL, *OTHERS):
        row = microarchitectures.named(rule.microarchitecture)
        assert row is not None, rule.pattern.pattern
        assert row.name == rule.microarchitecture
        assert rule.fma_units is None or rule.fma_units in row.fma_units, rule.pattern.pattern


@given(
    st.text() | st.from_regex(r"(Intel|AMD|Xeon|EPYC|Opteron|POWER)[ -][A-Z0-9 .@-]{0,40}(GHz|MHz)?", fullmatch=True)
)
def test_any_text_is_a_name(text: str) -> None:
    """Nothing raises; what is told is possible."""
    told = naming.read(text)
    assert told.clock_hz is None or 1e7 <= told.clock_hz <= 1e10
    assert told.cores is None or told.cores > 0

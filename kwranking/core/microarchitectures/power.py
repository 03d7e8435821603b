# SPDX-License-Identifier: Apache-2.0
"""IBM's cores: POWER, PowerPC of Blue Gene and others, IBM Z. POWER's numbers are versions (PVR) as in Linux."""

from __future__ import annotations

from kwranking.core.microarchitectures.row import Cpuid, Isa, Microarchitecture


def _row(
    name: str,
    since: int,
    flops: float,
    source: str,
    work: tuple[float, str],
    *,
    isa: Isa = Isa.SCALAR,
    versions: tuple[int, ...] = (),
    machines: tuple[int, ...] = (),
    aliases: tuple[str, ...] = (),
    libvirt: tuple[str, ...] = (),
    cache_mb: float = 1.0,
    smt: int = 1,
    usual_ghz: float = 0.0,
) -> Microarchitecture:
    numbers = [Cpuid("IBM", 0, version, version) for version in versions]
    numbers += [Cpuid("IBM/S390", 0, machine, machine) for machine in machines]
    return Microarchitecture(
        name=name,
        vendor="IBM",
        since=since,
        flops=((isa, flops),),
        source=source,
        work=work[0],
        work_source=work[1],
        aliases=aliases,
        cpuids=tuple(numbers),
        libvirt=libvirt,
        cache_mb=cache_mb,
        smt=smt,
        usual_ghz=usual_ghz,
    )


_TWO = "two FMA units"
_IN_ORDER = (0.5, "own estimate: two instructions a cycle, in order")
_MANUAL = "User's Manual (IBM, OpenPOWER)"

_POWERS = (
    _row(
        "POWER2", 1993, 4.0, f"IBM J. Res. Dev. 38(5), 1994: {_TWO}", (0.7, "own estimate"), aliases=("P2SC", "Power2")
    ),
    _row(
        *("POWER3", 1998, 4.0, f"IBM, POWER3: next generation 64-bit PowerPC (1998): {_TWO}", (0.8, "own estimate")),
        versions=(0x40, 0x41),
        aliases=("Power3-II",),
    ),
    _row(
        *("POWER4", 2001, 4.0, f"IBM J. Res. Dev. 46(1), 2002: {_TWO}", (0.9, "own estimate")),
        versions=(0x35, 0x38),
        aliases=("POWER4+",),
    ),
    _row(
        *("PowerPC 970", 2003, 4.0, f"IBM PowerPC 970 User Manual: {_TWO}", (0.85, "own estimate, as POWER4")),
        versions=(0x39, 0x3C, 0x44, 0x45),
        aliases=("PPC970", "PowerPC 970FX", "PowerPC 970MP", "G5"),
        cache_mb=0.5,
        usual_ghz=2.2,
    ),
    _row(
        *("POWER5", 2004, 4.0, f"IBM J. Res. Dev. 49(4/5), 2005: {_TWO}", (1.0, "own estimate")),
        versions=(0x3A, 0x3B),
        aliases=("POWER5+",),
        smt=2,
        cache_mb=1.9,
        usual_ghz=1.9,
    ),
    _row(
        *(
            "POWER6",
            2007,
            4.0,
            f"IBM J. Res. Dev. 51(6), 2007: {_TWO}",
            (0.75, "own estimate: in order, at twice the clock"),
        ),
        versions=(0x3E,),
        libvirt=("POWER6",),
        smt=2,
        cache_mb=4.0,
        usual_ghz=4.2,
    ),
    _row(
        *("POWER7", 2010, 8.0, "IBM J. Res. Dev. 55(3), 2011: four FMA units", (1.3, "own estimate: six instructions")),
        isa=Isa.VSX,
        versions=(0x3F, 0x4A),
        aliases=("POWER7+",),
        libvirt=("POWER7",),
        smt=4,
        cache_mb=4.0,
        usual_ghz=3.5,
    ),
    _row(
        *("POWER8", 2014, 8.0, f"POWER8 Processor {_MANUAL}: two VSX units of 128 bits"),
        (1.8, "IBM at Hot Chips 2013: 1.6 times POWER7 a core, at about the same clock"),
        isa=Isa.VSX,
        versions=(0x4B, 0x4C, 0x4D),
        aliases=("POWER8E", "POWER8NVL", "POWER8+"),
        libvirt=("POWER8",),
        smt=8,
        cache_mb=8.0,
        usual_ghz=3.5,
    ),
    _row(
        *("POWER9", 2017, 8.0, f"POWER9 Processor {_MANUAL}: two VSX units of 128 bits for four threads"),
        (1.9, "own estimate: POWER8's width with a shorter pipeline (IBM at Hot Chips 2016)"),
        isa=Isa.VSX,
        versions=(0x4E,),
        libvirt=("POWER9",),
        smt=4,
        cache_mb=5.0,
        usual_ghz=3.1,
    ),
    _row(
        *("POWER10", 2021, 32.0, "IBM at Hot Chips 2020: eight VSX units of 128 bits for eight threads"),
        (2.5, "IBM at Hot Chips 2020: 30 % over POWER9 a core at the same clock"),
        isa=Isa.VSX,
        versions=(0x80,),
        aliases=("Power10",),
        libvirt=("POWER10", "Power10"),
        smt=8,
        cache_mb=8.0,
        usual_ghz=3.5,
    ),
    _row(
        *("Power11", 2025, 32.0, "IBM, Power11 (2025): POWER10's units"),
        (2.6, "own estimate"),
        isa=Isa.VSX,
        versions=(0x82,),
        libvirt=("Power11",),
        smt=8,
        cache_mb=8.0,
        usual_ghz=3.8,
    ),
)

_OTHERS = (
    _row(
        *("PowerPC 604", 1994, 2.0, "PowerPC 604e User's Manual: one FMA unit", (0.6, "own estimate")),
        versions=(0x04, 0x09, 0x0A),
        aliases=("PowerPC 604e", "604e"),
    ),
    _row(
        *("PowerPC 440", 2004, 4.0, "IBM J. Res. Dev. 49(2/3), 2005: Blue Gene/L, two FMA units a core", _IN_ORDER),
        aliases=("Blue Gene/L",),
        cache_mb=2.0,
        usual_ghz=0.7,
    ),
    _row(
        *("PowerPC 450", 2007, 4.0, "IBM J. Res. Dev. 52(1/2), 2008: Blue Gene/P, two FMA units a core", _IN_ORDER),
        aliases=("Blue Gene/P",),
        cache_mb=2.0,
        usual_ghz=0.85,
    ),
    _row(
        *("PowerPC A2", 2011, 8.0, "Haring et al., IEEE Micro 32(2), 2012: Blue Gene/Q, four FMA lanes", _IN_ORDER),
        isa=Isa.VECTOR,
        versions=(0x48, 0x49),
        aliases=("Power BQC", "BQC", "Blue Gene/Q"),
        cache_mb=2.0,
        smt=4,
        usual_ghz=1.6,
    ),
    _row(
        *(
            "PowerXCell 8i",
            2008,
            34.0 / 9.0,
            "IBM, Cell Broadband Engine Handbook: 108.8 Gflop/s of 8 SPEs and a PPE, 3.2 GHz",
        ),
        (0.3, "own estimate: in order, local memories"),
        isa=Isa.VECTOR,
        versions=(0x70,),
        aliases=("Cell", "PowerXCell"),
        cache_mb=0.25,
    ),
    _row(
        *("PowerPC e5500", 2010, 2.0, "NXP e5500/e6500 Core Reference Manual: one FMA unit", (0.8, "own estimate")),
        versions=(0x8024, 0x8040),
        aliases=("PowerPC e6500", "e5500", "e6500"),
        libvirt=("POWERPC_e5500", "POWERPC_e6500"),
        cache_mb=0.5,
    ),
)

_REDBOOK = "IBM Redbook"

_Z = (
    _row(
        *("zEC12", 2012, 2.0, f"{_REDBOOK} SG24-8049: one binary FMA unit", (1.4, "own estimate")),
        machines=(0x2817, 0x2818, 0x2827, 0x2828),
        aliases=("z196", "z114", "zBC12"),
        cache_mb=8.0,
        usual_ghz=5.2,
    ),
    _row(
        *("z13", 2015, 4.0, f"{_REDBOOK} SG24-8251: two vector and floating-point units; one FMA each is sure"),
        (1.6, "IBM (2015): about 10 % over zEC12 a core"),
        isa=Isa.VECTOR,
        machines=(0x2964, 0x2965),
        aliases=("z13s",),
        cache_mb=8.0,
        smt=2,
        usual_ghz=5.0,
    ),
    _row(
        *("z14", 2017, 8.0, f"{_REDBOOK} SG24-8451: two vector units of 128 bits"),
        (1.75, "IBM (2017): about 10 % over z13 a core"),
        isa=Isa.VECTOR,
        machines=(0x3906, 0x3907, 0x8561, 0x8562, 0x3931, 0x3932, 0x9175, 0x9176),
        aliases=("z15", "z16", "Telum", "z17"),
        cache_mb=12.0,
        smt=2,
        usual_ghz=5.2,
    ),
)

ROWS = (*_POWERS, *_OTHERS, *_Z)

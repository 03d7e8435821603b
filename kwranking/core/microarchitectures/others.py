# SPDX-License-Identifier: Apache-2.0
"""What else supercomputers and servers were built of: SPARC, Alpha, MIPS, PA-RISC, China's, vector machines."""

from __future__ import annotations

from kwranking.core.microarchitectures.row import Cpuid, Isa, Microarchitecture


def _row(
    vendor: str,
    name: str,
    since: int,
    flops: float,
    source: str,
    work: float,
    *,
    isa: Isa = Isa.SCALAR,
    told: str = "own estimate, after the instructions that it begins in a cycle",
    aliases: tuple[str, ...] = (),
    cpuids: tuple[Cpuid, ...] = (),
    cache_mb: float = 1.0,
    smt: int = 1,
    usual_ghz: float = 0.0,
) -> Microarchitecture:
    return Microarchitecture(
        name=name,
        vendor=vendor,
        since=since,
        flops=((isa, flops),),
        source=source,
        work=work,
        work_source=told,
        aliases=aliases,
        cpuids=cpuids,
        cache_mb=cache_mb,
        smt=smt,
        usual_ghz=usual_ghz,
    )


_V = Isa.VECTOR
_ADD_MULTIPLY = "an addition and a multiplication a cycle"
_TWO_FMA = "two FMA units"

_SPARC = (
    _row("Sun", "UltraSPARC", 1995, 2.0, f"UltraSPARC User's Manual (Sun, 1997): {_ADD_MULTIPLY}", 0.6),
    _row("Sun", "UltraSPARC III", 2001, 2.0, f"UltraSPARC III Cu User's Manual: {_ADD_MULTIPLY}", 0.7),
    _row("Sun", "UltraSPARC IV", 2004, 2.0, f"UltraSPARC IV supplement (Sun, 2004): {_ADD_MULTIPLY}", 0.75),
    _row("Sun", "UltraSPARC T2", 2007, 1.0, "OpenSPARC T2 manual: one operation a cycle", 0.4, smt=8),
    _row("Oracle", "SPARC T4", 2011, 2.0, "Oracle at Hot Chips 2011 (S3 core): one FMA unit", 1.0, smt=8),
    _row("Oracle", "SPARC T5", 2013, 2.0, "Oracle at Hot Chips 2012 (S3 core): one FMA unit", 1.0, smt=8),
    _row("Oracle", "SPARC M7", 2015, 2.0, "Oracle at Hot Chips 2014 (S4 core): one FMA unit", 1.2, smt=8),
    _row("Fujitsu", "SPARC64 V", 2002, 4.0, f"Fujitsu, SPARC64 V processor (2004): {_TWO_FMA}", 0.9),
    _row("Fujitsu", "SPARC64 VI", 2007, 4.0, f"Fujitsu, SPARC64 VI Extensions: {_TWO_FMA}", 0.95, smt=2),
    _row("Fujitsu", "SPARC64 VII", 2008, 4.0, f"Fujitsu, SPARC64 VII Extensions: {_TWO_FMA}", 1.0, smt=2),
    _row("Fujitsu", "SPARC64 VIIIfx", 2010, 8.0, "Fujitsu, SPARC64 VIIIfx Extensions: four FMA lanes", 1.0, isa=_V),
    _row("Fujitsu", "SPARC64 IXfx", 2012, 8.0, "Fujitsu, SPARC64 IXfx Extensions: four FMA lanes", 1.0, isa=_V),
    _row("Fujitsu", "SPARC64 X", 2013, 8.0, "Fujitsu at Hot Chips 2012: four FMA lanes", 1.3, isa=_V, smt=2),
    _row("Fujitsu", "SPARC64 XIfx", 2014, 16.0, "Fujitsu at Hot Chips 2014: two FMA units of 256 bits", 1.1, isa=_V),
)

_RISC = (
    _row("DEC", "Alpha EV4", 1992, 1.0, "Alpha 21064 Hardware Reference Manual: one operation a cycle", 0.4),
    _row("DEC", "Alpha EV5", 1995, 2.0, f"Alpha 21164 Hardware Reference Manual: {_ADD_MULTIPLY}", 0.6),
    _row("DEC", "Alpha EV6", 1998, 2.0, f"Alpha 21264 Hardware Reference Manual: {_ADD_MULTIPLY}", 0.9),
    _row("DEC", "Alpha EV7", 2003, 2.0, f"HP, Alpha 21364 (EV6's core): {_ADD_MULTIPLY}", 0.95),
    _row("MIPS", "R8000", 1994, 4.0, f"SGI, R8000 Microprocessor Chip Set: {_TWO_FMA}", 0.6),
    _row("MIPS", "R10000", 1996, 2.0, f"MIPS R10000 User's Manual: {_ADD_MULTIPLY}", 0.75),
    _row("SiCortex", "MIPS64 5Kf", 2006, 2.0, "SiCortex, ICE9: one FMA unit of 64 bits", 0.4),
    _row("HP", "PA-7200", 1995, 2.0, f"HP, PA-7200 (CompCon 1994): {_ADD_MULTIPLY}", 0.5),
    _row("HP", "PA-8000", 1996, 4.0, f"HP, Advanced performance features of the PA-8000 (1995): {_TWO_FMA}", 0.8),
    _row("Intel", "i860", 1989, 1.0, "i860 Programmer's Reference Manual: a multiplication every second cycle", 0.3),
    _row("Hitachi", "HARP", 1996, 2.0, "Hitachi SR2201: 300 Mflop/s at 150 MHz", 0.5),
    _row("Hitachi", "SR8000", 1998, 4.0, "Hitachi SR8000: 1 Gflop/s of each of 8 processors at 250 MHz", 0.6),
    _row("SiFive", "SiFive U7", 2018, 2.0, "SiFive U74-MC manual: one FMA unit", 0.8),
    _row("T-Head", "C920", 2023, 8.0, "Sophgo SG2042 manual: two vector units of 128 bits", 1.0, isa=_V),
)

_CHINA = (
    _row("Loongson", "Loongson 3A", 2009, 4.0, f"Loongson 3A1000 User Manual: {_TWO_FMA} of 64 bits", 0.9),
    _row("Loongson", "Loongson 3B", 2011, 16.0, "Hu et al., ISSCC 2011: two FMA units of 256 bits", 0.9, isa=_V),
    _row(
        *("Loongson", "LA464", 2021, 16.0, "Loongson 3A5000 User Manual: 160 Gflop/s of 4 cores at 2.5 GHz", 1.7),
        isa=Isa.LASX,
        aliases=("Loongson-3A5000", "Loongson-3C5000", "Loongson-3D5000"),
        cpuids=(Cpuid("Loongson", 0, 0x10, 0x11),),
        usual_ghz=2.2,
        cache_mb=4.0,
    ),
    _row(
        *("Loongson", "LA664", 2023, 16.0, "Loongson 3A6000 User Manual: two FMA units of 256 bits", 2.4),
        isa=Isa.LASX,
        aliases=("Loongson-3A6000", "Loongson-3C6000"),
        cpuids=(Cpuid("Loongson", 0, 0x12, 0x20),),
        usual_ghz=2.2,
        cache_mb=4.0,
        smt=2,
    ),
    _row(
        *(
            "ShenWei",
            "SW1600",
            2010,
            8.0,
            "Dongarra, Sunway BlueLight (2011): 140.8 Gflop/s of 16 cores at 1.1 GHz",
            0.7,
        ),
        isa=_V,
    ),
    _row(
        *(
            "ShenWei",
            "SW26010",
            2016,
            2112.0 / 260,
            "Dongarra, Sunway TaihuLight (2016): 256 cores of 8, 4 of 16 flop a cycle",
        ),
        0.4,
        isa=_V,
        cache_mb=0.1,
    ),
    _row(
        *("ShenWei", "SW26010P", 2021, 16.0, "Sunway OceanLight (SC21): 14.03 Tflop/s of 390 cores at 2.25 GHz", 0.4),
        isa=_V,
        cache_mb=0.25,
    ),
    _row("Phytium", "FT-1000", 2010, 1.0, "NUDT, Tianhe-1A (2011): 8 Gflop/s of 8 cores at 1 GHz", 0.4, smt=8),
    _row(
        "NUDT",
        "Matrix-2000",
        2018,
        16.0,
        "Dongarra, Tianhe-2A (2017): 2.46 Tflop/s of 128 cores at 1.2 GHz",
        0.3,
        isa=_V,
    ),
)


def _vector(vendor: str, name: str, since: int, flops: float, source: str) -> Microarchitecture:
    """A vector processor: its scalar unit does general work."""
    return _row(vendor, name, since, flops, source, 0.5, isa=_V, told="own estimate, of the scalar unit")


_VECTORS = (
    _vector("NEC", "SX-4", 1995, 16.0, "NEC SX-4: 2 Gflop/s at 125 MHz"),
    _vector("NEC", "SX-5", 1998, 32.0, "NEC SX-5: 8 Gflop/s at 250 MHz"),
    _vector("NEC", "SX-6", 2001, 16.0, "NEC SX-6: 8 Gflop/s at 500 MHz"),
    _vector("NEC", "Earth Simulator", 2002, 8.0, "JAMSTEC: 8 Gflop/s at 1 GHz, the clock of its vector pipelines"),
    _vector("NEC", "SX-8", 2004, 8.0, "NEC SX-8: 16 Gflop/s at 2 GHz"),
    _vector("NEC", "SX-8R", 2006, 16.0, "NEC SX-8R: 35.2 Gflop/s at 2.2 GHz"),
    _vector("NEC", "SX-9", 2007, 32.0, "NEC SX-9: 102.4 Gflop/s at 3.2 GHz"),
    _vector("NEC", "SX-ACE", 2013, 64.0, "NEC SX-ACE: 64 Gflop/s a core at 1 GHz"),
    _vector("NEC", "SX-Aurora", 2017, 192.0, "NEC SX-Aurora TSUBASA: 307.2 Gflop/s a core at 1.6 GHz"),
    _vector("Cray", "Cray Y-MP", 1988, 2.0, "Cray Y-MP: 333 Mflop/s at 167 MHz"),
    _vector("Cray", "Cray C90", 1991, 4.0, "Cray C90: 952 Mflop/s at 238 MHz"),
    _vector("Cray", "Cray T90", 1995, 4.0, "Cray T90: 1.8 Gflop/s at 450 MHz"),
    _vector("Cray", "Cray SV1", 1998, 4.0, "Cray SV1: 1.2 Gflop/s at 300 MHz"),
    _vector("Cray", "Cray X1", 2002, 16.0, "Cray X1: 12.8 Gflop/s of a multi-streaming processor at 800 MHz"),
    _vector("Cray", "Cray X2", 2007, 16.0, "Cray X2: 25.6 Gflop/s at 1.6 GHz"),
    _vector("Fujitsu", "VPP500", 1992, 16.0, "Fujitsu VPP500: 1.6 Gflop/s at 100 MHz"),
    _vector("Fujitsu", "VPP5000", 1999, 32.0, "Fujitsu VPP5000: 9.6 Gflop/s at 300 MHz"),
)

ROWS = (*_SPARC, *_RISC, *_CHINA, *_VECTORS)

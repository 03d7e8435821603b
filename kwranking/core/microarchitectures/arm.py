# SPDX-License-Identifier: Apache-2.0
"""Cores of the Arm architecture, of Arm and of its licensees.

Parts are numbered as in Linux's ``arch/arm64/include/asm/cputype.h``. Peaks
follow from the units in each core's software optimization guide.
"""

from __future__ import annotations

from dataclasses import replace

from kwranking.core.microarchitectures.row import Cpuid, Isa, Microarchitecture

_ARM = 0x41


def _row(
    name: str,
    since: int,
    flops: tuple[tuple[Isa, float], ...],
    source: str,
    work: tuple[float, str],
    parts: tuple[int, ...],
    *,
    implementer: int = _ARM,
    vendor: str = "Arm",
    aliases: tuple[str, ...] = (),
    libvirt: tuple[str, ...] = (),
    cache_mb: float = 1.0,
    usual_ghz: float = 0.0,
) -> Microarchitecture:
    return Microarchitecture(
        name=name,
        vendor=vendor,
        since=since,
        flops=flops,
        source=source,
        work=work[0],
        work_source=work[1],
        aliases=aliases,
        cpuids=tuple(Cpuid("ARM", implementer, part, part) for part in parts),
        libvirt=libvirt,
        cache_mb=cache_mb,
        usual_ghz=usual_ghz,
    )


def _guide(core: str, told: str) -> str:
    return f"Arm {core} Software Optimization Guide: {told}"


_NEON2 = ((Isa.NEON, 2.0),)
_NEON4 = ((Isa.NEON, 4.0),)
_NEON8 = ((Isa.NEON, 8.0),)
_NEON16 = ((Isa.NEON, 16.0),)
_SVE8 = ((Isa.SVE, 8.0), *_NEON8)
_SVE16 = ((Isa.SVE, 16.0), *_NEON16)
_TWO_64 = "two FMA units of 64 bits"
_TWO_128 = "two FMA units of 128 bits"
_FOUR_128 = "four FMA units of 128 bits"

_ARMS = (
    _row(
        *("Cortex-A9", 2009, ((Isa.SCALAR, 1.0),), "Arm Cortex-A9 FPU manual: a multiplication every second cycle"),
        (0.5, "own estimate: two instructions a cycle"),
        (0xC05, 0xC07, 0xC09),
        aliases=("Cortex-A5", "Cortex-A7"),
        cache_mb=0.25,
    ),
    _row(
        *("Cortex-A15", 2012, ((Isa.SCALAR, 2.0),), "Arm Cortex-A15 manual: one FMA in double precision a cycle"),
        (0.9, "own estimate: three instructions a cycle"),
        (0xC0E, 0xC0F),
        aliases=("Cortex-A17",),
        cache_mb=0.5,
    ),
    _row(
        *("Cortex-A53", 2014, _NEON2, _guide("Cortex-A53", "one FMA in double precision a cycle")),
        (0.5, "own estimate: two instructions a cycle, in order"),
        (0xD03,),
        aliases=("Cortex-A35",),
        libvirt=("cortex-a53",),
        cache_mb=0.25,
    ),
    _row(
        *("Cortex-A55", 2018, _NEON4, _guide("Cortex-A55", _TWO_64)),
        (0.6, "Arm at launch (2017): 18 % over Cortex-A53"),
        (0xD05,),
        aliases=("Cortex-A65",),
        cache_mb=0.25,
    ),
    _row(
        *("Cortex-A510", 2021, _NEON8, _guide("Cortex-A510", "two units of 128 bits, which two cores may share")),
        (0.8, "Arm at launch (2021): 35 % over Cortex-A55"),
        (0xD46, 0xD80),
        aliases=("Cortex-A520",),
        cache_mb=0.25,
    ),
    _row(
        *("Cortex-A57", 2014, _NEON4, _guide("Cortex-A57", _TWO_64)),
        (1.0, "own estimate: three instructions a cycle"),
        (0xD07,),
        usual_ghz=2.0,
        aliases=("Seattle",),
        libvirt=("cortex-a57",),
    ),
    _row(
        *("Cortex-A72", 2016, _NEON4, _guide("Cortex-A72", _TWO_64)),
        (1.15, "Arm at launch (2015): 16 to 30 % over Cortex-A57; the least taken"),
        (0xD08,),
        usual_ghz=2.3,
        aliases=("Cortex-A73", "Cosmos", "Graviton"),
        libvirt=("cortex-a72",),
    ),
    _row(
        *("Cortex-A75", 2017, _NEON4, _guide("Cortex-A75", _TWO_64)),
        (1.4, "Arm at launch (2017): 22 % over Cortex-A73"),
        (0xD09, 0xD0A),
    ),
    _row(
        *("Neoverse-N1", 2019, _NEON8, _guide("Neoverse N1", _TWO_128)),
        (1.85, "Arm at launch (2019): 60 % over Cortex-A72 at the same clock"),
        (0xD0C, 0xD0B, 0xD0D, 0xD41, 0xD4A),
        usual_ghz=3.0,
        aliases=("Ares", "Cortex-A76", "Cortex-A77", "Cortex-A78", "Neoverse N1", "Graviton2", "Altra"),
        libvirt=("Neoverse-N1", "cortex-a76"),
    ),
    _row(
        *("Neoverse-V1", 2021, _SVE16, _guide("Neoverse V1", "two SVE units of 256 bits, four NEON units")),
        (2.75, "Arm at launch (2020): 50 % over Neoverse N1 at the same clock"),
        (0xD40,),
        usual_ghz=2.6,
        aliases=("Zeus", "Neoverse V1", "Graviton3"),
        libvirt=("Neoverse-V1",),
    ),
    _row(
        *("Neoverse-N2", 2022, _SVE8, _guide("Neoverse N2", _TWO_128)),
        (2.6, "Arm at launch (2021): 40 % over Neoverse N1 at the same clock"),
        (0xD49, 0xD47, 0xD4D, 0xD81),
        usual_ghz=2.75,
        aliases=("Perseus", "Cortex-A710", "Cortex-A715", "Cortex-A720", "Neoverse N2", "Yitian 710"),
        libvirt=("Neoverse-N2",),
    ),
    _row(
        *("Neoverse-N3", 2024, _SVE8, _guide("Neoverse N3", _TWO_128)),
        (2.8, "own estimate; Arm at launch (2024) tells performance a watt only"),
        (0xD8E,),
        usual_ghz=2.8,
        aliases=("Hermes", "Cortex-A725", "Neoverse N3"),
    ),
    _row(
        *("Neoverse-V2", 2023, _SVE16, _guide("Neoverse V2", _FOUR_128)),
        (3.1, "Arm at Hot Chips 2023: 13 % over Neoverse V1 at the same clock"),
        (0xD4F,),
        usual_ghz=3.1,
        aliases=("Grace", "Demeter", "Neoverse V2", "Graviton4", "Axion"),
        cache_mb=1.6,
    ),
    _row(
        *("Neoverse-V3", 2024, _SVE16, _guide("Neoverse V3", _FOUR_128)),
        (3.4, "Arm at launch (2024): 9 to 16 % over Neoverse V2"),
        (0xD84, 0xD83),
        usual_ghz=3.2,
        aliases=("Poseidon", "Neoverse V3"),
        cache_mb=1.6,
    ),
    _row(
        *("Cortex-X", 2020, _NEON16, _guide("Cortex-X1 to X4", _FOUR_128)),
        (2.9, "Arm at launch (2020): 22 % over Cortex-A78"),
        (0xD44, 0xD48, 0xD4C, 0xD4E, 0xD82, 0xD85),
        aliases=("Cortex-X1", "Cortex-X2", "Cortex-X3", "Cortex-X4", "Cortex-X925"),
    ),
)

_LICENSEES = (
    _row(
        *("ThunderX", 2014, _NEON2, "Cavium ThunderX CN88XX product brief: one FMA of 64 bits a cycle"),
        (0.5, "own estimate: two instructions a cycle, in order"),
        (0x0A1, 0x0A2, 0x0A3),
        usual_ghz=2.0,
        implementer=0x43,
        vendor="Cavium",
        cache_mb=0.33,
    ),
    replace(
        _row(
            *("Vulcan", 2017, _NEON8, f"Marvell ThunderX2 product brief: {_TWO_128}"),
            (1.4, "own estimate: four instructions a cycle"),
            (0x0AF,),
            usual_ghz=2.2,
            implementer=0x43,
            vendor="Cavium",
            aliases=("ThunderX2", "ThunderX2 99xx", "ThunderX2-99xx"),
            libvirt=("ThunderX299xx", "ThunderX2 99xx"),
        ),
        smt=4,
    ),
    _row(
        *("X-Gene", 2013, _NEON2, "AppliedMicro at Hot Chips 2014: one FMA of 64 bits a cycle"),
        (0.9, "own estimate: four instructions a cycle"),
        (0x000, 0x001, 0x002, 0x003),
        usual_ghz=2.8,
        implementer=0x50,
        vendor="APM",
        aliases=("eMAG", "X-Gene 2", "X-Gene 3", "Skylark", "Potenza"),
    ),
    _row(
        *("Falkor", 2017, _NEON8, f"Qualcomm at Hot Chips 2017: {_TWO_128}"),
        (1.3, "own estimate: four instructions a cycle"),
        (0x800, 0xC00, 0xC01),
        usual_ghz=2.2,
        implementer=0x51,
        vendor="Qualcomm",
        aliases=("Centriq", "Saphira"),
        libvirt=("Falkor",),
    ),
    _row(
        *(
            "TaiShan v110",
            2019,
            _NEON4,
            "HiSilicon, Kunpeng 920 (Hot Chips 2019): one FMA of 128 bits in double precision",
        ),
        (1.55, "own estimate: four instructions a cycle"),
        (0xD01,),
        usual_ghz=2.6,
        implementer=0x48,
        vendor="HiSilicon",
        aliases=("Kunpeng-920", "Kunpeng 920", "TSV110", "Taishan"),
        libvirt=("Kunpeng-920",),
    ),
    _row(
        *(
            "A64FX",
            2019,
            ((Isa.SVE, 32.0), *_NEON8),
            "Fujitsu, A64FX Microarchitecture Manual: two SVE units of 512 bits",
        ),
        (0.9, "own estimate: four instructions a cycle with long latencies"),
        (0x001,),
        usual_ghz=2.2,
        implementer=0x46,
        vendor="Fujitsu",
        libvirt=("a64fx",),
        cache_mb=0.67,
    ),
    _row(
        *("FTC662", 2017, _NEON4, "Phytium FT-2000+/64 brochure: 563 Gflop/s of 64 cores at 2.2 GHz"),
        (1.0, "own estimate: four instructions a cycle"),
        (0x660, 0x661, 0x662, 0x663, 0x664, 0x862),
        usual_ghz=2.2,
        implementer=0x70,
        vendor="Phytium",
        aliases=("FT-2000+", "FT-2000plus", "Phytium", "Tengyun-S2500", "FTC663"),
        libvirt=("FT-2000+", "FT-2000plus", "Tengyun-S2500"),
        cache_mb=0.5,
    ),
    _row(
        *("AmpereOne", 2023, _NEON8, f"AmpereOne core tuning guide: {_TWO_128}"),
        (2.2, "own estimate: five instructions a cycle"),
        (0xAC3, 0xAC4, 0xAC5),
        usual_ghz=3.0,
        implementer=0xC0,
        vendor="Ampere",
        aliases=("Ampere-1", "Ampere-1a", "Siryn"),
        cache_mb=2.0,
    ),
    _row(
        *("Carmel", 2018, _NEON8, f"NVIDIA Xavier at Hot Chips 2018: {_TWO_128}"),
        (1.4, "own estimate"),
        (0x000, 0x003, 0x004),
        implementer=0x4E,
        vendor="NVIDIA",
        aliases=("Denver", "Denver 2"),
    ),
    _row(
        *("Firestorm", 2020, _NEON16, f"Apple Silicon CPU Optimization Guide: {_FOUR_128}"),
        (3.4, "own estimate: eight instructions a cycle"),
        (0x021, 0x023, 0x025, 0x029, 0x031, 0x033, 0x035, 0x039),
        implementer=0x61,
        vendor="Apple",
        aliases=("Avalanche", "Apple M1", "Apple M2"),
        cache_mb=2.0,
    ),
)

ROWS = (*_ARMS, *_LICENSEES)

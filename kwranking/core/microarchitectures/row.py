# SPDX-License-Identifier: Apache-2.0
"""What is known of one microarchitecture: a row of the table."""

from __future__ import annotations

import enum
from collections.abc import Collection
from dataclasses import dataclass


class Isa(enum.StrEnum):
    """An instruction set that computes in double precision, as the documentation names it."""

    SCALAR = "scalar"
    SSE2 = "SSE2"
    AVX = "AVX"
    FMA = "AVX with FMA"
    AVX512 = "AVX-512"
    NEON = "NEON"
    SVE = "SVE"
    VSX = "VSX"
    LSX = "LSX"
    LASX = "LASX"
    VECTOR = "vector"


_NEEDS: dict[Isa, tuple[frozenset[str], ...]] = {
    Isa.SSE2: (frozenset({"sse2"}),),
    Isa.AVX: (frozenset({"avx"}),),
    Isa.FMA: (frozenset({"avx", "fma"}), frozenset({"avx", "fma4"})),
    Isa.AVX512: (frozenset({"avx512f"}),),
    Isa.NEON: (frozenset({"asimd"}),),
    Isa.SVE: (frozenset({"sve"}),),
    Isa.LSX: (frozenset({"lsx"}),),
    Isa.LASX: (frozenset({"lasx"}),),
}
"""Flags of Linux and libvirt, any one set of which tells that an instruction set may be used."""


def usable(isa: Isa, flags: Collection[str]) -> bool:
    """Whether a processor with these flags has the instruction set. No flags at all forbid nothing."""
    return not flags or isa not in _NEEDS or any(needed.issubset(flags) for needed in _NEEDS[isa])


@dataclass(frozen=True, slots=True)
class Cpuid:
    """Processors as they number themselves: x86's family, models and steppings, each range with both its ends.

    Arm: ``family`` is the implementer, the models are part numbers. POWER:
    ``family`` is 0, the models are versions (PVR). IBM Z: ``family`` is 0, the
    models are machine types.
    """

    vendor: str
    family: int
    first: int
    last: int
    steppings: tuple[int, int] = (0, 0xFFFF)

    def fits(self, vendor: str, family: int, model: int, stepping: int) -> bool:
        """Whether a processor with these numbers is one of them."""
        return (
            (vendor, family) == (self.vendor, self.family)
            and self.first <= model <= self.last
            and self.steppings[0] <= stepping <= self.steppings[1]
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Microarchitecture:
    """A generation of cores.

    ``flops``: flop a cycle and core in double precision, a fused multiply-add
    as two, for each instruction set that is worth naming, the fastest first.
    AVX-512 is that of all units; ``fma_units`` says how many its processors
    have, (2,) where all have both, (1, 2) where the model number decides.

    ``work``: general work a cycle and core, of a core of Core 2 (Conroe). For
    what a source says see ``work_source``. ``cache_mb``: last-level cache a
    core of the usual models, MiB; 0 where none is known. ``smt``: threads
    that a core runs at most. ``paired``: two cores share a module, which Linux
    takes for one core with two threads. ``usual_ghz``: about the base clock of
    its servers, for where nothing tells another; 0: none is usual.
    """

    name: str
    vendor: str
    since: int
    flops: tuple[tuple[Isa, float], ...]
    source: str
    work: float
    work_source: str
    aliases: tuple[str, ...] = ()
    cpuids: tuple[Cpuid, ...] = ()
    libvirt: tuple[str, ...] = ()
    fma_units: tuple[int, ...] = ()
    cache_mb: float = 0.0
    smt: int = 1
    paired: bool = False
    usual_ghz: float = 0.0

    @property
    def peak(self) -> float:
        """Flop a cycle and core at best."""
        return self.flops[0][1]

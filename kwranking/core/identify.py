# SPDX-License-Identifier: Apache-2.0
"""Which processor is it: facts from anywhere, made one answer that says where each part of it comes from."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace

from kwranking.core import microarchitectures
from kwranking.core.facts import CpuFacts
from kwranking.core.microarchitectures.row import Isa, Microarchitecture, usable
from kwranking.core.processors import naming
from kwranking.core.processors.naming import Named


class Confidence(enum.StrEnum):
    """How sure an index is; the first is the surest."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    NONE = "none"


_ORDER = list(Confidence)


def least(*confidences: Confidence) -> Confidence:
    """The least sure of several; high of none."""
    return _ORDER[max((_ORDER.index(each) for each in confidences), default=0)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A host's processors of one kind, as well as they are known.

    ``microarchitecture`` is ``None`` where only flags are known; then
    ``flops`` is the best that these allow. ``flops``: flop a cycle and core,
    ``isa`` by which instruction set. ``cores``, ``threads``: of the host; untold
    threads are the most that a core runs.
    ``unknown``: why there can be no index, else empty.
    """

    microarchitecture: Microarchitecture | None = None
    isa: Isa | None = None
    flops: float = 0.0
    clock_hz: float = 0.0
    cores: int = 0
    threads: int = 0
    cache_mb: float | None = None
    confidence: Confidence = Confidence.HIGH
    notes: tuple[str, ...] = ()
    unknown: str = ""


_BOUNDS = (
    (Isa.AVX512, 32.0),
    (Isa.FMA, 16.0),
    (Isa.AVX, 8.0),
    (Isa.SSE2, 4.0),
    (Isa.SVE, 16.0),
    (Isa.NEON, 8.0),
    (Isa.LASX, 16.0),
    (Isa.LSX, 8.0),
)
"""The most that any processor with such an instruction set does in a cycle, but those made for nothing else."""


def identify(facts: CpuFacts) -> Identity:
    """The processors that ``facts`` describe; never raises."""
    told = naming.read(facts.name)
    identity = _core(facts, told)
    for step in (_clock, _count):
        if not identity.unknown:
            identity = step(identity, facts, told)
    return identity


def _with(identity: Identity, note: str, confidence: Confidence = Confidence.HIGH) -> Identity:
    notes = (*identity.notes, note) if note else identity.notes
    return replace(identity, notes=notes, confidence=least(identity.confidence, confidence))


def _core(facts: CpuFacts, told: Named) -> Identity:
    """Microarchitecture and flop a cycle. The name goes before the numbers: emulators give the numbers of others."""
    numbered = _numbered(facts)
    given = _given(facts)
    virtual = microarchitectures.libvirt_model(facts.libvirt_model) if facts.libvirt_model.strip() else None
    sure = None if told.weak else told.microarchitecture
    for row, how in (
        (sure, "by its name"),
        (numbered, "by its family and model"),
        (given, "as the record says"),
        (virtual, f"by libvirt's model {facts.libvirt_model}"),
    ):
        if row is not None:
            return _peak(Identity(notes=(f"{row.name} {how}",)), row, facts, told)
    if told.microarchitecture is not None:
        row = told.microarchitecture
        likely = Identity(confidence=Confidence.LOW, notes=(f"likely {row.name}, by its name",))
        return _peak(likely, row, facts, told)
    return _bound(facts)


def _given(facts: CpuFacts) -> Microarchitecture | None:
    """The row that the record names; a "Skylake" in two sockets or with AVX-512 is that of servers."""
    if not facts.microarchitecture.strip():
        return None
    server = (facts.sockets or 1) > 1 or "avx512f" in facts.flags
    of_servers = microarchitectures.named(f"{facts.microarchitecture}-SP") if server else None
    return of_servers or microarchitectures.named(facts.microarchitecture)


def _numbered(facts: CpuFacts) -> Microarchitecture | None:
    if facts.family is None or facts.model is None:
        return None
    return microarchitectures.numbered(facts.vendor, facts.family, facts.model, facts.stepping)


def _peak(identity: Identity, row: Microarchitecture, facts: CpuFacts, told: Named) -> Identity:
    """The row's flop a cycle, by the best instruction set that the flags allow and the units that the model has."""
    flags = facts.flags or (frozenset({"sse2"}) if told.without_avx else frozenset())
    isa, flops = next(((isa, flops) for isa, flops in row.flops if usable(isa, flags)), row.flops[-1])
    if isa != row.flops[0][0]:
        identity = _with(identity, f"{row.flops[0][0]} cannot be used{': its flag is missing' if facts.flags else ''}")
    if isa is Isa.AVX512 and row.fma_units:
        units = told.fma_units if told.fma_units in row.fma_units else None
        if units is None and len(row.fma_units) == 1:
            units = row.fma_units[0]
        if units is None:
            note = "taken for a model with two AVX-512 units; some have one"
            identity = _with(identity, note, Confidence.MEDIUM)
        elif units == 1:
            flops /= 2
            identity = _with(identity, "one AVX-512 unit")
    return replace(identity, microarchitecture=row, isa=isa, flops=flops)


def _bound(facts: CpuFacts) -> Identity:
    """The best that the flags allow: an upper bound, marked so."""
    for isa, flops in _BOUNDS:
        if facts.flags and usable(isa, facts.flags):
            note = f"processor unknown{_quoted(facts)}: at most {flops:g} flop a cycle, by its flags ({isa})"
            return Identity(isa=isa, flops=flops, confidence=Confidence.LOW, notes=(note,))
    if facts.flags:
        return Identity(unknown=f"no row of the table fits{_quoted(facts)}, and no flag tells an instruction set")
    if _quoted(facts):
        return Identity(unknown=f"no row of the table fits{_quoted(facts)}, and there are no flags to go by")
    return Identity(unknown="the record names no processor")


def _quoted(facts: CpuFacts) -> str:
    names = (naming.plain(name) for name in (facts.name, facts.libvirt_model, facts.microarchitecture))
    return next((f" ({name[:80]})" for name in names if name), "")


def _clock(identity: Identity, facts: CpuFacts, told: Named) -> Identity:
    """The one given, else the name's, else the model table's; then what is less sure."""
    row = identity.microarchitecture
    usual_hz = row.usual_ghz * 1e9 if row else 0.0
    for clock_hz, source, confidence in (
        (facts.clock_hz, "given", Confidence.HIGH),
        (told.clock_hz, "by its name", Confidence.HIGH),
        (told.model.clock_hz if told.model else None, "from the table of models", Confidence.HIGH),
        (facts.seen_hz, "as it was read, not the base clock", Confidence.MEDIUM),
        (usual_hz, f"a usual one of {row.name if row else ''}, for none is told", Confidence.LOW),
    ):
        if clock_hz:
            note = f"clock {clock_hz / 1e9:.4g} GHz {source}"
            return _with(replace(identity, clock_hz=clock_hz), note, confidence)
    return replace(identity, unknown=f"nothing tells the clock{_quoted(facts)}")


def _count(identity: Identity, facts: CpuFacts, told: Named) -> Identity:
    """Cores and threads of the host: those told, else those of the name or of the model, else from threads."""
    row = identity.microarchitecture
    cores, threads, smt = facts.cores, facts.threads, row.smt if row else 1
    note, confidence = "", Confidence.HIGH
    if cores and threads and row and row.paired and threads == 2 * cores:
        cores, note = threads, f"the {cores} modules have two cores each"
    elif not cores and told.cores:
        sockets = facts.sockets or max(1, (threads or 0) // (told.cores * smt))
        cores = told.cores * sockets
        note = f"{cores} cores, of {sockets} processor{'s' if sockets > 1 else ''} by the name"
        confidence = Confidence.HIGH if facts.sockets else Confidence.MEDIUM
    elif not cores and threads:
        cores = max(1, threads // smt)
        note, confidence = f"{cores} cores, if each runs {smt} of {threads} threads", Confidence.MEDIUM
        if smt == 1:
            note = f"{cores} cores, one for each thread"
    if not cores:
        return replace(identity, unknown=f"nothing tells how many cores there are{_quoted(facts)}")
    threads = max(threads or cores * smt, cores)
    counted = replace(identity, cores=cores, threads=threads, cache_mb=facts.cache_mb)
    return _with(counted, note, confidence)

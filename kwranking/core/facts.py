# SPDX-License-Identifier: Apache-2.0
"""What is told of a host's processors, from wherever it comes: the input of every estimator."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class CpuFacts:
    """Processors of one kind in a host. Nothing is certain to be told.

    ``name`` as the kernel or a list writes it; ``vendor``, ``family``,
    ``model``, ``stepping`` as :class:`~kwranking.core.microarchitectures.row.Cpuid`
    has them. ``clock_hz`` is a base clock that somebody stands for,
    ``seen_hz`` one that was read at some moment or is the highest.
    ``cores`` and ``threads`` are those of the whole host.
    ``cache_mb`` is the last-level cache of all together, MiB.
    """

    name: str = ""
    vendor: str = ""
    family: int | None = None
    model: int | None = None
    stepping: int = 0
    microarchitecture: str = ""
    libvirt_model: str = ""
    flags: frozenset[str] = frozenset()
    clock_hz: float | None = None
    seen_hz: float | None = None
    sockets: int | None = None
    cores: int | None = None
    threads: int | None = None
    cache_mb: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """A figure that somebody measured: ``value`` in ``unit``, such as flop/s or SPECrate2017_int_base.

    ``at``: when, as it was written; ``origin``: by what or whom.
    """

    value: float
    unit: str
    at: str = ""
    origin: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostFacts:
    """A host: its processors by kind (several where cores differ), its GPUs as they are named, figures declared.

    ``peak_flops`` is the peak of the processors as the record says, in flop/s.
    ``notes`` say what of the record could not be used.
    """

    cpus: tuple[CpuFacts, ...] = ()
    gpus: str = ""
    declared: tuple[Declared, ...] = ()
    peak_flops: float | None = None
    notes: tuple[str, ...] = ()

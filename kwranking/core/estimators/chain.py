# SPDX-License-Identifier: Apache-2.0
"""One answer about a host: the first estimator of a chain that can tell, which it was, and how sure it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kwranking.core import flops, gpus
from kwranking.core.estimators.protocol import FLOPS, Estimate, Estimator, Subject
from kwranking.core.estimators.throughput import Throughput
from kwranking.core.facts import HostFacts
from kwranking.core.identify import Confidence, identify

NOBODY = "none"
"""In place of an estimator's name, where none could tell."""
DEFAULT = ("declared", "theoretical")


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """What a host can compute.

    ``cpu_flops`` and ``gpu_flops`` are theoretical peaks in flop/s, ``flops``
    is the figure of the first estimator of the chain that tells flop/s, and
    else both peaks together; ``throughput`` is in reference cores. ``value`` in
    ``unit`` is what ranks: that of ``estimator``, as sure as ``confidence``.
    """

    cpu_flops: float | None
    gpu_flops: float | None
    flops: float | None
    throughput: float | None
    value: float | None
    unit: str
    estimator: str
    confidence: Confidence
    note: str


def index(facts: HostFacts, chain: Sequence[Estimator]) -> Index:
    """The host's index by the first estimator of ``chain`` that has one.

    Estimators of different units must not stand in one chain: their indices
    cannot be compared (:func:`units`).
    """
    subject = Subject(facts=facts, identities=tuple(identify(cpu) for cpu in facts.cpus), gpus=gpus.read(facts.gpus))
    computed = flops.peak(subject.identities)
    cpu_flops = facts.peak_flops if computed is None else computed
    gpu_flops = None if subject.gpus.unknown and not subject.gpus.known else subject.gpus.flops
    chosen, estimate = _first(subject, chain)
    measured = estimate.value if estimate.unit == FLOPS else None
    both = cpu_flops + (gpu_flops or 0.0) if cpu_flops is not None else None
    return Index(
        cpu_flops=cpu_flops,
        gpu_flops=gpu_flops,
        flops=both if measured is None else measured,
        throughput=Throughput().estimate(subject).value,
        value=estimate.value,
        unit=estimate.unit,
        estimator=chosen,
        confidence=estimate.confidence,
        note=_note(subject, estimate),
    )


def units(chain: Sequence[Estimator]) -> set[str]:
    """The units of the chain's estimators; a chain that ranks has one."""
    return {estimator.unit for estimator in chain}


def _first(subject: Subject, chain: Sequence[Estimator]) -> tuple[str, Estimate]:
    estimate = Estimate(value=None, unit=FLOPS, confidence=Confidence.NONE, notes=("no estimator is chosen",))
    for estimator in chain:
        estimate = estimator.estimate(subject)
        if estimate.value is not None:
            return estimator.name, estimate
    return NOBODY, estimate


def _note(subject: Subject, estimate: Estimate) -> str:
    """Everything that whoever doubts the index wants to know, in one line."""
    parts = list(subject.facts.notes)
    if estimate.value is None:
        parts.append(f"unknown because {'; '.join(estimate.notes)}")
    else:
        parts += estimate.notes
    parts += [note for identity in subject.identities for note in identity.notes]
    if subject.gpus.unknown:
        parts.append(f"GPU not in the table: {', '.join(subject.gpus.unknown)}")
    return "; ".join(dict.fromkeys(parts))

# SPDX-License-Identifier: Apache-2.0
"""Peak rate in double precision, of processors and GPUs."""

from __future__ import annotations

from kwranking.core import flops
from kwranking.core.estimators.protocol import FLOPS, Estimate, Subject, unknown
from kwranking.core.identify import Confidence, least


class Theoretical:
    """Cores x base clock x flop a cycle (:mod:`kwranking.core.flops`), and the peaks of known GPUs.

    Where that cannot be told, a peak that the record tells is believed.
    """

    name = "theoretical"
    unit = FLOPS

    def estimate(self, subject: Subject) -> Estimate:
        """Flop/s of the host."""
        cpu = flops.peak(subject.identities)
        notes: tuple[str, ...] = ()
        confidence = least(*(identity.confidence for identity in subject.identities))
        if cpu is None:
            why = unknown(subject.identities)
            cpu = subject.facts.peak_flops
            if cpu is None:
                return Estimate(value=None, unit=FLOPS, confidence=Confidence.NONE, notes=(why,))
            confidence, notes = Confidence.MEDIUM, (f"peak as the record says, for {why}",)
        if subject.gpus.unknown:
            confidence = least(confidence, Confidence.MEDIUM)
        return Estimate(value=cpu + subject.gpus.flops, unit=FLOPS, confidence=confidence, notes=notes)

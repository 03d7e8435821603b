# SPDX-License-Identifier: Apache-2.0
"""What an estimator is shown, and what it answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from kwranking.core.facts import HostFacts
from kwranking.core.gpus import Gpus
from kwranking.core.identify import Confidence, Identity

FLOPS = "flop/s"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A host: what was told, and what could be made of it."""

    facts: HostFacts
    identities: tuple[Identity, ...]
    gpus: Gpus


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """An index: ``value`` in ``unit``, greater is better; indices of different units cannot be compared.

    ``value`` is ``None`` where there is none, and ``notes`` then say why.
    """

    value: float | None
    unit: str
    confidence: Confidence
    notes: tuple[str, ...] = ()


class Estimator(Protocol):
    """A way to say what a host can compute. Made without arguments."""

    name: str
    unit: str

    def estimate(self, subject: Subject) -> Estimate:
        """The host's index; its value is ``None`` where this way cannot tell."""
        ...


def unknown(identities: Sequence[Identity]) -> str:
    """Why there is no index of these processors, or nothing."""
    if not identities:
        return "the record names no processor"
    return next((identity.unknown for identity in identities if identity.unknown), "")

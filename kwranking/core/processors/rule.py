# SPDX-License-Identifier: Apache-2.0
"""How a maker's naming tells the microarchitecture: a row of the tables of names."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NameRule:
    """A processor whose name ``pattern`` finds has the microarchitecture of this name.

    ``fma_units``: its AVX-512 units, where the name decides. ``weak``: the name
    says little, so that the processor's own numbers are believed before it.
    """

    pattern: re.Pattern[str]
    microarchitecture: str
    fma_units: int | None = None
    weak: bool = False

    @property
    def by_clock(self) -> bool:
        """Whether the pattern looks at the clock; numbers of clocks look like those of models to all others."""
        return "hz" in self.pattern.pattern


def rules(*rows: tuple[str, str], fma_units: int | None = None, weak: bool = False) -> tuple[NameRule, ...]:
    """Rules of (pattern, microarchitecture), alike in the rest; case does not matter."""
    return tuple(NameRule(re.compile(pattern, re.IGNORECASE), name, fma_units, weak) for pattern, name in rows)

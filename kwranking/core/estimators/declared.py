# SPDX-License-Identifier: Apache-2.0
"""What a benchmark measured, as the operator entered it or a job uploaded it."""

from __future__ import annotations

from kwranking.core.estimators.protocol import FLOPS, Estimate, Subject
from kwranking.core.identify import Confidence


class Declared:
    """The figure declared in ``unit``: flop/s of HPL, unless it is made for another.

    Figures in other units are no flop/s and do not count.
    """

    name = "declared"

    def __init__(self, unit: str = FLOPS) -> None:
        self.unit = unit

    def estimate(self, subject: Subject) -> Estimate:
        """The last of the figures in this unit; nobody but its origin knows how sure it is, so it is taken as sure."""
        wanted = self.unit.casefold()
        figures = [figure for figure in subject.facts.declared if figure.unit.strip().casefold() == wanted]
        if not figures:
            others = ", ".join(sorted({figure.unit for figure in subject.facts.declared}))
            why = f"nothing is declared in {self.unit}" + (f", only in {others}" if others else "")
            return Estimate(value=None, unit=self.unit, confidence=Confidence.NONE, notes=(why,))
        figure = figures[-1]
        origin = f"declared{f' by {figure.origin}' if figure.origin else ''}{f', {figure.at}' if figure.at else ''}"
        return Estimate(value=figure.value, unit=self.unit, confidence=Confidence.HIGH, notes=(origin,))

# SPDX-License-Identifier: Apache-2.0
"""The directives ``microarchitectures`` and ``gpu-peaks``: what is known of processors, from ``kwranking.core``."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from kwranking.core import gpus
from kwranking.core.microarchitectures import TABLE
from kwranking.core.microarchitectures.row import Microarchitecture


def processors() -> str:
    """A list table (reStructuredText) of the rows, by vendor, the oldest first."""
    ordered = sorted(TABLE, key=lambda row: (row.vendor.casefold(), row.since, row.name))
    lines = _head(
        (11, 21, 18, 8, 42), "Vendor, since", "Name, also called", "Flop a cycle and core", "Work a cycle", "Source"
    )
    for row in ordered:
        also = f"; {', '.join(row.aliases)}" if row.aliases else ""
        lines += _row(
            f"{row.vendor}, {row.since}",
            f"**{_plain(row.name)}**{_plain(also)}",
            flops(row),
            f"{row.work:g}",
            _plain(f"{row.source}. Work: {row.work_source}"),
        )
    return "\n".join(lines)


def flops(row: Microarchitecture) -> str:
    """Such as ``32 (AVX-512; 16 with one unit), 16 (AVX with FMA)``."""
    one_unit = f"; {row.peak / 2:g} with one unit" if 1 in row.fma_units else ""
    only = "; one unit" if row.fma_units == (1,) else ""
    told = []
    for place, (isa, each) in enumerate(row.flops):
        if place == 0 and only:
            told.append(f"{each / 2:g} ({isa}{only})")
        else:
            told.append(f"{each:.4g} ({isa}{one_unit if place == 0 else ''})")
    return ", ".join(told)


def boards() -> str:
    """A list table of GPUs with their peaks, by source."""
    lines = _head((70, 30), "Source", "Board, Tflop/s")
    for source, found in groupby(gpus.TABLE, key=lambda gpu: gpu.source):
        lines += _row(_plain(source), ", ".join(f"{gpu.name} {gpu.flops / gpus.TERA:.3g}" for gpu in found))
    return "\n".join(lines)


def _head(widths: Sequence[int], *titles: str) -> list[str]:
    lines = [".. list-table::", "   :header-rows: 1", f"   :widths: {' '.join(map(str, widths))}", ""]
    return lines + _row(*titles)


def _row(*cells: str) -> list[str]:
    return [f"   {'* -' if place == 0 else '  -'} {cell}" for place, cell in enumerate(cells)]


def _plain(text: str) -> str:
    """A text in which no sign means anything to reStructuredText."""
    return "".join(f"\\{sign}" if sign in "*`_|\\" else sign for sign in text)


class Microarchitectures(SphinxDirective):
    """Puts the table of processors on the page."""

    def run(self) -> list[nodes.Node]:
        """The table's nodes."""
        return self.parse_text_to_nodes(processors())


class Gpus(SphinxDirective):
    """Puts the table of GPUs on the page."""

    def run(self) -> list[nodes.Node]:
        """The table's nodes."""
        return self.parse_text_to_nodes(boards())


def setup(app: Sphinx) -> dict[str, bool]:
    """Register both directives."""
    app.add_directive("microarchitectures", Microarchitectures)
    app.add_directive("gpu-peaks", Gpus)
    return {"parallel_read_safe": True}

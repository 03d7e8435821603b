# SPDX-License-Identifier: Apache-2.0
"""The directive ``climate-limits``: every limit with its default and its range, from ``climate.core.limits``."""

from __future__ import annotations

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from climate.core.limits import LIMITS, Limit


def table() -> str:
    """A list table (reStructuredText) of all limits, in their order."""
    lines = [
        ".. list-table::",
        "   :header-rows: 1",
        "   :widths: 22 14 20 44",
        "",
        "   * - Limit",
        "     - Default",
        "     - May be",
        "     - Meaning",
    ]
    for limit in LIMITS:
        lines += [
            f"   * - ``{limit.name}``",
            f"     - {limit.default}",
            f"     - {_range(limit)}",
            f"     - {limit.description}",
        ]
    return "\n".join(lines)


def _range(limit: Limit) -> str:
    return f"{limit.least} to {limit.most}{', or -1' if limit.endless else ''}"


class Limits(SphinxDirective):
    """Puts the table on the page."""

    def run(self) -> list[nodes.Node]:
        """The table's nodes."""
        return self.parse_text_to_nodes(table())


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("climate-limits", Limits)
    return {"parallel_read_safe": True}

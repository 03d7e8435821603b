# SPDX-License-Identifier: Apache-2.0
"""The directive ``climate-exits``: what each exit status of a command means, from ``climate.cli.failures``."""

from __future__ import annotations

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from climate.cli.failures import MEANINGS


def table() -> str:
    """A list table (reStructuredText) of all statuses."""
    rows = [f"   * - {int(status)}\n     - {meaning}" for status, meaning in MEANINGS.items()]
    return "\n".join([".. list-table::", "   :header-rows: 1", "", "   * - Status", "     - Meaning", *rows])


class Exits(SphinxDirective):
    """Puts the table on the page."""

    def run(self) -> list[nodes.Node]:
        """The table's nodes."""
        return self.parse_text_to_nodes(table())


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("climate-exits", Exits)
    return {"parallel_read_safe": True}

# SPDX-License-Identifier: Apache-2.0
"""The directive ``climate-properties``: the standard properties, from ``climate.core.host_properties.catalogue``."""

from __future__ import annotations

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from climate.core.host_properties.catalogue import STANDARD


def table(identifies_host: bool) -> str:
    """A list table (reStructuredText) of the properties that tell hosts apart, or of the others."""
    lines = [
        ".. list-table::",
        "   :header-rows: 1",
        "   :widths: 30 12 10 48",
        "",
        "   * - Name",
        "     - Type",
        "     - Unit",
        "     - Meaning",
    ]
    for one in STANDARD.values():
        if one.identifies_host is identifies_host:
            several = "; holds several names, and equals each" if one.several else ""
            lines += [
                f"   * - ``{one.name}``",
                f"     - {one.kind}",
                f"     - {one.unit}",
                f"     - {one.description}{several}",
            ]
    return "\n".join(lines)


class Properties(SphinxDirective):
    """Puts one of the two tables on the page: argument ``tenants`` or ``operators``."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """The table's nodes."""
        return self.parse_text_to_nodes(table(identifies_host=self.arguments[0] == "operators"))


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("climate-properties", Properties)
    return {"parallel_read_safe": True}

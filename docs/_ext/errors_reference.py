# SPDX-License-Identifier: Apache-2.0
"""The directive ``climate-errors``: every error code, from ``climate.errors`` and the table of statuses."""

from __future__ import annotations

import inspect

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from climate import errors
from climate.chassis.web import faults


def table() -> str:
    """A list table (reStructuredText) of all codes, by status and code."""
    kinds = [
        thing for thing in vars(errors).values() if inspect.isclass(thing) and issubclass(thing, errors.ClimateError)
    ]
    lines = [
        ".. list-table::",
        "   :header-rows: 1",
        "   :widths: 10 35 55",
        "",
        "   * - Status",
        "     - Code",
        "     - Meaning",
    ]
    for kind in sorted(kinds, key=lambda kind: (faults.STATUS[kind.kind], kind.error_code)):
        lines += [
            f"   * - {faults.STATUS[kind.kind]}",
            f"     - ``{kind.error_code}``",
            f"     - {kind.default_message}",
        ]
    return "\n".join(lines)


class Errors(SphinxDirective):
    """Puts the table on the page."""

    def run(self) -> list[nodes.Node]:
        """The table's nodes."""
        return self.parse_text_to_nodes(table())


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("climate-errors", Errors)
    return {"parallel_read_safe": True}

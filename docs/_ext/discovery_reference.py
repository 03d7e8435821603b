# SPDX-License-Identifier: Apache-2.0
"""The directive ``snmp-discovery``: the options and statuses of ``kwapi-drivers --discover``, from its parser."""

from __future__ import annotations

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from kwapi.manager.wanted import Outcome, parser


def options() -> str:
    """A table (reStructuredText) of the options, and one of the exit statuses."""
    rows = [".. list-table::", "   :header-rows: 1", "   :widths: 35 65", "", "   * - Option", "     - Meaning"]
    for action in parser("kwapi-drivers")._actions:
        if action.dest != "help":
            value = (
                "" if action.nargs == 0 else f" {action.metavar or '|'.join(action.choices or [action.dest.upper()])}"
            )
            rows += [f"   * - ``{action.option_strings[0]}{value}``", f"     - {action.help}"]
    rows += ["", ".. list-table::", "   :header-rows: 1", "   :widths: 15 85", "", "   * - Status", "     - Meaning"]
    for outcome in Outcome:
        rows += [f"   * - {int(outcome)}", f"     - {outcome.meaning}"]
    return "\n".join(rows)


class Discovery(SphinxDirective):
    """Puts the tables on the page."""

    def run(self) -> list[nodes.Node]:
        """The tables' nodes."""
        return self.parse_text_to_nodes(options())


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("snmp-discovery", Discovery)
    return {"parallel_read_safe": True}

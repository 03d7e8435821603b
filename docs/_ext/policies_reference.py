# SPDX-License-Identifier: Apache-2.0
"""The directive ``climate-policies``: every rule of oslo.policy with its default, from ``climate.api.policies``."""

from __future__ import annotations

from docutils import nodes
from oslo_policy import policy
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from climate.api.policies import list_rules


def rules() -> str:
    """A definition list (reStructuredText) of all rules."""
    lines: list[str] = []
    for rule in list_rules():
        lines += [f"``{rule.name}``", f"   {rule.description}", "", f"   Default: ``{rule.check_str}``", ""]
        if isinstance(rule, policy.DocumentedRuleDefault):
            calls = ", ".join(f"``{one['method']} {one['path']}``" for one in rule.operations)
            lines += [f"   Asked at: {calls}", ""]
    return "\n".join(lines)


class Policies(SphinxDirective):
    """Puts all rules on the page."""

    def run(self) -> list[nodes.Node]:
        """The list's nodes."""
        return self.parse_text_to_nodes(rules())


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("climate-policies", Policies)
    return {"parallel_read_safe": True}

# SPDX-License-Identifier: Apache-2.0
"""A contract for import-linter: these packages import only what is listed.

A list of what a core must *not* import is never complete; this is the list of
what it may.
"""

from __future__ import annotations

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class OnlyContract(Contract):
    """``importers`` and all modules below may import themselves and ``allowed`` (with all below), nothing else."""

    type_name = "only"

    importers = fields.ListField(subfield=fields.StringField())
    allowed = fields.ListField(subfield=fields.StringField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Direct imports are enough: what is allowed of our own has a contract of its own."""
        roots: list[str] = list(self.importers)  # type: ignore[call-overload]
        welcome = [*roots, *self.allowed]  # type: ignore[misc]
        modules = [module for root in roots for module in (root, *graph.find_descendants(root))]
        wrong = [
            detail
            for module in modules
            for imported in sorted(graph.find_modules_directly_imported_by(module))
            if not any(imported == name or imported.startswith(name + ".") for name in welcome)
            for detail in graph.get_import_details(importer=module, imported=imported)
        ]
        return ContractCheck(kept=not wrong, metadata={"wrong": wrong})

    def render_broken_contract(self, check: ContractCheck) -> None:
        for detail in check.metadata["wrong"]:
            place = f"{detail['importer']}:{detail['line_number']}"
            output.print_error(f"{place} imports {detail['imported']}: {detail['line_contents']}", bold=False)

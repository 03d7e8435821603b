# SPDX-License-Identifier: Apache-2.0
"""The directive ``climate-manage-commands``: what each command of climate-manage takes, from its own parser."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from climate.cmd import manage

PROGRAM = "climate-manage --config-file FILE"


def commands() -> Iterator[argparse.ArgumentParser]:
    """Every command, in the order in which the program lists them."""
    root = argparse.ArgumentParser(prog=PROGRAM, usage=PROGRAM)
    manage.commands(root.add_subparsers())
    waiting = [root]
    while waiting:
        parser = waiting.pop(0)
        inner = [action.choices for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
        if inner:
            waiting = [*inner[0].values(), *waiting]
        else:
            yield parser


def helps() -> Iterator[str]:
    """What each command says of itself, in lines that fit the page wherever it is built."""
    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = "100"
    try:
        yield from [command.format_help() for command in commands()]
    finally:
        if before is None:
            del os.environ["COLUMNS"]
        else:
            os.environ["COLUMNS"] = before


class Commands(SphinxDirective):
    """Puts the help texts on the page."""

    def run(self) -> list[nodes.Node]:
        """A literal block for each command."""
        return [nodes.literal_block(text, text, language="text") for text in helps()]


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("climate-manage-commands", Commands)
    return {"parallel_read_safe": True}

# SPDX-License-Identifier: Apache-2.0
"""The program ``climate``."""

from __future__ import annotations

import argparse
import functools
import importlib.metadata
import io
import logging
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, TextIO

from cliff import app, commandmanager, complete

from climate.cli import session
from climate.cli.failures import Exit

if TYPE_CHECKING:
    from climate.client import Client

DISTRIBUTION: Final = "climate"
GROUP: Final = "openstack.climate.v1"
"""The entry points of the commands, as OpenStackClient looks for them: with the service's name before each."""

_PREFIX: Final = "climate_"
_PIPE_CLOSED: Final = 141


class Commands(commandmanager.CommandManager):
    """The commands of this distribution, without the service's name before each.

    It reads one distribution's entry points instead of all that are
    installed, which takes most of the time in which a program of cliff starts.
    """

    def load_commands(self, namespace: str) -> None:
        """Make the commands of an entry point group known, without importing them."""
        points = importlib.metadata.distribution(DISTRIBUTION).entry_points.select(group=namespace)
        for point in sorted(points, key=lambda point: point.name):
            self.commands[point.name.removeprefix(_PREFIX).replace("_", " ")] = point


class _Words(argparse.Action):
    """Stands for an option in what bash completes."""

    def __call__(self, *_: Any) -> None:
        """It is never given."""


class Complete(complete.CompleteCommand):
    """Print what bash needs to complete commands and their options

    Put it where bash looks for completions, such as
    ~/.local/share/bash-completion/completions/climate.
    """

    def get_actions(self, command: list[str]) -> list[argparse.Action]:
        """The options of a command; before them the commands that begin with it, or bash would not see those."""
        below = [
            name.split()[len(command) :]
            for name, _ in self.app.command_manager
            if name.split()[: len(command)] == command
        ]
        words = sorted({words[0] for words in below if words})
        return [*([_Words(words, "")] if words else []), *super().get_actions(command)]


class Connections:
    """Stands for OpenStackClient's manager of clients; its client is made when a command first asks for it."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options

    @functools.cached_property
    def climate(self) -> Client:
        """The client.

        :raises Unusable: nothing says whom to ask.
        """
        return session.connect(self._options, os.environ)


class Shell(app.App):
    """The program: its own options, and the commands."""

    NAME = "climate"

    def __init__(self, stdin: TextIO | None = None, stdout: TextIO | None = None, stderr: TextIO | None = None) -> None:
        super().__init__(
            "Reserve whole hosts: ask, look, confirm, change, give back.",
            importlib.metadata.version(DISTRIBUTION),
            Commands(GROUP),
            stdin,
            stdout,
            stderr,
            deferred_help=True,  # else --help behind a command is about the program
        )
        self.command_manager.add_command("complete", Complete)

    def build_option_parser(
        self, description: str | None, version: str | None, argparse_kwargs: dict[str, Any] | None = None
    ) -> argparse.ArgumentParser:
        """The options of the program, which may stand anywhere; abbreviated they would catch those of commands."""
        parser = super().build_option_parser(description, version, {"allow_abbrev": False, "prog": self.NAME})
        session.add_options(parser)
        return parser

    def configure_logging(self) -> None:
        """Warnings of libraries go to stderr; with ``-v`` all that they have to say."""
        level = logging.DEBUG if self.options.verbose_level > 1 or self.options.debug else logging.WARNING
        logging.basicConfig(level=level, stream=self.stderr, format="%(name)s: %(message)s")

    def initialize_app(self, argv: list[str]) -> None:
        """Called by cliff before a command runs."""
        self.client_manager = Connections(self.options)

    def interact(self) -> None:
        """No prompt: whoever gives no command is shown which there are."""
        self.parser.error("Which command? `climate help` lists them.")

    def run_subcommand(self, argv: list[str]) -> int:
        """Run a command; what is none is said on stderr, with those that are near."""
        try:
            self.command_manager.find_command(argv)
        except ValueError:
            near = "".join(f"\n  climate {name}" for name in self.get_fuzzy_matches(argv[0]))
            self.stderr.write(f"climate: {argv[0]!r} begins no command. Near ones:{near}\n")
            return Exit.USAGE
        return int(super().run_subcommand(argv))


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program; its exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a name may hold letters that the terminal has not
    status = Shell().run(list(sys.argv[1:] if argv is None else argv))
    if status == _PIPE_CLOSED:  # the interpreter would complain about what it could not write
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return status

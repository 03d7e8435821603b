# SPDX-License-Identifier: Apache-2.0
"""What all commands have in common: the client, how they show answers, and how they end when something fails."""

from __future__ import annotations

import argparse
import traceback
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from cliff import command, lister, show

from climate.cli import failures, shown

if TYPE_CHECKING:
    from climate.client import Client

Table = tuple[Sequence[str], Iterable[Sequence[Any]]]
Fields = tuple[Sequence[str], Sequence[Any]]


class _Speaking(command.Command):
    """A command that asks the service."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """The parser of the command's own words."""
        parser = super().get_parser(prog_name)
        parser.formatter_class = argparse.RawDescriptionHelpFormatter  # the paragraphs of a docstring stay apart
        return parser

    def get_epilog(self) -> str:
        """What stands below the help: whose command it is, where the program is another's than ours."""
        # cliff looks through all installed packages for that, at each start; here the answer is known.
        ours = type(self.app).__module__.startswith("climate.")
        return "" if ours else super().get_epilog()

    @property
    def client(self) -> Client:
        """The client; made when it is first asked for."""
        app: Any = self.app
        client: Client = app.client_manager.climate
        return client

    def say(self, line: str) -> None:
        """A line for people, beside the answer: on stderr."""
        self.app.stderr.write(line + "\n")
        self.app.stderr.flush()

    def run(self, parsed_args: argparse.Namespace) -> int:
        """Run the command; what can be foreseen to go wrong becomes a sentence and an exit status."""
        try:
            return super().run(parsed_args)
        except failures.Foreseen as error:
            return self.failed(error)

    def failed(self, error: BaseException) -> failures.Exit:
        """Say what went wrong; with ``--debug``, also where. The status with which to end."""
        if getattr(self.app.options, "debug", False):
            self.app.stderr.write("".join(traceback.format_exception(error)))
        self.app.stderr.write(f"climate: {failures.told(error)}")
        return failures.status_of(error)


class Command(_Speaking):
    """A command without an answer to show; it ends with what ``take_action`` returns."""

    def each(self, things: Iterable[str], act: Callable[[str], object]) -> failures.Exit:
        """Do something to each of several things, whatever becomes of the others; the status of the first failure."""
        status = failures.Exit.DONE
        for thing in things:
            try:
                act(thing)
            except failures.Foreseen as error:
                failed = self.failed(error)
                status = status or failed
        return status


class ShowOne(_Speaking, show.ShowOne):
    """A command that shows one answer."""

    def shown(self, parsed_args: argparse.Namespace, answer: shown.Answer) -> Fields:
        """What ``take_action`` returns for an answer of the service; people need not look at what is empty."""
        form = parsed_args.formatter
        names = shown.names_of([answer], form)
        if form == shown.PEOPLE and not parsed_args.columns:
            names = [name for name in names if answer[name] not in (None, "", [], {})]
        return names, shown.row(answer, names, form)


class Lister(_Speaking, lister.Lister):
    """A command that shows many answers."""

    def listed(
        self, parsed_args: argparse.Namespace, answers: Iterable[shown.Answer], brief: Sequence[str], shape: type
    ) -> Table:
        """What ``take_action`` returns for answers of the service.

        People see the fields ``brief``, unless they choose columns; programs
        see all. ``shape`` is the answer's type, which has the fields that
        there are even where there is no answer.
        """
        form = parsed_args.formatter
        kept = list(answers)
        names: Sequence[str] = brief
        if form != shown.PEOPLE or parsed_args.columns:
            names = shown.names_of(kept, form) or sorted(shape.__required_keys__, key=list(shape.__annotations__).index)  # type: ignore[attr-defined]
        return names, [shown.row(answer, names, form) for answer in kept]


def count(text: str) -> int:
    """A whole number above 0, for argparse."""
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number above 0")
    return int(text)

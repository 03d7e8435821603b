# SPDX-License-Identifier: Apache-2.0
"""The commands about probes, for administrators: what they say now, and what they have counted."""

from __future__ import annotations

import argparse
import datetime as dt
import math
import textwrap
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from keystoneauth1 import exceptions as keystone

from climate.cli import meters, probe_table, shown
from climate.cli.command import Command, Fields, Lister, ShowOne, Table, count
from climate.cli.failures import Exit, Unusable
from climate.cli.gantt import Style
from climate.cli.session import ENERGY_ENDPOINT
from climate.cli.terminal import Terminal, terminal_of
from climate.cli.watched import ORDERS, Watched
from climate.cli.watching import watch

_BRIEF: Final = ("probe", "watts", "kWh", "coverage", "age", "marks", "trouble")
_LONG: Final = ("probe", "watts", "volts", "amperes", "kWh", "coverage", "timestamp", "age", "marks", "trouble")
_NUMBERS: Final = ("watts", "volts", "amperes", "kWh", "coverage", "age")
_TROUBLE: Final = 72  # how much of a sentence has room in a table; probe show has all of it
_OLD: Final = frozenset({meters.SILENT, meters.REPEATING})


class Metering:
    """A command that asks kwapi-api."""

    def failed(self, error: BaseException) -> Exit:
        """As other commands, but for who is not found."""
        if isinstance(error, keystone.EndpointNotFound):
            error = Unusable(
                "Nothing says where the energy service is: the cloud's catalogue does not name it here. "
                f"Choose another region, give --energy-endpoint, or set {ENERGY_ENDPOINT}."
            )
        return super().failed(error)  # type: ignore[misc, no-any-return]

    def _probes(self, prefix: str) -> dict[str, Any]:
        """The probes under a prefix, with those that were never heard because their devices are not well."""
        probes = meters.concerned(self.client.probes.listing(prefix))  # type: ignore[attr-defined]
        return {name: one for name, one in probes.items() if f"{name}/".startswith(prefix)}


class List(Metering, Lister):
    """List probes, with their power and energy

    Marks say what is special: silent (its numbers are old), stale (the device
    repeats an old value), implausible (the last reading is not believed); and
    if its device is not well, how that is: failing, stuck, slow, waiting, or
    that it tells nothing of this probe: missing. The trouble is named beside it.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            "--prefix", metavar="PREFIX", default="", help="only those whose names begin so, as lyon/rack-1/"
        )
        parser.add_argument(
            "--stale", action="store_true", help="only those that are silent, repeat an old value, or are in trouble"
        )
        parser.add_argument("--long", action="store_true", help="with more columns")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Table:
        given = parsed_args
        probes = self._probes(given.prefix)
        if given.stale:
            probes = {name: one for name, one in probes.items() if one.get("device") or _OLD & {*meters.marks(one)}}
        kept = list(_shown(probes, given.formatter).values())
        for one in kept:
            one.pop("device", None)  # with all its probes, which have lines of their own
            if given.formatter == shown.PEOPLE and one["trouble"]:
                one["trouble"] = textwrap.shorten(one["trouble"], _TROUBLE, placeholder=" ...")
        columns: Sequence[str] = _LONG if given.long else _BRIEF
        if given.formatter == shown.PEOPLE:
            line_up(kept, _NUMBERS)
            columns = columns if any(one["trouble"] for one in kept) else columns[:-1]
        return self.listed(given, kept, columns, meters.Meter)


class Show(Metering, ShowOne):
    """Show all that is known of a probe

    What was really used since it was first heard lies between kWh_lower and
    kWh_upper: nobody measured in the gaps.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument("probe", metavar="PROBE", help="its name, as lyon/rack-1/pdu-3/4")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Fields:
        name = parsed_args.probe
        return self.shown(parsed_args, _shown({name: self.client.probes.get(name)}, parsed_args.formatter)[name])


class Watch(Metering, Command):
    """Watch the power of probes, the greediest first, until Ctrl-C

    Each line shows the last minute, between the least and the greatest power
    in it. What stands out has a ! before it. Where this is no terminal, each
    look is a line for each probe.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            "prefix", metavar="PREFIX", nargs="*", help="only probes whose names begin so (default: all)"
        )
        parser.add_argument("--sort", choices=tuple(ORDERS), default="watts", help="what comes first (default: watts)")
        parser.add_argument(
            "--interval", metavar="SECONDS", type=_interval, default=1.0, help="time between two looks (default: 1)"
        )
        parser.add_argument("--count", metavar="COUNT", type=count, help="end after so many looks")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> int:
        terminal = terminal_of(self.app.stdout)
        watched = Watched(parsed_args.interval, parsed_args.sort)

        def draw() -> Sequence[str]:
            watched.take(self._look(parsed_args.prefix or [""]))
            return _drawn(watched, terminal)

        watch(terminal, draw, parsed_args.interval, self.say, count=parsed_args.count)
        return Exit.DONE

    def _look(self, prefixes: Sequence[str]) -> dict[str, Any]:
        return {name: one for prefix in prefixes for name, one in self._probes(prefix).items()}


def _shown(probes: Mapping[str, Any], form: str) -> dict[str, dict[str, Any]]:
    """Probes as one of cliff's formats has them."""
    now = time.time()
    found = {name: meters.meter(name, probe, now) for name, probe in probes.items()}
    return {name: meters.in_words(one) if form == shown.PEOPLE else {**one} for name, one in found.items()}


def line_up(rows: Sequence[dict[str, Any]], names: Iterable[str]) -> None:
    """Put the points of numbers that stand below each other in one column."""
    for column in names:
        width = max(len(column), *(len(row[column] or "") for row in rows)) if rows else 0
        for row in rows:
            row[column] = (row[column] or "").rjust(width)


def _drawn(watched: Watched, terminal: Terminal) -> list[str]:
    if not terminal.live:
        return probe_table.plain(watched, dt.datetime.now().astimezone().isoformat("T", "seconds"))
    width, height = terminal.size
    style = Style(terminal.signs, terminal.colour)
    return probe_table.table(watched, now=time.time(), width=width, height=height, style=style)


def _interval(text: str) -> float:
    """Seconds above 0, for argparse."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0.1 <= seconds <= 3_600:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds from 0.1 to 3600")
    return seconds

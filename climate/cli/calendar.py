# SPDX-License-Identifier: Apache-2.0
"""The commands about time: a chart of the leases, and the same as a list."""

from __future__ import annotations

import argparse
import datetime as dt
import itertools
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from climate.cli import gantt
from climate.cli.command import Command, Lister, Table, count
from climate.cli.gantt import Bar, Row
from climate.cli.terminal import Terminal, terminal_of
from climate.cli.watching import watch
from climate.client import times
from climate.client.calendar import Entry
from climate.client.hosts import Host

_SPAN: Final = "7d"
_PAST: Final = 1 / 24  # of the span, to the left of now
_EVERY_S: Final = 2
_ID: Final = 8  # characters of a lease's id that stand for it where it has no name
_CALLED_OFF: Final = ("cancelled", "expired")
_COLUMNS: Final = ("lease_id", "name", "state", "start_at", "end_at", "quantity")


def add_time(parser: argparse.ArgumentParser) -> None:
    """The options that say which time is looked at."""
    parser.add_argument("--start", metavar="TIME", help=f"from when on (default: about now): {times.FORMS}")
    end = parser.add_mutually_exclusive_group()
    end.add_argument("--end", metavar="TIME", help="until when, written likewise")
    end.add_argument("--span", metavar="TIME", default=_SPAN, help=f"or how much time: 12h, 28d (default: {_SPAN})")


def period(given: argparse.Namespace, now: float) -> tuple[int, int]:
    """The time that the options of :func:`add_time` mean at ``now``, in epoch seconds."""
    span_s = times.seconds(given.span, "--span")
    start = int(now - span_s * _PAST) if given.start is None else times.instant(given.start, now, "--start")
    return start, start + span_s if given.end is None else times.instant(given.end, now, "--end")


class Draw(Command):
    """Draw a chart of the leases in time

    Yours; for administrators those of all projects, or all hosts. Times are
    those of your machine.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        add_time(parser)
        parser.add_argument(
            "--by", choices=("lease", "host"), default="lease", help="what a row is; hosts are for administrators"
        )
        parser.add_argument("--all", action="store_true", help="also leases that were cancelled, or never confirmed")
        parser.add_argument("--utc", action="store_true", help="show times in UTC")
        parser.add_argument(
            "--watch",
            metavar="SECONDS",
            nargs="?",
            type=count,
            const=_EVERY_S,
            help=f"draw it again every so many seconds (default: {_EVERY_S}), until Ctrl-C",
        )
        parser.add_argument(
            "--color",
            choices=("auto", "always", "never"),
            default="auto",
            help="colours (auto: on a terminal, unless NO_COLOR is set)",
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> int:
        terminal = terminal_of(self.app.stdout, colour=parsed_args.color)
        if parsed_args.watch is None:
            terminal.write("".join(f"{line}\n" for line in self._chart(parsed_args, terminal)))
            return 0

        def draw() -> Sequence[str]:
            if terminal.live:
                return list(self._chart(parsed_args, terminal, terminal.size[1]))
            return [*self._chart(parsed_args, terminal), ""]

        watch(terminal, draw, parsed_args.watch, self.say)
        return 0

    def _chart(self, given: argparse.Namespace, terminal: Terminal, height: int | None = None) -> Iterable[str]:
        now = time.time()
        start, end = period(given, now)
        found = self.client.calendar.list(start=start, end=end)
        entries = [entry for entry in found if given.all or entry["state"] not in _CALLED_OFF]
        rows = list(by_lease(entries) if given.by == "lease" else by_host(entries, self.client.hosts.list()))
        if not rows:
            return ["There is no lease in this time."]
        return gantt.chart(
            rows,
            start_at=start,
            end_at=end,
            now=now,
            width=terminal.size[0],
            style=gantt.Style(terminal.signs, terminal.colour),
            zone=dt.UTC if given.utc else None,
            height=height,
        )


class List(Lister):
    """List the leases that hold hosts in some time

    The calendar as a table: a lease that changes its number of hosts has
    several rows.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        add_time(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Table:
        start, end = period(parsed_args, time.time())
        return self.listed(parsed_args, self.client.calendar.list(start=start, end=end), _COLUMNS, Entry)


def by_lease(entries: Iterable[Entry]) -> Iterator[Row]:
    """A row for each lease; a bar for each time for which it has some of its hosts."""
    for _, group in itertools.groupby(entries, lambda entry: entry["lease_id"]):
        of_lease = list(group)
        yield Row(f"{_name(of_lease[0])} ({_most(of_lease)})", tuple(map(_bar, of_lease)))


def by_host(entries: Iterable[Entry], hosts: Iterable[Host]) -> Iterator[Row]:
    """A row for each host, with the leases that have it."""
    names = {host["id"]: host["name"] for host in hosts}
    bars: dict[str, list[Bar]] = {host_id: [] for host_id in names}
    for entry in entries:
        for host in entry.get("hosts", []):
            names.setdefault(host["id"], host["name"])
            bars.setdefault(host["id"], []).append(_bar(entry, _name(entry)))
    for host_id, of_host in bars.items():
        yield Row(names[host_id], tuple(of_host))


def _name(entry: Entry) -> str:
    return entry["name"] or entry["lease_id"][:_ID]


def _most(entries: Sequence[Entry]) -> int:
    """How many hosts a lease has at most at one time; each of its entries speaks of other hosts."""
    return max(
        sum(other["quantity"] for other in entries if other["start_at"] <= one["start_at"] < other["end_at"])
        for one in entries
    )


def _bar(entry: Entry, text: str = "") -> Bar:
    start, end = (dt.datetime.fromisoformat(entry[name]).timestamp() for name in ("start_at", "end_at"))
    return Bar(start, end, entry["state"], text)

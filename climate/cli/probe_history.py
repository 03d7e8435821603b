# SPDX-License-Identifier: Apache-2.0
"""The commands about power over time, for administrators: as numbers, and as a chart."""

from __future__ import annotations

import argparse
import datetime as dt
import math
import time
from collections.abc import Iterator, Sequence
from typing import Any, Final, TypedDict

from climate.cli import meters, power_chart, shown
from climate.cli.command import Command, Lister, Table, count
from climate.cli.failures import Exit, Unusable
from climate.cli.gantt import Style
from climate.cli.probe import Metering, line_up
from climate.cli.terminal import Terminal, terminal_of
from climate.cli.watching import watch
from climate.client import times
from climate.client.probes import History as Found
from climate.errors import RouteNotFound

_SPAN: Final = "1h"
_STEPS: Final = 60
_EVERY_S: Final = 2
_COLUMNS: Final = ("probe", "at", "min_watts", "average_watts", "max_watts", "coverage")
_NUMBERS: Final = _COLUMNS[2:]
_LABEL: Final = 12  # columns left of a chart, about
_HIGHEST, _LOWEST = 10, 3  # lines of the bars of one series
_AROUND: Final = 2  # lines of a series that are no bars
_BELOW: Final = 4  # lines below all of them, and where the next prompt stands


class Row(TypedDict):
    """A step of a probe; ``at`` is when it begins. Watts are ``None`` where nothing was measured."""

    probe: str
    at: int
    min_watts: float | None
    average_watts: float | None
    max_watts: float | None
    coverage: float


class _OverTime(Metering):
    """A command that asks for some probes in some time."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """The parser of what both have in common."""
        parser: argparse.ArgumentParser = super().get_parser(prog_name)  # type: ignore[misc]
        which = parser.add_mutually_exclusive_group()
        which.add_argument("probe", metavar="PROBE", nargs="*", default=[], help="names of probes (default: all)")
        which.add_argument("--prefix", metavar="PREFIX", help="or those whose names begin so, as lyon/rack-1/")
        parser.add_argument("--sum", action="store_true", help="all of them together, as one")
        parser.add_argument("--start", metavar="TIME", help=f"from when on: {times.FORMS}")
        parser.add_argument("--end", metavar="TIME", help="until when, written likewise (default: now)")
        parser.add_argument("--span", metavar="TIME", help=f"or how much time: 10m, 30d (default: {_SPAN})")
        return parser

    def asked(self, given: argparse.Namespace, start: int, end: int, step_s: float) -> Found:
        """What kwapi-api answers.

        :raises RouteNotFound: it keeps no history; says who can mend that.
        """
        prefix = given.prefix if given.probe or given.prefix is not None else ""
        try:
            found: Found = self.client.probes.history(  # type: ignore[attr-defined]
                given.probe, prefix=prefix, start=start, end=end, step_s=max(1.0, step_s), together=given.sum
            )
        except RouteNotFound:
            raise RouteNotFound(
                "kwapi-api keeps no history here: its operator has to set [kwapi] history_dir."
            ) from None
        return found


class History(_OverTime, Lister):
    """List the power of probes over time

    A row for each step: the least, the mean and the greatest power, and how
    much of the step was measured. Steps before the first and after the last
    of which something is known are left out; a gap between them is not.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            "--step",
            metavar="TIME",
            help="the length of a step, as 10s or 1h; the nearest finer one that is kept (default: a 60th of the time)",
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Table:
        given = parsed_args
        start, end = period(given, time.time())
        step_s = (end - start) / _STEPS if given.step is None else times.seconds(given.step, "--step")
        found = self.asked(given, start, end, step_s)
        rows = list(rows_of(found))
        if given.formatter == shown.PEOPLE:
            for line in totals(found):
                self.say(line)
            words = [_in_words(row) for row in rows]
            line_up(words, _NUMBERS)
            return self.listed(given, words, _COLUMNS, Row)
        return self.listed(given, rows, _COLUMNS, Row)


class Chart(_OverTime, Command):
    """Draw the power of probes over time

    Bars reach up to the mean, lighter ones up to the greatest power. Where
    nothing was measured there is no bar. Times are those of your machine.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            "--height", metavar="LINES", type=count, help=f"of the bars of a probe (default: to fit, up to {_HIGHEST})"
        )
        parser.add_argument("--utc", action="store_true", help="show times in UTC")
        parser.add_argument(
            "--watch",
            metavar="SECONDS",
            nargs="?",
            type=count,
            const=_EVERY_S,
            help=f"draw it again every so many seconds (default: {_EVERY_S}), until Ctrl-C",
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> int:
        given = parsed_args
        terminal = terminal_of(self.app.stdout)
        if given.watch is None:
            terminal.write("".join(f"{line}\n" for line in self._chart(given, terminal)))
            return Exit.DONE

        def draw() -> Sequence[str]:
            lines = self._chart(given, terminal)
            return lines[: terminal.size[1]] if terminal.live else [*lines, ""]

        watch(terminal, draw, given.watch, self.say)
        return Exit.DONE

    def _chart(self, given: argparse.Namespace, terminal: Terminal) -> list[str]:
        start, end = period(given, time.time())
        width, lines = terminal.size
        found = self.asked(given, start, end, (end - start) / max(1, width - _LABEL))
        if not found["series"]:
            return ["There is no such probe."]
        room = (lines - _BELOW) // len(found["series"]) - _AROUND
        height = given.height or min(_HIGHEST, max(_LOWEST, room))
        return power_chart.chart(
            found,
            start_at=start,
            end_at=end,
            width=width,
            height=height,
            style=Style(terminal.signs),
            zone=dt.UTC if given.utc else None,
        )


def period(given: argparse.Namespace, now: float) -> tuple[int, int]:
    """The time that the options mean at ``now``, in epoch seconds: two of its start, its end and its length.

    :raises Unusable: they mean none.
    """
    if None not in (given.start, given.end, given.span):
        raise Unusable("Two of --start, --end and --span are enough; leave one out.")
    span_s = times.seconds(given.span or _SPAN, "--span")
    start = None if given.start is None else times.instant(given.start, now, "--start")
    end = None if given.end is None else times.instant(given.end, now, "--end")
    if end is None:
        end = math.ceil(now) if start is None or given.span is None else start + span_s
    start = end - span_s if start is None else start
    if not 0 <= start < end:
        raise Unusable("--start must be before --end, and before now where there is no --end.")
    return start, end


def rows_of(found: Found) -> Iterator[Row]:
    """The steps of each series from the first to the last of which something is known."""
    for series in found["series"]:
        known = [place for place, watts in enumerate(series["max_w"]) if watts is not None]
        for place in range(known[0], known[-1] + 1) if known else ():
            yield Row(
                probe=series["probe_id"],
                at=found["at"][place],
                min_watts=series["min_w"][place],
                average_watts=series["average_w"][place],
                max_watts=series["max_w"][place],
                coverage=series["covered"][place],
            )


def totals(found: Found) -> Iterator[str]:
    """A line for each series: its energy, and how much of the whole time was measured."""
    for series in found["series"]:
        name = series["probe_id"] if series["probes"] == 1 else f"sum of {series['probes']}"
        yield f"{name}: {meters.kwh(series['kwh'])} kWh, {meters.percent(series['coverage'])} % measured"


def _in_words(row: Row) -> dict[str, Any]:
    at = dt.datetime.fromtimestamp(row["at"], dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    watts = {name: meters.watts(row[name]) for name in ("min_watts", "average_watts", "max_watts")}  # type: ignore[literal-required]
    return {**row, **watts, "at": at, "coverage": f"{meters.percent(row['coverage'])} %"}

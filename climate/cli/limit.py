# SPDX-License-Identifier: Apache-2.0
"""The commands about limits: what projects may ask for and hold."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any, Final

from climate.cli import shown
from climate.cli.command import Fields, Lister, ShowOne, Table
from climate.cli.failures import Spot, Unusable
from climate.client import times
from climate.client.limits import LimitValue, ProjectLimits

_ENDLESS: Final = "unlimited"
_NO_LIMIT: Final = -1


class List(Lister):
    """List the projects that have limits of their own

    It is for administrators.
    """

    def take_action(self, parsed_args: argparse.Namespace) -> Table:
        found: list[Mapping[str, Any]] = list(self.client.limits.list())
        if parsed_args.formatter == shown.PEOPLE:
            found = [{**one, "limits": _own(one["limits"])} for one in found]
        return self.listed(parsed_args, found, ("project_id", "limits"), ProjectLimits)


class _ShowLimits(ShowOne):
    """Shows the limits of a project: to people one below the other."""

    def limits(self, given: argparse.Namespace, found: ProjectLimits) -> Fields:
        """What ``take_action`` returns for the limits of a project."""
        if given.formatter != shown.PEOPLE:
            return self.shown(given, found)
        told = {name: in_words(name, limit) for name, limit in found["limits"].items()}
        return self.shown(given, {"project_id": found["project_id"], **told})


class Show(_ShowLimits):
    """Show the limits of a project, and what it uses"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            "project", metavar="PROJECT", nargs="?", help="the project's id (default: yours); for administrators"
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Fields:
        return self.limits(parsed_args, self.client.limits.get(parsed_args.project))


class Set(_ShowLimits):
    """Give a project limits of its own

    It is for administrators.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument("project", metavar="PROJECT", help="the project's id")
        parser.add_argument(
            "limits",
            metavar="NAME=VALUE",
            nargs="+",
            help=f"a limit, as max_leases=50, max_duration_s=30d or max_quantity={_ENDLESS}",
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Fields:
        wanted = dict(limit(text) for text in parsed_args.limits)
        return self.limits(parsed_args, self.client.limits.set(parsed_args.project, wanted))


class Unset(_ShowLimits):
    """Give a project the site's limits again

    It is for administrators.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument("project", metavar="PROJECT", help="the project's id")
        parser.add_argument("limits", metavar="NAME", nargs="*", help="a limit, such as max_leases")
        parser.add_argument("--all", action="store_true", help="all of its own limits")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Fields:
        given = parsed_args
        if given.all == bool(given.limits):
            raise Unusable("Name the limits to take back, or give --all.")
        if given.all:
            self.client.limits.reset(given.project)
            return self.limits(given, self.client.limits.get(given.project))
        return self.limits(given, self.client.limits.set(given.project, dict.fromkeys(given.limits)))


def limit(text: str) -> tuple[str, int]:
    """A limit and its value, from ``name=value``; of seconds the value may be a duration.

    :raises Unusable: it is not written like this; says where.
    :raises BadField: it is no duration.
    """
    name, _, value = text.partition("=")
    if value == _ENDLESS:
        return name, _NO_LIMIT
    if value.removeprefix("-").isdigit():
        return name, int(value)
    if value and _is_duration(name):
        return name, times.seconds(value, name)
    raise Unusable(f"Write NAME=VALUE, the value a whole number or {_ENDLESS}.", Spot(text, len(name), len(text)))


def in_words(name: str, limit: LimitValue) -> str:
    """A limit for people: its value, the site's where that is another, and how much is used."""
    words = _value(name, limit["value"])
    if limit["value"] != limit["default"]:
        words += f" (the site's: {_value(name, limit['default'])})"
    return words + (f", {limit['used']} used" if "used" in limit else "")


def _value(name: str, value: int) -> str:
    if value == _NO_LIMIT:
        return _ENDLESS
    return f"{value} ({times.short(value)})" if _is_duration(name) else str(value)


def _is_duration(name: str) -> bool:
    return name.endswith("_s") and not name.endswith("_per_s")


def _own(limits: Mapping[str, LimitValue]) -> dict[str, str]:
    """The limits of a project that are not the site's."""
    return {name: _value(name, one["value"]) for name, one in limits.items() if one["value"] != one["default"]}

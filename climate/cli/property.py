# SPDX-License-Identifier: Apache-2.0
"""The commands about properties: what hosts can be asked for by, and what administrators say of it."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import Any, Final

from climate.cli import filters, shown
from climate.cli.command import Command, Fields, Lister, ShowOne, Table
from climate.cli.failures import Unusable
from climate.client.properties import Property, Rule

_BRIEF: Final = ("name", "type", "unit", "description")
_DETAIL: Final = ("name", "type", "unit", "in_use")
_ADMIN: Final = ("hidden", "source")
_SHOWN: Final = 8  # values that people see of a property
_IF: Final = " if "


class List(Lister):
    """List the properties by which hosts can be chosen"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument("--detail", action="store_true", help="with the values in use")
        parser.add_argument("--sort", choices=("name", "type", "hosts"), help="by what; hosts is for administrators")
        hidden = parser.add_mutually_exclusive_group()
        hidden.add_argument("--hidden", action="store_true", help="only those that tenants do not see")
        hidden.add_argument("--visible", action="store_true", help="only those that tenants see")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Table:
        given = parsed_args
        hidden = given.hidden if given.hidden or given.visible else None
        found = self.client.properties.list(detail=given.detail, sort=given.sort, hidden=hidden)
        if given.formatter != shown.PEOPLE:
            return self.listed(given, found, _BRIEF, Property)
        brief = [*(_DETAIL if given.detail else _BRIEF), *(name for name in _ADMIN if found and name in found[0])]
        return self.listed(given, [{**one, "in_use": in_use(one)} for one in found], brief, Property)


class Show(ShowOne):
    """Show a property and its values in use"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        _add_name(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Fields:
        return self.shown(parsed_args, self.client.properties.get(parsed_args.property))


class Create(ShowOne):
    """Add a property that neither the standard nor a source of hosts knows

    Its values come from rules, or are given to single hosts. It is for administrators.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        _add_name(parser)
        parser.add_argument("--type", choices=("number", "text", "boolean"), required=True, help="what its values are")
        _add_said(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Fields:
        name, kind = parsed_args.property, parsed_args.type
        return self.shown(parsed_args, self.client.properties.add(name, kind, **_said(parsed_args)))


class Set(ShowOne):
    """Hide or show a property, describe it, or give it values by rules

    Rules take the place of those before. It is for administrators.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        _add_name(parser)
        _add_said(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Fields:
        said = _said(parsed_args)
        if not said:
            raise Unusable("What shall be different? Give --hide, --show, --unit, --description or --rule.")
        return self.shown(parsed_args, self.client.properties.set(parsed_args.property, **said))


class Unset(ShowOne):
    """Take back a property's unit, description or rules

    To take back all that was said, delete it. It is for administrators.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        _add_name(parser)
        parser.add_argument("--unit", action="store_true", help="it has none")
        parser.add_argument("--description", action="store_true", help="it has none")
        parser.add_argument("--rules", action="store_true", help="it has none")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Fields:
        nothing: dict[str, Any] = {"unit": "", "description": "", "rules": []}
        said = {name: value for name, value in nothing.items() if getattr(parsed_args, name)}
        if not said:
            raise Unusable("What shall it have no more? Give --unit, --description or --rules.")
        return self.shown(parsed_args, self.client.properties.set(parsed_args.property, **said))


class Delete(Command):
    """Forget all that administrators said of properties, to single hosts too

    One that the standard or a source of hosts knows stays; hide it instead.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        _add_name(parser, several=True)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> int:
        return self.each(parsed_args.property, self.client.properties.delete)


def in_use(one: Property) -> str:
    """The values of a property in one line: from the least to the greatest, or the first few."""
    if one.get("minimum") is not None:
        least, greatest = (shown.plain(one[name]) for name in ("minimum", "maximum"))
        return least if least == greatest else f"{least} to {greatest}"
    values: Sequence[Any] = one.get("values", [])
    rest = f", and {len(values) - _SHOWN} more" if len(values) > _SHOWN else ""
    return ", ".join(map(shown.plain, values[:_SHOWN])) + rest


def rule(text: str) -> Rule:
    """A rule as people write it: ``low if rack=a1,a2``; ``low`` alone is for all hosts.

    :raises Unusable: the filter cannot be read; says where.
    """
    value, _, where = text.partition(_IF)
    whole = where.lstrip().startswith("[")
    wanted = filters.read(where if whole else None, [where] if where and not whole else [])
    return {"where": wanted.clause or [], "value": value.strip()}


def _add_name(parser: argparse.ArgumentParser, several: bool = False) -> None:
    parser.add_argument("property", metavar="PROPERTY", nargs="+" if several else None, help="the property's name")


def _add_said(parser: argparse.ArgumentParser) -> None:
    """What administrators may say of a property."""
    hidden = parser.add_mutually_exclusive_group()
    hidden.add_argument("--hide", dest="hidden", action="store_const", const=True, help="tenants do not see it")
    hidden.add_argument("--show", dest="hidden", action="store_const", const=False, help="tenants see it")
    parser.add_argument("--unit", metavar="TEXT", help="the unit of its values")
    parser.add_argument("--description", metavar="TEXT", help="what it means")
    parser.add_argument(
        "--rule",
        metavar="RULE",
        dest="rules",
        action="append",
        help="the value of some hosts, such as: low if rack=a1,a2; may be repeated, and the first that holds counts",
    )


def _said(given: argparse.Namespace) -> Mapping[str, Any]:
    said = {name: getattr(given, name) for name in ("hidden", "unit", "description")}
    said["rules"] = None if given.rules is None else [rule(text) for text in given.rules]
    return {name: value for name, value in said.items() if value is not None}

# SPDX-License-Identifier: Apache-2.0
"""The commands about hosts, for administrators."""

from __future__ import annotations

import argparse
import itertools

from climate.cli import shown
from climate.cli.command import Fields, Lister, ShowOne, Table, count
from climate.cli.failures import Spot, Unusable
from climate.client.hosts import Host, Misplaced

_BRIEF = ("name", "bookable", "disabled", "lease", "next")
_LONG = (
    *("id", *_BRIEF, "service_host", "source"),
    *("disabled_reason", "unavailable_reason", "last_seen_at", "retired_at"),
)


class List(Lister):
    """List hosts, with the lease that each has now and next"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument("--name", metavar="NAME", help="only the host of this name")
        parser.add_argument("--retired", action="store_true", help="also those that are gone")
        parser.add_argument("--limit", metavar="COUNT", type=count, help="at most so many")
        parser.add_argument("--marker", metavar="ID", help="only those that come after this one in the list")
        parser.add_argument("--long", action="store_true", help="with more columns")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Table:
        given = parsed_args
        found = self.client.hosts.list(
            name=given.name, retired="true" if given.retired else None, marker=given.marker, **shown.page(given.limit)
        )
        return self.listed(given, itertools.islice(found, given.limit), _LONG if given.long else _BRIEF, Host)


class MisplacedInstances(Lister):
    """List instances that stand where they may not

    An intruder is on a leased host and not the lease's; a stray asked for a
    lease that runs, and is on none of its hosts.
    """

    def take_action(self, parsed_args: argparse.Namespace) -> Table:
        columns = tuple(Misplaced.__annotations__)
        return self.listed(parsed_args, self.client.hosts.misplaced(), columns, Misplaced)


class Show(ShowOne):
    """Show a host and its properties"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument("host", metavar="HOST", help="the host's name or id")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Fields:
        return self.shown(parsed_args, self.client.hosts.get(parsed_args.host))


class Set(ShowOne):
    """Take a host out of new leases, or let it in again; give it properties

    Leases that have the host keep it. What it is given is stronger than what
    its source tells and what rules say.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument("host", metavar="HOST", help="the host's name or id")
        bookable = parser.add_mutually_exclusive_group()
        bookable.add_argument(
            "--disable", dest="disabled", action="store_true", default=None, help="no new lease has it"
        )
        bookable.add_argument("--enable", dest="disabled", action="store_false", default=None, help="new leases may")
        parser.add_argument("--reason", metavar="TEXT", help="why it is disabled")
        parser.add_argument(
            "--property", metavar="NAME=VALUE", action="append", help="a value that it is given; may be repeated"
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Fields:
        given = parsed_args
        properties = None if given.property is None else dict(map(fact, given.property))
        if given.disabled is None and properties is None:
            raise Unusable("What shall be different? Give --disable, --enable or --property.")
        host = self.client.hosts.set(given.host, disabled=given.disabled, reason=given.reason, properties=properties)
        return self.shown(given, host)


class Unset(ShowOne):
    """Take back properties that a host was given

    What its source tells and rules say holds again.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument("host", metavar="HOST", help="the host's name or id")
        parser.add_argument(
            "--property", metavar="NAME", action="append", required=True, help="the property; may be repeated"
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Fields:
        taken = dict.fromkeys(parsed_args.property)
        return self.shown(parsed_args, self.client.hosts.set(parsed_args.host, properties=taken))


def fact(text: str) -> tuple[str, str]:
    """A property and its value, from ``name=value``; the service knows the type.

    :raises Unusable: it is not written like this; says where.
    """
    name, equals, value = text.partition("=")
    if not name.strip() or not equals:
        raise Unusable("Write NAME=VALUE.", Spot(text, len(name), len(name) + 1))
    return name.strip(), value.strip()

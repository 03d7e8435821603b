# SPDX-License-Identifier: Apache-2.0
"""The commands about hosts, for administrators."""

from __future__ import annotations

import argparse
import itertools

from climate.cli import shown
from climate.cli.command import Fields, Lister, ShowOne, Table, count
from climate.cli.failures import Unusable
from climate.client.hosts import Host

_BRIEF = ("name", "bookable", "disabled", "lease", "next")
_LONG = ("id", *_BRIEF, "service_host", "source", "disabled_reason", "last_seen_at", "retired_at")


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


class Show(ShowOne):
    """Show a host and its properties"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument("host", metavar="HOST", help="the host's name or id")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Fields:
        return self.shown(parsed_args, self.client.hosts.get(parsed_args.host))


class Set(ShowOne):
    """Take a host out of new leases, or let it in again

    Leases that have it keep it.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument("host", metavar="HOST", help="the host's name or id")
        bookable = parser.add_mutually_exclusive_group()
        bookable.add_argument("--disable", action="store_true", help="no new lease gets it")
        bookable.add_argument("--enable", action="store_true", help="new leases may get it")
        parser.add_argument("--reason", metavar="TEXT", help="why it is disabled")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Fields:
        given = parsed_args
        if not (given.disable or given.enable):
            raise Unusable("What shall be different? Give --disable or --enable.")
        return self.shown(given, self.client.hosts.set(given.host, disabled=given.disable, reason=given.reason))

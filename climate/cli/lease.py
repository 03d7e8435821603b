# SPDX-License-Identifier: Apache-2.0
"""The commands about leases that exist: list, show, set, confirm, substitute, cancel, wait."""

from __future__ import annotations

import argparse
import itertools
import re
import time
from typing import TYPE_CHECKING, Any, Final

from climate.cli import shown, waiting
from climate.cli.command import Command, Fields, Lister, ShowOne, Table, count
from climate.cli.failures import Unusable
from climate.client import times
from climate.client.leases import Lease
from climate.errors import LeaseNotFound

if TYPE_CHECKING:
    from climate.client import Client

STATES: Final = ("proposed", "confirmed", "active", "ended", "expired", "cancelled", "error")
_LIVE: Final = STATES[:3]
_BRIEF: Final = ("id", "name", "state", "start_at", "end_at", "quantity")
_LONG: Final = (*_BRIEF, "project_id", "user_id", "expires_at", "degraded_reason", "error_reason")
_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def add_lease(parser: argparse.ArgumentParser, several: bool = False) -> None:
    """The argument that names a lease."""
    parser.add_argument("lease", metavar="LEASE", nargs="+" if several else None, help="the lease's id, or its name")


def id_of(client: Client, lease: str) -> str:
    """The id of a lease that is named by it, or by a name that no other has; those that are over count last.

    :raises LeaseNotFound: none has the name.
    :raises Unusable: several have it.
    """
    if _ID.fullmatch(lease):
        return lease
    found: list[Lease] = []
    for states in (_LIVE, None):
        found = list(itertools.islice(client.leases.list(name=lease, state=states, limit=3), 3))
        if len(found) == 1:
            return found[0]["id"]
        if found:
            ids = ", ".join(one["id"] for one in found)
            raise Unusable(
                f"Several leases are called {lease!r}; name one by its id: {ids}{', ...' * (len(found) > 2)}"
            )
    raise LeaseNotFound(f"No lease of yours is called {lease!r}.")


class List(Lister):
    """List leases, newest first

    Those of your project, unless you ask for others and may.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            "--state", action="append", choices=STATES, help="only leases in this state; may be repeated"
        )
        parser.add_argument("--name", metavar="NAME", help="only leases of this name")
        parser.add_argument("--at", metavar="TIME", help="only leases whose time holds this instant")
        parser.add_argument("--start", metavar="TIME", help="only leases that end after this")
        parser.add_argument("--end", metavar="TIME", help="only leases that begin before this")
        whose = parser.add_mutually_exclusive_group()
        whose.add_argument("--all-projects", action="store_true", help="of all projects, for administrators")
        whose.add_argument("--project", metavar="ID", help="of another project, for administrators")
        parser.add_argument("--limit", metavar="COUNT", type=count, help="at most so many")
        parser.add_argument("--marker", metavar="ID", help="only those that come after this one in the list")
        parser.add_argument("--long", action="store_true", help="with more columns")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Table:
        given = parsed_args
        now = time.time()
        filters: dict[str, Any] = {
            name: times.instant(text, now, f"--{name}")
            for name in ("at", "start", "end")
            if (text := getattr(given, name)) is not None
        }
        found = self.client.leases.list(
            **filters,
            state=given.state,
            name=given.name,
            all_projects="true" if given.all_projects else None,
            project_id=given.project,
            marker=given.marker,
            **shown.page(given.limit),
        )
        return self.listed(given, itertools.islice(found, given.limit), _LONG if given.long else _BRIEF, Lease)


class Show(ShowOne):
    """Show a lease, and what its hosts have in common"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        add_lease(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Fields:
        return self.shown(parsed_args, self.client.leases.get(id_of(self.client, parsed_args.lease)))


class Set(ShowOne):
    """Change a lease: extend, shorten, add hosts, give some back, rename

    All that is asked for happens, or nothing.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        add_lease(parser)
        parser.add_argument("--name", metavar="NAME", help="what you call it")
        end = parser.add_mutually_exclusive_group()
        end.add_argument("--end", metavar="TIME", help="its new end")
        end.add_argument("--duration", metavar="TIME", help="its new length, from its start: 2h30m, or seconds")
        parser.add_argument(
            "--quantity", metavar="COUNT", type=count, help="how many hosts: more are added, fewer give some back"
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Fields:
        given = parsed_args
        changes = {"name": given.name, "duration": given.duration, "quantity": given.quantity}
        if given.end is not None:
            changes["end_time"] = times.instant(given.end, time.time(), "--end")
        if all(value is None for value in changes.values()):
            raise Unusable("What shall be different? Give --name, --end, --duration or --quantity.")
        lease_id = id_of(self.client, given.lease)
        return self.shown(given, self.client.leases.update(lease_id, **changes))


class Confirm(ShowOne):
    """Confirm a proposal: its hosts are promised to you from then on"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        add_lease(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Fields:
        return self.shown(parsed_args, self.client.leases.confirm(id_of(self.client, parsed_args.lease)))


class Substitute(ShowOne):
    """Take other hosts for those of a lease that fail

    Before its start that happens by itself. Instances on a host that fails
    are not moved; a lease whose hosts are well stays as it is.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        add_lease(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Fields:
        return self.shown(parsed_args, self.client.leases.substitute(id_of(self.client, parsed_args.lease)))


class Cancel(Command):
    """Cancel leases: give all their hosts back

    Nothing is erased: they stay in the list. If one of several cannot be
    cancelled, the others are, and the status is that of the first that was not.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        add_lease(parser, several=True)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> int:
        return self.each(parsed_args.lease, lambda lease: self.client.leases.cancel(id_of(self.client, lease)))


class Wait(ShowOne):
    """Wait until a lease is active, or in another state

    On a terminal a line tells how it stands; elsewhere each new state is a
    line on stderr.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        add_lease(parser)
        waiting.add_options(parser, "--for")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Fields:
        lease_id = id_of(self.client, parsed_args.lease)
        return self.shown(
            parsed_args,
            waiting.wait(self.client, lease_id, parsed_args.wait_for, parsed_args.timeout, self.app.stderr),
        )

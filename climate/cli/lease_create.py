# SPDX-License-Identifier: Apache-2.0
"""The command that asks for hosts."""

from __future__ import annotations

import argparse
import time
from typing import Final

from climate.cli import filters, waiting
from climate.cli.command import Fields, ShowOne, count
from climate.client import times
from climate.client.leases import Lease
from climate.errors import BadProperties

ENDINGS: Final = ("delete", "shelve", "stop", "leave")


class Create(ShowOne):
    """Ask for hosts

    The answer is a proposal: hosts that are held for a few minutes, until you
    confirm it. Without --start and --end the lease begins now, or there is
    none; with --start it may begin at any time from then on, with --end at
    any time that lets it end before.

    A filter is written in short, as NAME=VALUE, NAME=VALUE,VALUE (one of
    them), or with != < <= > >=; or as JSON in the language of Nova's JSON
    filter. All that are given hold together.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument("--name", metavar="NAME", help="what you call the lease")
        parser.add_argument("--quantity", metavar="COUNT", type=count, help="how many hosts (default: 1)")
        parser.add_argument(
            "--duration", metavar="TIME", help="for how long: 2h30m, or seconds; left out, from --start to --end"
        )
        parser.add_argument("--start", metavar="TIME", help=f"not sooner than this: {times.FORMS}")
        parser.add_argument("--end", metavar="TIME", help="not later than this, written likewise")
        parser.add_argument(
            "--property",
            metavar="FILTER",
            action="append",
            default=[],
            help="what each host must be like, as rack=a1,a2 or vcpus>=32 (quoted, for the shell); may be repeated",
        )
        parser.add_argument(
            "--homogeneous",
            metavar="NAME",
            action="append",
            default=[],
            help="what all hosts must have alike, whatever it is: cpu_info.model; may be repeated",
        )
        parser.add_argument("--properties", metavar="JSON", help="the filter as JSON: a list, operator first")
        parser.add_argument("--scheduler", metavar="NAME", help="the strategy that chooses time and hosts")
        parser.add_argument(
            "--on-lease-end",
            choices=ENDINGS,
            help="what becomes of your instances when the lease ends (default: what the site says)",
        )
        parser.add_argument("--confirm", action="store_true", help="confirm at once what is found")
        parser.add_argument(
            "--idempotency-key", metavar="TEXT", help="asking again with the same key gives the first answer's lease"
        )
        parser.add_argument("--wait", action="store_true", help="confirm it, and wait until it is active")
        waiting.add_options(parser, "--wait-for")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Fields:
        given = parsed_args
        wanted = filters.read(given.properties, given.property, given.homogeneous)
        if given.timeout is not None:
            times.seconds(given.timeout, "--timeout")  # refused before there is a lease
        lease = self._created(given, wanted)
        if given.wait or given.wait_for:
            self.say(f"lease {lease['id']} is made")
            lease = waiting.wait(self.client, lease["id"], given.wait_for, given.timeout, self.app.stderr)
        return self.shown(given, lease)

    def _created(self, given: argparse.Namespace, wanted: filters.Filter) -> Lease:
        now = time.time()
        start, end = (
            None if text is None else times.instant(text, now, option)
            for option, text in (("--start", given.start), ("--end", given.end))
        )
        try:
            return self.client.leases.create(
                name=given.name,
                quantity=given.quantity,
                duration=given.duration,
                start_time=start,
                end_time=end,
                host_properties=wanted.clause,
                scheduler=given.scheduler,
                on_lease_end=given.on_lease_end,
                confirm=True if given.confirm or given.wait or given.wait_for else None,
                idempotency_key=given.idempotency_key,
            )
        except BadProperties as error:
            raise wanted.refused(error) from None

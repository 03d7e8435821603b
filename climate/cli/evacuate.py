# SPDX-License-Identifier: Apache-2.0
"""The command that empties hosts, for administrators."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from climate.cli.command import Lister, Table
from climate.cli.failures import Exit, Unusable
from climate.cli.terminal import Terminal, terminal_of
from climate.client import times
from climate.client.hosts import EvacuatedInstance, Evacuation

if TYPE_CHECKING:
    from climate.client import Client

_BRIEF: Final = ("name", "source", "target", "way", "under_way", "reason")
_LOOK_S: Final = 2.0


class Evacuate(Lister):
    """Move the instances off hosts; with --dry-run, show which would move where

    Several hosts are emptied together: none takes what leaves another. The
    instances go to as few hosts as hold them, live where that can be. Those
    of a lease that runs on a host stay, with what cannot be moved.

    Hosts are not taken out of new leases by this: see host set --disable.
    """

    _status = Exit.DONE

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument("host", metavar="HOST", nargs="+", help="the host's name or id")
        parser.add_argument("--dry-run", action="store_true", help="only show what would move, and what stays and why")
        parser.add_argument("--wait", action="store_true", help="until nothing moves any more; show what is left then")
        parser.add_argument("--timeout", metavar="TIME", help="with --wait: for how long, 10m or seconds")
        return parser

    def run(self, parsed_args: argparse.Namespace) -> int:
        """Run the command; with ``--wait``, the status says whether the hosts are empty."""
        return super().run(parsed_args) or self._status

    def take_action(self, parsed_args: argparse.Namespace) -> Table:
        given = parsed_args
        if given.dry_run and given.wait:
            raise Unusable("A dry run moves nothing: there is nothing to wait for.")
        timeout_s = None if given.timeout is None else times.seconds(given.timeout, "--timeout")
        found = self.client.hosts.evacuate(given.host, dry_run=given.dry_run)
        again = f"climate host evacuate --dry-run {' '.join(given.host)}"
        if given.wait:
            try:
                found = follow(self.client, given.host, found, terminal_of(self.app.stderr), timeout_s)
            except KeyboardInterrupt:
                self.say(f"It goes on. See how far it is with: {again}")
                raise
            self._status = Exit.FAILED if found["instances"] else Exit.DONE
        elif not given.dry_run:
            self.say(f"It has begun. See how far it is with: {again}")
        return self.listed(given, found["instances"], _BRIEF, EvacuatedInstance)


def follow(
    client: Client,
    hosts: Sequence[str],
    begun: Evacuation,
    terminal: Terminal,
    timeout_s: float | None = None,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Evacuation:
    """Look until the service is done with it, and tell how far it is; what is left then.

    :raises TimeoutError: it takes longer than ``timeout_s``.
    """
    give_up_at = None if timeout_s is None else clock() + timeout_s
    moving = sum(one["reason"] is None for one in begun["instances"])
    found, told = begun, ""
    while found["running"]:
        line = _standing(found, moving)
        if terminal.live:
            terminal.line(line)
        elif line != told:
            terminal.write(f"{line}\n")
        told = line
        if give_up_at is not None and clock() >= give_up_at:
            if terminal.live:
                terminal.write("\n")
            raise TimeoutError("The time to wait is over; the moves go on.")
        sleep(_LOOK_S)
        found = client.hosts.evacuate(hosts, dry_run=True)
    if terminal.live:
        terminal.line("")
    return found


def _standing(found: Evacuation, moving: int) -> str:
    left = [one for one in found["instances"] if one["reason"] is None]
    under_way = sum(one["under_way"] for one in left)
    gone = max(0, moving - len(left))
    return f"{', '.join(found['hosts'])}: {gone} of {moving} instances have left, {under_way} on their way"

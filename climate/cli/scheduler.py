# SPDX-License-Identifier: Apache-2.0
"""The command about schedulers."""

from __future__ import annotations

import argparse

from climate.cli.command import Lister, Table
from climate.client.schedulers import Scheduler


class List(Lister):
    """List the schedulers that a request may name

    A scheduler chooses the time and the hosts of a lease. The default serves
    requests that name none.
    """

    def take_action(self, parsed_args: argparse.Namespace) -> Table:
        return self.listed(parsed_args, self.client.schedulers.list(), ("name", "default", "description"), Scheduler)

# SPDX-License-Identifier: Apache-2.0
"""What the cases of commands work with, and how one is noted."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass

from climate.client import Client
from tests.functional.cli.program import Program
from tools.metering import Metering


@dataclass
class Bench:
    """What a case works with: the program as a member, as an administrator, and as one of a Kwapi alone; and what
    the service says beside it."""

    member: Program
    admin: Program
    client: Client
    admins_client: Client
    operator: Program
    metering: Metering

    def lease(self, **fields: object) -> str:
        """A lease made beside the command line, under a name of its own; its id."""
        wanted = {"duration": "1h", "name": f"case {uuid.uuid4()}", **fields}
        return self.client.leases.create(**wanted)["id"]  # type: ignore[arg-type]

    def a_host(self) -> str:
        """The name of a host."""
        return next(self.admins_client.hosts.list())["name"]


Case = Callable[[Bench], None]
CASES: dict[str, Case] = {}


def case(name: str) -> Callable[[Case], Case]:
    """What a function tries is the command of this name."""

    def note(function: Case) -> Case:
        CASES[name] = function
        return function

    return note

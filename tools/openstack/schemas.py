# SPDX-License-Identifier: Apache-2.0
"""The commands that give each service its tables, to be run side by side: only those of one service have an order."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from tools.openstack.site import Site
from tools.servers.keystone import PROGRAMS
from tools.servers.process import ServerFailed

LIMIT_S = 300  # of one command, on a machine that has much else to do
Command = Sequence[str | Path]


def commands(site: Site, configurations: Path) -> dict[str, list[Command]]:
    """By service, the commands in their order."""
    nova: Command = [PROGRAMS / "nova-manage", "--config-file", configurations / "nova" / "nova.conf"]
    neutron: Command = [PROGRAMS / "neutron-db-manage", "--config-file", configurations / "neutron" / "neutron.conf"]
    glance: Command = [PROGRAMS / "glance-manage", "--config-file", configurations / "glance" / "glance-api.conf"]
    placement: Command = [
        PROGRAMS / "placement-manage",
        "--config-file",
        configurations / "placement" / "placement.conf",
    ]
    return {
        "neutron": [[*neutron, "upgrade", "heads"]],
        "nova": [
            [*nova, "api_db", "sync"],
            # Without addresses Nova notes where the configuration says that the databases are.
            [*nova, "cell_v2", "map_cell0"],
            [*nova, "db", "sync"],
            [*nova, "cell_v2", "create_cell", "--name", "cell1"],
        ],
        "glance": [[*glance, "db_sync"]],
        "placement": [[*placement, "db", "sync"]],
    }


def make(service: str, ordered: Sequence[Command], directory: Path) -> None:
    """Run one service's commands.

    :raises ServerFailed: with what the command said.
    """
    for command in ordered:
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, cwd=directory, check=False)
        except subprocess.TimeoutExpired as late:
            raise ServerFailed(f"the tables of {service} were not there after {LIMIT_S} s") from late
        if done.returncode:
            raise ServerFailed(
                f"the tables of {service} could not be made:\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
            )

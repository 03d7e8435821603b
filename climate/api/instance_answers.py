# SPDX-License-Identifier: Apache-2.0
"""What answers about instances on hosts look like, as :mod:`climate.api.answers` says it of others."""

from __future__ import annotations

from climate.api import fields, shapes
from climate.core.clearing import Way
from climate.core.guarding import Wrong


class Misplaced(fields.Body):
    """An instance that stands where it may not."""

    server_id = shapes.text()
    project_id = shapes.text()
    host = shapes.text("Nova's name of where it stands.")
    wrong = shapes.shown(
        {"type": "string", "enum": [str(wrong) for wrong in Wrong]},
        "intruder: on a leased host, and not the lease's. stray: asked for a lease that runs, on none of its hosts.",
    )
    lease_id = shapes.text("The host's lease, or the one it asked for.")


class MisplacedList(fields.Body):
    """Those that stand where they may not now."""

    instances = shapes.many("Misplaced")


class EvacuatedInstance(fields.Body):
    """An instance on a host that is emptied: where it goes, or why it stays."""

    server_id = shapes.text()
    name = shapes.text()
    project_id = shapes.text()
    source = shapes.text("Nova's name of where it stands.")
    target = shapes.text("Where it goes; null where it stays, or where Nova has not chosen yet.", nullable=True)
    way = shapes.shown({"type": "string", "enum": [str(way) for way in Way]}, "How it is moved first.", nullable=True)
    under_way = shapes.flag("Whether it is on its way.")
    reason = shapes.text("Why it stays.", nullable=True)


class Evacuation(fields.Body):
    """What is still on hosts that are emptied."""

    hosts = shapes.shown({"type": "array", "items": {"type": "string"}}, "Nova's names of the hosts.")
    running = shapes.flag("Whether planning works on it.")
    instances = shapes.many("EvacuatedInstance", "By host and name.")

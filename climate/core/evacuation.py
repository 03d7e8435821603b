# SPDX-License-Identifier: Apache-2.0
"""What emptying hosts comes to: each instance on them, and where it goes or why it stays."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from climate.core.clearing import Way


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One instance on a host that is emptied; hosts are called as Nova calls them.

    It goes to ``target`` in the first place (``""``: Nova chooses), or it has
    a ``reason`` for which it stays. ``under_way``: it is on its way.
    """

    server_id: str
    name: str
    project_id: str
    source: str
    target: str = ""
    way: Way | None = None
    under_way: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evacuation:
    """Hosts that are emptied and what is still on them; ``running`` while planning works on it."""

    hosts: tuple[str, ...]
    instances: tuple[Step, ...] = ()
    running: bool = False


def no_room(model: str | None) -> str:
    """Why an instance stays for which there is no place; ``model`` is the processor that it needs."""
    like = f" with the processor {model}" if model else ""
    return f"No other host{like} that may be booked and has no lease within a day has room for it."


def of_lease(lease_id: str) -> str:
    """Why an instance stays that is where it belongs."""
    return f"It belongs to lease {lease_id}, which has the host."


def not_movable(status: str) -> str:
    """Why an instance stays that Nova would not move."""
    return f"Nova moves no instance that is {status or 'in an unknown state'}."


def ordered(steps: Iterable[Step]) -> tuple[Step, ...]:
    """By host, then by name."""
    return tuple(sorted(steps, key=lambda step: (step.source, step.name, step.server_id)))

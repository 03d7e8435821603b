# SPDX-License-Identifier: Apache-2.0
"""Where Nova would put instances: its filter's own decisions, on what the running suite tells Nova.

There is no Nova in the sandbox. The filter decides from the answer about
hosts' availability alone, so what it would do can be seen without one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from nova_ext.decisions import Moment, decide
from nova_ext.options import HINTS, Settings
from nova_ext.request import Request, wish_of
from nova_ext.snapshot import parse


@dataclass(frozen=True, slots=True)
class _Candidate:
    """One of Nova's hosts."""

    host: str
    nodename: str


@dataclass(frozen=True, slots=True)
class Placement:
    """The hosts (by name) that a request may have, and where there is none, what the operator's log says."""

    hosts: tuple[str, ...]
    refusal: str


def placement(answer: str, names: Iterable[str], project_id: str, hints: dict[str, str], now: float) -> Placement:
    """What ``openstack server create`` of a project with these hints meets.

    ``answer`` is that of ``GET /v1/hosts/availability``, ``names`` the hosts
    that Nova has, ``now`` in epoch seconds.

    :raises nova_ext.snapshot.NotUnderstood: it is none.
    """
    wish = wish_of(Request(project_id=project_id, hints={name: [value] for name, value in hints.items()}), HINTS)
    candidates = [_Candidate(name, name) for name in sorted(names)]
    verdict = decide(parse("", answer.encode()), wish, project_id, candidates, Moment(now, 0.0), Settings())
    return Placement(tuple(candidate.nodename for candidate in verdict.hosts), verdict.refusal)

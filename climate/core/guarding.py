# SPDX-License-Identifier: Apache-2.0
"""Which instances stand where they may not: on hosts that others have leased, or off the hosts of their own lease."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


class Wrong(enum.StrEnum):
    """What is wrong about where an instance stands."""

    INTRUDER = "intruder"  # on a leased host, and not the lease's
    STRAY = "stray"  # asked for a lease that runs, and is on none of its hosts


class GuardAct(enum.StrEnum):
    """What is done about it beside telling."""

    REPORT = "report"
    MIGRATE = "migrate"
    STOP = "stop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenure:
    """The lease that a host has now: ``[start_at, end_at)`` in epoch seconds."""

    lease_id: str
    project_id: str
    start_at: int
    end_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """An instance where it stands; ``asked`` are the leases that its hint named, ``None`` where that is not known.

    ``quiet``: it uses no processor (paused, stopped, ...).
    """

    server_id: str
    project_id: str
    host: str
    created_at: int
    quiet: bool = False
    asked: frozenset[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Misplaced:
    """An instance that stands where it may not; ``lease_id`` is the lease of the host, or the one it asked for."""

    server_id: str
    project_id: str
    host: str
    wrong: Wrong
    lease_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerance:
    """What the operator's choice for evictions leaves on leased hosts: what is ``quiet``, what was ``there_before``."""

    quiet: bool = False
    there_before: bool = False


def belongs(seen: Seen, tenure: Tenure) -> bool:
    """Whether an instance on a host of a lease is the lease's own.

    By its hint. Where hints are not known: it is of the lease's project and
    was made while the lease ran, since the filter lets no other there.
    """
    if seen.project_id != tenure.project_id:
        return False
    if seen.asked is not None:
        return tenure.lease_id in seen.asked
    return tenure.start_at <= seen.created_at < tenure.end_at


def misplaced(instances: Iterable[Seen], tenures: Mapping[str, Tenure], tolerance: Tolerance) -> list[Misplaced]:
    """The instances that stand where they may not, by host. ``tenures`` has the hosts that are leased now."""
    running: dict[str, set[str]] = {}
    owners: dict[str, str] = {}
    for host, tenure in tenures.items():
        running.setdefault(tenure.lease_id, set()).add(host)
        owners[tenure.lease_id] = tenure.project_id
    found = []
    for seen in instances:
        tenure_there = tenures.get(seen.host)
        own = sorted(lease for lease in seen.asked or () if owners.get(lease) == seen.project_id)
        if own and not any(seen.host in running[lease] for lease in own):
            found.append((seen, Wrong.STRAY, own[0]))
        elif tenure_there is not None and not belongs(seen, tenure_there) and not _borne(seen, tenure_there, tolerance):
            found.append((seen, Wrong.INTRUDER, tenure_there.lease_id))
    return [
        Misplaced(server_id=seen.server_id, project_id=seen.project_id, host=seen.host, wrong=wrong, lease_id=lease_id)
        for seen, wrong, lease_id in sorted(found, key=lambda one: (one[0].host, one[0].server_id))
    ]


def _borne(seen: Seen, tenure: Tenure, tolerance: Tolerance) -> bool:
    return (tolerance.quiet and seen.quiet) or (tolerance.there_before and seen.created_at < tenure.start_at)

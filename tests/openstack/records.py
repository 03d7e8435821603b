# SPDX-License-Identifier: Apache-2.0
"""Where Nova's own records say that instances are, read over and over, and where Climate's say that they may be."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from tools.servers.mariadb import MariaDB

LOOK_EVERY_S = 0.1
# An instance has a host from the claim on.
STANDING = "SELECT uuid, project_id, host FROM nova.instances WHERE deleted = 0 AND host IS NOT NULL"
# Nova's diary, which also has what came and went between two looks; to the second below.
BUILT = """
    SELECT UNIX_TIMESTAMP(events.finish_time), instances.uuid, instances.project_id, events.host
    FROM nova.instance_actions_events AS events
    JOIN nova.instance_actions AS actions ON events.action_id = actions.id
    JOIN nova.instances AS instances ON instances.uuid = actions.instance_uuid
    WHERE events.event = 'compute__do_build_and_run_instance' AND events.result = 'Success'
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """An instance on a host at an instant (epoch seconds)."""

    at: float
    instance_id: str
    project_id: str
    host: str


@dataclass(frozen=True, slots=True)
class Hold:
    """A lease's period on its hosts: half-open, in epoch seconds."""

    lease_id: str
    project_id: str
    hosts: frozenset[str]
    start: float
    end: float

    def holds(self, host: str, at: float) -> bool:
        """Whether the host is the lease's at that instant."""
        return host in self.hosts and self.start <= at < self.end


class Watch:
    """Reads Nova's records from another thread until it is left; ``seen`` has each sight of each instance."""

    def __init__(self, mariadb: MariaDB) -> None:
        self._mariadb = mariadb
        self._done = threading.Event()
        self.seen: list[Seen] = []
        self.looks = 0
        self._pool = ThreadPoolExecutor(max_workers=1)

    def __enter__(self) -> Watch:
        self._looking = self._pool.submit(self._look)
        return self

    def __exit__(self, *error: object) -> None:
        self._done.set()
        self._looking.result()
        self._pool.shutdown()

    def _look(self) -> None:
        while not self._done.wait(LOOK_EVERY_S):
            asked_at = time.time()
            rows = self._mariadb.rows(STANDING)
            # What is read stood there at some instant between asking and the answer; within it neither end is sure.
            answered_at = time.time()
            self.looks += 1
            self.seen += [Seen((asked_at + answered_at) / 2, *row) for row in rows]

    def built(self) -> list[Seen]:
        """Every instance where and when it was built, by Nova's diary."""
        return [Seen(float(at), *rest) for at, *rest in self._mariadb.rows(BUILT)]


def misplaced(seen: Iterable[Seen], holds: Iterable[Hold], hinted: Mapping[str, str]) -> list[str]:
    """Every sight of an instance where it may not be, in words. ``hinted`` has the lease that an instance names.

    On a host in a lease stands nothing but that lease's own; and what names a
    lease stands on its hosts, within its period.
    """
    wrong = []
    leases = list(holds)
    for one in seen:
        named = hinted.get(one.instance_id, "")
        owner = next((hold for hold in leases if hold.holds(one.host, one.at)), None)
        theirs = (owner.lease_id, owner.project_id) if owner else ("", one.project_id)
        if (named, one.project_id) != theirs:
            whose = f"lease {owner.lease_id}" if owner else "nobody"
            wrong.append(
                f"{one.instance_id} of {one.project_id}, which names {named or 'no lease'}, "
                f"on {one.host}, which is {whose}'s, at {one.at:.1f}"
            )
    return wrong

# SPDX-License-Identifier: Apache-2.0
"""Planning's copy of the calendar in memory, and the numbers that hosts have in it.

Any worker can rebuild the copy, and brings it up to date from the journal
before each use. It may still be stale a moment later: the database decides.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from climate.core.calendar.gaps import Rows
from climate.core.calendar.replica import OutOfStep, Replica
from climate.core.calendar.sparing import GroupRows
from climate.core.candidates import Group, chunks, pack, unpack
from climate.core.journal import Span
from climate.planning.store.protocol import Store

LOG = logging.getLogger(__name__)

_BATCH = 1000


class PlanningCalendar:
    """A :class:`~climate.core.calendar.replica.Replica` that follows the store's journal, for several threads."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.RLock()
        self._replica: Replica | None = None
        self._ids: list[bytes] = []
        self._numbers: dict[bytes, int] = {}

    @contextlib.contextmanager
    def following(self) -> Iterator[Replica]:
        """The copy, brought up to date, for this thread alone until the end of the block."""
        with self._lock:
            yield self._followed()

    def group(self, group: Group) -> GroupRows:
        """The calendar numbers of a group's hosts; those in use are the ones that may be spared."""
        return GroupRows(self.rows(group.hosts), self.rows(group.in_use))

    def rows(self, hosts: bytes) -> Rows:
        """The calendar numbers of packed host ids; hosts that are new to the calendar get theirs."""
        ids = list(chunks(hosts))
        with self._lock:
            if any(host_id not in self._numbers for host_id in ids):
                self._learn_hosts()
            unknown = [host_id for host_id in ids if host_id not in self._numbers]
            if unknown:
                self._store.register_hosts(unpack(b"".join(unknown)))
                self._learn_hosts()
            return np.fromiter((self._numbers[host_id] for host_id in ids), np.intp, len(ids))

    def host_ids(self, numbers: Iterable[int]) -> bytes:
        """The packed ids of hosts by their calendar numbers."""
        with self._lock:
            wanted = list(numbers)
            if wanted and max(wanted) >= len(self._ids):
                self._learn_hosts()
            return b"".join(self._ids[number] for number in wanted)

    def free(self, host_ids: Sequence[str], span: Span) -> list[str]:
        """Those hosts (ids) that no lease has, or is cleaned up after, within a time."""
        rows = self.rows(pack(host_ids))
        with self.following() as replica:
            free = replica.calendar.free(rows, *span).tolist()
        return [host_id for host_id, is_free in zip(host_ids, free, strict=True) if is_free]

    def check(self) -> bool:
        """Compare the copy with one built anew from the store, and take the new one; False if they differed."""
        new = self._loaded()  # takes seconds where there is much; others use the old one meanwhile
        with self._lock:
            old = self._followed()
            for change in self._store.changes_since(new.sequence, old.sequence - new.sequence):
                new.apply(change)
            same = old.sequence == new.sequence and _alike(old, new)
            if not same:
                LOG.error("the calendar in memory differed from the database at change %s; taken anew", new.sequence)
            self._replica = new
            return same

    def _followed(self) -> Replica:
        if self._replica is None:
            self._replica = self._loaded()
        try:
            while self._step(self._replica):
                pass
        except OutOfStep as error:
            LOG.error("the calendar in memory is out of step (%s); loading it anew", error)
            self._replica = self._loaded()
        # Hosts get their numbers outside the journal.
        self._replica.calendar.grow(len(self._ids))
        return self._replica

    def _step(self, replica: Replica) -> bool:
        """Apply the next changes; True if there may be more."""
        changes = self._store.changes_since(replica.sequence, _BATCH)
        for change in changes:
            replica.apply(change)
        return len(changes) == _BATCH

    def _loaded(self) -> Replica:
        found = self._store.snapshot()
        return Replica.from_snapshot(found.sequence, found.host_count, found.columns, found.facts)

    def _learn_hosts(self) -> None:
        for host_id in chunks(pack(self._store.hosts_from(len(self._ids)))):
            self._numbers[host_id] = len(self._ids)
            self._ids.append(host_id)


def _alike(one: Replica, other: Replica) -> bool:
    mine, theirs = one.calendar.columns(), other.calendar.columns()
    return (
        all(np.array_equal(getattr(mine, name), getattr(theirs, name)) for name in ("host", "start", "end"))
        and [mine.keys[i] for i in mine.owner] == [theirs.keys[i] for i in theirs.owner]
        and one.facts == other.facts
    )

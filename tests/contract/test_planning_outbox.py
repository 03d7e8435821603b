# SPDX-License-Identifier: Apache-2.0
"""Whoever hears of a lease hears in order, with any number of planners at work, in every kind of database."""

from __future__ import annotations

import itertools
import random
import threading
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from climate.chassis.outbox import Outbox
from climate.core import booking
from climate.core.booking import Decision
from climate.core.lease import Lease
from climate.errors import LeaseChanged
from climate.planning.effects import notify
from climate.planning.store import tables
from climate.planning.store.protocol import Store
from tests.contract.planning_decisions import NOW, Backend, host_ids, proposal

LEASES = 12
PLANNERS = 4
CLAIM_S = 6


class Killed(BaseException):
    """The planner is gone in the middle of its work."""


class Ears:
    """Hears what planners send, each of which may fail or die before or after it did.

    Time passes with what happens, fast enough that claims run out while their owners are still at it.
    """

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        self._ticks = itertools.count(NOW)
        self.heard: dict[str, list[str]] = defaultdict(list)
        self._known: set[int] = set()

    def clock(self) -> int:
        return next(self._ticks)

    def handle(self, effect_id: int, payload: dict[str, Any]) -> None:
        with self._lock:
            fate = self._random.random()
        if fate < 0.1:
            raise OSError("the broker is away")
        if fate < 0.2:
            raise Killed
        with self._lock:
            if effect_id not in self._known:
                self._known.add(effect_id)
                self.heard[payload["lease_id"]].append(payload["event"])
        if fate < 0.3:
            raise Killed


def lived(store: Store, lease_id: str, host: int) -> list[str]:
    """A lease from its proposal to its end, each step decided as soon as the one before is written."""
    events = []

    def commit(decision: Decision | None) -> Lease:
        assert decision is not None
        store.commit(decision, (notify.effect(decision),))
        events.append(f"lease.{decision.event}")
        return store.get_lease(lease_id)

    lease = commit(proposal([host], 100, 200, lease_id=lease_id, confirmed=False))
    lease = commit(booking.confirm(lease, NOW))
    for now in (100, 180, 200, 210):
        lease = commit(booking.advance(lease, store.get_held(lease_id), now))
    return events


def repeatedly(act: Callable[[], object], until: Callable[[], bool]) -> None:
    while not until():
        try:
            act()
        except Killed:
            continue  # another one is started


@pytest.mark.parametrize("seed", range(2))
def test_the_events_of_a_lease_are_told_in_order(planning_database: Backend, seed: int) -> None:
    """While they happen, by planners that fail, die and take each other for dead: none is lost, none overtakes."""
    store, engine = planning_database.store, planning_database.engine
    assert engine is not None
    store.register_hosts(host_ids(LEASES))
    ears = Ears(seed)
    written = threading.Event()
    boxes = [Outbox(engine, tables.outbox, {notify.TOPIC: ears.handle}, ears.clock, CLAIM_S) for _ in range(PLANNERS)]

    def over() -> bool:
        return written.is_set() and boxes[0].waiting() == 0

    with ThreadPoolExecutor(PLANNERS + 3) as threads:
        planners = [threads.submit(repeatedly, box.run_due, over) for box in boxes]
        try:
            ids = host_ids(LEASES)
            told = dict(
                zip(ids, threads.map(lambda number: lived(store, ids[number], number), range(LEASES)), strict=True)
            )
        finally:
            written.set()
        for planner in planners:
            planner.result(120)
    assert ears.heard == told


def test_a_lease_that_was_changed_by_another_tells_nothing(planning_database: Backend) -> None:
    """Of two decisions on one version, the one that is refused leaves no effect."""
    store = planning_database.store
    store.register_hosts(host_ids(1))
    held = proposal([0], 100, 200, confirmed=False)
    store.commit(held, (notify.effect(held),))
    confirmed, cancelled = booking.confirm(held.lease, NOW), booking.cancel(held.lease, [], NOW)
    assert confirmed is not None
    assert cancelled is not None
    store.commit(confirmed, (notify.effect(confirmed),))
    with pytest.raises(LeaseChanged):
        store.commit(cancelled, (notify.effect(cancelled),))
    assert [one.payload["event"] for one in planning_database.effects()] == ["lease.proposed", "lease.confirmed"]

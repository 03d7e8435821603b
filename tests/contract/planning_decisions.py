# SPDX-License-Identifier: Apache-2.0
"""Short ways to make decisions and hand them to a store, and to see all that a store tells."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from climate.chassis import sql
from climate.chassis.outbox import Effect
from climate.core import booking, changes
from climate.core.booking import Decision, Rules
from climate.core.lease import Lease, LeaseChange, Owner, RepeatKey, Terms, Wish
from climate.planning.store import tables
from climate.planning.store.memory import MemoryStore
from climate.planning.store.protocol import Store

RULES = Rules(margin_s=10, proposal_ttl_s=40, ends_soon_s=20)
OWNER = Owner(project_id="p", user_id="u")
NOW = 50


@dataclass(frozen=True, slots=True)
class Backend:
    """A store of one ``kind``: memory, sqlite, postgresql or mariadb."""

    kind: str
    store: Store
    engine: sa.Engine | None = None

    def effects(self) -> list[Effect]:
        """What stands in the outbox, oldest first."""
        if isinstance(self.store, MemoryStore):
            return list(self.store.effects)
        assert self.engine is not None
        query = sa.select(tables.outbox).order_by(tables.outbox.c.id)
        with sql.reading(self.engine) as connection:
            return [Effect(row.topic, row.key, json.loads(row.payload)) for row in connection.execute(query)]


def host_ids(count: int) -> list[str]:
    """The same ids at every call."""
    return [str(uuid.UUID(int=number + 1)) for number in range(count)]


def proposal(hosts: Iterable[int], start: int, end: int, **given: Any) -> Decision:
    """A new lease over ``[start, end)`` that blocks its hosts for 10 s more."""
    arguments: dict[str, Any] = {
        "lease_id": str(uuid.uuid4()),
        "owner": OWNER,
        "wish": Wish(duration_s=end - start),
        "terms": Terms(),
        "alike": {},
        "now": NOW,
        "rules": RULES,
        "confirmed": True,
    }
    return booking.propose(hosts=hosts, span=(start, end), **(arguments | given))


def book(store: Store, hosts: Iterable[int], start: int, end: int, **given: Any) -> str:
    """Commit a proposal; the lease's id."""
    decision = proposal(hosts, start, end, **given)
    store.commit(decision)
    return decision.lease.lease_id


def cancellation(store: Store, lease_id: str, now: int) -> Decision:
    """The decision that cancels a lease as it is now."""
    decision = booking.cancel(store.get_lease(lease_id), store.get_held(lease_id), now)
    assert decision is not None
    return decision


def change(
    store: Store,
    lease_id: str,
    wanted: LeaseChange,
    now: int,
    added: Iterable[int] = (),
) -> Decision | None:
    """The decision of a PATCH, ``None`` if it changes nothing; hosts that go are the last ones."""
    lease, held = store.get_lease(lease_id), store.get_held(lease_id)
    target = changes.target(lease, wanted, now, 10**6)
    back = changes.to_return(held, lease.quantity - target.quantity)
    return changes.change(lease, held, target, now, RULES, added=added, returned=back)


def advance(store: Store, lease_id: str, now: int) -> list[str]:
    """Let the calendar do to a lease all that is due; the events."""
    events = []
    while (decision := booking.advance(store.get_lease(lease_id), store.get_held(lease_id), now)) is not None:
        store.commit(decision)
        events.append(decision.event)
    return events


def repeat(key: str, fingerprint: str = "f") -> RepeatKey:
    return RepeatKey(key=key, fingerprint=fingerprint)


def told(planning: Backend, leases: Iterable[str]) -> dict[str, Any]:
    """All that a store tells, in a form that can be compared between kinds."""
    store = planning.store
    snapshot = store.snapshot()
    columns = snapshot.columns
    owners = [columns.keys[number] for number in columns.owner.tolist()]
    spans = zip(columns.host.tolist(), columns.start.tolist(), columns.end.tolist(), owners, strict=True)
    known: list[Lease] = [store.get_lease(lease_id) for lease_id in leases]
    return {
        "leases": known,
        "held": [sorted(store.get_held(lease.lease_id), key=lambda one: (one.host, one.start_at)) for lease in known],
        "due": [sorted(store.due(now, 10**6)) for now in (0, NOW, 100, 200, 10**6)],
        "stretches": sorted(
            (one.lease.lease_id, one.host, one.start_at, one.end_at)
            for one in store.stretches(0, 10**6, None, 10**6, None)
        ),
        "snapshot": (snapshot.sequence, snapshot.host_count, list(spans), snapshot.facts),
        "journal": store.changes_since(0, 10**6),
        "latest": store.latest_sequence(),
        "hosts": store.hosts_from(0),
        "effects": planning.effects(),
    }

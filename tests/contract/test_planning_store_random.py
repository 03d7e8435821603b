# SPDX-License-Identifier: Apache-2.0
"""Random decisions have the same outcome in every kind of store, and leave the same behind."""

from __future__ import annotations

import random

import pytest

from climate.chassis.outbox import Effect
from climate.core import booking, substitution
from climate.core.booking import Decision, Held, Rules
from climate.core.lease import Lease, LeaseChange, RepeatKey
from climate.core.substitution import Swap
from climate.errors import BadField, HostsTaken, LeaseChanged, WrongState
from climate.planning.store.memory import MemoryStore
from climate.planning.store.protocol import RepeatTaken
from tests.contract.planning_decisions import NOW, RULES, Backend, change, host_ids, proposal, repeat, told

HOSTS = 10
SEEDS = [*range(3), *(pytest.param(seed, marks=pytest.mark.soak) for seed in range(3, 100))]


@pytest.mark.parametrize("seed", SEEDS)
def test_random_decisions_have_the_same_outcome_everywhere(planning_database: Backend, seed: int) -> None:
    """Against the twin in memory: collisions, stale versions and repeated keys included."""
    twin = Backend("memory", MemoryStore())
    life = Life(random.Random(seed), planning_database, twin)
    for _ in range(150):
        life.step()
    assert told(planning_database, life.leases) == told(twin, life.leases)
    assert {"HostsTaken", "LeaseChanged", "RepeatTaken"} <= life.outcomes


class Life:
    """Random events of a few leases, each decided once and committed to both stores."""

    def __init__(self, randomness: random.Random, *backends: Backend) -> None:
        self._random = randomness
        self._stores = [backend.store for backend in backends]
        for store in self._stores:
            store.register_hosts(host_ids(HOSTS))
        self._now = NOW
        self._kept: list[Decision] = []
        self.leases: list[str] = []
        self.outcomes: set[str] = set()

    def step(self) -> None:
        """Time passes, something is decided (or was, some time ago), and both stores do the same with it."""
        self._now += self._random.randrange(4)
        late = self._kept and self._random.random() < 0.15
        decision = self._kept.pop() if late else self._decided()
        if decision is None:
            return
        new = decision.seen_version is None
        if not new and self._random.random() < 0.2:
            self._kept.append(decision)
        key = repeat(f"k{self._random.randrange(6)}") if new and self._random.random() < 0.4 else None
        outcome, *others = [self._outcome(number, decision, key) for number in range(len(self._stores))]
        assert others == [outcome]
        self.outcomes.add(outcome)
        if new and outcome == "committed":
            self.leases.append(decision.lease.lease_id)

    def _outcome(self, number: int, decision: Decision, key: RepeatKey | None) -> str:
        try:
            self._stores[number].commit(decision, (Effect("t", "k", {"event": decision.event}),), key)
        except (HostsTaken, LeaseChanged, RepeatTaken) as error:
            return type(error).__name__
        return "committed"

    def _decided(self) -> Decision | None:
        if not self.leases or self._random.random() < 0.35:
            return self._proposed()
        store = self._stores[-1]
        lease = store.get_lease(self._random.choice(self.leases))
        held = store.get_held(lease.lease_id)
        acts = [
            lambda: booking.confirm(lease, self._now),
            lambda: booking.cancel(lease, held, self._now),
            lambda: booking.advance(lease, held, self._now),
            lambda: booking.advance(lease, held, self._now),
            lambda: self._changed(lease),
            lambda: self._changed(lease),
            lambda: self._swapped(lease, held),
        ]
        try:
            return self._random.choice(acts)()
        except (WrongState, BadField):
            return None

    def _proposed(self) -> Decision:
        start = self._now + self._random.randrange(30)
        return proposal(
            self._random.sample(range(HOSTS), self._random.randrange(1, 4)),
            start,
            start + self._random.randrange(1, 40),
            now=self._now,
            confirmed=self._random.random() < 0.6,
            rules=Rules(margin_s=self._random.choice([0, 3]), proposal_ttl_s=8, ends_soon_s=5),
            lease_id=f"{self._random.getrandbits(128):032x}",
        )

    def _changed(self, lease: Lease) -> Decision | None:
        """A random PATCH; a host that joins may be another lease's."""
        more = self._random.randrange(-1, 2)
        later = self._random.randrange(-10, 20)
        wanted = LeaseChange(
            name=self._random.choice([None, "n", "m"]), end_time=lease.end_at + later, quantity=lease.quantity + more
        )
        own = {one.host for one in self._stores[-1].get_held(lease.lease_id)}
        others = sorted(set(range(HOSTS)) - own)
        return change(self._stores[-1], lease.lease_id, wanted, self._now, others[:1] if more > 0 else [])

    def _swapped(self, lease: Lease, held: list[Held]) -> Decision | None:
        """Another host, perhaps of another lease, in the place of one."""
        own = [one.host for one in held if not one.given_back]
        others = sorted(set(range(HOSTS)) - {one.host for one in held})
        if not lease.live or not own or not others or lease.end_at <= self._now:
            return None
        swap = Swap((self._random.choice(own),), (self._random.choice(others),), {"rack": "another"})
        return substitution.swapped(lease, held, swap, self._now, RULES)

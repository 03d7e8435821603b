# SPDX-License-Identifier: Apache-2.0
"""Planning's use cases over the store in memory, with a clock that tests set."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Container, Iterable
from typing import Any

from climate.chassis.outbox import Effect
from climate.core.booking import Decision, Rules
from climate.core.candidates import Candidates, Group, pack
from climate.core.lease import Lease, LeaseChange, Owner, RepeatKey, Terms, Wish
from climate.core.limits import UNLIMITED, Ceiling, Limits
from climate.core.schedulers.earliest import Earliest
from climate.planning.availability import AvailabilityReport
from climate.planning.calendar import PlanningCalendar
from climate.planning.changes import Changes
from climate.planning.effects import notify
from climate.planning.following import Following
from climate.planning.limits import LimitsOfProjects
from climate.planning.proposals import Proposals, Request
from climate.planning.store.limits_memory import MemoryLimits
from climate.planning.store.memory import MemoryStore
from climate.planning.strategies import Strategies
from climate.planning.transitions import Transitions

RULES = Rules(margin_s=10, proposal_ttl_s=40, ends_soon_s=20)
HORIZON_S = 10_000
OWNER = Owner(project_id="p", user_id="u")


def host_ids(*numbers: int) -> list[str]:
    return [str(uuid.UUID(int=number + 1)) for number in numbers]


def candidates(*groups: Iterable[int], alike: Iterable[dict[str, Any]] = (), in_use: Container[int] = ()) -> Candidates:
    """Groups of hosts by number; ``alike`` says on what each agrees, ``in_use`` which hosts have instances."""
    made = []
    for group, some in zip(map(tuple, groups), [*alike, *({} for _ in groups)], strict=False):
        used = [number for number in group if number in in_use]
        made.append(Group(some, pack(host_ids(*group)), pack(host_ids(*used))))
    return Candidates(tuple(made))


class MeddledStore(MemoryStore):
    """Does ``meddle`` (what others do at the worst moment, or what the database says) before each commit."""

    def __init__(self) -> None:
        super().__init__()
        self.meddle: Callable[[], None] = lambda: None
        self.commits = 0

    def commit(
        self,
        decision: Decision,
        effects: tuple[Effect, ...] = (),
        repeat: RepeatKey | None = None,
        ceiling: Ceiling | None = None,
    ) -> int:
        """Count, let others meddle, then commit."""
        self.commits += 1
        meddle, self.meddle = self.meddle, lambda: None
        try:
            meddle()
        except BaseException:
            self.meddle = meddle
            raise
        return super().commit(decision, effects, repeat, ceiling)


class Workshop:
    """One process of planning, at ``now``; ``another()`` is a second one over the same store."""

    def __init__(
        self, store: MeddledStore | None = None, rules: Rules = RULES, limits: MemoryLimits | None = None
    ) -> None:
        self.now = 1_000
        self.rules = rules
        self.store = store or MeddledStore()
        self.calendar = PlanningCalendar(self.store)
        self.strategies = Strategies({"earliest": Earliest()}, "earliest")
        randomness = random.Random(1)
        self.own_limits = limits or MemoryLimits(self.store)
        site = Limits(horizon_s=HORIZON_S, max_leases=UNLIMITED)
        self.limits = LimitsOfProjects(self.own_limits, site, self.clock, lambda: self.now * 1_000_000)
        self.proposals = Proposals(
            self.store, self.calendar, self.strategies, rules, self.limits, self.clock, randomness
        )
        self.changes = Changes(self.store, self.calendar, self.strategies, rules, self.limits, self.clock)
        self.transitions = Transitions(self.store, self.clock, randomness)
        self.availability = AvailabilityReport(self.calendar, self.clock)
        self.following = Following(self.store, self.calendar)

    def clock(self) -> int:
        return self.now

    def another(self) -> Workshop:
        """A second process over the same store, at the same time."""
        other = Workshop(self.store, self.rules, self.own_limits)
        other.now = self.now
        return other

    def request(self, *groups: Iterable[int], **given: Any) -> Request:
        """For one of hosts 0 to 3 for 100 s, now or never, unless ``given`` says otherwise."""
        wish = {name: given.pop(name) for name in ("start_time", "end_time", "duration_s") if name in given}
        arguments: dict[str, Any] = {
            "hosts": candidates(*(groups or [range(4)])),
            "wish": Wish(**({"duration_s": 100} | wish)),
            "quantity": 1,
            "owner": OWNER,
            "terms": Terms(),
            "confirm": False,
            "repeat": None,
            "answer_by": None,
        }
        return Request(**(arguments | given))

    def make(self, *groups: Iterable[int], **given: Any) -> Lease:
        """Make a proposal."""
        return self.proposals.make(self.request(*groups, **given))

    def change(self, lease: Lease, hosts: Candidates | None = None, **wanted: Any) -> Lease:
        """PATCH a lease."""
        return self.changes.change(lease.lease_id, "p", LeaseChange(**wanted), hosts, None)

    def numbers(self, lease: Lease) -> list[int]:
        """The hosts of a lease as the tests number them."""
        return [uuid.UUID(host_id).int - 1 for host_id in lease.hosts]

    def told(self) -> list[tuple[str, str]]:
        """The notifications written so far: event and lease."""
        told = [effect for effect in self.store.effects if effect.topic == notify.TOPIC]
        return [(effect.payload["event"].removeprefix("lease."), effect.key) for effect in told]

    def state(self) -> tuple[Any, ...]:
        """All that a refused request must leave as it was."""
        snapshot = self.store.snapshot()
        rows = (snapshot.columns.host.tolist(), snapshot.columns.start.tolist(), snapshot.columns.end.tolist())
        return snapshot.sequence, rows, snapshot.facts, self.told()

# SPDX-License-Identifier: Apache-2.0
"""Instances of others leave a lease's hosts before it begins: as told, once, whoever dies or fails in between."""

from __future__ import annotations

import dataclasses
import random
from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any

import pytest

from climate.core.candidates import Candidates
from climate.core.clearing import Act, Eviction, EvictionRule
from climate.core.lease import Lease
from climate.errors import ServiceUnavailable
from climate.openstack.nova_servers import Server
from climate.planning.effects import evict
from climate.planning.effects.evict import Clearing, Evict, Notice, Ways
from climate.planning.instances import Hosts
from climate.planning.substitutes import Substitutes
from tests.unit.planning.fake_nova import FakeNova
from tests.unit.planning.workshop import RULES, Workshop, candidates, host_ids

LEAD, FINISH = 100, 20
START = 1_500
NODES = [f"node{number}" for number in range(4)]


class Crash(BaseException):
    """The process is killed."""


class AnyWay:
    """Nobody packs: leases keep their hosts, and Nova chooses where instances go."""

    def fewest_moves(self, lease: Lease) -> bool:
        return False

    def targets(self, lease: Lease, names: Collection[str], going: Mapping[str, str]) -> dict[str, str]:
        return {}


class Cloud:
    """Four hosts, a Nova with instances, and planning's effects over them."""

    def __init__(self, rule: EvictionRule) -> None:
        self.shop = Workshop(rules=dataclasses.replace(RULES, starts_soon_s=LEAD))
        self.nova = FakeNova(self.shop.clock)
        self.told: list[dict[str, Any]] = []
        self.substitutes = Substitutes(
            self.shop.store, self.shop.calendar, self.matching, self.shop.rules, self.shop.clock
        )
        clearing = Clearing(self.shop.store, self.shop.calendar, self.nova, self.hosts, rule, self.shop.clock)
        self.evict = Evict(clearing, self.substitutes, self.ways())
        self.notice = Notice(clearing, lambda event, payload: self.told.append({"event": event, **payload}))
        self.nova.elsewhere = self.scheduled
        self.closed: set[str] = set()
        self.leases: tuple[str, ...] = ()
        self._again: dict[int, int] = {}

    def ways(self) -> Ways:
        return AnyWay()

    def hosts(self) -> Hosts:
        return Hosts(dict(zip(host_ids(*range(4)), NODES, strict=True)))

    def matching(self, properties: list[Any]) -> Candidates:
        return candidates(range(4), in_use=self.in_use())

    def in_use(self) -> set[int]:
        """What the inventory says of instances on hosts."""
        return {NODES.index(one.host) for one in self.nova.servers.values() if one.host in NODES}

    def scheduled(self, server: Server) -> str | None:
        """A host that no lease has, as the filter would choose."""
        now = self.shop.now
        held = {NODES[one] for lease in self.leases for one in self.shop.numbers(self.shop.store.get_lease(lease))}
        free = [node for node in NODES if node not in held and node not in self.closed and node != server.host]
        return free[0] if free and now else None

    def lease(self, quantity: int = 1, start: int = START) -> Lease:
        """A confirmed lease of the first hosts."""
        made = self.shop.make(range(4), quantity=quantity, start_time=start, confirm=True)
        self.leases = (*self.leases, made.lease_id)
        return made

    def second(self) -> None:
        """Time goes on by one second: Nova works, transitions happen, effects run in order, each when it wants to."""
        self.shop.now += 1
        self.nova.tick()
        self.shop.transitions.run_due()
        self.run_effects()

    def run_effects(self) -> None:
        """As the outbox does: what raises is tried again, what a kill interrupts too."""
        handlers = {evict.TOPIC: self.evict, evict.NOTICE_TOPIC: self.notice}
        effects = [effect for effect in self.shop.store.effects if effect.topic in handlers]
        waiting: set[str] = set()
        for number, effect in enumerate(effects):
            at = self._again.get(number, 0)
            if at < 0 or effect.key in waiting:
                continue
            waiting.add(effect.key)
            if at > self.shop.now:
                continue
            try:
                again = handlers[effect.topic](number, effect.payload)
            except Crash:
                self._again[number] = self.shop.now + 3
                continue
            except ServiceUnavailable:
                self._again[number] = self.shop.now + 1
                continue
            if again is None:
                self._again[number] = -1
                waiting.discard(effect.key)
            else:
                self._again[number] = self.shop.now + again

    def run(self, until: int) -> None:
        while self.shop.now < until:
            self.second()

    def where(self, server_id: str) -> tuple[str, str]:
        server = self.nova.servers[server_id]
        return server.host, server.status


def cloud(eviction: Eviction = Eviction.MIGRATE, fallback: Eviction = Eviction.NONE) -> Cloud:
    return Cloud(EvictionRule(eviction=eviction, fallback=fallback, lead_s=LEAD, finish_s=FINISH))


def test_instances_are_moved_live_as_soon_as_the_lease_is_near() -> None:
    site = cloud()
    lease = site.lease()
    assert site.shop.numbers(lease) == [0]
    site.nova.boot("web", "node0", "others")
    site.run(START - LEAD - 1)
    assert site.where("web") == ("node0", "ACTIVE")
    site.run(START - LEAD + 15)
    assert site.where("web") == ("node1", "ACTIVE")
    assert site.nova.asked == [(Act.LIVE_MIGRATE, "web")]
    site.run(START + 5)
    assert site.shop.store.get_lease(lease.lease_id).degraded_reason == ""


def test_what_cannot_move_live_is_moved_cold_and_confirmed() -> None:
    site = cloud()
    site.lease()
    site.nova.boot("web", "node0", "others")
    site.nova.fails = lambda act, server_id: act is Act.LIVE_MIGRATE
    site.run(START)
    assert site.where("web") == ("node1", "ACTIVE")
    assert site.nova.asked == [(Act.LIVE_MIGRATE, "web"), (Act.COLD_MIGRATE, "web")]
    assert [move.status for move in site.nova.moves] == ["error", "confirmed"]


def test_a_stopped_instance_is_moved_cold() -> None:
    site = cloud()
    site.lease()
    site.nova.boot("web", "node0", "others", status="SHUTOFF")
    site.run(START)
    assert [act for act, _ in site.nova.asked] == [Act.COLD_MIGRATE]
    assert site.where("web")[0] == "node1"


def test_an_instance_that_cannot_leave_costs_the_lease_that_host_not_the_instance() -> None:
    site = cloud()
    lease = site.lease()
    site.nova.boot("web", "node0", "others")
    site.nova.refuses = lambda act, server_id: True
    site.run(START + 5)
    assert site.where("web") == ("node0", "ACTIVE")
    after = site.shop.store.get_lease(lease.lease_id)
    assert (site.shop.numbers(after), after.degraded_reason) == ([1], "")


def test_where_there_is_no_other_host_the_lease_says_so_until_they_go() -> None:
    site = cloud()
    lease = site.lease(quantity=4)
    site.nova.boot("web", "node2", "others")
    site.run(START + 5)
    reason = site.shop.store.get_lease(lease.lease_id).degraded_reason
    assert reason == "1 of 4 hosts still has instances of others."
    del site.nova.servers["web"]
    site.run(START + 60)
    assert site.shop.store.get_lease(lease.lease_id).degraded_reason == ""


@pytest.mark.parametrize("how", [Eviction.PAUSE, Eviction.DELETE])
def test_owners_have_time_before_something_is_paused_or_deleted(how: Eviction) -> None:
    site = cloud(how)
    site.lease()
    site.nova.boot("web", "node0", "others")
    site.run(START - FINISH - 1)
    assert site.where("web") == ("node0", "ACTIVE")
    assert [(one["event"], one["server_id"], one["before"]) for one in site.told] == [
        ("instance.eviction", "web", START - FINISH)
    ]
    assert how in site.nova.notes["web"]
    site.run(START)
    assert [act for act, _ in site.nova.asked] == [Act(str(how))]
    assert ("web" in site.nova.servers) == (how is Eviction.PAUSE)


@pytest.mark.parametrize("fallback", [Eviction.PAUSE, Eviction.DELETE])
def test_the_fall_back_comes_last(fallback: Eviction) -> None:
    site = cloud(fallback=fallback)
    lease = site.lease(quantity=4)
    site.nova.boot("web", "node0", "others")
    site.run(START - FINISH - 1)
    assert site.where("web") == ("node0", "ACTIVE")
    site.run(START)
    assert [act for act, _ in site.nova.asked] == [Act.LIVE_MIGRATE, Act.COLD_MIGRATE, Act(str(fallback))]
    assert site.shop.store.get_lease(lease.lease_id).degraded_reason == ""


def test_with_none_everything_stays() -> None:
    site = cloud(Eviction.NONE)
    site.lease()
    site.nova.boot("web", "node0", "others")
    site.run(START + 5)
    assert (site.nova.asked, site.told, site.where("web")) == ([], [], ("node0", "ACTIVE"))


def test_the_lease_s_own_instances_are_never_touched() -> None:
    """By their hint; where Nova tells none, by their project and their birth."""
    for hints in (True, False):
        site = cloud(Eviction.DELETE)
        site.nova.hints = hints
        lease = site.lease()
        site.run(START)
        site.nova.boot("mine", "node0", "p", lease=lease.lease_id)
        site.shop.store.effects.append(evict.effect(lease))
        site.run(START + 10)
        assert site.nova.asked == []


def test_the_project_s_other_instances_go_too() -> None:
    """They were there before, and asked for no lease."""
    for hints in (True, False):
        site = cloud()
        site.nova.hints = hints
        site.lease()
        site.nova.boot("before", "node0", "p")
        site.run(START)
        assert site.where("before")[0] == "node1"


def test_a_lease_that_begins_at_once_is_cleared_at_once() -> None:
    site = cloud()
    site.nova.boot("web", "node0", "others")
    site.closed = {"node3"}
    site.lease(start=1_000, quantity=1)
    site.run(1_010)
    assert site.where("web")[0] != "node0"


def test_hosts_that_join_late_are_cleared_too() -> None:
    site = cloud()
    lease = site.lease(quantity=2)
    site.nova.boot("web", "node2", "others")
    site.run(START - 50)
    assert site.where("web") == ("node2", "ACTIVE")
    site.shop.change(lease, candidates([2]), quantity=3)
    site.run(START)
    assert site.where("web") == ("node3", "ACTIVE")


def test_a_cancelled_lease_moves_nothing() -> None:
    site = cloud()
    lease = site.lease()
    site.nova.boot("web", "node0", "others")
    site.run(START - LEAD - 1)
    site.shop.proposals.cancel(lease.lease_id, "p")
    site.run(START)
    assert site.nova.asked == []


def test_what_another_lease_has_until_the_start_is_left_to_its_end() -> None:
    """Its instances are no strangers yet; what stays when it is over is."""
    site = cloud()
    before = site.shop.make([0], quantity=1, duration_s=START - 10 - site.shop.now, confirm=True)
    lease = site.shop.make([0], quantity=1, start_time=START, confirm=True)
    site.leases = (lease.lease_id,)
    site.nova.boot("theirs", "node0", "p", lease=before.lease_id)
    site.run(START - 2)
    assert (site.nova.asked, site.told) == ([], [])
    site.run(START + 10)
    assert site.where("theirs") == ("node1", "ACTIVE")


@pytest.mark.parametrize("seed", range(60))
def test_kills_and_failures_at_any_call_lose_nothing_and_do_nothing_twice(seed: int) -> None:
    """Nova away, refusing, failing afterwards, planning killed at any call: in the end as if nothing had been."""
    chance = random.Random(seed)
    how = chance.choice([Eviction.MIGRATE, Eviction.PAUSE, Eviction.DELETE])
    site = cloud(how)
    lease = site.lease(quantity=chance.randint(1, 2))
    for number in range(4):
        site.nova.boot(f"web{number}", chance.choice(NODES[:3]), chance.choice(["p", "others"]))
    before = dict(site.nova.servers)
    quiet_at = START - FINISH - 5 if how is Eviction.MIGRATE else START - 5

    def trouble(call: str) -> None:
        if site.shop.now < quiet_at and chance.random() < 0.3:
            raise chance.choice([Crash(), ServiceUnavailable("Nova is away.", service="nova")])

    site.nova.before = trouble
    site.run(START + 5)
    after = site.shop.store.get_lease(lease.lease_id)
    mine = {NODES[number] for number in site.shop.numbers(after)}
    assert after.degraded_reason == ""
    stood = {server_id for server_id, server in before.items() if server.host in mine}
    for server_id, server in before.items():
        now = site.nova.servers.get(server_id)
        if how is Eviction.DELETE:
            assert (now is None) == (server_id in stood)
        else:
            assert now is not None
            allowed = now.status == "PAUSED" if how is Eviction.PAUSE else now.host not in mine
            assert allowed or now.host not in mine
            if server_id not in stood:
                assert now == server
    assert all(count == 1 for count in Counter(site.nova.asked).values())

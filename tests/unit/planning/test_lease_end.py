# SPDX-License-Identifier: Apache-2.0
"""A lease's instances when it is over: as it said, all of them, none of others', once."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from climate.core.candidates import pack
from climate.core.clearing import Act, Ending
from climate.core.lease import Lease, LeaseChange, Terms
from climate.core.lifecycle import State
from climate.errors import ServiceUnavailable, WrongState
from climate.planning.effects import lease_end
from climate.planning.effects.lease_end import LeaseEnd
from climate.planning.instances import Hosts
from tests.unit.planning.fake_nova import FakeNova
from tests.unit.planning.workshop import Workshop, host_ids

NODES = [f"node{number}" for number in range(4)]


class Crash(BaseException):
    """The process is killed."""


class Cloud:
    """Four hosts, a Nova with instances, and what planning does at the end of leases."""

    def __init__(self, shop: Workshop, default: Ending = Ending.DELETE) -> None:
        self.shop = shop
        self.nova = FakeNova(shop.clock)
        self.nova.elsewhere = lambda server: None
        self.handler = LeaseEnd(shop.store, shop.calendar, self.nova, self.hosts, default, shop.clock)
        self._again: dict[int, int] = {}

    def hosts(self) -> Hosts:
        return Hosts(dict(zip(host_ids(*range(4)), NODES, strict=True)))

    def lease(self, quantity: int = 1, **given: object) -> Lease:
        """A lease that runs, from 1,000 to 1,100."""
        made = self.shop.make(range(4), quantity=quantity, confirm=True, **given)
        self.shop.transitions.run_due()
        self.shop.calendar.rows(pack(host_ids(*range(4))))
        return made

    def run(self, until: int) -> None:
        """Time goes on; effects are done as the outbox does them."""
        while self.shop.now < until:
            self.shop.now += 1
            self.nova.tick()
            self.shop.transitions.run_due()
            for number, effect in enumerate(self.shop.store.effects):
                if effect.topic != lease_end.TOPIC or not 0 <= self._again.get(number, 0) <= self.shop.now:
                    continue
                try:
                    again = self.handler(number, effect.payload)
                except (Crash, ServiceUnavailable):
                    again = 2
                self._again[number] = -1 if again is None else self.shop.now + again


ENDINGS = {
    Ending.DELETE: ([Act.DELETE], None),
    Ending.SHELVE: ([Act.SHELVE, Act.OFFLOAD], ("", "SHELVED_OFFLOADED")),
    Ending.STOP: ([Act.STOP], ("node0", "SHUTOFF")),
    Ending.LEAVE: ([], ("node0", "ACTIVE")),
}


@pytest.mark.parametrize("how", list(Ending))
@pytest.mark.parametrize("own", [True, False], ids=["by the lease", "by the site"])
def test_instances_end_as_the_lease_says_or_else_the_site(shop: Workshop, how: Ending, own: bool) -> None:
    site = Cloud(shop, Ending.LEAVE if own else how)
    lease = site.lease(terms=Terms(on_lease_end=str(how) if own else ""))
    site.nova.boot("mine", "node0", "p", lease.lease_id)
    site.run(1_099)
    assert site.nova.asked == []
    site.run(1_150)
    acts, then = ENDINGS[how]
    assert [act for act, _ in site.nova.asked] == acts
    server = site.nova.servers.get("mine")
    assert (None if server is None else (server.host, server.status)) == then


@pytest.mark.parametrize("hints", [True, False])
def test_nothing_of_others_and_nothing_younger_is_touched(shop: Workshop, hints: bool) -> None:
    site = Cloud(shop)
    site.nova.hints = hints
    site.nova.boot("older", "node0", "p")
    shop.now += 1
    lease = site.lease()
    site.nova.boot("others", "node0", "q")
    site.nova.boot("elsewhere", "node3", "p", lease.lease_id)
    site.nova.boot("mine", "node0", "p", lease.lease_id)
    site.nova.before = lambda call: _away(shop.now < 1_200)
    site.run(1_190)
    site.nova.boot("younger", "node0", "p")
    site.run(1_300)
    assert site.nova.asked == [(Act.DELETE, "mine")]


def _away(yes: bool) -> None:
    if yes:
        raise ServiceUnavailable("Nova is away.", service="nova")


def test_a_cancelled_lease_ends_its_instances_too(shop: Workshop) -> None:
    site = Cloud(shop)
    lease = site.lease()
    site.nova.boot("mine", "node0", "p", lease.lease_id)
    shop.now = 1_050
    shop.proposals.cancel(lease.lease_id, "p")
    site.run(1_070)
    assert site.nova.servers == {}


def test_a_lease_cancelled_before_its_start_has_no_instances(shop: Workshop) -> None:
    lease = shop.make(range(4), start_time=1_500, confirm=True)
    shop.proposals.cancel(lease.lease_id, "p")
    assert [effect.topic for effect in shop.store.effects if effect.topic == lease_end.TOPIC] == []


def test_hosts_that_are_given_back_lose_their_instances_and_the_others_keep_them(shop: Workshop) -> None:
    site = Cloud(shop)
    lease = site.lease(quantity=3)
    for number in range(3):
        site.nova.boot(f"mine{number}", f"node{number}", "p", lease.lease_id)
    shop.now = 1_050
    shop.change(lease, quantity=2)
    site.run(1_070)
    assert sorted(site.nova.servers) == ["mine0", "mine1"]


def test_an_extension_in_the_last_second_wins_or_loses_cleanly(shop: Workshop) -> None:
    """Before the end is committed it wins, and nothing ends; after, it is refused, and all does."""
    for seconds, wins in ((1_099, True), (1_101, False)):
        shop = Workshop()
        site = Cloud(shop)
        lease = site.lease()
        site.nova.boot("mine", "node0", "p", lease.lease_id)
        site.run(seconds)
        if wins:
            shop.change(lease, end_time=1_200)
        else:
            with pytest.raises(WrongState):
                shop.change(lease, end_time=1_200)
        site.run(1_150)
        assert (shop.store.get_lease(lease.lease_id).state is State.ACTIVE) == wins
        assert ("mine" in site.nova.servers) == wins


def test_an_extension_and_the_end_at_the_same_instant_do_not_both_happen(shop: Workshop) -> None:
    site = Cloud(shop)
    lease = site.lease()
    site.nova.boot("mine", "node0", "p", lease.lease_id)
    shop.now = 1_099
    other = shop.another()
    shop.store.meddle = lambda: other.changes.change(  # type: ignore[assignment, return-value]
        lease.lease_id, "p", LeaseChange(end_time=1_200), None, None
    )
    other.now, shop.now = 1_099, 1_100
    shop.transitions.run_due()
    site.run(1_150)
    assert shop.store.get_lease(lease.lease_id).state is State.ACTIVE
    assert "mine" in site.nova.servers


@pytest.mark.parametrize("seed", range(30))
def test_kills_and_failures_leave_none_and_end_none_twice(shop: Workshop, seed: int) -> None:
    chance = random.Random(seed)
    how = chance.choice([Ending.DELETE, Ending.SHELVE, Ending.STOP])
    site = Cloud(shop, how)
    lease = site.lease(quantity=2)
    for number in range(4):
        site.nova.boot(f"mine{number}", chance.choice(NODES[:2]), "p", lease.lease_id)
    site.nova.boot("others", "node2", "q")

    def trouble(call: str) -> None:
        if shop.now < 1_160 and chance.random() < 0.4:
            raise chance.choice([Crash(), ServiceUnavailable("Nova is away.", service="nova")])

    site.nova.before = trouble
    site.run(1_250)
    left = {server.status for name, server in site.nova.servers.items() if name != "others"}
    assert left == {Ending.DELETE: set(), Ending.SHELVE: {"SHELVED_OFFLOADED"}, Ending.STOP: {"SHUTOFF"}}[how]
    assert site.nova.servers["others"].status == "ACTIVE"
    assert all(count == 1 for count in Counter(site.nova.asked).values())

# SPDX-License-Identifier: Apache-2.0
"""Hosts that an administrator empties: each instance moves once where it can, and what cannot stays, whoever dies."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from climate.core.clearing import Act
from climate.core.lease import Lease
from climate.errors import HostNotFound, NoNova, ServiceUnavailable
from climate.planning.effects import evacuate
from climate.planning.effects.evacuate import Evacuate
from climate.planning.evacuations import NoEvacuations, NovaEvacuations
from climate.planning.packing import Packing
from tests.unit.planning.test_evict import NODES, Crash
from tests.unit.planning.test_lease_packing import Packed, fact
from tests.unit.planning.workshop import host_ids


class Emptied(Packed):
    """Four hosts, of which administrators empty some."""

    def __init__(self) -> None:
        super().__init__()
        ways = self.ways()
        assert isinstance(ways, Packing)
        self.evacuations = NovaEvacuations(self.shop.store, self.shop.availability, self.nova, ways, self.shop.clock)
        self.evacuate = Evacuate(self.evacuations, self.nova)
        self._due: dict[str, int] = {}

    def begin(self, *hosts: str) -> None:
        self.evacuations.begin(hosts)

    def second(self) -> None:
        """Time goes on; what is done leaves the outbox, what is killed comes again."""
        super().second()
        effects = [effect for effect in self.shop.store.effects if effect.topic == evacuate.TOPIC]
        for effect in effects:
            if self._due.get(effect.key, 0) > self.shop.now:
                continue
            try:
                again = self.evacuate(1, effect.payload)
            except Crash:
                again = 3
            if again is None:
                self.shop.store.effects.remove(effect)
            else:
                self._due[effect.key] = self.shop.now + again

    def running(self, *hosts: str) -> bool:
        return self.evacuations.plan(hosts or ["node0"]).running

    def run_out(self) -> None:
        """Until nothing is to be done any more."""
        until = self.shop.now + 300
        while any(effect.topic == evacuate.TOPIC for effect in self.shop.store.effects):
            assert self.shop.now < until
            self.second()

    def leased(self, number: int) -> Lease:
        """A lease that has a host now."""
        return self.shop.make([number], quantity=1, duration_s=5_000, confirm=True)


def test_all_go_where_the_dry_run_said() -> None:
    site = Emptied()
    site.fill(3, 0, 2, 0)
    planned = site.evacuations.plan(["node0"])
    assert {step.target for step in planned.instances} == {"node2"}
    assert site.nova.asked == []
    site.begin("node0")
    assert site.running()
    site.run_out()
    assert not site.running()
    assert {step.server_id: step.target for step in planned.instances} == site.nova.targets
    assert site.evacuations.plan(["node0"]).instances == ()


def test_a_stopped_instance_goes_cold_and_is_confirmed() -> None:
    site = Emptied()
    site.nova.boot("off", "node0", "others", status="SHUTOFF")
    site.begin("node0")
    site.run_out()
    assert site.nova.asked == [(Act.COLD_MIGRATE, "off")]
    assert [move.status for move in site.nova.moves] == ["confirmed"]


def test_hosts_that_are_emptied_together_take_nothing_from_each_other() -> None:
    site = Emptied()
    site.fill(2, 2, 0, 1)
    site.begin("node0", "node1")
    site.run_out()
    assert set(site.nova.targets.values()) == {"node3"}
    assert len(site.nova.asked) == 4


def test_instances_of_the_lease_that_has_the_host_stay_and_others_go() -> None:
    site = Emptied()
    lease = site.leased(0)
    site.shop.now += 1
    site.shop.transitions.run_due()
    site.nova.boot("mine", "node0", "p", lease=lease.lease_id)
    site.shop.store.effects.clear()
    site.nova.boot("intruder", "node0", "others")
    site.begin("node0")
    site.run_out()
    assert [server_id for _, server_id in site.nova.asked] == ["intruder"]
    (left,) = site.evacuations.plan(["node0"]).instances
    assert (left.server_id, lease.lease_id in left.reason) == ("mine", True)


def test_what_cannot_move_or_has_no_room_stays_and_says_why() -> None:
    site = Emptied()
    site.nova.boot("broken", "node0", "others", status="ERROR")
    site.nova.boot("large", "node0", "others", vcpus=9)
    site.begin("node0")
    site.run_out()
    assert site.nova.asked == []
    assert {step.server_id: step.reason.partition(" ")[0] for step in site.evacuations.plan(["node0"]).instances} == {
        "broken": "Nova",
        "large": "No",
    }


def test_what_fails_both_ways_twice_ends_the_work_and_may_be_asked_for_again() -> None:
    site = Emptied()
    site.fill(1, 0, 0, 0)
    site.nova.fails = lambda act, server_id: True
    site.begin("node0")
    site.run_out()
    assert [act for act, _ in site.nova.asked] == [Act.LIVE_MIGRATE] * 2 + [Act.COLD_MIGRATE] * 2
    site.nova.fails = lambda act, server_id: False
    site.shop.now += 1
    site.begin("node0")
    site.run_out()
    assert site.where("0-0")[0] != "node0"


def test_to_begin_again_is_as_once() -> None:
    site = Emptied()
    site.fill(3, 0, 0, 0)
    site.begin("node0")
    site.begin("node0", "node1")
    assert [effect.payload["host_id"] for effect in site.shop.store.effects] == host_ids(0, 1)
    site.run_out()
    assert max(Counter(site.nova.asked).values()) == 1


def test_what_is_on_its_way_is_shown_and_takes_its_room() -> None:
    site = Emptied()
    site.fill(2, 0, 0, 0)
    site.begin("node0")
    site.run(site.shop.now + 1)
    shown = site.evacuations.plan(["node0"])
    assert [step.under_way for step in shown.instances] == [True, True]
    assert {step.target for step in shown.instances} == {"node1"}
    site.nova.boot("later", "node0", "others", vcpus=7)
    assert {step.server_id: step.target for step in site.evacuations.plan(["node0"]).instances}["later"] == "node2"


def test_hosts_go_by_name_id_and_novas_name_and_unknown_ones_are_refused() -> None:
    site = Emptied()
    (node1,) = host_ids(1)
    assert site.evacuations.plan(["node0", node1, "node1"]).hosts == ("node0", "node1")
    with pytest.raises(HostNotFound):
        site.begin("node0", "node9")
    assert site.shop.store.effects == []


def test_a_host_that_is_gone_ends_its_own_evacuation_only() -> None:
    site = Emptied()
    site.fill(1, 1, 0, 0)
    site.begin("node0", "node1")
    site.facts = [fact(number) for number in (0, 2, 3)]
    site.run_out()
    assert site.where("0-0")[0] != "node0"
    assert site.where("1-0")[0] == "node1"


def test_without_a_nova_it_is_said() -> None:
    with pytest.raises(NoNova):
        NoEvacuations().begin(["node0"])


@pytest.mark.parametrize("seed", range(40))
def test_kills_and_failures_of_nova_lose_nothing_and_do_nothing_twice(seed: int) -> None:
    chance = random.Random(seed)
    site = Emptied()
    site.fill(*(chance.randint(0, 3) for _ in NODES))
    hosts = NODES[: chance.randint(1, 2)]
    wanted = {one.server_id for one in site.nova.servers.values() if one.host in hosts}
    before = set(site.nova.servers)
    site.begin(*hosts)
    calm_at = site.shop.now + 60

    def trouble(call: str) -> None:
        if site.shop.now < calm_at and chance.random() < 0.3:
            raise chance.choice([Crash(), ServiceUnavailable("Nova is away.", service="nova")])

    site.nova.before = trouble
    site.run_out()
    assert set(site.nova.servers) == before
    assert sorted(server_id for _, server_id in site.nova.asked) == sorted(wanted)
    assert not any(one.host in hosts for one in site.nova.servers.values())

# SPDX-License-Identifier: Apache-2.0
"""A lease whose hosts are not empty gets those from which the fewest instances move, and they go where they fit."""

from __future__ import annotations

import random
from typing import Any

import pytest

from climate.core.candidates import Candidates
from climate.core.clearing import Act, Eviction, EvictionRule
from climate.core.host import Host, PropertyValue
from climate.core.lease import Lease
from climate.errors import BadProperties
from climate.planning.effects.evict import Ways
from climate.planning.packing import Packing
from tests.unit.planning.test_evict import FINISH, LEAD, NODES, START, Cloud, Crash
from tests.unit.planning.workshop import candidates, host_ids

RULE = EvictionRule(eviction=Eviction.MIGRATE, lead_s=LEAD, finish_s=FINISH, tries=2)
VCPUS = 8


def fact(number: int, **properties: PropertyValue) -> Host:
    (host_id,) = host_ids(number)
    facts: dict[str, PropertyValue] = {"vcpus": VCPUS, "memory_mb": 1024 * VCPUS, "local_gb": 0, "cpu_info.model": "X"}
    return Host(
        host_id=host_id,
        name=NODES[number],
        service_host="",
        external_id="",
        source="file",
        properties={**facts, **properties},
    )


class Packed(Cloud):
    """Four hosts of eight vcpus each, and what leaves them is packed."""

    def __init__(self) -> None:
        self.facts = [fact(number) for number in range(4)]
        self.offered: Candidates | Exception | None = None
        super().__init__(RULE)

    def ways(self) -> Ways:
        return Packing(
            self.nova,
            self.shop.calendar,
            self.substitutes,
            lambda: self.facts,
            self.offers,
            self.shop.rules.margin_s,
            1.0,
            self.shop.clock,
        )

    def offers(self, properties: list[Any]) -> Candidates:
        if isinstance(self.offered, Exception):
            raise self.offered
        return self.offered or self.matching(properties)

    def hosts_of(self, lease: Lease) -> list[int]:
        return self.shop.numbers(self.shop.store.get_lease(lease.lease_id))

    def fill(self, *counts: int) -> None:
        """So many small instances of others on each host."""
        for number, count in enumerate(counts):
            for one in range(count):
                self.nova.boot(f"{number}-{one}", NODES[number], "others")

    def left_alone(self, lease: Lease) -> bool:
        mine = {NODES[number] for number in self.hosts_of(lease)}
        return not any(one.host in mine for one in self.nova.servers.values())


def test_a_host_that_is_empty_takes_the_place_of_one_that_is_not() -> None:
    site = Packed()
    lease = site.lease()
    site.fill(2, 1, 0, 1)
    site.run(START)
    assert site.hosts_of(lease) == [2]
    assert site.nova.asked == []


def test_where_none_is_empty_those_are_taken_that_cost_the_fewest_moves() -> None:
    site = Packed()
    lease = site.lease(quantity=2)
    site.fill(3, 3, 1, 2)
    site.run(START)
    assert site.hosts_of(lease) == [2, 3]
    assert sorted(server_id for _, server_id in site.nova.asked) == ["2-0", "3-0", "3-1"]
    assert site.left_alone(lease)


def test_as_many_moves_are_no_reason_for_other_hosts() -> None:
    site = Packed()
    lease = site.lease(quantity=2)
    site.fill(1, 1, 1, 1)
    commits = site.shop.store.commits
    site.run(START - LEAD + 20)
    assert site.hosts_of(lease) == [0, 1]
    assert site.shop.store.commits == commits + 1  # that it begins soon


def test_only_hosts_that_are_not_a_better_choice_are_given_up() -> None:
    site = Packed()
    lease = site.lease(quantity=2)
    site.fill(1, 3, 1, 0)
    site.run(START)
    assert site.hosts_of(lease) == [0, 3]


def test_what_leaves_is_packed_onto_few_hosts_that_are_in_use() -> None:
    site = Packed()
    lease = site.lease(quantity=1)
    site.offered = candidates([0])
    site.fill(3, 0, 1, 0)
    site.run(START)
    assert {site.nova.targets[f"0-{one}"] for one in range(3)} == {"node2"}
    assert site.left_alone(lease)


def test_running_instances_go_to_hosts_with_the_same_processor() -> None:
    site = Packed()
    site.offered = candidates([0])
    site.lease()
    site.facts[1:3] = [fact(1, **{"cpu_info.model": "Y"}), fact(2, **{"cpu_info.model": "Y"})]
    site.nova.boot("runs", "node0", "others")
    site.nova.boot("stopped", "node0", "others", status="SHUTOFF", vcpus=VCPUS)
    site.run(START)
    assert site.nova.targets["runs"] == "node3"
    assert site.nova.targets["stopped"] in ("node1", "node2")


def test_hosts_of_another_kind_are_no_choice_for_a_lease() -> None:
    site = Packed()
    lease = site.lease()
    site.offered = candidates([0, 1], [2, 3], alike=[{"rack": "a"}, {"rack": "b"}])
    site.fill(2, 2, 0, 0)
    site.run(START)
    assert site.hosts_of(lease) == [0]


def test_hosts_that_others_have_leased_are_neither_taken_nor_filled() -> None:
    site = Packed()
    other = site.shop.make([3], quantity=1, start_time=START + 50, confirm=True)
    lease = site.lease()
    site.fill(2, 2, 2, 0)
    site.run(START)
    assert (site.hosts_of(lease), site.hosts_of(other)) == ([0], [3])
    assert {site.nova.targets[server_id] for server_id in ("0-0", "0-1")} <= {"node1", "node2"}


def test_a_host_with_an_instance_that_cannot_leave_is_no_choice() -> None:
    site = Packed()
    lease = site.lease()
    site.nova.boot("broken", "node0", "others", status="ERROR")
    site.nova.boot("broken too", "node1", "others", status="ERROR")
    site.fill(0, 0, 3, 2)
    site.run(START)
    assert site.hosts_of(lease) == [3]
    assert site.shop.store.get_lease(lease.lease_id).degraded_reason == ""


def test_where_nova_refuses_the_host_it_chooses_itself() -> None:
    """And the instance goes on running: it is not moved cold for that."""
    site = Packed()
    site.offered = candidates([0])
    lease = site.lease()
    site.fill(1, 1, 0, 0)
    site.nova.full = {"node1"}
    site.nova.elsewhere = lambda server: "node3"
    site.run(START)
    assert site.nova.targets == {"0-0": "node1"}
    assert site.nova.asked == [(Act.LIVE_MIGRATE, "0-0")] * 2
    assert site.where("0-0") == ("node3", "ACTIVE")
    assert site.left_alone(lease)


def test_where_nothing_is_known_of_the_hosts_nova_chooses() -> None:
    site = Packed()
    site.facts = []
    lease = site.lease()
    site.fill(1, 0, 0, 0)
    site.run(START)
    assert site.nova.targets == {"0-0": None}
    assert site.left_alone(lease)


def test_a_filter_that_no_longer_holds_does_not_keep_instances_there() -> None:
    site = Packed()
    site.offered = BadProperties("There is no property rack any more.")
    lease = site.lease()
    site.fill(1, 0, 0, 0)
    site.run(START)
    assert site.hosts_of(lease) == [0]
    assert site.left_alone(lease)


def test_once_an_instance_has_moved_the_lease_keeps_its_hosts() -> None:
    site = Packed()
    lease = site.lease()
    site.fill(2, 3, 3, 3)
    site.run(START - LEAD + 2)
    assert site.nova.asked
    for server_id in [one for one in site.nova.servers if one.startswith("3-")]:
        del site.nova.servers[server_id]
    site.run(START)
    assert site.hosts_of(lease) == [0]


def test_hosts_that_somebody_takes_meanwhile_are_not_taken_from_them() -> None:
    site = Packed()
    lease = site.lease()
    site.fill(1, 1, 1, 0)
    site.run(START - LEAD - 1)
    made: list[Lease] = []
    site.shop.now += 1
    site.nova.tick()
    site.shop.transitions.run_due()
    site.shop.store.meddle = lambda: made.append(
        site.shop.another().make([3], quantity=1, start_time=START, confirm=True)
    )
    site.run_effects()
    site.run(START)
    assert (site.hosts_of(lease), site.hosts_of(made[0])) == ([0], [3])
    assert site.left_alone(lease)


@pytest.mark.parametrize("seed", range(40))
def test_killed_anywhere_it_is_as_if_nothing_had_been(seed: int) -> None:
    """As few instances have moved as had to, each once."""
    chance = random.Random(seed)
    counts = [chance.randint(0, 2) for _ in NODES]
    site = Packed()
    lease = site.lease(quantity=chance.randint(1, 2))
    site.fill(*counts)

    def trouble(call: str) -> None:
        if site.shop.now < START - 40 and chance.random() < 0.3:
            raise Crash

    site.nova.before = trouble
    site.run(START)
    assert site.left_alone(lease)
    assert len(site.nova.asked) == sum(sorted(counts)[: lease.quantity])
    assert len({server_id for _, server_id in site.nova.asked}) == len(site.nova.asked)
    assert site.shop.store.get_lease(lease.lease_id).degraded_reason == ""

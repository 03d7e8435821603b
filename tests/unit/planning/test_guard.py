# SPDX-License-Identifier: Apache-2.0
"""Instances that came past the filters are found, told once, and treated as configured; nobody else is bothered."""

from __future__ import annotations

import random
from typing import Any

import pytest

from climate.core.clearing import Act, Eviction, EvictionRule
from climate.core.guarding import GuardAct, Misplaced, Wrong
from climate.core.lease import Lease
from climate.errors import ServiceUnavailable
from climate.openstack.nova_servers import Server
from climate.planning.guard import Guard
from climate.planning.instances import Hosts
from tests.unit.planning.fake_nova import FakeNova
from tests.unit.planning.workshop import Workshop, host_ids

NODES = [f"node{number}" for number in range(4)]


class Site:
    """Four hosts, a Nova, and a guard."""

    def __init__(
        self, shop: Workshop, act: GuardAct = GuardAct.REPORT, eviction: Eviction = Eviction.MIGRATE, leads: bool = True
    ) -> None:
        self.shop = shop
        self.nova = FakeNova(shop.clock)
        self.told: list[dict[str, Any]] = []
        self.guard = Guard(
            shop.calendar,
            self.nova,
            lambda: Hosts(dict(zip(host_ids(*range(4)), NODES, strict=True))),
            EvictionRule(eviction=eviction),
            act,
            lambda event, payload: self.told.append({"event": event, **payload}),
            lambda: leads,
            shop.clock,
        )

    def lease(self, quantity: int = 1, **given: Any) -> Lease:
        """A lease that runs, from 1,000 to 1,100, on the first hosts."""
        made = self.shop.make(range(4), quantity=quantity, confirm=True, **given)
        self.shop.transitions.run_due()
        return made

    def look(self, times: int = 1) -> list[Misplaced]:
        """Look, a few seconds after each other."""
        for _ in range(times):
            self.guard.look()
            self.shop.now += 6
            self.nova.tick()
        return self.guard.misplaced()


def test_who_was_put_on_a_leased_host_is_found_and_told_once(shop: Workshop) -> None:
    site = Site(shop)
    lease = site.lease()
    site.nova.boot("mine", "node0", "p", lease.lease_id)
    site.nova.boot("free", "node1", "others")
    assert site.look() == []
    site.nova.boot("forced", "node0", "others")
    found = site.look(3)
    assert found == [
        Misplaced(server_id="forced", project_id="others", host="node0", wrong=Wrong.INTRUDER, lease_id=lease.lease_id)
    ]
    assert [(one["event"], one["server_id"], one["wrong"]) for one in site.told] == [
        ("instance.misplaced", "forced", "intruder")
    ]
    assert site.nova.asked == []


def test_a_leases_instance_that_was_forced_away_is_a_stray(shop: Workshop) -> None:
    site = Site(shop)
    lease = site.lease()
    site.nova.boot("mine", "node2", "p", lease.lease_id)
    assert [(one.wrong, one.host) for one in site.look()] == [(Wrong.STRAY, "node2")]


def test_a_hint_of_anothers_lease_makes_nobody_a_stray(shop: Workshop) -> None:
    site = Site(shop)
    lease = site.lease()
    site.nova.boot("thief", "node2", "others", lease.lease_id)
    assert site.look() == []


def test_before_and_after_the_lease_everybody_may_be_there(shop: Workshop) -> None:
    site = Site(shop)
    lease = site.lease(start_time=1_500)
    site.nova.boot("web", "node0", "others")
    site.nova.boot("early", "node2", "p", lease.lease_id)
    assert site.look() == []
    shop.now = 1_500
    assert {one.server_id for one in site.look()} == {"web", "early"}
    shop.now = 1_600
    shop.transitions.run_due()
    assert site.look() == []


def test_what_the_operator_lets_stay_is_no_intruder(shop: Workshop) -> None:
    """Paused with eviction = pause; whoever was there before with eviction = none."""
    for eviction, left in ((Eviction.PAUSE, {"running"}), (Eviction.NONE, set()), (Eviction.MIGRATE, None)):
        shop = Workshop()
        site = Site(shop, eviction=eviction)
        site.nova.boot("paused", "node0", "others", status="PAUSED")
        site.nova.boot("running", "node0", "others")
        shop.now += 1
        site.lease()
        found = {one.server_id for one in site.look()}
        assert found == (left if left is not None else {"paused", "running"})


def test_where_hints_are_not_told_birth_and_project_decide(shop: Workshop) -> None:
    site = Site(shop)
    site.nova.hints = False
    site.nova.boot("before", "node0", "p")
    shop.now += 1
    site.lease()
    site.nova.boot("mine", "node0", "p")
    assert {one.server_id for one in site.look()} == {"before"}


def test_migrate_moves_it_live_else_cold_and_confirms(shop: Workshop) -> None:
    for live in (True, False):
        shop = Workshop()
        site = Site(shop, GuardAct.MIGRATE)
        site.nova.fails = lambda act, server_id, live=live: act is Act.LIVE_MIGRATE and not live  # type: ignore[misc]
        site.lease()
        site.nova.boot("forced", "node0", "others")
        assert site.look(4) == []
        server = site.nova.servers["forced"]
        assert (server.host, server.status) == ("elsewhere", "ACTIVE")
        assert [act for act, _ in site.nova.asked] == [Act.LIVE_MIGRATE, *([] if live else [Act.COLD_MIGRATE])]


def test_stop_stops_it_where_it_is(shop: Workshop) -> None:
    site = Site(shop, GuardAct.STOP)
    site.lease()
    site.nova.boot("forced", "node0", "others")
    site.look(3)
    assert site.nova.asked == [(Act.STOP, "forced")]
    assert site.nova.servers["forced"].status == "SHUTOFF"


def test_a_copy_that_does_not_lead_leaves_it_to_the_one_that_does(shop: Workshop) -> None:
    site = Site(shop, GuardAct.STOP, leads=False)
    site.lease()
    site.nova.boot("forced", "node0", "others")
    site.guard.look()
    assert (site.told, site.nova.asked) == ([], [])
    assert len(site.guard.misplaced()) == 1


def test_nova_away_is_no_alarm_and_no_end(shop: Workshop) -> None:
    site = Site(shop)
    site.lease()
    site.nova.boot("forced", "node0", "others")

    def away(call: str) -> None:
        raise ServiceUnavailable("Nova is away.", service="nova")

    site.nova.before = away
    assert site.guard.look() == 0
    with pytest.raises(ServiceUnavailable):
        site.guard.misplaced()
    site.nova.before = lambda call: None
    assert len(site.look()) == 1


@pytest.mark.parametrize("seed", range(30))
def test_whoever_looks_finds_exactly_those_that_a_plain_reading_finds(shop: Workshop, seed: int) -> None:
    """Random leases and instances against the rule as the manual has it."""
    chance = random.Random(seed)
    site = Site(shop)
    leases = [site.lease(chance.randint(1, 2), start_time=1_000 + 200 * chance.randint(0, 1)) for _ in range(3)]
    for number in range(12):
        asked = chance.choice([*leases, None])
        site.nova.boot(
            f"s{number:02}", chance.choice([*NODES, ""]), chance.choice("pq"), "" if asked is None else asked.lease_id
        )
    shop.now = chance.choice([1_001, 1_150, 1_201])
    shop.transitions.run_due()
    running = {
        lease.lease_id: {NODES[number] for number in shop.numbers(shop.store.get_lease(lease.lease_id))}
        for lease in leases
        if lease.start_at <= shop.now < lease.end_at
    }

    def wrong(server: Server) -> bool:
        asked = next(iter((server.hints or {}).get("lease", ())), None)
        own = asked in running and server.project_id == "p"
        if own:
            return server.host not in running[asked]
        return any(server.host in hosts for hosts in running.values())

    expected = {server.server_id for server in site.nova.servers.values() if server.host and wrong(server)}
    assert {one.server_id for one in site.look()} == expected

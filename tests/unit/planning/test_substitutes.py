# SPDX-License-Identifier: Apache-2.0
"""Hosts that leases cannot use: swapped for equal ones before the start, told and offered after it, never guessed."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable
from typing import Any

import pytest

from climate.core import substitution
from climate.core.candidates import Candidates, pack
from climate.core.lease import Lease, Terms
from climate.core.lifecycle import State
from climate.errors import LeaseNotFound, WrongState
from climate.planning.failures import FailureRule, Failures
from climate.planning.substitutes import Substitutes
from tests.unit.planning.workshop import Workshop, candidates, host_ids

THIN, FAT = {"rack": "thin"}, {"rack": "fat"}


class Site:
    """Hosts 0 to 5 of which 0 to 3 share one rack, and what the inventory offers of them."""

    def __init__(self, shop: Workshop) -> None:
        self.shop = shop
        self.down: set[int] = set()
        self.in_use: set[int] = set()
        self.asked: list[list[Any]] = []
        self.substitutes = Substitutes(shop.store, shop.calendar, self.matching, shop.rules, shop.clock)
        self.failures = self.process()

    def process(self) -> Failures:
        """Another process that looks after hosts."""
        rule = FailureRule(patience_s=60, ahead_s=1_000)
        return Failures(self.shop.store, self.shop.calendar, self.substitutes, self.bookable, rule, self.shop.clock)

    def matching(self, properties: list[Any]) -> Candidates:
        """What the inventory answers to a request's filter."""
        self.asked.append(properties)
        groups = ([host for host in group if host not in self.down] for group in (range(4), range(4, 8)))
        return candidates(*groups, alike=[THIN, FAT], in_use=self.in_use)

    def bookable(self) -> bytes:
        """The hosts that may be booked now."""
        return pack(host_ids(*(host for host in range(8) if host not in self.down)))

    def lease(self, quantity: int = 2, start: int = 1_500, **given: Any) -> Lease:
        """A confirmed lease of hosts of the first rack."""
        hosts = candidates(range(4), range(4, 8), alike=[THIN, FAT])
        return self.shop.make(hosts=hosts, quantity=quantity, start_time=start, confirm=True, **given)

    def look(self, at: int, of: Failures | None = None) -> None:
        """Let the process look at an instant."""
        self.shop.now = at
        (of or self.failures).look()

    def hosts(self, lease: Lease) -> list[int]:
        """The lease's hosts now, as numbers."""
        return self.shop.numbers(self.shop.store.get_lease(lease.lease_id))


@pytest.fixture
def site(shop: Workshop) -> Site:
    return Site(shop)


def break_down(site: Site, *hosts: int) -> None:
    site.down = set(hosts)


def test_a_host_that_fails_before_the_start_is_swapped_for_an_equal_one(site: Site) -> None:
    lease = site.lease(terms=Terms(host_properties=["<", "$vcpus", 9]))
    assert site.hosts(lease) == [0, 1]
    break_down(site, 1)
    site.look(1_100)
    site.look(1_159)
    assert site.hosts(lease) == [0, 1]  # a restart is no failure
    site.look(1_160)
    assert site.hosts(lease) == [0, 2]
    assert site.shop.told()[-1] == ("substituted", lease.lease_id)
    assert site.asked == [["<", "$vcpus", 9]]
    site.shop.now = 1_500
    site.shop.transitions.run_due()
    after = site.shop.store.get_lease(lease.lease_id)
    assert (after.state, after.degraded_reason, after.alike) == (State.ACTIVE, "", THIN)


def test_a_host_that_comes_back_in_time_stays(site: Site) -> None:
    lease = site.lease()
    break_down(site, 1)
    site.look(1_100)
    break_down(site)
    site.look(1_130)
    break_down(site, 1)
    site.look(1_165)
    assert site.hosts(lease) == [0, 1]


def test_the_host_that_left_is_free_for_others(site: Site) -> None:
    site.lease()
    break_down(site, 0)
    site.look(1_100)
    site.look(1_160)
    assert site.shop.numbers(site.shop.make([0], start_time=1_500)) == [0]


def test_a_homogeneous_lease_goes_to_another_group_as_a_whole(site: Site) -> None:
    lease = site.lease(quantity=4)
    break_down(site, 0)
    site.look(1_100)
    site.look(1_160)
    assert site.hosts(lease) == [4, 5, 6, 7]
    assert site.shop.store.get_lease(lease.lease_id).alike == FAT


def test_what_cannot_be_mended_is_told_with_the_reason_until_it_can(site: Site) -> None:
    lease, other = site.lease(quantity=4), site.lease(quantity=3)
    assert site.hosts(other) == [4, 5, 6]
    break_down(site, 0)
    site.look(1_100)
    site.look(1_160)
    assert site.hosts(lease) == [0, 1, 2, 3]
    reason = site.shop.store.get_lease(lease.lease_id).degraded_reason
    assert reason == "1 of 4 hosts cannot be used: no others like them are free."
    told = len(site.shop.told())
    site.look(1_170)
    assert len(site.shop.told()) == told  # told once
    break_down(site)
    site.look(1_180)
    assert site.shop.store.get_lease(lease.lease_id).degraded_reason == ""
    assert site.shop.told()[-1] == ("recovered", lease.lease_id)


def test_as_many_as_there_are_is_better_than_none(site: Site) -> None:
    lease, _ = site.lease(quantity=3), site.lease(quantity=3, start=1_550)
    break_down(site, 0, 1)
    site.look(1_100)
    site.look(1_160)
    assert site.hosts(lease) == [1, 2, 3]
    assert "1 of 3 hosts cannot be used" in site.shop.store.get_lease(lease.lease_id).degraded_reason


def test_a_running_lease_keeps_its_hosts_and_is_offered_others(site: Site) -> None:
    lease = site.lease(start=1_000)
    site.shop.transitions.run_due()
    break_down(site, 1)
    site.look(1_010)
    site.look(1_070)
    assert site.hosts(lease) == [0, 1]
    warned = site.shop.store.get_lease(lease.lease_id)
    assert warned.degraded_reason == "1 of 2 hosts cannot be used: ask for a substitute."
    site.shop.now = 1_080
    mended = site.substitutes.replace(lease.lease_id, host_ids(1), "p")
    assert (site.shop.numbers(mended), mended.degraded_reason) == ([0, 2], "")
    held = {one.host: one for one in site.shop.store.get_held(lease.lease_id)}
    assert (held[1].end_at, held[1].blocked_until, held[1].given_back) == (1_080, 1_090, True)
    assert (held[2].start_at, held[2].end_at) == (1_080, 1_100)


def test_asking_again_changes_nothing(site: Site) -> None:
    lease = site.lease()
    site.substitutes.replace(lease.lease_id, host_ids(0))
    state = site.shop.state()
    site.substitutes.replace(lease.lease_id, host_ids(0))
    assert site.shop.state() == state


def test_two_processes_swap_a_host_once(site: Site) -> None:
    lease = site.lease()
    break_down(site, 1)
    other = site.process()
    for process in (site.failures, other):
        site.look(1_100, process)
    site.shop.now = 1_160
    site.shop.store.meddle = lambda: site.look(1_160, other)
    site.failures.look()
    assert [event for event, _ in site.shop.told()].count("substituted") == 1
    assert site.hosts(lease) == [0, 2]


def test_a_process_knows_after_its_restart_which_leases_to_clear(site: Site) -> None:
    lease = site.lease(start=1_000)
    site.shop.transitions.run_due()
    break_down(site, 1)
    site.look(1_001)
    site.look(1_061)
    break_down(site)
    site.look(1_062, site.process())
    assert site.shop.store.get_lease(lease.lease_id).degraded_reason == ""


def test_a_lease_degraded_for_another_reason_stays_so(site: Site) -> None:
    lease = site.lease()
    decision = substitution.degraded(lease, "Two instances could not be moved.", 1_000)
    assert decision is not None
    site.shop.store.commit(decision)
    site.look(1_100)
    assert site.shop.store.get_lease(lease.lease_id).degraded_reason == "Two instances could not be moved."


def test_hosts_without_instances_are_taken_first(site: Site) -> None:
    lease = site.lease()
    site.in_use = {2}
    site.substitutes.replace(lease.lease_id, host_ids(1))
    assert site.hosts(lease) == [0, 3]


def test_leases_far_ahead_wait(site: Site) -> None:
    lease = site.lease(start=3_000)
    break_down(site, 1)
    site.look(1_100)
    site.look(1_999)
    assert site.hosts(lease) == [0, 1]
    site.look(2_001)
    assert site.hosts(lease) == [0, 1]  # seen for the first time
    site.look(2_061)
    assert site.hosts(lease) == [0, 2]


def test_what_is_over_or_of_others_is_refused(site: Site) -> None:
    lease = site.lease(start=1_000)
    with pytest.raises(LeaseNotFound):
        site.substitutes.replace(lease.lease_id, host_ids(0), "others")
    site.shop.now = 1_100
    with pytest.raises(WrongState):
        site.substitutes.replace(lease.lease_id, host_ids(0))


def _check(site: Site, leases: Iterable[Lease], before: dict[str, int]) -> None:
    snapshot = site.shop.store.snapshot()
    rows = sorted(zip(snapshot.columns.host, snapshot.columns.start, snapshot.columns.end, strict=True))
    for (host, _, end), (other, start, _) in itertools.pairwise(rows):
        assert host != other or end <= start
    assert site.shop.calendar.check()
    for lease in leases:
        now = site.shop.store.get_lease(lease.lease_id)
        racks = {host // 4 for host in site.hosts(lease)}
        assert len(site.hosts(lease)) == now.quantity == before[lease.lease_id]
        assert racks == {0 if now.alike == THIN else 1}
        broken = site.down.intersection(site.hosts(lease))
        assert bool(now.degraded_reason) == bool(broken)


@pytest.mark.parametrize("seed", range(40))
def test_no_storm_of_failures_breaks_a_promise_of_the_calendar(site: Site, seed: int) -> None:
    """Hosts fail and come back at random: never two leases on a host, always one rack, whole, or said."""
    chance = random.Random(seed)
    leases = [site.lease(chance.randint(1, 3), chance.choice((1_600, 1_650, 1_750))) for _ in range(3)]
    quantities = {lease.lease_id: lease.quantity for lease in leases}
    for step in range(8):
        break_down(site, *chance.sample(range(8), chance.randint(0, 5)))
        site.look(1_000 + step * 70)
        site.look(1_065 + step * 70)
        site.look(1_065 + step * 70)
        _check(site, leases, quantities)

# SPDX-License-Identifier: Apache-2.0
"""The store of limits: what projects have of their own, what they use, and ceilings that hold whoever writes."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from climate.core import booking
from climate.core.booking import Decision
from climate.core.lease import Owner
from climate.core.lifecycle import State
from climate.core.limits import COUNTED, Ceiling
from climate.core.rate import Rate
from climate.errors import HostsTaken, LimitReached
from climate.planning.store.limits_memory import MemoryLimits
from climate.planning.store.limits_protocol import LimitStore
from climate.planning.store.limits_sql import SqlLimits
from climate.planning.store.memory import MemoryStore
from climate.planning.store.protocol import Store
from tests.contract.planning_decisions import NOW, Backend, advance, book, cancellation, host_ids, proposal

THREADS = 12
HOSTS = 40
SECOND_US = 1_000_000
OTHER = Owner(project_id="q", user_id="u")


@pytest.fixture
def store(planning: Backend) -> Store:
    planning.store.register_hosts(host_ids(HOSTS))
    return planning.store


@pytest.fixture
def limits(planning: Backend) -> LimitStore:
    if isinstance(planning.store, MemoryStore):
        return MemoryLimits(planning.store)
    assert planning.engine is not None
    return SqlLimits(planning.engine)


def ceiling(limit: str, most: int) -> Ceiling:
    return Ceiling(limit, COUNTED[limit], most)


def held(store: Store, host: int, owner: Owner = OTHER, now: int = NOW) -> str:
    """A proposal of one host; the lease's id."""
    return book(store, [host], 100, 200, confirmed=False, owner=owner, now=now)


def at_once(acts: list[Callable[[], object]]) -> list[object]:
    """Do all at the same moment, each on a thread of its own; what they gave, or raised."""
    barrier = threading.Barrier(len(acts))

    def act(one: Callable[[], object]) -> object:
        barrier.wait(30)
        try:
            return one()
        except (LimitReached, HostsTaken) as error:
            return type(error)

    with ThreadPoolExecutor(len(acts)) as threads:
        return list(threads.map(act, acts))


def test_a_project_has_no_limits_of_its_own_at_first(store: Store, limits: LimitStore) -> None:
    assert limits.own("p") == {}
    assert limits.listed(10, None) == []
    standing = limits.standing("p")
    assert (dict(standing.own), dict(standing.live)) == ({}, {})


def test_limits_are_set_one_by_one_and_forgotten(limits: LimitStore) -> None:
    """Those that are not named stay; other projects have their own."""
    limits.set("p", {"max_leases": 5, "horizon_s": 1000})
    limits.set("q", {"max_leases": 7})
    limits.set("p", {"max_leases": -1, "max_quantity": 10**9})
    assert limits.own("p") == {"max_leases": -1, "horizon_s": 1000, "max_quantity": 10**9}
    limits.set("p", {"horizon_s": None, "max_proposals": None})
    assert limits.own("p") == {"max_leases": -1, "max_quantity": 10**9}
    assert dict(limits.standing("p").own) == limits.own("p")
    limits.set("p", {"max_leases": None, "max_quantity": None})
    assert limits.own("p") == {}
    assert limits.own("q") == {"max_leases": 7}
    limits.set("q", {"max_leases": None})
    limits.set("nobody", {})
    assert limits.listed(10, None) == []


def test_projects_with_own_limits_are_listed_by_id(limits: LimitStore) -> None:
    """A page at a time; digits before capitals before small letters, as everywhere."""
    projects = ["b", "a b", "B", "1-2", "12", "a", "é"]
    for number, project in enumerate(projects):
        limits.set(project, {"max_leases": number, "max_proposals": 1})
    found: list[tuple[str, dict[str, int]]] = []
    while page := limits.listed(2, found[-1][0] if found else None):
        assert len(page) <= 2
        found += page
    assert [project for project, _ in found] == sorted(projects)
    assert all(own == {"max_leases": projects.index(one), "max_proposals": 1} for one, own in found)
    assert limits.listed(10, "zz") == [("é", {"max_leases": 6, "max_proposals": 1})]


def test_many_may_set_the_same_limit(limits: LimitStore) -> None:
    """One of the values stands in the end."""
    results = at_once([partial(limits.set, "p", {"max_leases": value}) for value in range(THREADS)])
    assert results == [None] * THREADS
    assert limits.own("p")["max_leases"] in range(THREADS)


def test_live_leases_are_counted_by_state(store: Store, limits: LimitStore) -> None:
    """Those of the project; what is over does not count."""
    held(store, 0)
    held(store, 1)
    book(store, [2], 100, 200, owner=OTHER)
    advance(store, book(store, [3], 60, 200, owner=OTHER), 60)
    store.commit(cancellation(store, book(store, [4], 100, 200, owner=OTHER), NOW))
    store.commit(cancellation(store, held(store, 5), NOW))
    book(store, [6], 100, 200)
    counted = {state: count for state, count in limits.standing("q").live.items() if count}
    assert counted == {State.PROPOSED: 2, State.CONFIRMED: 1, State.ACTIVE: 1}


def test_withdrawn_proposals_are_counted_from_an_instant(store: Store, limits: LimitStore) -> None:
    """Cancelled or expired; not a confirmed lease that was given back, nor what others withdrew."""
    for host, at in enumerate((50, 60, 60, 70)):
        store.commit(cancellation(store, held(store, host), at))
    advance(store, held(store, 4), 95)  # expires at 90, found out later
    store.commit(cancellation(store, book(store, [5], 100, 200, owner=OTHER), 65))
    store.commit(cancellation(store, held(store, 6, owner=Owner(project_id="p", user_id="u")), 65))
    held(store, 7)
    closed = [95, 70, 60, 60, 50]
    for since in (0, 49, 50, 59, 60, 70, 94, 95):
        counted = [at for at in closed if at > since]
        assert limits.withdrawn("q", since) == len(counted)
        for nth in range(1, 7):
            assert limits.nth_withdrawn("q", since, nth) == (counted[nth - 1] if nth <= len(counted) else None)


@pytest.mark.parametrize("most", [0, 1, 3])
def test_a_ceiling_refuses_the_lease_that_is_one_too_many(store: Store, most: int) -> None:
    """And leaves nothing of it; other projects and other states have room still."""
    for host in range(most):
        store.commit(proposal([host], 100, 200, confirmed=False), ceiling=ceiling("max_proposals", most))
    before = store.latest_sequence(), store.snapshot().facts
    refused = proposal([30], 100, 200, confirmed=False)
    with pytest.raises(LimitReached) as caught:
        store.commit(refused, ceiling=ceiling("max_proposals", most))
    assert caught.value.details == {"limit": "max_proposals", "allowed": most, "used": most}
    assert (store.latest_sequence(), store.snapshot().facts) == before
    assert store.get_held(refused.lease.lease_id) == []
    book(store, [30], 100, 200)
    store.commit(proposal([31], 100, 200, owner=OTHER, confirmed=False), ceiling=ceiling("max_proposals", most or 1))


def test_confirming_meets_the_ceiling_of_leases(store: Store) -> None:
    """The proposal stays what it was; once there is room, it is confirmed."""
    running = book(store, [0], 60, 200)
    advance(store, running, 60)
    book(store, [1], 100, 200)
    lease_id = held(store, 2, owner=Owner(project_id="p", user_id="u"))

    def confirmed() -> Decision:
        decision = booking.confirm(store.get_lease(lease_id), 61)
        assert decision is not None
        return decision

    with pytest.raises(LimitReached):
        store.commit(confirmed(), ceiling=ceiling("max_leases", 2))
    assert store.get_lease(lease_id).state is State.PROPOSED
    store.commit(cancellation(store, running, 62))
    store.commit(confirmed(), ceiling=ceiling("max_leases", 2))
    assert store.get_lease(lease_id).state is State.CONFIRMED


@pytest.mark.parametrize(("limit", "is_promised"), [("max_proposals", False), ("max_leases", True)])
def test_however_many_ask_at_once_no_more_than_may_be_get_a_lease(
    store: Store, limits: LimitStore, limit: str, is_promised: bool
) -> None:
    """Exactly as many as have room, each with a host of its own; and again once one is given back."""
    most = 5
    decisions = [proposal([host], 100, 200, confirmed=is_promised) for host in range(THREADS)]
    results = at_once([partial(store.commit, one, ceiling=ceiling(limit, most)) for one in decisions])
    won = [one.lease.lease_id for one, result in zip(decisions, results, strict=True) if isinstance(result, int)]
    assert len(won) == most
    assert results.count(LimitReached) == THREADS - most
    assert store.latest_sequence() == most
    assert sum(limits.standing("p").live.values()) == most
    for lease_id in won[:2]:
        store.commit(cancellation(store, lease_id, NOW))
    more = [proposal([host], 300, 400, confirmed=is_promised) for host in range(THREADS)]
    results = at_once([partial(store.commit, one, ceiling=ceiling(limit, most)) for one in more])
    assert sum(isinstance(result, int) for result in results) == 2


def test_proposals_confirmed_at_once_keep_below_the_ceiling(store: Store, limits: LimitStore) -> None:
    """A ceiling counts what others confirm at the same moment."""
    owner = Owner(project_id="p", user_id="u")
    proposals = [store.get_lease(held(store, host, owner=owner)) for host in range(THREADS)]
    decisions = [decision for lease in proposals if (decision := booking.confirm(lease, NOW)) is not None]
    results = at_once([partial(store.commit, one, ceiling=ceiling("max_leases", 4)) for one in decisions])
    assert sum(isinstance(result, int) for result in results) == 4
    counted = {state: count for state, count in limits.standing("p").live.items() if count}
    assert counted == {State.PROPOSED: THREADS - 4, State.CONFIRMED: 4}


def test_requests_are_taken_out_of_one_bucket(limits: LimitStore) -> None:
    """A burst, then as many as the rate fills; each project has its own."""
    rate = Rate(per_s=10, burst=20)
    now_us = 1_900_000_000 * SECOND_US
    assert limits.take_requests("p", 15, rate, now_us).granted == 15
    assert limits.take_requests("p", 15, rate, now_us).granted == 5
    refused = limits.take_requests("p", 3, rate, now_us)
    assert (refused.granted, refused.wait_us) == (0, 300_000)
    assert limits.take_requests("q", 15, rate, now_us).granted == 15
    assert limits.take_requests("p", 3, rate, now_us + 299_999).granted == 2
    assert limits.take_requests("p", 9, rate, now_us + SECOND_US).granted == 8


def test_a_bucket_holds_the_largest_numbers(limits: LimitStore) -> None:
    """Of rate, burst and time."""
    rate = Rate(per_s=1_000_000, burst=1_000_000)
    now_us = 253_402_300_799 * SECOND_US
    assert limits.take_requests("p", 2**63, rate, now_us).granted == 1_000_000
    assert limits.take_requests("p", 1, rate, now_us).granted == 0
    assert limits.take_requests("p", 2**63, rate, now_us + 1).granted == 1


@pytest.mark.parametrize("project", ["new", "known"])
def test_many_takers_get_no_more_than_there_is(limits: LimitStore, project: str) -> None:
    """Also where the project asks for the first time, and its row is not there yet."""
    rate = Rate(per_s=1, burst=20)
    now_us = 1_900_000_000 * SECOND_US
    limits.take_requests("known", 1, dataclasses.replace(rate, burst=21), now_us)
    taken = at_once([lambda: limits.take_requests(project, 3, rate, now_us).granted for _ in range(THREADS)])
    counts = [one for one in taken if isinstance(one, int)]
    assert len(counts) == THREADS
    assert sum(counts) == 20
    assert limits.take_requests(project, 1, rate, now_us).granted == 0

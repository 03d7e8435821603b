# SPDX-License-Identifier: Apache-2.0
"""History does not overlap either: time that a lease had, up to the instant at which it was released, stays its own.

Whoever decides on an old copy of the calendar and then waits for the database
may ask for a host that was held and released in the meantime.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from climate.chassis.outbox import Effect
from climate.core.lease import LeaseChange
from climate.errors import HostsTaken, LeaseNotFound
from tests.contract.planning_decisions import (
    Backend,
    advance,
    book,
    cancellation,
    change,
    host_ids,
    proposal,
    repeat,
    told,
)

HOSTS = 10


@pytest.fixture
def site(planning: Backend) -> Backend:
    planning.store.register_hosts(host_ids(HOSTS))
    return planning


def withdrawn(site: Backend, host: int, start: int, end: int, at: int) -> str:
    """A proposal that held a host from ``start`` and was cancelled at ``at``, which frees it with no clean-up."""
    lease_id = book(site.store, [host], start, end, confirmed=False)
    site.store.commit(cancellation(site.store, lease_id, at))
    return lease_id


HAD = {
    "the same": (100, 200),
    "inside": (120, 130),
    "around": (50, 300),
    "its first second": (50, 91),  # with the margin of 10 s
    "its last second": (149, 300),
}


@pytest.mark.parametrize(("start", "end"), HAD.values(), ids=HAD)
def test_time_that_another_lease_had_is_refused_and_nothing_stays(site: Backend, start: int, end: int) -> None:
    """One such host among several is enough; no lease, no row, no number, no key, no effect is left."""
    withdrawn(site, 3, 100, 200, at=150)
    decision = proposal([1, 3, 5], start, end)
    before = told(site, [])
    with pytest.raises(HostsTaken):
        site.store.commit(decision, (Effect("t", "k", {}),), repeat("once"))
    assert told(site, []) == before
    assert site.store.repeated("p", "once") is None
    with pytest.raises(LeaseNotFound):
        site.store.get_lease(decision.lease.lease_id)
    assert book(site.store, [1, 5], start, end)


def test_what_a_lease_never_had_is_free_once_it_is_released(site: Backend) -> None:
    """From the second of the release on, and up to the first one of the lease; all of it if that had not come."""
    withdrawn(site, 3, 100, 200, at=150)
    assert book(site.store, [3], 150, 200)
    assert book(site.store, [3], 50, 90)
    withdrawn(site, 4, 100, 200, at=100)
    assert book(site.store, [4], 100, 200)
    withdrawn(site, 5, 100, 200, at=60)
    assert book(site.store, [5], 90, 200)


def test_a_lease_that_was_released_late_had_its_host_no_longer_than_that(site: Backend) -> None:
    """Blocked until 210 and released at 500: from 210 on the host was nobody's."""
    lease_id = book(site.store, [3], 100, 200)
    assert advance(site.store, lease_id, 500) == ["started", "ended"]
    with pytest.raises(HostsTaken):
        book(site.store, [3], 209, 300)
    assert book(site.store, [3], 210, 300)


def test_a_lease_is_not_extended_over_what_another_had(site: Backend) -> None:
    """Decided before its end, written when another had come, and gone."""
    lease_id = book(site.store, [3, 4], 100, 200)
    late = change(site.store, lease_id, LeaseChange(end_time=300), 190)
    withdrawn(site, 4, 210, 400, at=220)
    with pytest.raises(HostsTaken):
        site.store.commit(late)
    assert {one.end_at for one in site.store.get_held(lease_id)} == {200}


@pytest.mark.parametrize("seed", range(12))
def test_who_comes_late_meets_the_lease_or_its_history(site: Backend, seed: int) -> None:
    """A booking and the release of what it overlaps, at the same moment: in whichever order, it is refused."""
    hosts = list(range(HOSTS))
    held = book(site.store, hosts, 100, 200, confirmed=False)
    release = cancellation(site.store, held, 150)
    late = [proposal([host], 140 - seed, 160) for host in hosts]
    barrier = threading.Barrier(HOSTS + 1)

    def refused(number: int) -> bool:
        barrier.wait(30)
        try:
            site.store.commit(late[number])
        except HostsTaken:
            return True
        return False

    def released() -> None:
        barrier.wait(30)
        site.store.commit(release)

    with ThreadPoolExecutor(HOSTS + 1) as threads:
        letting_go = threads.submit(released)
        assert all(threads.map(refused, hosts))
        letting_go.result()
    assert site.store.snapshot().columns.host.size == 0

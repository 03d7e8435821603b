# SPDX-License-Identifier: Apache-2.0
"""Pages of leases, filtered by the store, and how hosts are used: nothing twice, nothing missing."""

from __future__ import annotations

import dataclasses
import itertools
import random
from collections.abc import Callable
from typing import Any

import pytest

from climate.core import booking
from climate.core.lease import Lease, LeaseChange, LeaseQuery, Owner, Terms
from climate.core.lifecycle import State
from climate.errors import BadField
from climate.planning.store.protocol import Store, Stretch
from tests.contract.planning_decisions import Backend, advance, book, cancellation, change, host_ids, proposal

NOBODYS = "00000000-0000-0000-0000-00000000abcd"
NAMES = ["", "a", "A", "a ", "ä", "%", "_"]


@pytest.fixture
def site(planning: Backend) -> Backend:
    planning.store.register_hosts(host_ids(40))
    return planning


@pytest.fixture
def mixed(site: Backend) -> tuple[Store, list[Lease]]:
    """Thirty leases of two projects in all states, most of them made in the same few seconds; newest first."""
    randomness = random.Random(7)
    store, leases = site.store, []
    for number in range(30):
        start = randomness.randrange(100, 200)
        lease_id = book(
            store,
            [number],
            start,
            start + randomness.randrange(1, 60),
            now=randomness.choice([50, 51, 52]),
            confirmed=number % 3 != 0,
            owner=Owner(project_id="pq"[number % 2], user_id="u"),
            terms=Terms(name=NAMES[number % len(NAMES)]),
        )
        if number % 5 == 0:
            store.commit(cancellation(store, lease_id, randomness.choice([60, 150])))
        elif number % 4 == 0:
            advance(store, lease_id, start if number % 8 else 400)
        leases.append(dataclasses.replace(store.get_lease(lease_id), hosts=()))
    newest_first = sorted(leases, key=lambda lease: (lease.created_at, lease.lease_id), reverse=True)
    assert {lease.state for lease in newest_first} >= set(State) - {State.ERROR}
    return store, newest_first


def ask(**filters: Any) -> LeaseQuery:
    return LeaseQuery(**({"project_id": None} | filters))


def pages(store: Store, query: LeaseQuery) -> list[Lease]:
    """All pages of a list, one after the other."""
    found: list[Lease] = []
    while page := store.list_leases(query):
        assert len(page) <= query.limit
        found += page
        query = dataclasses.replace(query, marker=page[-1].lease_id)
    return found


@pytest.mark.parametrize("limit", [1, 2, 7, 29, 30, 31, 1000])
@pytest.mark.parametrize("project_id", [None, "p"])
def test_pages_hold_every_lease_once_newest_first(
    mixed: tuple[Store, list[Lease]], limit: int, project_id: str | None
) -> None:
    """Whatever the page's length, also among leases of the same second."""
    store, leases = mixed
    expected = [lease for lease in leases if project_id in (None, lease.owner.project_id)]
    assert pages(store, ask(project_id=project_id, limit=limit)) == expected


FILTERS: dict[str, tuple[dict[str, Any], Callable[[Lease], bool]]] = {
    "of a project": ({"project_id": "q"}, lambda lease: lease.owner.project_id == "q"),
    "of an unknown project": ({"project_id": "Q"}, lambda lease: False),
    "by a state": ({"states": (State.ENDED,)}, lambda lease: lease.state is State.ENDED),
    "by several states": (
        {"states": (State.PROPOSED, State.CANCELLED)},
        lambda lease: lease.state in (State.PROPOSED, State.CANCELLED),
    ),
    **{f"by the name {name!r}": ({"name": name}, lambda lease, n=name: lease.terms.name == n) for name in NAMES},
    "by an instant": ({"at": 150}, lambda lease: lease.start_at <= 150 < lease.end_at),
    "by an instant of nobody": ({"at": 99}, lambda lease: False),
    "from": ({"start": 150}, lambda lease: lease.end_at > 150),
    "until": ({"end": 150}, lambda lease: lease.start_at < 150),
    "by a span": ({"start": 140, "end": 150}, lambda lease: lease.start_at < 150 and lease.end_at > 140),
    "by everything": (
        {"project_id": "p", "states": (State.CONFIRMED, State.PROPOSED), "start": 110, "end": 180, "name": "a"},
        lambda lease: (
            lease.owner.project_id == "p"
            and lease.state in (State.CONFIRMED, State.PROPOSED)
            and lease.start_at < 180
            and lease.end_at > 110
            and lease.terms.name == "a"
        ),
    ),
}


@pytest.mark.parametrize(("filters", "wanted"), FILTERS.values(), ids=FILTERS)
def test_the_store_filters(
    mixed: tuple[Store, list[Lease]], filters: dict[str, Any], wanted: Callable[[Lease], bool]
) -> None:
    """Whole and in pages of two, against looking at every lease."""
    store, leases = mixed
    expected = [lease for lease in leases if wanted(lease)]
    assert store.list_leases(ask(**filters)) == expected
    assert pages(store, ask(limit=2, **filters)) == expected


def test_a_filter_meets_the_exact_seconds_of_a_lease(site: Backend) -> None:
    """The period is half-open, as everywhere."""
    store = site.store
    lease_id = book(store, [1], 100, 200)

    def found(**filters: int) -> bool:
        return [lease.lease_id for lease in store.list_leases(ask(**filters))] == [lease_id]

    assert [found(at=at) for at in (99, 100, 199, 200)] == [False, True, True, False]
    assert [found(start=start) for start in (199, 200)] == [True, False]
    assert [found(end=end) for end in (100, 101)] == [False, True]


def test_leases_made_while_somebody_pages_do_not_shift_the_pages(mixed: tuple[Store, list[Lease]]) -> None:
    """New ones come before the marker; what is cancelled meanwhile stays in its place."""
    store, leases = mixed
    first = store.list_leases(ask(limit=10))
    book(store, [35], 100, 200, now=60)
    store.commit(cancellation(store, leases[9].lease_id, 70)) if leases[9].live else None
    rest = pages(store, ask(limit=10, marker=first[-1].lease_id))
    assert [lease.lease_id for lease in first + rest] == [lease.lease_id for lease in leases]


def test_a_marker_that_is_not_of_this_list_is_refused(mixed: tuple[Store, list[Lease]]) -> None:
    """An unknown one, and one of another project: the answers are alike, so that nothing can be learnt from them."""
    store, leases = mixed
    others = next(lease.lease_id for lease in leases if lease.owner.project_id == "q")
    messages = set()
    for marker in (NOBODYS, others):
        with pytest.raises(BadField) as refused:
            store.list_leases(ask(project_id="p", marker=marker))
        assert refused.value.details["field"] == "marker"
        messages.add(refused.value.message)
        with pytest.raises(BadField):
            store.stretches(0, 1000, "p", 10, marker)
    assert len(messages) == 1


def used(stretches: list[Stretch]) -> list[tuple[str, int, int, int]]:
    return [(one.lease.lease_id, one.host, one.start_at, one.end_at) for one in stretches]


def test_hosts_are_used_until_they_are_given_back_or_the_lease_is_over(site: Backend) -> None:
    """The margin is no use; a cancellation or a return cuts it short; what never began was no use at all."""
    store = site.store
    ended = book(store, [1, 2], 100, 200)
    advance(store, ended, 100)
    store.commit(change(store, ended, LeaseChange(quantity=1), 150))
    advance(store, ended, 500)
    cancelled = book(store, [3], 110, 200)
    advance(store, cancelled, 110)
    store.commit(cancellation(store, cancelled, 160))
    never = book(store, [4], 120, 200)
    store.commit(cancellation(store, never, 60))
    coming = book(store, [5], 130, 230, confirmed=False)
    everything = [(ended, 1, 100, 200), (ended, 2, 100, 150), (cancelled, 3, 110, 160), (coming, 5, 130, 230)]
    assert used(store.stretches(0, 1000, None, 10, None)) == everything
    assert used(store.stretches(150, 160, None, 10, None)) == [everything[0], everything[2], everything[3]]
    assert used(store.stretches(200, 205, None, 10, None)) == [everything[3]]
    assert used(store.stretches(0, 100, None, 10, None)) == []
    assert used(store.stretches(0, 101, None, 10, None)) == everything[:2]
    assert store.stretches(0, 1000, "nobody", 10, None) == []


def test_a_host_that_came_back_is_used_twice(site: Backend) -> None:
    """Each stay by itself."""
    store = site.store
    lease_id = book(store, [1, 2], 100, 200)
    advance(store, lease_id, 100)
    store.commit(change(store, lease_id, LeaseChange(quantity=1), 120))
    store.commit(change(store, lease_id, LeaseChange(quantity=2), 150, added=[2]))
    found = store.stretches(0, 1000, None, 10, None)
    assert sorted(used(found)) == [(lease_id, 1, 100, 200), (lease_id, 2, 100, 120), (lease_id, 2, 150, 200)]
    assert {one.lease.quantity for one in found} == {2}


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
def test_pages_of_the_calendar_hold_every_lease_once(site: Backend, limit: int) -> None:
    """By start, then id; a page counts leases, not hosts, and holds each whole."""
    store = site.store
    starts = [100, 100, 90, 120, 100, 90]
    leases = {book(store, range(n * 3, n * 3 + 3), start, 300): start for n, start in enumerate(starts)}
    idle = book(store, [30], 100, 300)
    store.commit(cancellation(store, idle, 60))
    expected = sorted(leases, key=lambda lease_id: (leases[lease_id], lease_id))
    found: list[str] = []
    while page := store.stretches(0, 1000, None, limit, found[-1] if found else None):
        by_lease = {key: list(some) for key, some in itertools.groupby(page, key=lambda one: one.lease.lease_id)}
        assert len(by_lease) <= limit
        assert {len(some) for some in by_lease.values()} == {3}
        found += by_lease
    assert found == expected


def test_a_calendar_of_a_project_shows_that_project(site: Backend) -> None:
    own = book(site.store, [1], 100, 200)
    book(site.store, [2], 100, 200, owner=Owner(project_id="q", user_id="u"))
    assert used(site.store.stretches(0, 1000, "p", 10, None)) == [(own, 1, 100, 200)]


def test_lists_do_not_name_hosts(site: Backend) -> None:
    """A list of a hundred leases with a thousand hosts each stays small."""
    site.store.commit(proposal([1, 2], 100, 200))
    assert [lease.hosts for lease in site.store.list_leases(ask())] == [()]
    assert [one.lease.hosts for one in site.store.stretches(0, 1000, None, 10, None)] == [(), ()]


def test_a_failed_lease_is_listed_with_its_reason(site: Backend) -> None:
    lease_id = book(site.store, [1], 100, 200)
    decision = booking.fail(site.store.get_lease(lease_id), site.store.get_held(lease_id), 60, "fire")
    site.store.commit(decision)
    found = site.store.list_leases(ask(states=(State.ERROR,)))
    assert [(lease.lease_id, lease.error_reason) for lease in found] == [(lease_id, "fire")]

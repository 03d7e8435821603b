# SPDX-License-Identifier: Apache-2.0
"""The journal has no gaps, and whoever follows it has the calendar: also while many write, read and roll back."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from climate.core import booking
from climate.core.calendar.replica import Replica
from climate.core.journal import Block, Change
from climate.core.lease import LeaseChange
from climate.core.lifecycle import State
from climate.errors import HostsTaken, LeaseChanged
from climate.planning.store.protocol import RepeatTaken, Store
from tests.contract.planning_decisions import (
    Backend,
    advance,
    book,
    cancellation,
    change,
    host_ids,
    proposal,
    repeat,
)

WRITERS = 8
HOSTS = 12


@pytest.fixture
def site(planning: Backend) -> Backend:
    planning.store.register_hosts(host_ids(HOSTS))
    return planning


def at_once(acts: list[Callable[[], object]]) -> list[object]:
    """Do all at the same moment, each on a thread of its own; what they gave, or raised."""
    barrier = threading.Barrier(len(acts))

    def act(one: Callable[[], object]) -> object:
        barrier.wait(30)
        try:
            return one()
        except (HostsTaken, LeaseChanged, RepeatTaken) as error:
            return type(error)

    with ThreadPoolExecutor(len(acts)) as threads:
        return list(threads.map(act, acts))


def loaded(store: Store) -> Replica:
    found = store.snapshot()
    return Replica.from_snapshot(found.sequence, found.host_count, found.columns, found.facts)


def content(replica: Replica) -> object:
    """What a copy holds, whatever numbers it gave to whom."""
    columns = replica.calendar.columns()
    spans = zip(
        columns.host.tolist(), columns.start.tolist(), columns.end.tolist(), columns.owner.tolist(), strict=True
    )
    return replica.sequence, [(*span[:3], columns.keys[span[3]]) for span in spans], dict(replica.facts)


def all_changes(store: Store, batch: int = 7) -> Iterator[Change]:
    sequence = 0
    while changes := store.changes_since(sequence, batch):
        yield from changes
        sequence = changes[-1].sequence


def test_a_change_tells_the_lease_and_its_hosts_time_before_and_after(site: Backend) -> None:
    """One entry for each commit, numbered from 1."""
    store = site.store
    assert (store.latest_sequence(), store.changes_since(0, 10)) == (0, [])
    lease_id = book(store, [3, 1], 100, 200)
    store.commit(change(store, lease_id, LeaseChange(end_time=300), 60))
    store.commit(cancellation(store, lease_id, 70))
    told = {"lease_id": lease_id, "project_id": "p", "start_at": 100}
    expected = [
        Change(sequence=1, at=50, event="confirmed", state=State.CONFIRMED, end_at=200,
               blocks=(Block((1, 3), None, (100, 210)),), **told),
        Change(sequence=2, at=60, event="changed", state=State.CONFIRMED, end_at=300,
               blocks=(Block((1, 3), (100, 210), (100, 310)),), **told),
        Change(sequence=3, at=70, event="cancelled", state=State.CANCELLED, end_at=300,
               blocks=(Block((1, 3), (100, 310), None),), **told),
    ]  # fmt: skip
    assert store.changes_since(0, 10) == expected
    assert store.changes_since(1, 1) == expected[1:2]
    assert store.changes_since(3, 10) == store.changes_since(99, 10) == []
    assert store.latest_sequence() == 3


def random_life(store: Store, seed: int, stop: Callable[[], bool]) -> int:
    """Book, confirm, change, advance, cancel, collide and roll back until told to stop; how many commits."""
    randomness = random.Random(seed)
    mine: list[str] = []
    now, commits = 50, 0
    while not stop():
        now += 1
        try:
            if len(mine) < 3 or randomness.random() < 0.3:
                hosts = randomness.sample(range(HOSTS), randomness.randrange(1, 5))
                start = now + randomness.randrange(60)
                decision = proposal(hosts, start, start + 5, now=now)
                key = repeat(f"{seed}-{randomness.randrange(20)}") if randomness.random() < 0.5 else None
                store.commit(decision, (), key)
                mine.append(decision.lease.lease_id)
                commits += 1
            elif randomness.random() < 0.5:
                commits += len(advance(store, randomness.choice(mine), now))
            else:
                store.commit(cancellation(store, mine.pop(), now))
                commits += 1
        except (HostsTaken, LeaseChanged, RepeatTaken, booking.WrongState, AssertionError):
            continue
    return commits


def follow(store: Store, stop: Callable[[], bool]) -> Replica:
    """Follow the journal by polling, as a process does: each change exactly once, in order, then the rest."""
    replica = Replica()
    while True:
        stopping = stop()
        changes = store.changes_since(replica.sequence, 50)
        for one in changes:
            assert replica.apply(one)
        if stopping and not changes:
            return replica


def test_the_journal_has_no_gaps_and_followers_miss_nothing(site: Backend) -> None:
    """8 writers with rollbacks among them; two follow, one loads snapshots in between."""
    store = site.store
    end = time.monotonic() + 1.5
    written = threading.Event()

    def load(stop: Callable[[], bool]) -> list[Replica]:
        found = []
        while not stop():
            found.append(loaded(store))
            time.sleep(0.05)
        return found

    with ThreadPoolExecutor(WRITERS + 3) as threads:
        followers = [threads.submit(follow, store, written.is_set) for _ in range(2)]
        snapshots = threads.submit(load, written.is_set)
        writers = [threads.submit(random_life, store, seed, lambda: time.monotonic() > end) for seed in range(WRITERS)]
        try:
            commits = sum(writer.result() for writer in writers)
        finally:
            written.set()
        copies = [follower.result() for follower in followers]
        loads = snapshots.result()

    journal = list(all_changes(store))
    assert commits > WRITERS
    assert [one.sequence for one in journal] == list(range(1, commits + 1))
    assert store.latest_sequence() == commits
    final = content(loaded(store))
    assert [content(copy) for copy in copies] == [final, final]
    replayed = Replica()
    states = {0: content(replayed)}
    for one in journal:
        replayed.apply(one)
        states[one.sequence] = content(replayed)
    assert states[commits] == final
    assert [content(one) for one in loads] == [states[one.sequence] for one in loads]


def test_a_copy_loaded_anywhere_follows_to_the_same_calendar(site: Backend) -> None:
    """A snapshot after each commit of a life, brought up to date by the rest of the journal."""
    store = site.store
    copies = [loaded(store)]
    randomness = random.Random(3)
    rounds = iter(range(40))
    while next(rounds, None) is not None:
        random_life(store, randomness.randrange(1000), iter([False, True]).__next__)
        copies.append(loaded(store))
    for copy in copies:
        for one in store.changes_since(copy.sequence, 1000):
            copy.apply(one)
    assert all(content(copy) == content(copies[-1]) for copy in copies)


@pytest.mark.parametrize("seed", range(3))
def test_of_many_that_want_one_host_exactly_one_gets_it(site: Backend, seed: int) -> None:
    """Each wants the disputed host among others, named in another order: no double booking, and no deadlock is left."""
    randomness = random.Random(seed)
    acts = []
    for _ in range(WRITERS):
        hosts = [5, *randomness.sample([0, 1, 2, 3, 4, 6, 7, 8], 3)]
        acts.append(lambda hosts=hosts: site.store.commit(proposal(hosts, 100, 200)))
    outcomes = at_once(acts)
    assert outcomes.count(HostsTaken) == WRITERS - 1
    assert [outcome for outcome in outcomes if outcome is not HostsTaken] == [1]
    assert site.store.snapshot().columns.host.size == 4


def test_of_many_that_change_one_lease_exactly_one_does(site: Backend) -> None:
    """All have read the same version."""
    lease_id = book(site.store, [1], 100, 200)
    decisions = [cancellation(site.store, lease_id, 60 + number) for number in range(WRITERS)]
    outcomes = at_once([lambda one=one: site.store.commit(one) for one in decisions])
    assert outcomes.count(LeaseChanged) == WRITERS - 1
    assert outcomes.count(2) == 1


def test_of_many_with_one_key_exactly_one_makes_a_lease(site: Backend) -> None:
    """A client that sends its request eight times at once."""
    outcomes = at_once(
        [lambda n=n: site.store.commit(proposal([n], 100, 200), (), repeat("once")) for n in range(WRITERS)]
    )
    assert outcomes.count(RepeatTaken) == WRITERS - 1
    assert len(site.store.changes_since(0, 100)) == 1


def test_many_that_extend_into_each_other_leave_no_overlap(site: Backend) -> None:
    """Leases side by side on two hosts, each pulling at its end or handing its hosts to the next."""
    store = site.store
    leases = [book(store, [1, 2], 100 + 50 * n, 140 + 50 * n) for n in range(WRITERS)]
    wishes = [change(store, lease_id, LeaseChange(duration_s=45), 60) for lease_id in leases[:-1]]
    wishes.append(cancellation(store, leases[-1], 60))
    outcomes = at_once([lambda one=one: store.commit(one) for one in wishes])
    assert outcomes.count(HostsTaken) in (WRITERS - 2, WRITERS - 1)
    Replica.from_snapshot(0, HOSTS, store.snapshot().columns, {})  # raises where rows overlap


def test_hosts_registered_by_many_at_once_are_numbered_once(planning: Backend) -> None:
    """Each sees a part of the same hosts."""
    ids = host_ids(100)
    at_once([lambda n=n: planning.store.register_hosts(ids[n * 5 : n * 5 + 60]) for n in range(WRITERS)])
    numbered = planning.store.hosts_from(0)
    assert sorted(numbered) == sorted(ids[:95])
    assert planning.store.snapshot().host_count == 95


def test_a_lease_is_read_with_the_hosts_of_its_own_version(site: Backend) -> None:
    """Whoever reads while a lease gains and loses hosts never sees a count that is not theirs."""
    store = site.store
    lease_id = book(store, range(2), 100, 10_000)
    end = time.monotonic() + 0.7

    def write() -> None:
        while time.monotonic() < end:
            store.commit(change(store, lease_id, LeaseChange(quantity=10), 60, added=range(2, 10)))
            store.commit(change(store, lease_id, LeaseChange(quantity=2), 60))

    def read() -> set[tuple[int, int]]:
        seen = set()
        while time.monotonic() < end:
            lease = store.get_lease(lease_id)
            seen.add((lease.quantity, len(lease.hosts)))
        return seen

    with ThreadPoolExecutor(3) as threads:
        readers = [threads.submit(read) for _ in range(2)]
        threads.submit(write).result()
        assert set.union(*(reader.result() for reader in readers)) <= {(2, 2), (10, 10)}

# SPDX-License-Identifier: Apache-2.0
"""What is long over moves to the archive, whole, once, and nothing is lost, whenever it is stopped."""

from __future__ import annotations

import contextlib
import random
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from climate.chassis import sql
from climate.chassis.outbox import Effect
from climate.core import changes
from climate.core.lease import LeaseChange, LeaseQuery, Owner
from climate.errors import HostsTaken, LeaseNotFound, WrongState
from climate.manage import archive as command
from climate.planning.calendar import PlanningCalendar
from climate.planning.following import Following
from climate.planning.store import archive, tables
from climate.planning.store.archive import Amount, Archive
from tests.contract.planning_decisions import (
    NOW,
    RULES,
    Backend,
    advance,
    book,
    cancellation,
    host_ids,
    proposal,
    repeat,
)

PAIRS = (
    (tables.lease, tables.archived_lease),
    (tables.allocation, tables.archived_allocation),
    (tables.journal, tables.archived_journal),
)
WINDOW_S = 1000
LATER = 100_000


@pytest.fixture
def planning(planning_database: Backend) -> Backend:
    """A store with ten hosts over each kind of database, and a lease with the newest journal entry, which stays."""
    planning_database.store.register_hosts(host_ids(10))
    return planning_database


def engine_of(planning: Backend) -> sa.Engine:
    assert planning.engine is not None
    return planning.engine


def archive_of(planning: Backend) -> Archive:
    return Archive(engine_of(planning), WINDOW_S)


def over(planning: Backend, host: int = 1, start: int = 100, end: int = 200, **given: Any) -> str:
    """A lease that has ended and whose host is cleaned up."""
    lease_id = book(planning.store, [host], start, end, **given)
    advance(planning.store, lease_id, end + RULES.margin_s)
    return lease_id


def last(planning: Backend) -> str:
    """A live lease, whose entry in the journal is the newest."""
    return book(planning.store, [9], LATER, LATER + 100)


def run(planning: Backend, before: int = 10_000, now: int = LATER, dry: bool = False) -> tuple[Amount, list[str]]:
    """What moves, and what is said."""
    said: list[str] = []
    return command.run(archive_of(planning), before, now, said.append, dry=dry), said


def rows(planning: Backend, table: sa.Table) -> list[tuple[Any, ...]]:
    with sql.reading(engine_of(planning)) as connection:
        return sorted(tuple(row) for row in connection.execute(sa.select(table)))


def all_rows(planning: Backend) -> list[list[tuple[Any, ...]]]:
    """Every row of each pair of tables, wherever it is."""
    return [sorted(rows(planning, live) + rows(planning, archived)) for live, archived in PAIRS]


def archived_leases(planning: Backend) -> set[str]:
    return {row[0] for row in rows(planning, tables.archived_lease)}


def test_a_lease_moves_with_its_allocations_and_journal_entries(planning: Backend) -> None:
    """Row by row as they were."""
    gone, stays = over(planning), last(planning)
    before = all_rows(planning)
    amount, said = run(planning)
    assert all_rows(planning) == before
    assert archived_leases(planning) == {gone}
    assert {row[1] for row in rows(planning, tables.archived_allocation)} == {gone}
    assert {row[3] for row in rows(planning, tables.archived_journal)} == {gone}
    assert {row[3] for row in rows(planning, tables.journal)} == {stays}
    assert amount == Amount(1, 1, 3)  # confirmed, started, ended
    assert said == [
        "1 of 1 leases are in the archive.",
        "Moved 1 leases, 1 allocations and 3 journal entries to the archive.",
    ]


def test_what_something_needs_stays(planning: Backend) -> None:
    """Live, over too late, not cleaned up, repeatable, not announced, still counted, the newest."""
    store = planning.store
    book(store, [0], 100, 200)  # its start is due, and it is live
    over(planning, 1, 100, 20_000)  # over too late
    being_cleaned_up = book(store, [2], 100, 200)
    advance(store, being_cleaned_up, 205)
    repeatable = proposal([3], 100, 200)
    store.commit(repeatable, repeat=repeat("a key"))
    advance(store, repeatable.lease.lease_id, 210)
    announced = proposal([4], 100, 200)
    store.commit(announced, (Effect("notify", announced.lease.lease_id, {}),))
    advance(store, announced.lease.lease_id, 210)
    withdrawn = book(store, [5], 100, 200, confirmed=False)
    store.commit(cancellation(store, withdrawn, 90))
    newest = over(planning, 6)
    amount, said = run(planning, now=1000)
    assert amount == Amount()
    assert said[-1].startswith("5 more are over and stay for now")
    store.forget_repeats(LATER)
    with sql.transaction(engine_of(planning)) as connection:
        connection.execute(tables.outbox.delete())
    advance(store, being_cleaned_up, 210)
    amount, _ = run(planning, now=90 + WINDOW_S + 1)
    assert archived_leases(planning) == {repeatable.lease.lease_id, announced.lease.lease_id, withdrawn, newest}


def test_a_project_with_a_longer_memory_keeps_what_it_counts(planning: Backend) -> None:
    """The limit may be the project's own."""
    withdrawn = book(planning.store, [5], 100, 200, confirmed=False)
    planning.store.commit(cancellation(planning.store, withdrawn, 90))
    last(planning)
    with sql.transaction(engine_of(planning)) as connection:
        values = {"project_id": "p", "name": "withdrawn_window_s", "value": 5000}
        connection.execute(tables.limit.insert(), values)
    assert run(planning, now=90 + 5000)[0] == Amount()
    assert run(planning, now=90 + 5001)[0] == Amount(1, 1, 2)


def test_a_dry_run_says_what_a_run_does(planning: Backend) -> None:
    """And does nothing."""
    for host in range(3):
        over(planning, host)
    last(planning)
    before = [rows(planning, table) for pair in PAIRS for table in pair]
    would, said = run(planning, dry=True)
    assert [rows(planning, table) for pair in PAIRS for table in pair] == before
    assert said == ["Would move 3 leases, 3 allocations and 9 journal entries to the archive."]
    assert run(planning)[0] == would


def test_a_run_that_was_stopped_goes_on(planning: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    """What had moved has moved; a second run does the rest, a third nothing."""
    monkeypatch.setattr(archive, "_BATCH", 2)
    gone = [over(planning, 1, 100 + 200 * number, 200 + 200 * number) for number in range(5)]
    last(planning)
    before = all_rows(planning)
    store = archive_of(planning)
    progress: Iterator[Amount] = store.move(store.ready(10_000, LATER), 10_000, LATER)
    assert next(progress).leases == 2
    progress.close()  # type: ignore[attr-defined]
    assert archived_leases(planning) == set(gone[:2])  # the oldest first
    assert run(planning)[1][:2] == ["2 of 3 leases are in the archive.", "3 of 3 leases are in the archive."]
    assert run(planning)[0] == Amount()
    assert archived_leases(planning) == set(gone)
    assert all_rows(planning) == before


def test_a_failure_half_way_moves_nothing(planning: Backend) -> None:
    """One transaction: here the database goes away before the last rows are gone."""
    over(planning)
    last(planning)
    before = [rows(planning, table) for pair in PAIRS for table in pair]

    def fail(_connection: Any, _cursor: Any, statement: str, *_others: Any) -> None:
        if statement.startswith("DELETE FROM planning_lease"):
            raise ConnectionError

    sa.event.listen(engine_of(planning), "before_cursor_execute", fail)
    try:
        with pytest.raises(ConnectionError):
            run(planning)
    finally:
        sa.event.remove(engine_of(planning), "before_cursor_execute", fail)
    assert [rows(planning, table) for pair in PAIRS for table in pair] == before


def test_two_who_archive_at_a_time_move_everything_once(planning: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    """While leases are made and end."""
    monkeypatch.setattr(archive, "_BATCH", 2)
    for number in range(20):
        over(planning, 1, 100 + 200 * number, 200 + 200 * number)
    before = all_rows(planning)[0]
    moved: list[int] = []

    def act() -> None:
        moved.append(run(planning)[0].leases)

    def book_meanwhile() -> None:
        for number in range(10):
            book(planning.store, [2], LATER + 100 * number, LATER + 100 * number + 50)

    last(planning)
    threads = [threading.Thread(target=target) for target in (act, act, book_meanwhile)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(moved) == 20
    assert len(archived_leases(planning)) == 20
    assert set(before) <= set(all_rows(planning)[0])


def test_an_archived_lease_is_found_by_its_id_and_by_nothing_else(planning: Backend) -> None:
    """It can be read, by its own project, and not changed; lists and calendars pass it over."""
    store = planning.store
    lease_id = over(planning)
    last(planning)
    before = store.get_lease(lease_id, "p")
    run(planning)
    assert store.get_lease(lease_id, "p") == store.get_lease(lease_id) == before
    assert before.hosts == (host_ids(2)[1],)
    assert store.get_held(lease_id) == []
    with pytest.raises(LeaseNotFound):
        store.get_lease(lease_id, "another project")
    assert lease_id not in {lease.lease_id for lease in store.list_leases(LeaseQuery(project_id=None, limit=100))}
    assert lease_id not in {one.lease.lease_id for one in store.stretches(0, LATER, None, 100, None)}
    with pytest.raises(WrongState):
        changes.target(before, LeaseChange(name="other"), LATER, LATER)


def test_whoever_follows_is_told_what_it_missed(planning: Backend) -> None:
    """Also where entries of others stand before the gap; who is up to date notices nothing."""
    store = planning.store
    stays = book(store, [3], 5000, 6000)  # entry 1
    over(planning)  # 2 to 4
    also = book(store, [4], 5000, 6000)  # 5
    calendar = PlanningCalendar(store)
    following = Following(store, calendar)
    assert len(following.changes_since(0, 100).changes) == 5
    run(planning)
    found = following.changes_since(0, 100)
    assert ([one.lease_id for one in found.changes], found.latest, found.lost) == ([stays], 5, False)
    for sequence in range(1, 4):
        told = following.changes_since(sequence, 100)
        assert (told.changes, told.latest, told.lost) == ((), 5, True)
    assert [one.lease_id for one in following.changes_since(4, 100).changes] == [also]
    assert not following.changes_since(5, 100).lost


def test_a_calendar_that_missed_it_is_built_anew(planning: Backend) -> None:
    """And equals the one that follows without a break."""
    store = planning.store
    behind, follows = PlanningCalendar(store), PlanningCalendar(store)
    book(store, [3], 5000, 6000)
    with behind.following(), follows.following():
        pass
    over(planning)
    with follows.following():
        pass
    book(store, [4], 5000, 6000)
    run(planning)
    book(store, [5], 5000, 6000)
    with behind.following() as one, follows.following() as other:
        assert one.sequence == other.sequence == 6
        assert one.facts == other.facts
    assert behind.check()
    assert follows.check()


def test_random_histories_keep_every_row_and_what_is_live(planning: Backend) -> None:
    """Booked, cancelled, ended, expired in any order, and archived now and then."""
    draw = random.Random(7)
    store, now, made = planning.store, NOW, []
    for _ in range(60):
        now += draw.randrange(50)
        action = draw.random()
        if action < 0.6 or not made:
            start, length = now + draw.randrange(20), draw.randrange(10, 200)
            wanted = proposal(
                [draw.randrange(10)],
                start,
                start + length,
                now=now,
                confirmed=draw.random() < 0.5,
                owner=Owner(project_id=draw.choice("pq"), user_id="u"),
            )
            with contextlib.suppress(HostsTaken):
                store.commit(wanted)
                made.append(wanted.lease.lease_id)
        elif action < 0.8:
            with contextlib.suppress(WrongState, AssertionError):
                store.commit(cancellation(store, draw.choice(made), now))
        for lease_id in store.due(now, 100):
            advance(store, lease_id, now)
        if draw.random() < 0.2:
            rows_before, live = all_rows(planning), store.snapshot()
            known = {lease_id: store.get_lease(lease_id) for lease_id in made}
            run(planning, before=now - draw.randrange(100), now=now + draw.choice((0, 2 * WINDOW_S)))
            after = store.snapshot()
            assert all_rows(planning) == rows_before
            assert (after.sequence, after.facts) == (live.sequence, live.facts)
            assert {lease_id: store.get_lease(lease_id) for lease_id in made} == known
    assert archived_leases(planning)

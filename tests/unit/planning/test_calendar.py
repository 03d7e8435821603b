# SPDX-License-Identifier: Apache-2.0
"""The copy in memory follows the journal, and finds out when it is wrong."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable

import pytest

from climate.core.candidates import pack, unpack
from climate.planning.calendar import PlanningCalendar
from climate.planning.store.protocol import Snapshot
from tests.unit.planning.workshop import Workshop, host_ids


def spans(calendar: PlanningCalendar) -> list[tuple[int, int, int]]:
    with calendar.following() as replica:
        columns = replica.calendar.columns()
    return list(zip(columns.host.tolist(), columns.start.tolist(), columns.end.tolist(), strict=True))


def test_a_copy_sees_what_others_wrote(shop: Workshop) -> None:
    """At each use, the one made before and the one made after."""
    assert spans(shop.calendar) == []
    other = shop.another()
    made = other.make([3], confirm=True)
    assert spans(shop.calendar) == [(0, 1_000, 1_110)]
    other.proposals.cancel(made.lease_id, None)
    assert spans(shop.calendar) == spans(PlanningCalendar(shop.store)) == []


def test_a_copy_follows_a_long_journal(shop: Workshop) -> None:
    """More than one batch behind."""
    other = shop.another()
    spans(shop.calendar)
    for number in range(1_100):
        other.make([number], confirm=True)
    assert len(spans(shop.calendar)) == 1_100


def test_hosts_have_one_number_in_all_processes(shop: Workshop) -> None:
    """Whoever meets them first; the answer has the order of the question."""
    other = shop.another()
    assert shop.calendar.rows(pack(host_ids(7, 3))).tolist() == [0, 1]
    assert other.calendar.rows(pack(host_ids(3, 9, 7))).tolist() == [1, 2, 0]
    assert shop.calendar.rows(pack(host_ids(9))).tolist() == [2]
    assert unpack(shop.calendar.host_ids([2, 0])) == host_ids(9, 7)


def test_the_ids_of_hosts_that_others_met_are_learnt(shop: Workshop) -> None:
    shop.another().make([4, 5], confirm=True)
    assert unpack(shop.calendar.host_ids([1])) == host_ids(5)
    assert shop.calendar.host_ids([]) == b""


def test_a_host_never_booked_can_be_searched(shop: Workshop) -> None:
    """It has a number, and nothing in the journal."""
    rows = shop.calendar.rows(pack(host_ids(*range(5))))
    with shop.calendar.following() as replica:
        assert replica.calendar.free(rows, 0, 100).all()


def test_a_true_copy_passes_its_check(shop: Workshop) -> None:
    """Also when it is behind the journal."""
    shop.make([0], confirm=True)
    assert shop.calendar.check()
    shop.another().make([1], confirm=True)
    assert shop.calendar.check()


def corrupt_booking(shop: Workshop) -> None:
    with shop.calendar.following() as replica:
        replica.calendar.book([1], 5_000, 6_000, "nobody")


def corrupt_release(shop: Workshop) -> None:
    with shop.calendar.following() as replica:
        replica.calendar.release([0], 1_000, 1_110, next(iter(replica.facts)))


def corrupt_owner(shop: Workshop) -> None:
    with shop.calendar.following() as replica:
        replica.calendar.release([0], 1_000, 1_110, next(iter(replica.facts)))
        replica.calendar.book([0], 1_000, 1_110, "nobody")


def corrupt_fact(shop: Workshop) -> None:
    with shop.calendar.following() as replica:
        lease_id, fact = next(iter(replica.facts.items()))
        replica.facts[lease_id] = dataclasses.replace(fact, project_id="q")


@pytest.mark.parametrize("corrupt", [corrupt_booking, corrupt_release, corrupt_owner, corrupt_fact])
def test_a_corrupted_copy_is_found_and_taken_anew(
    shop: Workshop,
    corrupt: Callable[[Workshop], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The operator finds a line in the log; the next use has the truth again."""
    shop.make([0], confirm=True)
    shop.calendar.rows(pack(host_ids(1)))
    truth = spans(shop.calendar)
    corrupt(shop)
    assert not shop.calendar.check()
    assert "differed" in caplog.text
    assert spans(shop.calendar) == truth
    assert shop.calendar.check()


def test_a_copy_that_cannot_follow_is_taken_anew(shop: Workshop, caplog: pytest.LogCaptureFixture) -> None:
    """The next change contradicts it."""
    made = shop.make([0], confirm=True)
    corrupt_release(shop)
    shop.proposals.cancel(made.lease_id, None)
    assert spans(shop.calendar) == []
    assert "out of step" in caplog.text


def test_others_may_write_while_the_copy_is_checked(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before and after the snapshot is read: both are brought to the same change, and it is no alarm."""
    shop.make([0], confirm=True)
    other, snapshot = shop.another(), shop.store.snapshot

    def overtaken() -> Snapshot:
        other.make([1], confirm=True)
        found = snapshot()
        other.make([2], confirm=True)
        return found

    assert spans(shop.calendar) == spans(other.calendar)
    monkeypatch.setattr(shop.store, "snapshot", overtaken)
    assert shop.calendar.check()
    monkeypatch.undo()
    assert len(spans(shop.calendar)) == 3


def test_a_check_does_not_keep_others_waiting_for_the_snapshot(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading a large site anew takes seconds, in which requests are answered."""
    shop.make([0], confirm=True)
    snapshot, reading, answered = shop.store.snapshot, threading.Event(), threading.Event()

    def slow() -> Snapshot:
        reading.set()
        assert answered.wait(20), "nobody could use the calendar"
        return snapshot()

    monkeypatch.setattr(shop.store, "snapshot", slow)
    outcome: list[bool] = []
    checking = threading.Thread(target=lambda: outcome.append(shop.calendar.check()))
    checking.start()
    assert reading.wait(20)
    assert spans(shop.calendar) == [(0, 1_000, 1_110)]
    answered.set()
    checking.join()
    assert outcome == [True]

# SPDX-License-Identifier: Apache-2.0
"""Many clients fight over few hosts, processes are killed in the middle: no host twice, no promise broken."""

from __future__ import annotations

import collections
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from climate.chassis import sql
from climate.core.calendar.replica import Replica
from climate.core.candidates import Candidates, Group, pack
from climate.core.lifecycle import State
from climate.errors import ServiceUnavailable
from climate.planning.store.sql import SqlStore
from tests.conftest import require
from tests.databases import KINDS, fresh_database
from tests.integration.battlefield import Battlefield, Fighter
from tools.servers import MariaDB, PostgreSQL, RabbitMQ

pytestmark = [pytest.mark.servers, pytest.mark.slow]

# The live calendar: the database forbids any overlap.
LIVE_OVERLAPS = """
SELECT COUNT(*) FROM planning_allocation AS one JOIN planning_allocation AS other
  ON one.host_number = other.host_number AND one.id < other.id
  AND one.start_at < other.blocked_until AND other.start_at < one.blocked_until
WHERE one.released_at IS NULL AND other.released_at IS NULL
"""
# Blocked time as it was in the end: what was released before its end counts until then.
OVERLAPS = """
WITH blocked AS (
  SELECT id, host_number, start_at,
    CASE WHEN released_at < blocked_until THEN released_at ELSE blocked_until END AS until
  FROM planning_allocation
)
SELECT COUNT(*) FROM blocked AS one JOIN blocked AS other
  ON one.host_number = other.host_number AND one.id < other.id
  AND one.start_at < other.until AND other.start_at < one.until
  AND one.start_at < one.until AND other.start_at < other.until
"""
WITHOUT_HOSTS = """
SELECT lease.lease_id, lease.quantity, COUNT(held.id)
FROM planning_lease AS lease LEFT JOIN planning_allocation AS held
  ON held.lease_id = lease.lease_id AND held.released_at IS NULL AND NOT held.given_back
WHERE lease.state IN ('proposed', 'confirmed', 'active')
GROUP BY lease.lease_id, lease.quantity HAVING COUNT(held.id) <> lease.quantity
"""


class Aftermath:
    """What the database says when the fight is over."""

    def __init__(self, field: Battlefield, url: str) -> None:
        self._field = field
        self._engine = sql.engine(url)
        self._store = SqlStore(self._engine)

    def close(self) -> None:
        self._engine.dispose()

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with sql.reading(self._engine) as connection:
            return [tuple(row) for row in connection.execute(sa.text(query))]

    def check_hosts(self) -> None:
        """No host was held twice at any instant, and every live lease has the hosts that it was promised."""
        assert self.rows(LIVE_OVERLAPS) == [(0,)]
        assert self.rows(OVERLAPS) == [(0,)]
        assert self.rows(WITHOUT_HOSTS) == []

    def check_promises(self, fighters: list[Fighter]) -> int:
        """Each lease is as its client was told last; how many were confirmed."""
        promises = [promise for fighter in fighters for promise in fighter.promises]
        for promise in promises:
            told, kept = promise.lease, self._store.get_lease(promise.lease.lease_id)
            if promise.unsure:
                continue
            if promise.cancelled:
                assert kept.state is State.CANCELLED
            elif promise.confirmed:
                assert kept.state in (State.CONFIRMED, State.ACTIVE, State.ENDED)
                assert (kept.start_at, kept.end_at, kept.quantity) == (told.start_at, told.end_at, told.quantity)
                assert kept.hosts == told.hosts
                assert kept.confirmed_at == told.confirmed_at
            else:
                assert kept.state in (State.PROPOSED, State.EXPIRED)
        return sum(promise.confirmed for promise in promises)

    def check_journal(self) -> None:
        """Without gaps, and a copy made from it is the snapshot of the same instant."""
        snapshot = self._store.snapshot()
        journal = self._store.changes_since(0, snapshot.sequence)
        assert [change.sequence for change in journal] == list(range(1, snapshot.sequence + 1))
        copy = Replica()
        for change in journal:
            copy.apply(change)
        loaded = Replica.from_snapshot(snapshot.sequence, snapshot.host_count, snapshot.columns, snapshot.facts)
        assert copy.facts == loaded.facts
        for name in ("host", "start", "end"):
            mine, theirs = getattr(copy.calendar.columns(), name), getattr(loaded.calendar.columns(), name)
            assert mine.tolist() == theirs.tolist()

    def check_everything_ends(self) -> None:
        """Planners go on by themselves: each lease whose time is over ends or expires, soon and by its event."""

        def over() -> bool:
            return self.rows(
                "SELECT COUNT(*) FROM planning_lease WHERE state IN ('proposed', 'confirmed', 'active')"
            ) == [(0,)]

        eventually(over)
        eventually(lambda: self.rows("SELECT COUNT(*) FROM planning_allocation WHERE released_at IS NULL") == [(0,)])

    def check_notifications(self) -> None:
        """The outbox runs empty; each event of each lease was heard in its order, again at most under its old id."""
        eventually(lambda: self.rows("SELECT COUNT(*) FROM planning_outbox") == [(0,)])
        written: dict[str, list[str]] = collections.defaultdict(list)
        for change in self._store.changes_since(0, 10**6):
            written[change.lease_id].append(f"lease.{change.event}")

        def heard() -> dict[str, list[str]]:
            new = {one["notification_id"] for one in self._field.heard}
            in_order: dict[str, list[str]] = collections.defaultdict(list)
            for one in self._field.heard:
                if one["notification_id"] in new:
                    new.remove(one["notification_id"])
                    in_order[one["lease_id"]].append(one["event"])
            return in_order

        eventually(lambda: sum(map(len, heard().values())) >= sum(map(len, written.values())), or_not=True)
        told = heard()
        wrong = {key: (told[key], events) for key, events in written.items() if told[key] != events}
        raw = [
            (one["notification_id"], one["lease_id"], one["event"])
            for one in self._field.heard
            if one["lease_id"] in wrong
        ]
        assert wrong == {}, raw

    def check_nothing_hangs(self) -> None:
        """Each host can be booked, within seconds: no lock and no open transaction is left."""
        start = int(time.time()) + 5_000
        for host in self._field.hosts:
            only = Candidates((Group({}, pack([host])),))
            began = time.monotonic()
            made = self._field.ask(hosts=only, start_time=start, end_time=start + 1)
            assert made.hosts == (host,)
            assert time.monotonic() - began < 10
            self._field.api.cancel_proposal("fight", lease_id=made.lease_id, project_id=None)


def eventually(condition: Callable[[], bool], timeout_s: float = 120, or_not: bool = False) -> None:
    """Return once ``condition`` holds; with ``or_not`` also when the time is up."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            assert or_not, f"not so after {timeout_s:g} s"
            return
        time.sleep(0.1)


@pytest.fixture
def aftermath() -> Iterator[Callable[[Battlefield, str], Aftermath]]:
    made: list[Aftermath] = []

    def make(field: Battlefield, url: str) -> Aftermath:
        made.append(Aftermath(field, url))
        return made[-1]

    yield make
    for one in made:
        one.close()


def answers(fighters: list[Fighter]) -> collections.Counter[str]:
    return sum((collections.Counter(fighter.answers) for fighter in fighters), collections.Counter())


@pytest.mark.parametrize("kind", KINDS)
def test_sixteen_clients_fight_over_six_hosts_and_a_planner_dies(
    kind: str,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    rabbitmq: RabbitMQ,
    aftermath: Callable[[Battlefield, str], Aftermath],
) -> None:
    """Three planners, one killed and replaced in the middle; everything that was acknowledged holds."""
    url = fresh_database(kind, request, tmp_path).url
    with Battlefield(tmp_path, url, rabbitmq, hosts=6, planners=3).open() as field:
        fighters = field.fight(16, 10, (4, field.kill_a_planner))
        counted = answers(fighters)
        after = aftermath(field, url)
        assert [fighter.failures for fighter in fighters if fighter.failures] == []
        after.check_hosts()
        assert after.check_promises(fighters) > 10, counted
        after.check_nothing_hangs()
        after.check_everything_ends()
        after.check_hosts()
        after.check_promises(fighters)
        after.check_journal()
        after.check_notifications()
        assert {"done", "NothingFits"} <= set(counted)


@pytest.fixture(params=[PostgreSQL, MariaDB])
def durable(request: pytest.FixtureRequest) -> Iterator[PostgreSQL | MariaDB]:
    """A database server of this test's own, because the test kills it; it keeps what was committed."""
    require(request.param)
    with request.param(durable=True) as server:
        yield server


@pytest.fixture
def broker() -> Iterator[RabbitMQ]:
    """Likewise a broker."""
    require(RabbitMQ)
    with RabbitMQ() as server:
        yield server


@pytest.mark.soak
def test_database_and_broker_die_one_after_the_other(
    durable: PostgreSQL | MariaDB,
    broker: RabbitMQ,
    tmp_path: Path,
    aftermath: Callable[[Battlefield, str], Aftermath],
) -> None:
    """Both with SIGKILL in the middle of a fight; planners find back by themselves, and no promise is lost."""
    url = durable.fresh_database().url

    def outage(server: PostgreSQL | MariaDB | RabbitMQ) -> None:
        server.kill()
        time.sleep(1)  # long enough for requests to meet it
        server.restart()

    with Battlefield(tmp_path, url, broker, hosts=6, planners=2).open() as field:
        field.ask()
        broker.wait_written(f"{field.topic}.info")
        fighters = field.fight(6, 20, (3, lambda: outage(durable)), (9, lambda: outage(broker)))
        eventually(lambda: served(field))
        after = aftermath(field, url)
        assert [fighter.failures for fighter in fighters if fighter.failures] == []
        after.check_hosts()
        assert after.check_promises(fighters) > 10, answers(fighters)
        after.check_nothing_hangs()
        after.check_everything_ends()
        after.check_hosts()
        after.check_journal()
        after.check_notifications()


def served(field: Battlefield) -> bool:
    """Does a booking succeed?"""
    start = int(time.time()) + 10_000
    try:
        made = field.ask(start_time=start, end_time=start + 1)
        field.api.cancel_proposal("fight", lease_id=made.lease_id, project_id=None)
    except ServiceUnavailable:
        return False
    return True

# SPDX-License-Identifier: Apache-2.0
"""The database itself forbids a double booking: psql, mariadb and Python's SQLite try what our code never would."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import sqlalchemy as sa

from climate.chassis import sql
from climate.manage import database as schema
from climate.planning.store.sql import SqlStore
from tests.contract.planning_decisions import book, cancellation, host_ids
from tests.databases import KINDS, fresh_database
from tools.servers import Database

OVERLAPS = """
SELECT COUNT(*) FROM planning_allocation one JOIN planning_allocation other
  ON one.host_number = other.host_number AND one.id < other.id
  AND one.start_at < other.blocked_until AND other.start_at < one.blocked_until
WHERE one.released_at IS NULL AND other.released_at IS NULL
"""
LIVE = "SELECT COUNT(*) FROM planning_allocation WHERE released_at IS NULL"


@dataclass(frozen=True)
class Site:
    """Host 3 is blocked in [100, 210) by ``first``, in [300, 410) by ``second``; ``cancelled`` had [220, 290)."""

    kind: str
    database: Database
    engine: sa.Engine
    first: str
    second: str
    cancelled: str

    def row(self, start: int, blocked_until: int, host: int = 3, released_at: str = "NULL") -> str:
        return f"('{self.second}', {host}, {start}, {start}, {blocked_until}, false, {released_at})"

    def insert(self, *rows: str, verb: str = "INSERT INTO", behind: str = "") -> str:
        columns = "lease_id, host_number, start_at, end_at, blocked_until, given_back, released_at"
        return f"{verb} planning_allocation ({columns}) VALUES {', '.join(rows)} {behind}"

    def asked(self, query: str) -> str:
        done = self.database.execute(query)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def refused(self, statement: str) -> None:
        """The bare client fails on it, and every row is as before."""
        before = self.asked("SELECT * FROM planning_allocation ORDER BY id")
        done = self.database.execute(statement)
        assert done.returncode != 0, "the database let it pass"
        assert self.asked("SELECT * FROM planning_allocation ORDER BY id") == before

    def accepted(self, statement: str) -> None:
        self.asked(statement)
        assert self.asked(OVERLAPS) == "0"


@pytest.fixture(scope="module", params=KINDS)
def migrated(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple]:
    """A database at head of each kind in turn."""
    found = fresh_database(request.param, request, tmp_path_factory.mktemp("forbids"))
    engine = sql.engine(found.url)
    schema.upgrade(engine)
    yield request.param, found, engine
    engine.dispose()


@pytest.fixture
def site(migrated: tuple[str, Database, sa.Engine]) -> Site:
    kind, found, engine = migrated
    with sql.transaction(engine) as connection:
        connection.exec_driver_sql("DELETE FROM planning_allocation")
    store = SqlStore(engine)
    store.register_hosts(host_ids(5))
    first, second = book(store, [3], 100, 200), book(store, [3], 300, 400)
    cancelled = book(store, [3], 220, 280)
    store.commit(cancellation(store, cancelled, 60))
    return Site(kind, found, engine, first, second, cancelled)


@pytest.mark.parametrize(
    ("start", "blocked_until"),
    [(100, 210), (150, 160), (50, 500), (50, 101), (209, 215), (209, 210), (100, 101), (250, 301), (409, 420)],
)
def test_a_raw_insert_that_overlaps_fails(site: Site, start: int, blocked_until: int) -> None:
    """The same, inside, around, and by one second at either end; margins count."""
    site.refused(site.insert(site.row(start, blocked_until)))


@pytest.mark.parametrize(("start", "blocked_until"), [(210, 300), (50, 100), (410, 500), (220, 290), (210, 211)])
def test_a_raw_insert_that_only_touches_succeeds(site: Site, start: int, blocked_until: int) -> None:
    """Back to back, and where a lease was cancelled."""
    site.accepted(site.insert(site.row(start, blocked_until)))


def test_a_row_that_is_released_may_overlap(site: Site) -> None:
    """History is no booking."""
    site.accepted(site.insert(site.row(100, 210, released_at="5")))


def test_another_host_may_be_booked_at_the_same_time(site: Site) -> None:
    site.accepted(site.insert(site.row(100, 210, host=4)))


def test_rows_of_one_insert_may_not_overlap_each_other(site: Site) -> None:
    """Nor may one of many overlap: none of them stays."""
    site.refused(site.insert(site.row(500, 600), site.row(599, 700)))
    site.refused(site.insert(site.row(500, 600), site.row(800, 900, host=4), site.row(209, 230)))


@pytest.mark.parametrize(
    "change",
    [
        "blocked_until = 301 WHERE lease_id = '{first}'",
        "start_at = 209 WHERE lease_id = '{second}'",
        "start_at = 150, blocked_until = 170, end_at = 160 WHERE lease_id = '{second}'",
        "released_at = NULL, start_at = 200 WHERE lease_id = '{cancelled}'",
        "released_at = NULL, blocked_until = 301 WHERE lease_id = '{cancelled}'",
        "start_at = 100, end_at = 100, blocked_until = 200",
    ],
)
def test_a_raw_update_that_makes_an_overlap_fails(site: Site, change: str) -> None:
    """Extending into a lease, moving onto one, bringing a cancelled one back, all rows at once."""
    names = {"first": site.first, "second": site.second, "cancelled": site.cancelled}
    if "WHERE" not in change:
        change += " WHERE released_at IS NULL"
    site.refused(f"UPDATE planning_allocation SET {change.format(**names)}")


def test_a_raw_update_to_another_host_that_is_taken_fails(site: Site) -> None:
    site.accepted(site.insert(site.row(150, 250, host=4)))
    site.refused("UPDATE planning_allocation SET host_number = 3 WHERE host_number = 4")
    site.refused(f"UPDATE planning_allocation SET host_number = 4 WHERE lease_id = '{site.first}'")


@pytest.mark.parametrize(
    "change",
    [
        "blocked_until = 300 WHERE lease_id = '{first}'",
        "start_at = 210 WHERE lease_id = '{second}'",
        "blocked_until = 205 WHERE lease_id = '{first}'",
        "start_at = start_at",
        "released_at = 5",
        "released_at = NULL WHERE lease_id = '{cancelled}'",
        "host_number = 1 WHERE lease_id = '{first}'",
    ],
)
def test_a_raw_update_that_makes_no_overlap_succeeds(site: Site, change: str) -> None:
    """A row never stands in its own way."""
    names = {"first": site.first, "second": site.second, "cancelled": site.cancelled}
    site.accepted(f"UPDATE planning_allocation SET {change.format(**names)}")


TRICKS = {
    "sqlite": [("INSERT OR IGNORE INTO", ""), ("INSERT OR REPLACE INTO", ""), ("INSERT OR FAIL INTO", "")],
    "postgresql": [("INSERT INTO", "ON CONFLICT DO NOTHING")],
    "mariadb": [
        ("INSERT IGNORE INTO", ""),
        ("REPLACE INTO", ""),
        ("INSERT INTO", "ON DUPLICATE KEY UPDATE start_at = 150"),
    ],
}


def test_no_dialect_has_a_way_around(site: Site) -> None:
    """What turns errors into something else may pass, but leaves no overlap."""
    for verb, behind in TRICKS[site.kind]:
        site.database.execute(site.insert(site.row(150, 160), verb=verb, behind=behind))
        assert site.asked(OVERLAPS) == "0"
        assert site.asked(LIVE) == "2"


def test_a_period_that_ends_before_it_starts_is_no_row(site: Site) -> None:
    """It would hide from every comparison of periods."""
    site.refused(site.insert(site.row(160, 150)))
    site.refused(site.insert(site.row(500, 500)))
    site.refused(f"UPDATE planning_allocation SET end_at = blocked_until + 1 WHERE lease_id = '{site.first}'")


@pytest.mark.parametrize("level", ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"])
def test_two_sessions_that_have_not_seen_each_other_cannot_both_book(site: Site, level: str) -> None:
    """At each level of isolation; the second read the table before the first committed."""
    engine = sa.create_engine(site.database.url, poolclass=sa.NullPool)
    one, other = sa.text(site.insert(site.row(500, 600))), sa.text(site.insert(site.row(599, 700)))
    levels = {} if site.kind == "sqlite" else {"isolation_level": level}
    failures: list[sa.exc.DBAPIError] = []

    def book_second() -> None:
        try:
            with engine.connect().execution_options(**levels) as second, second.begin():
                second.execute(sa.text(LIVE)).all()
                looked.set()
                booked.wait(2)  # SERIALIZABLE: the first waits for what the second has read
                second.execute(other)
        except sa.exc.DBAPIError as error:
            failures.append(error)

    looked, booked = threading.Event(), threading.Event()
    with engine.connect().execution_options(**levels) as first:
        thread = threading.Thread(target=book_second)
        thread.start()
        assert looked.wait(30)
        try:
            with first.begin():
                first.execute(one)
                booked.set()
        except sa.exc.DBAPIError as error:
            failures.append(error)
        thread.join(60)
    assert len(failures) == 1
    assert site.asked(OVERLAPS) == "0"
    assert site.asked(LIVE) == "3"

# SPDX-License-Identifier: Apache-2.0
"""What a database's errors mean to us, and how transactions of SQLite behave. The others are in the contract suites."""

from __future__ import annotations

import random
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pymysql
import pytest
import sqlalchemy as sa

from climate.chassis import sql
from climate.chassis.sql import Trouble
from climate.errors import ConfigError, ServiceUnavailable


def sqlite_error(name: str) -> sqlite3.Error:
    error = sqlite3.OperationalError("some text")
    error.sqlite_errorname = name
    return error


def postgresql_error(state: str | None) -> psycopg.Error:
    kind = psycopg.OperationalError if state is None else psycopg.errors.lookup(state)
    return kind("some text")


TROUBLE: list[tuple[BaseException, Trouble]] = [
    (postgresql_error("23P01"), Trouble.REFUSED),
    (postgresql_error("23505"), Trouble.DUPLICATE),
    (postgresql_error("40001"), Trouble.RETRY),
    (postgresql_error("40P01"), Trouble.RETRY),
    (postgresql_error("55P03"), Trouble.RETRY),
    (postgresql_error("57P01"), Trouble.LOST),  # the server shuts down
    (postgresql_error("57P03"), Trouble.LOST),  # it is starting up
    (postgresql_error("08006"), Trouble.LOST),
    (postgresql_error(None), Trouble.LOST),  # no answer at all
    (postgresql_error("23503"), Trouble.OTHER),
    (postgresql_error("42P01"), Trouble.OTHER),
    (pymysql.err.OperationalError(1644, "some text"), Trouble.REFUSED),
    (pymysql.err.IntegrityError(1062, "some text"), Trouble.DUPLICATE),
    (pymysql.err.OperationalError(1213, "some text"), Trouble.RETRY),
    (pymysql.err.OperationalError(1205, "some text"), Trouble.RETRY),
    (pymysql.err.OperationalError(1020, "some text"), Trouble.RETRY),
    (pymysql.err.OperationalError(2003, "some text"), Trouble.LOST),
    (pymysql.err.OperationalError(2006, "some text"), Trouble.LOST),
    (pymysql.err.OperationalError(2013, "some text"), Trouble.LOST),
    (pymysql.err.OperationalError(1053, "some text"), Trouble.LOST),
    (pymysql.err.ProgrammingError(1146, "some text"), Trouble.OTHER),
    (pymysql.err.InterfaceError("some text"), Trouble.OTHER),
    (sqlite_error("SQLITE_CONSTRAINT_TRIGGER"), Trouble.REFUSED),
    (sqlite_error("SQLITE_CONSTRAINT_UNIQUE"), Trouble.DUPLICATE),
    (sqlite_error("SQLITE_CONSTRAINT_PRIMARYKEY"), Trouble.DUPLICATE),
    (sqlite_error("SQLITE_BUSY"), Trouble.RETRY),
    (sqlite_error("SQLITE_BUSY_SNAPSHOT"), Trouble.RETRY),
    (sqlite_error("SQLITE_LOCKED"), Trouble.RETRY),
    (sqlite_error("SQLITE_CANTOPEN"), Trouble.LOST),
    (sqlite_error("SQLITE_CONSTRAINT_CHECK"), Trouble.OTHER),
    (sqlite_error("SQLITE_FULL"), Trouble.OTHER),
]


def wrapped(error: BaseException, invalidated: bool = False) -> sa.exc.DBAPIError:
    return sa.exc.DBAPIError("SELECT 1", {}, error, connection_invalidated=invalidated)


@pytest.mark.parametrize(("error", "meaning"), TROUBLE, ids=lambda one: repr(one)[:50])
def test_errors_mean_what_their_codes_say(error: BaseException, meaning: Trouble) -> None:
    """Never their texts, which differ by version and language."""
    assert sql.trouble(wrapped(error)) is meaning


@pytest.mark.parametrize("error", [error for error, _ in TROUBLE], ids=lambda one: repr(one)[:50])
def test_a_connection_that_broke_is_lost_whatever_the_code(error: BaseException) -> None:
    assert sql.trouble(wrapped(error, invalidated=True)) is Trouble.LOST


def test_an_error_of_pymysql_with_an_sqlstate_is_still_one_of_pymysql() -> None:
    """Its newer versions have one; PostgreSQL's codes mean something else."""
    error = pymysql.err.OperationalError(1213, "some text")
    error.sqlstate = "45000"
    assert sql.trouble(wrapped(error)) is Trouble.RETRY


@pytest.mark.parametrize("url", ["", "nonsense", "oracle://x/y", "postgresql+nosuch://x/y", "sqlite+nosuch:///x"])
def test_a_url_that_cannot_be_used_is_a_mistake_of_the_configuration(url: str) -> None:
    """The message names the option and tells no password."""
    with pytest.raises(ConfigError) as refused:
        sql.engine(url)
    assert "[database] connection" in refused.value.message


def test_a_lock_is_tried_again_with_pauses_that_grow() -> None:
    """Until it goes, and not after."""
    outcomes = [wrapped(sqlite_error("SQLITE_BUSY"))] * 3
    waited: list[float] = []

    def act() -> str:
        if outcomes:
            raise outcomes.pop()
        return "done"

    assert sql.retrying(act, randomness=random.Random(1), sleep=waited.append) == "done"
    assert len(waited) == 3
    assert all(0 <= pause <= 0.01 * 2**n for n, pause in enumerate(waited))


def test_a_lock_that_stays_is_no_error_of_ours() -> None:
    """Nothing was changed: the caller may try again."""
    tried: list[int] = []

    def act() -> None:
        tried.append(1)
        raise wrapped(pymysql.err.OperationalError(1205, "some text"))

    with pytest.raises(ServiceUnavailable):
        sql.retrying(act, attempts=4, sleep=lambda pause: None)
    assert len(tried) == 4


@pytest.mark.parametrize("name", ["SQLITE_CONSTRAINT_TRIGGER", "SQLITE_CONSTRAINT_UNIQUE", "SQLITE_FULL"])
def test_what_will_not_change_is_not_tried_again(name: str) -> None:
    tried: list[int] = []

    def act() -> None:
        tried.append(1)
        raise wrapped(sqlite_error(name))

    with pytest.raises(sa.exc.DBAPIError):
        sql.retrying(act, sleep=lambda pause: None)
    assert len(tried) == 1


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[sa.Engine]:
    """SQLite with one table of numbers."""
    made = sql.engine(f"sqlite:///{tmp_path}/x.db")
    with sql.transaction(made) as connection:
        connection.exec_driver_sql("CREATE TABLE t (n INTEGER PRIMARY KEY)")
    yield made
    made.dispose()


def numbers(connection: sa.Connection) -> list[int]:
    return list(connection.exec_driver_sql("SELECT n FROM t ORDER BY n").scalars())


def test_a_transaction_is_kept_whole_or_not_at_all(engine: sa.Engine) -> None:
    with sql.transaction(engine) as connection:
        connection.exec_driver_sql("INSERT INTO t VALUES (1)")
    with pytest.raises(sa.exc.IntegrityError), sql.transaction(engine) as connection:
        connection.exec_driver_sql("INSERT INTO t VALUES (2), (1)")
    with sql.reading(engine) as connection:
        assert numbers(connection) == [1]


def test_a_snapshot_sees_one_state(engine: sa.Engine) -> None:
    """Whatever is committed between its statements."""
    with sql.snapshot(engine) as connection:
        assert numbers(connection) == []
        with sql.transaction(engine) as other:
            other.exec_driver_sql("INSERT INTO t VALUES (1)")
        assert numbers(connection) == []
    with sql.snapshot(engine) as connection:
        assert numbers(connection) == [1]


def test_writers_of_sqlite_queue_up(engine: sa.Engine) -> None:
    """Each reads and then writes; none fails half way for want of the lock."""

    def add() -> None:
        for _ in range(10):
            with sql.transaction(engine) as connection:
                connection.exec_driver_sql(f"INSERT INTO t VALUES ({len(numbers(connection))})")

    threads = [threading.Thread(target=add) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with sql.reading(engine) as connection:
        assert numbers(connection) == list(range(60))


def test_readers_of_sqlite_wait_for_no_writer(engine: sa.Engine) -> None:
    with sql.transaction(engine) as connection:
        connection.exec_driver_sql("INSERT INTO t VALUES (1)")
        with sql.reading(engine) as other:
            assert numbers(other) == []


def test_as_many_connections_as_configured(tmp_path: Path) -> None:
    """And as many again for a moment; SQLAlchemy's own limit for SQLite is smaller than our number of threads."""
    made = sql.engine(f"sqlite:///{tmp_path}/x.db", max_pool_size=12)
    connections = [made.connect() for _ in range(24)]
    for connection in connections:
        connection.close()
    made.dispose()


def test_a_pool_that_is_empty_for_too_long_is_no_error_of_ours(tmp_path: Path) -> None:
    made = sa.create_engine(f"sqlite:///{tmp_path}/x.db", pool_size=1, max_overflow=0, pool_timeout=0.01)
    with made.connect(), pytest.raises(ServiceUnavailable), sql.reading(made):
        pass
    made.dispose()


def test_a_database_in_memory_is_one_for_all_threads() -> None:
    made = sql.engine("sqlite://")
    with sql.transaction(made) as connection:
        connection.exec_driver_sql("CREATE TABLE t (n INTEGER PRIMARY KEY)")
    found: list[list[int]] = []

    def look() -> None:
        with sql.reading(made) as connection:
            found.append(numbers(connection))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert found == [[]]

# SPDX-License-Identifier: Apache-2.0
"""One SQL database, three kinds of server: engines, transactions, and what an error means.

PostgreSQL and MariaDB run at READ COMMITTED; SQLite takes its one write lock
at the start of a transaction (``BEGIN IMMEDIATE``), so that a transaction
which reads and then writes never fails half way for want of it.
"""

from __future__ import annotations

import contextlib
import enum
import logging
import random
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import sqlalchemy as sa
from oslo_config import cfg
from sqlalchemy.pool import StaticPool

from climate.errors import ConfigError, ServiceUnavailable

LOG = logging.getLogger(__name__)
T = TypeVar("T")

DATABASE_OPTS = [
    cfg.StrOpt(
        "connection",
        secret=True,
        help="SQLAlchemy URL of the site's one database: postgresql+psycopg://USER:PASSWORD@HOST/climate, "
        "mysql+pymysql://USER:PASSWORD@HOST/climate?charset=utf8mb4, or sqlite:////var/lib/climate/climate.db "
        "(one machine only).",
    ),
    cfg.IntOpt("max_pool_size", default=10, min=1, max=1000, help="Connections that a process keeps open at most."),
]

_RETRY_STATES = {"40001", "40P01", "55P03"}  # serialization failure, deadlock, lock not available
_RETRY_NUMBERS = {1020, 1205, 1213}  # record changed, lock wait timeout, deadlock
_LOST_NUMBERS = {2002, 2003, 2006, 2013, 2055, 1053, 1927}
_DUPLICATE_NUMBERS = {1062}
_REFUSED_NUMBERS = {1644}  # SIGNAL in a trigger


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    """The options of the group [database]."""
    return [("database", DATABASE_OPTS)]


class Trouble(enum.Enum):
    """What a failed statement or commit means for its caller."""

    REFUSED = "refused"  # an exclusion constraint or a trigger forbids the row
    DUPLICATE = "duplicate"  # a unique key is taken
    RETRY = "retry"  # deadlock and its like: nothing happened, try again
    LOST = "lost"  # the connection broke: nobody knows whether a commit went through
    OTHER = "other"


def trouble(error: sa.exc.DBAPIError) -> Trouble:
    """Classify an error by the driver's code, never by its text."""
    if error.connection_invalidated:
        return Trouble.LOST
    original: Any = error.orig
    # Not by "has it an sqlstate": PyMySQL's errors have one too, and there it says less than the number.
    if type(original).__module__.startswith("psycopg"):
        return _postgresql_trouble(original.sqlstate)
    sqlite_name = getattr(original, "sqlite_errorname", None)
    if sqlite_name is not None:
        return _sqlite_trouble(sqlite_name)
    number = original.args[0] if getattr(original, "args", None) else None
    for numbers, meaning in (
        (_REFUSED_NUMBERS, Trouble.REFUSED),
        (_DUPLICATE_NUMBERS, Trouble.DUPLICATE),
        (_RETRY_NUMBERS, Trouble.RETRY),
        (_LOST_NUMBERS, Trouble.LOST),
    ):
        if number in numbers:
            return meaning
    return Trouble.OTHER


def _postgresql_trouble(state: str | None) -> Trouble:
    if state is None or state[:2] in ("08", "57"):
        return Trouble.LOST
    if state == "23P01":
        return Trouble.REFUSED
    if state == "23505":
        return Trouble.DUPLICATE
    return Trouble.RETRY if state in _RETRY_STATES else Trouble.OTHER


def _sqlite_trouble(name: str) -> Trouble:
    if name == "SQLITE_CONSTRAINT_TRIGGER":
        return Trouble.REFUSED
    if name in ("SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY"):
        return Trouble.DUPLICATE
    if name.startswith("SQLITE_CANTOPEN"):
        return Trouble.LOST
    return Trouble.RETRY if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")) else Trouble.OTHER


def engine(url: str, max_pool_size: int = 10) -> sa.Engine:
    """An engine for one of the three kinds of database; nothing is connected yet.

    :raises ConfigError: the URL cannot be read, or names another kind.
    """
    try:
        parsed = sa.make_url(url)
        kind = parsed.get_backend_name()
    except sa.exc.ArgumentError:
        raise ConfigError("[database] connection is no SQLAlchemy URL.", option="connection") from None
    if kind not in ("postgresql", "mysql", "mariadb", "sqlite"):
        raise ConfigError(
            f"[database] connection names {kind}: use postgresql, mysql (MariaDB) or sqlite.", option="connection"
        )
    try:
        if kind == "sqlite":
            return _sqlite_engine(parsed, max_pool_size)
        return sa.create_engine(
            parsed,
            pool_size=max_pool_size,
            max_overflow=max_pool_size,
            pool_pre_ping=True,
            pool_recycle=3600,
            isolation_level="READ COMMITTED",
        )
    except (sa.exc.ArgumentError, ImportError) as error:
        raise ConfigError(f"[database] connection cannot be used: {error}", option="connection") from None


def _sqlite_engine(url: sa.URL, max_pool_size: int) -> sa.Engine:
    # An in-memory database lives in one connection, so all threads have to share it.
    memory = url.database in (None, "", ":memory:")
    arguments: dict[str, Any] = {"connect_args": {"timeout": 30, "check_same_thread": False}}
    arguments |= {"poolclass": StaticPool} if memory else {"pool_size": max_pool_size, "max_overflow": max_pool_size}
    created = sa.create_engine(url, **arguments)

    @sa.event.listens_for(created, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        connection.execute("PRAGMA foreign_keys = ON")
        if not memory:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")

    @sa.event.listens_for(created, "begin")
    def _begin(connection: sa.Connection) -> None:
        reading = connection.get_execution_options().get("reading", False)
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return created


@contextlib.contextmanager
def transaction(engine: sa.Engine) -> Iterator[sa.Connection]:
    """One write transaction: committed at the end of the block, rolled back on an error."""
    with _reported(), engine.begin() as connection:
        yield connection


@contextlib.contextmanager
def reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A connection to read with; each statement sees the newest committed state."""
    with _reported(), engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            connection.execution_options(reading=True)
        elif connection.dialect.name == "postgresql":
            # Without BEGIN and ROLLBACK, two round trips; on MariaDB switching would cost as many.
            connection.execution_options(isolation_level="AUTOCOMMIT")
        yield connection


@contextlib.contextmanager
def snapshot(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A connection whose statements all see one and the same state."""
    with _reported(), engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            connection.execution_options(reading=True)
        else:
            connection.execution_options(isolation_level="REPEATABLE READ")
        yield connection


@contextlib.contextmanager
def _reported() -> Iterator[None]:
    """Turn a database out of reach into ServiceUnavailable; everything else stays what it is."""
    try:
        yield
    except sa.exc.TimeoutError as error:
        LOG.warning("no connection to the database became free; see [database] max_pool_size")
        raise ServiceUnavailable("The database is too busy.", service="database") from error
    except sa.exc.DBAPIError as error:
        if trouble(error) is Trouble.LOST:
            LOG.warning("the database is out of reach: %s", type(error.orig).__name__)
            raise ServiceUnavailable("The database is out of reach.", service="database") from error
        raise


def server_time(engine: sa.Engine) -> float:
    """The clock of a database server, in epoch seconds; SQLite has none but ours."""
    now = "extract(epoch FROM clock_timestamp())" if engine.dialect.name == "postgresql" else "unix_timestamp(now(6))"
    with reading(engine) as connection:
        return float(connection.execute(sa.select(sa.literal_column(now))).scalar_one())


def retrying(
    action: Callable[[], T],
    *,
    attempts: int = 8,
    randomness: random.Random | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> T:
    """Do ``action`` (a whole transaction) again while the database says "deadlock" or "locked".

    Waits a random time that doubles at each try.

    :raises ServiceUnavailable: it still says so at the last try; nothing was changed.
    """
    draw = randomness or random.Random()  # noqa: S311 - jitter, no secret
    for attempt in range(attempts):
        try:
            return action()
        except sa.exc.DBAPIError as error:
            if trouble(error) is not Trouble.RETRY:
                raise
            if attempt == attempts - 1:
                raise ServiceUnavailable(
                    "The database is too busy; nothing was changed.", service="database"
                ) from error
            sleep(draw.uniform(0, 0.01 * 2**attempt))
    raise AssertionError("unreachable")

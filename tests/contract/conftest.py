# SPDX-License-Identifier: Apache-2.0
"""Empty stores of planning and of the inventory, one of each kind of database and the twin in memory."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from climate.chassis import sql
from climate.inventory.store import tables as inventory
from climate.inventory.store.memory import MemoryStore as Inventory
from climate.inventory.store.protocol import Store
from climate.inventory.store.sql import SqlStore as InventoryInSql
from climate.manage import database
from climate.planning.store import tables
from climate.planning.store.memory import MemoryStore
from climate.planning.store.sql import SqlStore
from tests.contract.planning_decisions import Backend

SERVERS = [pytest.param(name, marks=pytest.mark.servers) for name in ("postgresql", "mariadb")]


@pytest.fixture(scope="session")
def migrated_databases() -> Iterator[dict[str, sa.Engine]]:
    """Databases at head by the kind of server, each made when it is first asked for."""
    engines: dict[str, sa.Engine] = {}
    yield engines
    for engine in engines.values():
        engine.dispose()


@pytest.fixture(scope="session")
def sqlite_at_head(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database of SQLite at head; to be copied, because a migration takes longer than most tests."""
    path = tmp_path_factory.mktemp("head") / "climate.db"
    engine = sql.engine(f"sqlite:///{path}")
    database.upgrade(engine)
    engine.dispose()
    return path


def _sqlite(request: pytest.FixtureRequest, directory: Path, max_pool_size: int) -> sa.Engine:
    """A database of the test's own, at head."""
    copy = shutil.copy(request.getfixturevalue("sqlite_at_head"), directory)
    engine = sql.engine(f"sqlite:///{copy}", max_pool_size=max_pool_size)
    request.addfinalizer(engine.dispose)
    return engine


def backend(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Backend:
    """An empty store of one kind."""
    if kind == "memory":
        return Backend(kind, MemoryStore())
    engines = request.getfixturevalue("migrated_databases")
    if kind == "sqlite":
        engine = _sqlite(request, tmp_path, max_pool_size=20)
    elif kind in engines:
        engine = engines[kind]
        _empty(engine)  # a migration takes MariaDB a second
    else:
        engine = engines[kind] = sql.engine(request.getfixturevalue(kind).fresh_database().url, max_pool_size=20)
        database.upgrade(engine)
    return Backend(kind, SqlStore(engine), engine)


def _empty(engine: sa.Engine) -> None:
    with sql.transaction(engine) as connection:
        for table in reversed(tables.metadata.sorted_tables):
            if table is not tables.counter:
                connection.execute(table.delete())
        connection.execute(tables.counter.update().values(sequence=0, hosts=0))


@pytest.fixture(params=["memory", "sqlite", *SERVERS])
def planning(request: pytest.FixtureRequest, tmp_path: Path) -> Backend:
    """An empty store of each kind in turn."""
    return backend(request.param, request, tmp_path)


@pytest.fixture(params=["sqlite", *SERVERS])
def planning_database(request: pytest.FixtureRequest, tmp_path: Path) -> Backend:
    """An empty store over each kind of database in turn."""
    return backend(request.param, request, tmp_path)


@pytest.fixture(params=["memory", "sqlite", *SERVERS])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """An empty store of the inventory, of each kind in turn."""
    if request.param == "memory":
        return Inventory()
    if request.param == "sqlite":
        return InventoryInSql(_sqlite(request, tmp_path, max_pool_size=10))
    return InventoryInSql(_emptied(request.param, request))


def _emptied(kind: str, request: pytest.FixtureRequest) -> sa.Engine:
    """A server's database at head; made once, because a migration takes a second."""
    engines: dict[str, sa.Engine] = request.getfixturevalue("migrated_databases")
    if kind not in engines:
        engines[kind] = sql.engine(request.getfixturevalue(kind).fresh_database().url, max_pool_size=20)
        database.upgrade(engines[kind])
    with sql.transaction(engines[kind]) as connection:
        for table in inventory.metadata.sorted_tables:
            connection.execute(table.delete())
    return engines[kind]

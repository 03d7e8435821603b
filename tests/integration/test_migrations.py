# SPDX-License-Identifier: Apache-2.0
"""The schema's history runs on every kind of database, forth and back, and ends where the code is."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext

from climate.chassis import sql
from climate.errors import HostsTaken
from climate.inventory.decisions import Decision
from climate.inventory.store import metadata as inventory
from climate.inventory.store.sql import SqlStore as Inventory
from climate.manage import database
from climate.planning.store import tables
from climate.planning.store.sql import SqlStore
from tests.contract.planning_decisions import book, host_ids
from tests.databases import KINDS, fresh_database

VERSION_TABLE = "alembic_version"
WRITTEN_BY_HAND = {"planning_allocation_one_lease"}  # SQLAlchemy's own schema cannot say it alike for all


@pytest.fixture(params=KINDS)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sa.Engine]:
    """An empty database of each kind in turn."""
    made = sql.engine(fresh_database(request.param, request, tmp_path).url)
    yield made
    made.dispose()


def metadata() -> sa.MetaData:
    """What the code says that the site's database holds."""
    everything = sa.MetaData()
    for part in (tables.metadata, inventory):
        for table in part.tables.values():
            table.to_metadata(everything)
    return everything


def names(engine: sa.Engine) -> set[str]:
    return set(sa.inspect(engine).get_table_names())


def schema(engine: sa.Engine) -> dict[str, Any]:
    """All that can be read back of each table, in a form that can be compared."""
    inspected = sa.inspect(engine)
    found = {}
    for table in sorted(set(inspected.get_table_names()) - {VERSION_TABLE}):
        found[table] = {
            "columns": [
                (one["name"], repr(one["type"]), one["nullable"], str(one["default"]).split("'")[0])
                for one in inspected.get_columns(table)
            ],
            "key": inspected.get_pk_constraint(table)["constrained_columns"],
            "indexes": sorted(
                (one["name"], one["column_names"], one["unique"])
                for one in inspected.get_indexes(table)
                if one["name"] not in WRITTEN_BY_HAND
            ),
            "unique": sorted(one["column_names"] for one in inspected.get_unique_constraints(table)),
            "foreign": sorted(
                (one["constrained_columns"], one["referred_table"]) for one in inspected.get_foreign_keys(table)
            ),
            "checks": sorted((str(one["name"]), one["sqltext"]) for one in inspected.get_check_constraints(table)),
            "options": {
                key: value for key, value in inspected.get_table_options(table).items() if "increment" not in key
            },
        }
    return found


def downgrade(engine: sa.Engine, revision: str) -> None:
    """Not a command of ours, but every step says how to go back."""
    config = Config()
    config.set_main_option("script_location", str(database.MIGRATIONS))
    with sql.transaction(engine) as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, revision)


def test_an_empty_database_comes_to_head(engine: sa.Engine) -> None:
    """With all tables of the code and one of alembic's."""
    assert database.current(engine) is None
    database.upgrade(engine)
    assert database.current(engine) == database.head()
    assert names(engine) == set(metadata().tables) | {VERSION_TABLE}


def test_head_is_what_the_code_says(engine: sa.Engine) -> None:
    """alembic finds nothing to add: tables, columns, types, indexes."""
    database.upgrade(engine)
    with sql.reading(engine) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        found = compare_metadata(context, metadata())
    assert [change for change in found if _named(change) not in WRITTEN_BY_HAND] == []


def _named(change: Any) -> str:
    return str(getattr(change[1], "name", "")) if isinstance(change, tuple) else ""


def test_the_history_makes_the_same_tables_as_the_code(
    engine: sa.Engine, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Read back from two databases, with checks, keys and collations, which alembic does not compare."""
    database.upgrade(engine)
    (tmp_path / "other").mkdir()
    other = sql.engine(fresh_database(request.node.callspec.params["engine"], request, tmp_path / "other").url)
    metadata().create_all(other)
    assert schema(engine) == schema(other)
    other.dispose()


def test_upgrading_twice_changes_nothing(engine: sa.Engine) -> None:
    """What was booked in between is still there, and the next number too."""
    database.upgrade(engine)
    before = schema(engine)
    store = SqlStore(engine)
    store.register_hosts(host_ids(3))
    lease_id = book(store, [1], 100, 200)
    database.upgrade(engine)
    assert schema(engine) == before
    assert store.get_lease(lease_id).hosts == (host_ids(3)[1],)
    assert store.latest_sequence() == 1


def test_every_step_can_be_taken_back_and_again(engine: sa.Engine) -> None:
    """Down to nothing, and up to a database that still forbids double bookings."""
    database.upgrade(engine)
    before = schema(engine)
    downgrade(engine, "base")
    assert names(engine) - {VERSION_TABLE} == set()
    assert database.current(engine) is None
    database.upgrade(engine)
    assert schema(engine) == before
    store = SqlStore(engine)
    store.register_hosts(host_ids(3))
    book(store, [1], 100, 200)
    with pytest.raises(HostsTaken):
        book(store, [1], 150, 160)


def test_hosts_from_before_there_were_gifts_have_none(engine: sa.Engine) -> None:
    """They are candidates as they were, and can be given something."""
    database.upgrade(engine, "0002")
    host_id = "6f1c8a52-0d3b-4f0e-9a53-2b8f3f7f9c11"
    with sql.transaction(engine) as connection:
        connection.execute(
            sa.text(
                "INSERT INTO inventory_host (host_id, name, service_host, external_id, source, properties, disabled,"
                " disabled_reason, first_seen_at, last_seen_at)"
                " VALUES (:id, 'a', 'a', '1', 'file', :facts, :no, '', 1, 1)"
            ),
            {"id": host_id, "facts": '{"vcpus": 8}', "no": False},
        )
        connection.execute(sa.text("INSERT INTO inventory_generation (id, number) VALUES (1, 5)"))
    database.upgrade(engine)
    store = Inventory(engine)
    known = store.load()
    (host,) = known.hosts
    assert (host.properties, host.given, host.unavailable_reason, host.bookable) == ({"vcpus": 8}, {}, "", True)
    assert (known.generation, known.definitions) == (5, ())
    assert store.settle(Decision(seen_generation=5, hosts=(dataclasses.replace(host, given={"gpus": 2}),)))
    assert store.load(after=5).hosts[0].given == {"gpus": 2}


def test_stamping_runs_nothing(engine: sa.Engine) -> None:
    database.stamp(engine, "0001")
    assert database.current(engine) == "0001"
    assert names(engine) == {VERSION_TABLE}

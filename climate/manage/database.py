# SPDX-License-Identifier: Apache-2.0
"""Bring the site's one database to the schema of this release."""

from __future__ import annotations

import pathlib

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from climate.chassis import sql

MIGRATIONS = pathlib.Path(__file__).with_name("migrations")


def upgrade(engine: sa.Engine, revision: str = "head") -> None:
    """Run the migrations that are missing, up to ``revision``. Running it again does nothing."""
    with sql.transaction(engine) as connection:
        command.upgrade(_config(connection), revision)


def stamp(engine: sa.Engine, revision: str) -> None:
    """Say that the database is at ``revision`` without running anything."""
    with sql.transaction(engine) as connection:
        command.stamp(_config(connection), revision)


def current(engine: sa.Engine) -> str | None:
    """The revision that the database is at; ``None`` while it is empty."""
    with sql.reading(engine) as connection:
        return MigrationContext.configure(connection).get_current_revision()


def head() -> str:
    """The newest revision of this release."""
    newest = ScriptDirectory.from_config(_config(None)).get_current_head()
    if newest is None:
        raise RuntimeError("the release has no migrations")
    return newest


def _config(connection: sa.Connection | None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config

# SPDX-License-Identifier: Apache-2.0
"""The inventory's tables. Instants are epoch seconds; no host is ever deleted."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

metadata = sa.MetaData()

# No padding: a text with a space behind it is another text, as in the other databases.
_MARIADB: dict[str, Any] = {
    "mysql_engine": "InnoDB",
    "mysql_charset": "utf8mb4",
    "mysql_collate": "utf8mb4_nopad_bin",
}
_LONG = sa.Text().with_variant(mysql.MEDIUMTEXT, "mysql", "mariadb")
# Pages go by name, so every kind of database has to sort names alike: by code point.
_NAME = sa.String(255).with_variant(sa.String(255, collation="C"), "postgresql")

host = sa.Table(
    "inventory_host",
    metadata,
    sa.Column("host_id", sa.String(36), primary_key=True),
    sa.Column("name", _NAME, nullable=False, unique=True),
    sa.Column("service_host", sa.String(255), nullable=False),
    sa.Column("external_id", sa.String(255), nullable=False),
    sa.Column("source", sa.String(64), nullable=False),
    sa.Column("properties", _LONG, nullable=False),
    sa.Column("disabled", sa.Boolean, nullable=False),
    sa.Column("disabled_reason", sa.String(255), nullable=False),
    sa.Column("first_seen_at", sa.BigInteger, nullable=False),
    sa.Column("last_seen_at", sa.BigInteger, nullable=False),
    sa.Column("retired_at", sa.BigInteger),
    sa.Column("given", _LONG),
    sa.Column("unavailable_reason", sa.String(255)),
    sa.Column("changed_in", sa.BigInteger, nullable=False, server_default="0"),
    sa.Index("inventory_host_changed", "changed_in"),
    **_MARIADB,
)

# What an admin says of properties; what is NULL is not said.
property_ = sa.Table(
    "inventory_property",
    metadata,
    sa.Column("name", sa.String(128), primary_key=True),
    sa.Column("hidden", sa.Boolean),
    sa.Column("type", sa.String(16)),
    sa.Column("unit", sa.String(32), nullable=False),
    sa.Column("description", sa.String(1024), nullable=False),
    sa.Column("rules", _LONG, nullable=False),
    **_MARIADB,
)

source = sa.Table(
    "inventory_source",
    metadata,
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("refreshed_at", sa.BigInteger),
    sa.Column("tried_at", sa.BigInteger),
    sa.Column("hosts", sa.Integer, nullable=False),
    sa.Column("error", sa.Text, nullable=False),
    **_MARIADB,
)

# One row, written with the first host. Whoever changes hosts keeps it locked until the commit.
generation = sa.Table(
    "inventory_generation",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("number", sa.BigInteger, nullable=False),
    **_MARIADB,
)

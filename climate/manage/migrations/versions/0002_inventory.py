# SPDX-License-Identifier: Apache-2.0
"""Inventory: hosts with their properties, sources with their freshness."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_MARIADB: dict[str, Any] = {
    "mysql_engine": "InnoDB",
    "mysql_charset": "utf8mb4",
    "mysql_collate": "utf8mb4_nopad_bin",
}


def upgrade() -> None:
    """Create the inventory's tables."""
    op.create_table(
        "inventory_host",
        sa.Column("host_id", sa.String(36), primary_key=True),
        sa.Column(
            "name",
            sa.String(255).with_variant(sa.String(255, collation="C"), "postgresql"),
            nullable=False,
            unique=True,
        ),
        sa.Column("service_host", sa.String(255), nullable=False),
        sa.Column("external_id", sa.String(255), nullable=False),
        sa.Column("source", sa.String(64), nullable=False),
        sa.Column("properties", sa.Text().with_variant(mysql.MEDIUMTEXT, "mysql", "mariadb"), nullable=False),
        sa.Column("disabled", sa.Boolean, nullable=False),
        sa.Column("disabled_reason", sa.String(255), nullable=False),
        sa.Column("first_seen_at", sa.BigInteger, nullable=False),
        sa.Column("last_seen_at", sa.BigInteger, nullable=False),
        sa.Column("retired_at", sa.BigInteger),
        **_MARIADB,
    )
    op.create_table(
        "inventory_source",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("refreshed_at", sa.BigInteger),
        sa.Column("tried_at", sa.BigInteger),
        sa.Column("hosts", sa.Integer, nullable=False),
        sa.Column("error", sa.Text, nullable=False),
        **_MARIADB,
    )
    op.create_table(
        "inventory_generation",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        **_MARIADB,
    )


def downgrade() -> None:
    """Drop the inventory's tables and all that is in them."""
    for name in ("generation", "source", "host"):
        op.drop_table(f"inventory_{name}")

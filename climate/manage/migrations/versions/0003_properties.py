# SPDX-License-Identifier: Apache-2.0
"""Inventory: what administrators say of properties and of single hosts, and hosts that their source withholds."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_MARIADB: dict[str, Any] = {
    "mysql_engine": "InnoDB",
    "mysql_charset": "utf8mb4",
    "mysql_collate": "utf8mb4_nopad_bin",
}
_LONG = sa.Text().with_variant(mysql.MEDIUMTEXT, "mysql", "mariadb")


def upgrade() -> None:
    """Create the table of properties, and the columns of hosts."""
    op.create_table(
        "inventory_property",
        sa.Column("name", sa.String(128), primary_key=True),
        sa.Column("hidden", sa.Boolean),
        sa.Column("type", sa.String(16)),
        sa.Column("unit", sa.String(32), nullable=False),
        sa.Column("description", sa.String(1024), nullable=False),
        sa.Column("rules", _LONG, nullable=False),
        **_MARIADB,
    )
    with op.batch_alter_table("inventory_host") as table:
        table.add_column(sa.Column("given", _LONG))
        table.add_column(sa.Column("unavailable_reason", sa.String(255)))


def downgrade() -> None:
    """Drop what administrators said, and why hosts are withheld."""
    with op.batch_alter_table("inventory_host") as table:
        table.drop_column("unavailable_reason")
        table.drop_column("given")
    op.drop_table("inventory_property")

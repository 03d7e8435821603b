# SPDX-License-Identifier: Apache-2.0
"""Limits: those of single projects, how often a project may ask, and an index to count its leases by."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_MARIADB: dict[str, Any] = {
    "mysql_engine": "InnoDB",
    "mysql_charset": "utf8mb4",
    "mysql_collate": "utf8mb4_nopad_bin",
}


def upgrade() -> None:
    """Create the tables and the index."""
    op.create_table(
        "planning_limit",
        sa.Column(
            "project_id",
            sa.String(64).with_variant(sa.String(64, collation="C"), "postgresql"),
            primary_key=True,
        ),
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("value", sa.BigInteger, nullable=False),
        **_MARIADB,
    )
    op.create_table(
        "planning_rate",
        sa.Column("project_id", sa.String(64), primary_key=True),
        sa.Column("left_e6", sa.BigInteger, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        **_MARIADB,
    )
    op.create_index("planning_lease_counted", "planning_lease", ["project_id", "state", "closed_at"])


def downgrade() -> None:
    """Drop them; every project has the site's limits again."""
    op.drop_index("planning_lease_counted", "planning_lease")
    op.drop_table("planning_rate")
    op.drop_table("planning_limit")

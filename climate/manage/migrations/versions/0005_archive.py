# SPDX-License-Identifier: Apache-2.0
"""The archive: leases that are long over, with their allocations and journal entries, in tables of the same shape."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_MARIADB: dict[str, Any] = {
    "mysql_engine": "InnoDB",
    "mysql_charset": "utf8mb4",
    "mysql_collate": "utf8mb4_nopad_bin",
}
_ID = sa.String(36)
_LONG = sa.Text().with_variant(mysql.MEDIUMTEXT, "mysql", "mariadb")


def upgrade() -> None:
    """Create the archive, and what finds a lease's journal entries."""
    op.create_index("planning_journal_lease", "planning_journal", ["lease_id"])
    _create_lease()
    op.create_table(
        "planning_archived_allocation",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=False),
        sa.Column("lease_id", _ID, nullable=False),
        sa.Column("host_number", sa.BigInteger, nullable=False),
        sa.Column("start_at", sa.BigInteger, nullable=False),
        sa.Column("end_at", sa.BigInteger, nullable=False),
        sa.Column("blocked_until", sa.BigInteger, nullable=False),
        sa.Column("given_back", sa.Boolean, nullable=False),
        sa.Column("released_at", sa.BigInteger),
        **_MARIADB,
    )
    op.create_index("planning_archived_allocation_lease", "planning_archived_allocation", ["lease_id", "host_number"])
    op.create_table(
        "planning_archived_journal",
        sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("event", sa.String(16), nullable=False),
        sa.Column("lease_id", _ID, nullable=False),
        sa.Column("project_id", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("start_at", sa.BigInteger, nullable=False),
        sa.Column("end_at", sa.BigInteger, nullable=False),
        sa.Column("blocks", _LONG, nullable=False),
        **_MARIADB,
    )
    op.create_index("planning_archived_journal_lease", "planning_archived_journal", ["lease_id", "sequence"])


def _create_lease() -> None:
    op.create_table(
        "planning_archived_lease",
        sa.Column("lease_id", _ID, primary_key=True),
        sa.Column("project_id", sa.String(64), nullable=False),
        sa.Column("user_id", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("start_at", sa.BigInteger, nullable=False),
        sa.Column("end_at", sa.BigInteger, nullable=False),
        sa.Column("quantity", sa.Integer, nullable=False),
        sa.Column("wish_start_time", sa.BigInteger),
        sa.Column("wish_end_time", sa.BigInteger),
        sa.Column("wish_duration_s", sa.BigInteger),
        sa.Column("host_properties", _LONG, nullable=False),
        sa.Column("scheduler", sa.String(64), nullable=False),
        sa.Column("alike", _LONG, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger),
        sa.Column("confirmed_at", sa.BigInteger),
        sa.Column("closed_at", sa.BigInteger),
        sa.Column("ends_soon_at", sa.BigInteger),
        sa.Column("holds_until", sa.BigInteger),
        sa.Column("due_at", sa.BigInteger),
        sa.Column("degraded_reason", sa.String(255), nullable=False),
        sa.Column("error_reason", sa.String(255), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        **_MARIADB,
    )
    op.create_index("planning_archived_lease_lease", "planning_archived_lease", ["project_id", "closed_at"])


def downgrade() -> None:
    """Move everything back, then drop the archive."""
    for name, columns in _COLUMNS.items():
        op.execute(f"INSERT INTO planning_{name} ({columns}) SELECT {columns} FROM planning_archived_{name}")
        op.drop_table(f"planning_archived_{name}")
    op.drop_index("planning_journal_lease", "planning_journal")


_COLUMNS = {
    "lease": "lease_id, project_id, user_id, state, name, start_at, end_at, quantity, wish_start_time, wish_end_time, "
    "wish_duration_s, host_properties, scheduler, alike, created_at, updated_at, expires_at, confirmed_at, closed_at, "
    "ends_soon_at, holds_until, due_at, degraded_reason, error_reason, version",
    "allocation": "id, lease_id, host_number, start_at, end_at, blocked_until, given_back, released_at",
    "journal": "sequence, at, event, lease_id, project_id, state, start_at, end_at, blocks",
}

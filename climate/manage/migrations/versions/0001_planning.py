# SPDX-License-Identifier: Apache-2.0
"""Planning: hosts by number, leases, allocations that cannot overlap, journal, outbox."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from climate.planning.store import mariadb, postgresql, sqlite

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# No padding: a text with a space behind it is another text, as in the other databases.
_MARIADB: dict[str, Any] = {
    "mysql_engine": "InnoDB",
    "mysql_charset": "utf8mb4",
    "mysql_collate": "utf8mb4_nopad_bin",
}
_ID = sa.String(36)
_LONG = sa.Text().with_variant(mysql.MEDIUMTEXT, "mysql", "mariadb")
_ROW_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Create planning's tables, then make the database forbid double bookings."""
    op.create_table(
        "planning_host",
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("host_id", _ID, nullable=False, unique=True),
        **_MARIADB,
    )
    _create_lease()
    _create_allocation()
    _create_journal()
    op.create_table(
        "planning_repeat",
        sa.Column("project_id", sa.String(64), primary_key=True),
        sa.Column("key", sa.String(255), primary_key=True),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("lease_id", _ID, nullable=False),
        sa.Column("written_at", sa.BigInteger, nullable=False),
        **_MARIADB,
    )
    op.create_index("planning_repeat_written", "planning_repeat", ["written_at"])
    op.create_table(
        "planning_outbox",
        sa.Column("id", _ROW_ID, primary_key=True, autoincrement=True),
        sa.Column("topic", sa.String(64), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("payload", _LONG, nullable=False),
        sa.Column("written_at", sa.BigInteger, nullable=False),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_nopad_bin",
        sqlite_autoincrement=True,
    )
    op.create_index("planning_outbox_key", "planning_outbox", ["key", "id"])
    op.create_index("planning_outbox_due", "planning_outbox", ["due_at"])
    for statement in _kind().CREATE:
        op.execute(sa.DDL(statement.replace("%", "%%")))


def _create_lease() -> None:
    op.create_table(
        "planning_lease",
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
    op.create_index("planning_lease_newest", "planning_lease", ["created_at", "lease_id"])
    op.create_index("planning_lease_newest_of_project", "planning_lease", ["project_id", "created_at", "lease_id"])
    op.create_index("planning_lease_due", "planning_lease", ["due_at"])
    op.create_index("planning_lease_period", "planning_lease", ["start_at", "end_at"])


def _create_allocation() -> None:
    op.create_table(
        "planning_allocation",
        sa.Column("id", _ROW_ID, primary_key=True, autoincrement=True),
        sa.Column("lease_id", _ID, sa.ForeignKey("planning_lease.lease_id"), nullable=False),
        sa.Column("host_number", sa.BigInteger, sa.ForeignKey("planning_host.number"), nullable=False),
        sa.Column("start_at", sa.BigInteger, nullable=False),
        sa.Column("end_at", sa.BigInteger, nullable=False),
        sa.Column("blocked_until", sa.BigInteger, nullable=False),
        sa.Column("given_back", sa.Boolean, nullable=False),
        sa.Column("released_at", sa.BigInteger),
        sa.CheckConstraint("start_at < blocked_until AND end_at <= blocked_until", name="planning_allocation_order"),
        **_MARIADB,
    )
    op.create_index("planning_allocation_lease", "planning_allocation", ["lease_id", "host_number"])
    op.create_index("planning_allocation_host", "planning_allocation", ["host_number", "blocked_until"])


def _create_journal() -> None:
    op.create_table(
        "planning_journal",
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
    counter = op.create_table(
        "planning_counter",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("hosts", sa.BigInteger, nullable=False),
        **_MARIADB,
    )
    op.bulk_insert(counter, [{"id": 1, "sequence": 0, "hosts": 0}])


def downgrade() -> None:
    """Drop planning's tables and all that is in them."""
    for statement in _kind().DROP:
        op.execute(sa.DDL(statement))
    for name in ("outbox", "repeat", "counter", "journal", "allocation", "lease", "host"):
        op.drop_table(f"planning_{name}")


def _kind() -> ModuleType:
    return {"postgresql": postgresql, "mysql": mariadb, "mariadb": mariadb, "sqlite": sqlite}[
        op.get_bind().dialect.name
    ]

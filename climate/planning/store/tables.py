# SPDX-License-Identifier: Apache-2.0
"""Planning's tables. Instants are epoch seconds; nothing is ever deleted but done effects and old repeat keys.

What is long over can be moved to tables of the same shape, the archive.

``planning_allocation`` holds one row for each host of each lease: the host is
used in ``[start_at, end_at)`` and blocked in ``[start_at, blocked_until)``. A
row is *live* until ``released_at`` is set; no two live rows of a host may
overlap in blocked time, which each kind of database enforces by itself (see
``postgresql``, ``mariadb``, ``sqlite`` beside this file).
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from climate.chassis import outbox as outbox_table

metadata = sa.MetaData()
# No padding: a text with a space behind it is another text, as in the other databases.
_MARIADB: dict[str, Any] = {
    "mysql_engine": "InnoDB",
    "mysql_charset": "utf8mb4",
    "mysql_collate": "utf8mb4_nopad_bin",
}
_ID = sa.String(36)
_LONG = sa.Text().with_variant(mysql.MEDIUMTEXT, "mysql", "mariadb")

host = sa.Table(
    "planning_host",
    metadata,
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("host_id", _ID, nullable=False, unique=True),
    **_MARIADB,
)

lease = sa.Table(
    "planning_lease",
    metadata,
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
    sa.Column("starts_soon_at", sa.BigInteger),
    sa.Column("on_lease_end", sa.String(16)),
    sa.Index("planning_lease_newest", "created_at", "lease_id"),
    sa.Index("planning_lease_newest_of_project", "project_id", "created_at", "lease_id"),
    sa.Index("planning_lease_due", "due_at"),
    sa.Index("planning_lease_period", "start_at", "end_at"),
    sa.Index("planning_lease_counted", "project_id", "state", "closed_at"),
    **_MARIADB,
)

allocation = sa.Table(
    "planning_allocation",
    metadata,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    sa.Column("lease_id", _ID, sa.ForeignKey("planning_lease.lease_id"), nullable=False),
    sa.Column("host_number", sa.BigInteger, sa.ForeignKey("planning_host.number"), nullable=False),
    sa.Column("start_at", sa.BigInteger, nullable=False),
    sa.Column("end_at", sa.BigInteger, nullable=False),
    sa.Column("blocked_until", sa.BigInteger, nullable=False),
    sa.Column("given_back", sa.Boolean, nullable=False),
    sa.Column("released_at", sa.BigInteger),
    sa.CheckConstraint("start_at < blocked_until AND end_at <= blocked_until", name="planning_allocation_order"),
    sa.Index("planning_allocation_lease", "lease_id", "host_number"),
    # Live rows have no released_at; whether others had the host in a time is asked of those released after it began.
    sa.Index("planning_allocation_times", "host_number", "released_at", "blocked_until"),
    **_MARIADB,
)

journal = sa.Table(
    "planning_journal",
    metadata,
    sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("event", sa.String(16), nullable=False),
    sa.Column("lease_id", _ID, nullable=False),
    sa.Column("project_id", sa.String(64), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("start_at", sa.BigInteger, nullable=False),
    sa.Column("end_at", sa.BigInteger, nullable=False),
    sa.Column("blocks", _LONG, nullable=False),
    sa.Index("planning_journal_lease", "lease_id"),
    **_MARIADB,
)

# One row. Whoever writes the journal takes the next number from it and keeps
# the row locked until the commit, so numbers are committed in their order and
# a number given back by a rollback is given again: the journal has no gaps.
counter = sa.Table(
    "planning_counter",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    sa.Column("hosts", sa.BigInteger, nullable=False),
    **_MARIADB,
)

repeat = sa.Table(
    "planning_repeat",
    metadata,
    sa.Column("project_id", sa.String(64), primary_key=True),
    sa.Column("key", sa.String(255), primary_key=True),
    sa.Column("fingerprint", sa.String(64), nullable=False),
    sa.Column("lease_id", _ID, nullable=False),
    sa.Column("written_at", sa.BigInteger, nullable=False),
    sa.Index("planning_repeat_written", "written_at"),
    **_MARIADB,
)

# In PostgreSQL sorted by letter, as in the other databases.
_SORTED_ID = sa.String(64).with_variant(sa.String(64, collation="C"), "postgresql")

# A project's own limits; the site's are in its configuration.
limit = sa.Table(
    "planning_limit",
    metadata,
    sa.Column("project_id", _SORTED_ID, primary_key=True),
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("value", sa.BigInteger, nullable=False),
    **_MARIADB,
)

# How many more requests a project may send: millionths of one, at an instant in microseconds.
rate = sa.Table(
    "planning_rate",
    metadata,
    sa.Column("project_id", sa.String(64), primary_key=True),
    sa.Column("left_e6", sa.BigInteger, nullable=False),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    **_MARIADB,
)

outbox = outbox_table.table("planning_outbox", metadata)


def _archived(table: sa.Table) -> sa.Table:
    """A table of the same columns, for rows that were moved out of ``table``.

    It refers to no other table: a reference to a host would lock the host's
    row, for which bookings wait.
    """
    columns = [
        sa.Column(one.name, one.type, primary_key=one.primary_key, nullable=one.nullable, autoincrement=False)
        for one in table.c
    ]
    name = table.name.replace("planning_", "planning_archived_")
    return sa.Table(name, metadata, *columns, sa.Index(f"{name}_lease", *_OF_A_LEASE[table.name]), **_MARIADB)


_OF_A_LEASE = {
    "planning_lease": ("project_id", "closed_at"),
    "planning_allocation": ("lease_id", "host_number"),
    "planning_journal": ("lease_id", "sequence"),
}
archived_lease, archived_allocation, archived_journal = map(_archived, (lease, allocation, journal))

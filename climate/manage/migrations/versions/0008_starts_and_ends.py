# SPDX-License-Identifier: Apache-2.0
"""Planning: when a lease's start is announced, and what becomes of its instances when it ends."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_TABLES = ("planning_lease", "planning_archived_lease")


def upgrade() -> None:
    """Leases that exist are not announced, and end as the operator says."""
    for table in _TABLES:
        op.add_column(table, sa.Column("starts_soon_at", sa.BigInteger))
        op.add_column(table, sa.Column("on_lease_end", sa.String(16)))


def downgrade() -> None:
    """What leases said about it is forgotten."""
    for table in _TABLES:
        op.drop_column(table, "on_lease_end")
        op.drop_column(table, "starts_soon_at")

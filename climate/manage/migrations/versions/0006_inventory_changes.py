# SPDX-License-Identifier: Apache-2.0
"""Inventory: at which generation each host last changed, so that whoever keeps a copy reads only what is new."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the column, and what finds the newest."""
    with op.batch_alter_table("inventory_host") as table:
        table.add_column(sa.Column("changed_in", sa.BigInteger, nullable=False, server_default="0"))
        table.create_index("inventory_host_changed", ["changed_in"])


def downgrade() -> None:
    """Drop both."""
    with op.batch_alter_table("inventory_host") as table:
        table.drop_index("inventory_host_changed")
        table.drop_column("changed_in")

# SPDX-License-Identifier: Apache-2.0
"""Planning: find what keeps a host by when it was released, so that what was cancelled long ago costs nothing."""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_TABLE = "planning_allocation"


def upgrade() -> None:
    """An index for what is live, and for what was released lately, in place of one of all blocked time."""
    # The new one first: on MariaDB a foreign key stands on whichever of them there is.
    op.create_index("planning_allocation_times", _TABLE, ["host_number", "released_at", "blocked_until"])
    op.drop_index("planning_allocation_host", _TABLE)


def downgrade() -> None:
    """The other way round."""
    op.create_index("planning_allocation_host", _TABLE, ["host_number", "blocked_until"])
    op.drop_index("planning_allocation_times", _TABLE)

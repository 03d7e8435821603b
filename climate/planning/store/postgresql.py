# SPDX-License-Identifier: Apache-2.0
"""How PostgreSQL forbids a double booking: an exclusion constraint over host and blocked time."""

CREATE = (
    # A trusted extension since PostgreSQL 13: the database's owner may create it.
    "CREATE EXTENSION IF NOT EXISTS btree_gist",
    """ALTER TABLE planning_allocation ADD CONSTRAINT planning_allocation_one_lease
       EXCLUDE USING gist (host_number WITH =, int8range(start_at, blocked_until) WITH &&)
       WHERE (released_at IS NULL)""",
)
DROP = ("ALTER TABLE planning_allocation DROP CONSTRAINT planning_allocation_one_lease",)

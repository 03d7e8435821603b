# SPDX-License-Identifier: Apache-2.0
"""alembic's entry: runs migrations on the connection that :mod:`climate.manage.database` hands over."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context

from climate.inventory.store import tables as inventory
from climate.planning.store import tables as planning

metadata = sa.MetaData()
for part in (inventory.metadata, planning.metadata):
    for table in part.tables.values():
        table.to_metadata(metadata)

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()

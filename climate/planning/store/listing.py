# SPDX-License-Identifier: Apache-2.0
"""Lists of leases, a page at a time. A page starts after its marker by value, so deep pages cost no more."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from climate.core.lease import Lease, LeaseQuery
from climate.errors import BadField
from climate.planning.store import rows, tables
from climate.planning.store.protocol import Stretch

_lease = tables.lease


def leases(connection: sa.Connection, query: LeaseQuery) -> list[Lease]:
    """A page of leases, newest first, without their hosts.

    :raises BadField: an unknown marker.
    """
    wanted = _scope(query.project_id)
    if query.states:
        wanted.append(_lease.c.state.in_([str(state) for state in query.states]))
    if query.name is not None:
        wanted.append(_lease.c.name == query.name)
    if query.at is not None:
        wanted += [_lease.c.start_at <= query.at, _lease.c.end_at > query.at]
    if query.start is not None:
        wanted.append(_lease.c.end_at > query.start)
    if query.end is not None:
        wanted.append(_lease.c.start_at < query.end)
    if query.marker is not None:
        last = _marked(connection, query.marker, query.project_id)
        before = sa.tuple_(_lease.c.created_at, _lease.c.lease_id) < sa.tuple_(
            sa.literal(last.created_at), sa.literal(last.lease_id)
        )
        wanted.append(before)
    page = (
        sa.select(_lease)
        .where(*wanted)
        .order_by(_lease.c.created_at.desc(), _lease.c.lease_id.desc())
        .limit(query.limit)
    )
    return [rows.lease_of(row) for row in connection.execute(page)]


def stretches(
    connection: sa.Connection, start: int, end: int, project_id: str | None, limit: int, marker: str | None
) -> list[Stretch]:
    """How the hosts of up to ``limit`` leases are used in ``[start, end)``; leases by start, then id.

    A host that was given back, or a lease that was cancelled, counts until then.

    :raises BadField: an unknown marker.
    """
    wanted = [*_scope(project_id), _lease.c.start_at < end, _lease.c.end_at > start]
    if marker is not None:
        last = _marked(connection, marker, project_id)
        wanted.append(
            sa.tuple_(_lease.c.start_at, _lease.c.lease_id)
            > sa.tuple_(sa.literal(last.start_at), sa.literal(last.lease_id))
        )
    allocation = tables.allocation
    used_until = sa.case(
        (allocation.c.released_at < allocation.c.end_at, allocation.c.released_at), else_=allocation.c.end_at
    )
    in_use = (
        sa.exists()
        .where(
            allocation.c.lease_id == _lease.c.lease_id,
            allocation.c.start_at < end,
            used_until > start,
            used_until > allocation.c.start_at,
        )
        .correlate(_lease)
    )
    page = sa.select(_lease).where(*wanted, in_use).order_by(_lease.c.start_at, _lease.c.lease_id).limit(limit)
    found = {row.lease_id: rows.lease_of(row) for row in connection.execute(page)}
    if not found:
        return []
    used = (
        sa.select(
            allocation.c.lease_id, allocation.c.host_number, allocation.c.start_at, used_until.label("used_until")
        )
        .where(
            allocation.c.lease_id.in_(list(found)),
            allocation.c.start_at < end,
            used_until > start,
            used_until > allocation.c.start_at,
        )
        .order_by(allocation.c.host_number)
    )
    by_lease: dict[str, list[Stretch]] = {lease_id: [] for lease_id in found}
    for row in connection.execute(used):
        by_lease[row.lease_id].append(
            Stretch(lease=found[row.lease_id], host=row.host_number, start_at=row.start_at, end_at=row.used_until)
        )
    return [stretch for stretches_ in by_lease.values() for stretch in stretches_]


def _scope(project_id: str | None) -> list[sa.ColumnElement[bool]]:
    return [] if project_id is None else [_lease.c.project_id == project_id]


def _marked(connection: sa.Connection, marker: str, project_id: str | None) -> sa.Row[Any, Any, Any]:
    query = sa.select(_lease.c.created_at, _lease.c.start_at, _lease.c.lease_id).where(
        _lease.c.lease_id == marker, *_scope(project_id)
    )
    row = connection.execute(query).first()
    if row is None:
        raise BadField("marker is no lease of this list; start again without one.", field="marker")
    return row

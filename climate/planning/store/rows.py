# SPDX-License-Identifier: Apache-2.0
"""Between planning's values and the rows of its tables."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import sqlalchemy as sa

from climate.core.booking import Decision, Held, due_at
from climate.core.calendar.gaps import Columns
from climate.core.journal import Block, Change
from climate.core.lease import Lease, Owner, Terms, Wish
from climate.core.lifecycle import State

_BLOCKS = msgspec.json.Decoder(tuple[Block, ...])


def lease_row(lease: Lease) -> dict[str, Any]:
    """A lease as a row of ``planning_lease``."""
    return {
        "lease_id": lease.lease_id,
        "project_id": lease.owner.project_id,
        "user_id": lease.owner.user_id,
        "state": str(lease.state),
        "name": lease.terms.name,
        "start_at": lease.start_at,
        "end_at": lease.end_at,
        "quantity": lease.quantity,
        "wish_start_time": lease.wish.start_time,
        "wish_end_time": lease.wish.end_time,
        "wish_duration_s": lease.wish.duration_s,
        "host_properties": json.dumps(lease.terms.host_properties),
        "scheduler": lease.terms.scheduler,
        "on_lease_end": lease.terms.on_lease_end or None,
        "alike": json.dumps(lease.alike),
        "created_at": lease.created_at,
        "updated_at": lease.updated_at,
        "expires_at": lease.expires_at,
        "confirmed_at": lease.confirmed_at,
        "closed_at": lease.closed_at,
        "starts_soon_at": lease.starts_soon_at,
        "ends_soon_at": lease.ends_soon_at,
        "holds_until": lease.holds_until,
        "due_at": due_at(lease),
        "degraded_reason": lease.degraded_reason,
        "error_reason": lease.error_reason,
        "version": lease.version,
    }


def lease_of(row: sa.Row[Any], hosts: tuple[str, ...] = ()) -> Lease:
    """A row of ``planning_lease`` as a lease."""
    return Lease(
        lease_id=row.lease_id,
        owner=Owner(project_id=row.project_id, user_id=row.user_id),
        state=State(row.state),
        start_at=row.start_at,
        end_at=row.end_at,
        quantity=row.quantity,
        wish=Wish(start_time=row.wish_start_time, end_time=row.wish_end_time, duration_s=row.wish_duration_s),
        terms=Terms(
            name=row.name,
            host_properties=msgspec.json.decode(row.host_properties),
            scheduler=row.scheduler,
            on_lease_end=row.on_lease_end or "",
        ),
        alike=msgspec.json.decode(row.alike),
        hosts=hosts,
        created_at=row.created_at,
        updated_at=row.updated_at,
        expires_at=row.expires_at,
        confirmed_at=row.confirmed_at,
        closed_at=row.closed_at,
        starts_soon_at=row.starts_soon_at,
        ends_soon_at=row.ends_soon_at,
        holds_until=row.holds_until,
        degraded_reason=row.degraded_reason,
        error_reason=row.error_reason,
        version=row.version,
    )


def held_of(row: sa.Row[Any]) -> Held:
    """A row of ``planning_allocation`` as a host's time."""
    return Held(row.host_number, row.start_at, row.end_at, row.blocked_until, bool(row.given_back))


def journal_row(sequence: int, decision: Decision) -> dict[str, Any]:
    """What a decision leaves in ``planning_journal``."""
    lease = decision.lease
    return {
        "sequence": sequence,
        "at": decision.at,
        "event": decision.event,
        "lease_id": lease.lease_id,
        "project_id": lease.owner.project_id,
        "state": str(lease.state),
        "start_at": lease.start_at,
        "end_at": lease.end_at,
        "blocks": msgspec.json.encode([booking.block for booking in decision.bookings]).decode(),
    }


def change_of(row: sa.Row[Any]) -> Change:
    """A row of ``planning_journal`` as a change."""
    return Change(
        sequence=row.sequence,
        at=row.at,
        event=row.event,
        lease_id=row.lease_id,
        project_id=row.project_id,
        state=State(row.state),
        start_at=row.start_at,
        end_at=row.end_at,
        blocks=_BLOCKS.decode(row.blocks),
    )


def columns_of(bookings: Sequence[tuple[int, int, int, str]]) -> Columns:
    """Live time as (host, from, until, lease id) rows, in any order, as columns sorted by host and start."""
    keys = tuple(dict.fromkeys(booking[3] for booking in bookings))
    number = {key: i for i, key in enumerate(keys)}
    table = np.array([(*booking[:3], number[booking[3]]) for booking in bookings], np.int64).reshape(-1, 4)
    table = table[np.lexsort((table[:, 1], table[:, 0]))]
    return Columns(table[:, 0], table[:, 1], table[:, 2], table[:, 3].astype(np.int32), keys)

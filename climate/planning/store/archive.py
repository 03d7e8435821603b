# SPDX-License-Identifier: Apache-2.0
"""The archive in SQL: leases that are long over move there with their allocations and journal entries.

Nothing is deleted that was not written there in the same transaction. Rows
move by lease, so the journal that stays has gaps; whoever follows it and
meets one has to load the calendar anew.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from climate.chassis import sql
from climate.core.lease import Lease
from climate.core.lifecycle import LIVE, State
from climate.errors import LeaseNotFound
from climate.planning.store import rows, tables

_BATCH = 200  # leases that move in one transaction: writers wait for its end, if at all
_PAIRS = (
    (tables.lease, tables.archived_lease),
    (tables.allocation, tables.archived_allocation),
    (tables.journal, tables.archived_journal),
)
_lease = tables.lease.c


@dataclass(frozen=True, slots=True)
class Amount:
    """How much moves, or has moved, in rows."""

    leases: int = 0
    allocations: int = 0
    entries: int = 0

    def __add__(self, other: Amount) -> Amount:
        return Amount(self.leases + other.leases, self.allocations + other.allocations, self.entries + other.entries)


class Archive:
    """Moves leases over one engine.

    ``withdrawn_window_s`` is the site's limit of that name: proposals that
    came to nothing count for so long.
    """

    def __init__(self, engine: sa.Engine, withdrawn_window_s: int) -> None:
        self._engine = engine
        self._withdrawn_window_s = withdrawn_window_s

    def ready(self, before: int, now: int) -> list[str]:
        """The leases that were over before an instant and that nothing needs any more, the oldest first.

        What stays: a lease whose hosts are not cleaned up yet, to which an
        Idempotency-Key leads, whose notifications are not sent, or which a
        limit still counts; and the one of the newest journal entry, by which
        followers see that they miss something.
        """
        with sql.snapshot(self._engine) as connection:
            movable = _movable(before, now - self._longest_window(connection))
            found = sa.select(_lease.lease_id).where(*movable).order_by(_lease.closed_at, _lease.lease_id)
            return list(connection.execute(found).scalars())

    def over(self, before: int) -> int:
        """How many leases were over before an instant, whether something needs them or not."""
        query = sa.select(sa.func.count()).where(*_over(before))
        with sql.reading(self._engine) as connection:
            return connection.execute(query).scalar_one()

    def amount(self, lease_ids: Sequence[str]) -> Amount:
        """How much would move with these leases."""
        with sql.snapshot(self._engine) as connection:
            return sum((_amount(connection, some) for some in _batches(lease_ids)), Amount())

    def move(self, lease_ids: Sequence[str], before: int, now: int) -> Iterator[Amount]:
        """Move these leases, as far as they are still ready; what has moved so far, after each transaction."""
        moved = Amount()
        for some in _batches(lease_ids):
            moved += sql.retrying(functools.partial(self._move, some, before, now))
            yield moved

    def _move(self, lease_ids: Sequence[str], before: int, now: int) -> Amount:
        with sql.transaction(self._engine) as connection:
            movable = _movable(before, now - self._longest_window(connection))
            # Locked, so that of two who archive at a time the second finds nothing left.
            found = sa.select(_lease.lease_id).where(_lease.lease_id.in_(lease_ids), *movable).with_for_update()
            ready = list(connection.execute(found).scalars())
            amount = _amount(connection, ready)
            for live, archived in _PAIRS:
                columns = [column.name for column in live.c]
                copied = sa.select(*live.c).where(live.c.lease_id.in_(ready))
                connection.execute(archived.insert().from_select(columns, copied))
            gone = [
                connection.execute(live.delete().where(live.c.lease_id.in_(ready))).rowcount
                for live, _ in reversed(_PAIRS)
            ]
            if Amount(*reversed(gone)) != amount:
                raise RuntimeError("rows changed while they were moved; nothing was moved")
            return amount

    def _longest_window(self, connection: sa.Connection) -> int:
        limit = tables.limit.c
        own = sa.select(sa.func.max(limit.value)).where(limit.name == "withdrawn_window_s")
        return max(self._withdrawn_window_s, connection.execute(own).scalar() or 0)


def archived(connection: sa.Connection, lease_id: str, project_id: str | None) -> Lease:
    """An archived lease with its hosts' ids.

    :raises LeaseNotFound: none, or none of this project.
    """
    lease, allocation, host = tables.archived_lease, tables.archived_allocation.c, tables.host.c
    own = [lease.c.lease_id == lease_id]
    if project_id is not None:
        own.append(lease.c.project_id == project_id)
    row = connection.execute(sa.select(lease).where(*own)).first()
    if row is None:
        raise LeaseNotFound()
    held = (
        sa.select(host.host_id)
        .join(tables.archived_allocation, allocation.host_number == host.number)
        .where(allocation.lease_id == lease_id, ~allocation.given_back)
        .order_by(host.number)
    )
    return rows.lease_of(row, tuple(connection.execute(held).scalars()))


def _over(before: int) -> list[sa.ColumnElement[bool]]:
    return [_lease.state.not_in([str(state) for state in LIVE]), _lease.closed_at < before]


def _movable(before: int, counted_since: int) -> list[sa.ColumnElement[bool]]:
    """``counted_since``: from when on proposals that came to nothing are counted."""
    allocation, journal = tables.allocation.c, tables.journal.c
    blocked = sa.exists().where(allocation.lease_id == _lease.lease_id, allocation.released_at.is_(None))
    newest = sa.select(sa.func.max(journal.sequence)).scalar_subquery()
    counted = sa.and_(
        _lease.state.in_([str(State.CANCELLED), str(State.EXPIRED)]),
        _lease.confirmed_at.is_(None),
        _lease.closed_at >= counted_since,
    )
    return [
        *_over(before),
        _lease.due_at.is_(None),
        ~blocked.correlate(tables.lease),
        ~counted,
        _lease.lease_id.not_in(sa.select(tables.repeat.c.lease_id)),
        _lease.lease_id.not_in(sa.select(tables.outbox.c.key)),
        _lease.lease_id.not_in(sa.select(journal.lease_id).where(journal.sequence == newest)),
    ]


def _amount(connection: sa.Connection, lease_ids: Sequence[str]) -> Amount:
    counts = [sa.select(sa.func.count()).where(live.c.lease_id.in_(lease_ids)) for live, _ in _PAIRS]
    return Amount(*(connection.execute(count).scalar_one() for count in counts))


def _batches(lease_ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (lease_ids[start : start + _BATCH] for start in range(0, len(lease_ids), _BATCH))

# SPDX-License-Identifier: Apache-2.0
"""Planning's store in SQL: PostgreSQL, MariaDB and SQLite alike.

What differs, how each kind forbids a double booking, stands beside this file.
Locks are taken in one order everywhere, so that writers queue up instead of
dead-locking: the lease's row, its hosts by number, the counter last.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from climate.chassis import outbox, sql
from climate.chassis.outbox import Effect
from climate.chassis.sql import Trouble, trouble
from climate.core.booking import Decision, Held
from climate.core.calendar.replica import Fact
from climate.core.journal import Change
from climate.core.lease import Lease, LeaseQuery, RepeatKey
from climate.core.lifecycle import State
from climate.core.limits import Ceiling
from climate.errors import HostsTaken, LeaseChanged
from climate.planning.store import archive, bookings, limits_sql, listing, rows, tables
from climate.planning.store.protocol import RepeatTaken, Snapshot, Stretch

_CHUNK = 500  # host ids in one IN list


class SqlStore:
    """Planning's store over one engine (see :class:`climate.planning.store.protocol.Store`)."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def register_hosts(self, host_ids: Iterable[str]) -> None:
        """Give numbers to hosts that have none yet. The counter's lock makes the numbers dense."""
        wanted = list(dict.fromkeys(host_ids))

        def act() -> None:
            with sql.transaction(self._engine) as connection:
                counted = _locked_counter(connection)
                known = _known_hosts(connection, wanted)
                new = [host_id for host_id in wanted if host_id not in known]
                if new:
                    values = [{"number": counted.hosts + i, "host_id": host_id} for i, host_id in enumerate(new)]
                    connection.execute(tables.host.insert(), values)
                    connection.execute(tables.counter.update().values(hosts=counted.hosts + len(new)))

        sql.retrying(act)

    def hosts_from(self, number: int) -> list[str]:
        """The ids of all hosts from ``number`` on, in the order of their numbers."""
        query = sa.select(tables.host.c.host_id).where(tables.host.c.number >= number).order_by(tables.host.c.number)
        with sql.reading(self._engine) as connection:
            return list(connection.execute(query).scalars())

    def commit(
        self,
        decision: Decision,
        effects: tuple[Effect, ...] = (),
        repeat: RepeatKey | None = None,
        ceiling: Ceiling | None = None,
    ) -> int:
        """Carry a decision out, whole or not at all; returns its journal number."""

        def act() -> int:
            with sql.transaction(self._engine) as connection:
                _write_lease(connection, decision)
                if repeat is not None:
                    _write_repeat(connection, decision, repeat)
                bookings.write(connection, decision)
                outbox.write(connection, tables.outbox, effects, decision.at)
                sequence = _write_journal(connection, decision)
                if ceiling is not None:
                    limits_sql.hold(connection, decision.lease, ceiling)
                return sequence

        try:
            return sql.retrying(act)
        except sa.exc.DBAPIError as error:
            meaning = trouble(error)
            if meaning is Trouble.REFUSED:
                raise HostsTaken() from error
            if meaning is Trouble.DUPLICATE and repeat is not None:
                raise RepeatTaken(repeat.key) from error
            raise

    def write_effects(self, effects: tuple[Effect, ...], now: int) -> None:
        """Write effects that belong to no decision about a lease to the outbox."""

        def act() -> None:
            with sql.transaction(self._engine) as connection:
                outbox.write(connection, tables.outbox, effects, now)

        sql.retrying(act)

    def has_effects(self, topic: str, keys: Iterable[str]) -> bool:
        """Whether effects of one of these keys are still to be done."""
        box = tables.outbox.c
        wanted = list(keys)
        with sql.reading(self._engine) as connection:
            for i in range(0, len(wanted), _CHUNK):
                query = sa.select(box.id).where(box.topic == topic, box.key.in_(wanted[i : i + _CHUNK])).limit(1)
                if connection.execute(query).first() is not None:
                    return True
        return False

    def repeated(self, project_id: str, key: str) -> tuple[str, str] | None:
        """The fingerprint and lease id that an Idempotency-Key came with before."""
        repeat = tables.repeat
        query = sa.select(repeat.c.fingerprint, repeat.c.lease_id).where(
            repeat.c.project_id == project_id, repeat.c.key == key
        )
        with sql.reading(self._engine) as connection:
            row = connection.execute(query).first()
        return None if row is None else (row.fingerprint, row.lease_id)

    def forget_repeats(self, before: int) -> int:
        """Drop Idempotency-Keys written before an instant; returns how many."""
        old = tables.repeat.delete().where(tables.repeat.c.written_at < before)

        def act() -> int:
            with sql.transaction(self._engine) as connection:
                return connection.execute(old).rowcount

        return sql.retrying(act)

    def get_lease(self, lease_id: str, project_id: str | None = None) -> Lease:
        """One lease with its hosts' ids, also one in the archive."""
        own = [tables.lease.c.lease_id == lease_id]
        if project_id is not None:
            own.append(tables.lease.c.project_id == project_id)
        held = (
            sa.select(tables.host.c.host_id)
            .join(tables.allocation, tables.allocation.c.host_number == tables.host.c.number)
            .where(tables.allocation.c.lease_id == lease_id, ~tables.allocation.c.given_back)
            .order_by(tables.host.c.number)
        )
        with sql.snapshot(self._engine) as connection:  # the hosts are those of this version of the lease
            row = connection.execute(sa.select(tables.lease).where(*own)).first()
            if row is None:
                return archive.archived(connection, lease_id, project_id)
            return rows.lease_of(row, tuple(connection.execute(held).scalars()))

    def get_held(self, lease_id: str) -> list[Held]:
        """The live allocations of a lease, by host number."""
        query = (
            sa.select(tables.allocation)
            .where(tables.allocation.c.lease_id == lease_id, tables.allocation.c.released_at.is_(None))
            .order_by(tables.allocation.c.host_number)
        )
        with sql.reading(self._engine) as connection:
            return [rows.held_of(row) for row in connection.execute(query)]

    def list_leases(self, query: LeaseQuery) -> list[Lease]:
        """A page of leases, newest first, without their hosts."""
        with sql.reading(self._engine) as connection:
            return listing.leases(connection, query)

    def stretches(self, start: int, end: int, project_id: str | None, limit: int, marker: str | None) -> list[Stretch]:
        """How the hosts of up to ``limit`` leases are used in ``[start, end)``; leases by start, then id."""
        with sql.snapshot(self._engine) as connection:
            return listing.stretches(connection, start, end, project_id, limit, marker)

    def due(self, now: int, limit: int) -> list[str]:
        """Leases to which the calendar itself has something to do, the longest due first."""
        lease = tables.lease
        query = sa.select(lease.c.lease_id).where(lease.c.due_at <= now).order_by(lease.c.due_at).limit(limit)
        with sql.reading(self._engine) as connection:
            return list(connection.execute(query).scalars())

    def snapshot(self) -> Snapshot:
        """The live calendar and the journal number at which it is true."""
        allocation, lease = tables.allocation, tables.lease
        live = sa.select(
            allocation.c.host_number, allocation.c.start_at, allocation.c.blocked_until, allocation.c.lease_id
        ).where(allocation.c.released_at.is_(None))
        holding = sa.select(
            lease.c.lease_id, lease.c.project_id, lease.c.state, lease.c.start_at, lease.c.end_at
        ).where(lease.c.holds_until.is_not(None))
        with sql.snapshot(self._engine) as connection:
            counted = connection.execute(sa.select(tables.counter)).one()
            facts = {
                row.lease_id: Fact(State(row.state), row.project_id, row.start_at, row.end_at)
                for row in connection.execute(holding)
            }
            found = [tuple(row) for row in connection.execute(live)]
        return Snapshot(counted.sequence, counted.hosts, rows.columns_of(found), facts)

    def changes_since(self, sequence: int, limit: int) -> list[Change]:
        """Journal entries after ``sequence``, in order."""
        journal = tables.journal
        query = sa.select(journal).where(journal.c.sequence > sequence).order_by(journal.c.sequence).limit(limit)
        with sql.reading(self._engine) as connection:
            return [rows.change_of(row) for row in connection.execute(query)]

    def latest_sequence(self) -> int:
        """The newest journal number; 0 before the first."""
        with sql.reading(self._engine) as connection:
            return connection.execute(sa.select(tables.counter.c.sequence)).scalar_one()


def _locked_counter(connection: sa.Connection) -> sa.Row[Any]:
    return connection.execute(sa.select(tables.counter).with_for_update()).one()


def _known_hosts(connection: sa.Connection, host_ids: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for i in range(0, len(host_ids), _CHUNK):
        some = tables.host.c.host_id.in_(host_ids[i : i + _CHUNK])
        found.update(connection.execute(sa.select(tables.host.c.host_id).where(some)).scalars())
    return found


def _write_lease(connection: sa.Connection, decision: Decision) -> None:
    values = rows.lease_row(decision.lease)
    if decision.seen_version is None:
        connection.execute(tables.lease.insert(), values)
        return
    own = tables.lease.c.lease_id == decision.lease.lease_id
    seen = tables.lease.c.version == decision.seen_version
    if connection.execute(tables.lease.update().where(own, seen).values(values)).rowcount != 1:
        raise LeaseChanged()


def _write_repeat(connection: sa.Connection, decision: Decision, repeat: RepeatKey) -> None:
    connection.execute(
        tables.repeat.insert(),
        {
            "project_id": decision.lease.owner.project_id,
            "key": repeat.key,
            "fingerprint": repeat.fingerprint,
            "lease_id": decision.lease.lease_id,
            "written_at": decision.at,
        },
    )


def _write_journal(connection: sa.Connection, decision: Decision) -> int:
    sequence = _raised_sequence(connection)
    connection.execute(tables.journal.insert(), rows.journal_row(sequence, decision))
    return sequence


def _raised_sequence(connection: sa.Connection) -> int:
    raised = tables.counter.update().values(sequence=tables.counter.c.sequence + 1)
    if connection.dialect.update_returning:  # one round trip less while others wait for the row
        return connection.execute(raised.returning(tables.counter.c.sequence)).scalar_one()
    connection.execute(raised)
    return connection.execute(sa.select(tables.counter.c.sequence)).scalar_one()

# SPDX-License-Identifier: Apache-2.0
"""Writing what a decision does to hosts' time, so that neither what is blocked nor what was ever overlaps."""

from __future__ import annotations

from operator import itemgetter
from typing import Any

import sqlalchemy as sa

from climate.core.booking import Booking, Decision
from climate.core.journal import Span
from climate.errors import HostsTaken
from climate.planning.store import tables

_CHUNK = 500  # host numbers in one IN list


def write(connection: sa.Connection, decision: Decision) -> None:
    """Write hosts' time in the order of the hosts' numbers.

    :raises HostsTaken: another lease had a host in a part of this time, and released it since.
    :raises sqlalchemy.exc.DBAPIError: another lease blocks a host in this time.
    """
    _lock_hosts(connection, decision.bookings)
    moves = [_move(decision, booking, host) for booking in decision.bookings for host in booking.block.hosts]
    changes = sorted((move for move in moves if "on_host" in move), key=itemgetter("on_host"))
    inserts = sorted((move for move in moves if "on_host" not in move), key=itemgetter("host_number"))
    if changes:
        allocation = tables.allocation
        statement = (
            allocation.update()
            .where(
                allocation.c.lease_id == decision.lease.lease_id,
                allocation.c.host_number == sa.bindparam("on_host"),
                allocation.c.start_at == sa.bindparam("old_start"),
                allocation.c.released_at.is_(None),
            )
            .values({name: sa.bindparam(f"new_{name}") for name in _CHANGED})
        )
        connection.execute(statement, changes)
    if inserts:
        connection.execute(tables.allocation.insert(), inserts)
    _check_history(connection, decision.bookings)


_CHANGED = ("end_at", "blocked_until", "given_back", "released_at")


def _move(decision: Decision, booking: Booking, host: int) -> dict[str, Any]:
    was, now = booking.block.was, booking.block.now
    if was is None:
        if now is None:
            raise ValueError("a booking that neither was nor is")
        return {
            "lease_id": decision.lease.lease_id,
            "host_number": host,
            "start_at": now[0],
            "end_at": booking.end_at,
            "blocked_until": now[1],
            "given_back": booking.given_back,
            "released_at": None,
        }
    return {
        "on_host": host,
        "old_start": was[0],
        "new_end_at": booking.end_at,
        "new_blocked_until": was[1] if now is None else now[1],
        "new_given_back": booking.given_back,
        "new_released_at": decision.at if now is None else None,
    }


def _lock_hosts(connection: sa.Connection, bookings: tuple[Booking, ...]) -> None:
    """Lock the hosts' rows by number, so that writers of one host queue up.

    MariaDB's triggers would lock them in the order of the rows touched; two
    inserts that meet in PostgreSQL's exclusion constraint wait for each other
    until it calls that a deadlock, a second later. SQLite has one writer.
    """
    if connection.dialect.name == "sqlite":
        return
    host = tables.host.c.number
    numbers = sorted({one for booking in bookings if booking.block.now for one in booking.block.hosts})
    for i in range(0, len(numbers), _CHUNK):
        some = sa.select(host).where(host.in_(numbers[i : i + _CHUNK])).order_by(host)
        connection.execute(some.with_for_update(key_share=True)).all()


def _check_history(connection: sa.Connection, bookings: tuple[Booking, ...]) -> None:
    """Refuse time that others had already: who decided on an old copy of the calendar may come too late for it.

    After the writes, because these wait for whoever is releasing a host just
    now; from then on nobody else can hold it in this time, so none can
    release it.
    """
    wanted: dict[Span, set[int]] = {}
    for booking in bookings:
        if booking.taken is not None:
            wanted.setdefault(booking.taken, set()).update(booking.block.hosts)
    had = tables.allocation.c
    for (start, until), hosts in wanted.items():
        numbers = sorted(hosts)
        for i in range(0, len(numbers), _CHUNK):
            overlapping = sa.select(had.host_number).where(
                had.host_number.in_(numbers[i : i + _CHUNK]),
                had.released_at > start,
                had.released_at > had.start_at,
                had.blocked_until > start,
                had.start_at < until,
            )
            if connection.execute(overlapping.limit(1)).first() is not None:
                raise HostsTaken()

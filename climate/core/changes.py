# SPDX-License-Identifier: Apache-2.0
"""Extending, shortening, adding hosts and giving hosts back: what a PATCH means for a lease."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from climate.core.booking import Booking, Decision, Held, Rules, cut, rebooked
from climate.core.journal import Block
from climate.core.lease import Lease, LeaseChange
from climate.core.lifecycle import State
from climate.errors import BadField, WrongState


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What the lease shall be: its name, its end, how many hosts; and from when new hosts are needed."""

    name: str
    end_at: int
    quantity: int
    add_from: int


def target(lease: Lease, change: LeaseChange, now: int, horizon_s: int) -> Target:
    """What a change asks for, checked against the lease as it is at ``now``.

    :raises WrongState: the lease is over.
    :raises BadField: an end that has passed or lies beyond the horizon, two
        ways to say the end, a quantity below 1.
    """
    if not lease.live or lease.end_at <= now or _expired(lease, now):
        raise WrongState(
            f"A lease that is {lease.state} cannot be changed any more.", state=str(lease.state), event="change"
        )
    if change.quantity is not None and change.quantity < 1:
        raise BadField("quantity must be at least 1; DELETE the lease to give everything back.", field="quantity")
    return Target(
        name=lease.terms.name if change.name is None else change.name,
        end_at=_end(lease, change, now, horizon_s),
        quantity=lease.quantity if change.quantity is None else change.quantity,
        add_from=max(now, lease.start_at),
    )


def _expired(lease: Lease, now: int) -> bool:
    return lease.state is State.PROPOSED and lease.expires_at is not None and lease.expires_at <= now


def _end(lease: Lease, change: LeaseChange, now: int, horizon_s: int) -> int:
    if change.end_time is not None and change.duration_s is not None:
        raise BadField("Give end_time or duration, not both.", field="end_time")
    if change.end_time is not None:
        end_at, field = change.end_time, "end_time"
    elif change.duration_s is not None:
        end_at, field = lease.start_at + change.duration_s, "duration"
    else:
        return lease.end_at
    if end_at <= max(now, lease.start_at):
        raise BadField(f"{field} would end the lease at once; DELETE it instead.", field=field)
    if end_at > lease.end_at and end_at > now + horizon_s:
        raise BadField(
            f"{field} is beyond the horizon: at most {horizon_s} s ahead.",
            field=field,
            limit="horizon_s",
            allowed=horizon_s,
        )
    return end_at


def change(
    lease: Lease,
    held: Sequence[Held],
    wanted: Target,
    now: int,
    rules: Rules,
    *,
    added: Iterable[int] = (),
    returned: Iterable[int] = (),
) -> Decision | None:
    """Carry ``wanted`` out with the hosts that were chosen; ``None`` where it changes nothing.

    ``added`` are hosts that join (calendar numbers), ``returned`` hosts of the
    lease that are given back: from now if the lease runs, wholly if it has not
    begun.
    """
    back = frozenset(returned)
    new = tuple(sorted(added))
    blocked_until = wanted.end_at + rules.margin_s

    def after(one: Held) -> Held | None:
        if one.given_back:
            return one
        if one.host in back:
            rest = None if lease.state is State.PROPOSED else cut(one, now)
            return dataclasses.replace(rest, given_back=True) if rest else None
        if wanted.end_at == lease.end_at:
            return one
        return one.ending(wanted.end_at)

    bookings = _marked(rebooked(held, after), back)
    if new:
        block = Block(new, None, (wanted.add_from, blocked_until))
        bookings = (*bookings, Booking(block, wanted.end_at))
    if not bookings and wanted.name == lease.terms.name:
        return None
    kept = [one for one in map(after, held) if one]
    ends_soon_at = lease.ends_soon_at
    if wanted.end_at != lease.end_at:
        ends_soon_at = max(lease.start_at, wanted.end_at - rules.ends_soon_s)
    then = dataclasses.replace(
        lease,
        terms=dataclasses.replace(lease.terms, name=wanted.name),
        end_at=wanted.end_at,
        quantity=wanted.quantity,
        ends_soon_at=ends_soon_at,
        holds_until=max([one.blocked_until for one in kept] + [blocked_until] * bool(new), default=None),
        expires_at=None if lease.expires_at is None else min(lease.expires_at, wanted.end_at),
        updated_at=now,
        version=lease.version + 1,
    )
    return Decision(event="changed", at=now, lease=then, seen_version=lease.version, bookings=bookings)


def _marked(bookings: Iterable[Booking], back: frozenset[int]) -> tuple[Booking, ...]:
    """Released bookings of returned hosts are marked as given back, so that they leave the lease's list."""
    return tuple(
        dataclasses.replace(booking, given_back=True) if back.intersection(booking.block.hosts) else booking
        for booking in bookings
    )


def to_return(held: Sequence[Held], count: int) -> tuple[int, ...]:
    """The hosts to give back: the last by calendar number, which is what :mod:`climate.core.schedulers` takes last."""
    own = sorted(one.host for one in held if not one.given_back)
    return tuple(own[len(own) - count :]) if count > 0 else ()

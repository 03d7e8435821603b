# SPDX-License-Identifier: Apache-2.0
"""What each event does to a lease and to the time of its hosts. Decides; writes nothing.

Every function takes the lease as it was read and returns a :class:`Decision`,
or ``None`` where the event has happened before and nothing is left to do.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from climate.core import lifecycle
from climate.core.host import PropertyValue
from climate.core.journal import Block, Span
from climate.core.lease import Lease, Owner, Terms, Wish
from climate.core.lifecycle import Event, State
from climate.errors import WrongState


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What the operator chose, in seconds.

    ``margin_s`` blocks a host after each lease (clean-up); ``proposal_ttl_s``
    is how long a proposal holds hosts; ``ends_soon_s`` how long before its
    end a lease is announced to end, ``starts_soon_s`` how long before its
    start that it begins (0: not at all).
    """

    margin_s: int = 0
    proposal_ttl_s: int = 300
    ends_soon_s: int = 600
    starts_soon_s: int = 0


@dataclass(frozen=True, slots=True)
class Held:
    """One host's time for one lease: used in ``[start_at, end_at)``, blocked until ``blocked_until``.

    ``given_back`` marks a host that left the lease and is only blocked for its clean-up.
    """

    host: int
    start_at: int
    end_at: int
    blocked_until: int
    given_back: bool = False

    def ending(self, end_at: int) -> Held:
        """The same with its use ending at another instant: the margin stays what it was when the host was booked."""
        margin_s = self.blocked_until - self.end_at
        return dataclasses.replace(self, end_at=end_at, blocked_until=end_at + margin_s)


@dataclass(frozen=True, slots=True)
class Booking:
    """A change of the time of some hosts: ``block`` as the journal tells it, and the end of their use."""

    block: Block
    end_at: int
    given_back: bool = False

    @property
    def taken(self) -> Span | None:
        """What is blocked now and was not before; ``None`` where nothing is."""
        was, now = self.block.was, self.block.now
        if was is None or now is None:
            return now
        return (was[1], now[1]) if was[1] < now[1] else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A lease as it shall be, and what that does to its hosts' time.

    ``seen_version`` is the version that was read (``None`` for a new lease):
    it is carried out only if nobody changed the lease since.
    """

    event: str
    at: int
    lease: Lease
    seen_version: int | None
    bookings: tuple[Booking, ...] = ()


def propose(
    *,
    lease_id: str,
    owner: Owner,
    wish: Wish,
    terms: Terms,
    alike: dict[str, PropertyValue],
    hosts: Iterable[int],
    span: Span,
    now: int,
    rules: Rules,
    confirmed: bool,
) -> Decision:
    """A new lease over ``span`` (the tenant's start and end) that holds ``hosts`` (calendar numbers)."""
    start_at, end_at = span
    numbers = tuple(sorted(hosts))
    lease = Lease(
        lease_id=lease_id,
        owner=owner,
        state=State.CONFIRMED if confirmed else State.PROPOSED,
        start_at=start_at,
        end_at=end_at,
        quantity=len(numbers),
        wish=wish,
        terms=terms,
        alike=alike,
        created_at=now,
        updated_at=now,
        expires_at=None if confirmed else min(now + rules.proposal_ttl_s, end_at),
        confirmed_at=now if confirmed else None,
        starts_soon_at=max(now, start_at - rules.starts_soon_s) if rules.starts_soon_s and start_at > now else None,
        ends_soon_at=max(start_at, end_at - rules.ends_soon_s),
        holds_until=end_at + rules.margin_s,
    )
    block = Block(numbers, None, (start_at, end_at + rules.margin_s))
    event = "confirmed" if confirmed else "proposed"
    return Decision(event=event, at=now, lease=lease, seen_version=None, bookings=(Booking(block, end_at),))


def confirm(lease: Lease, now: int) -> Decision | None:
    """Promise what a proposal holds.

    :raises WrongState: it expired, or is over.
    """
    if lease.state in (State.CONFIRMED, State.ACTIVE):
        return None
    if lease.state is State.PROPOSED and lease.expires_at is not None and lease.expires_at <= now:
        raise WrongState("The proposal has expired: make a new one.", state=str(State.EXPIRED), event="confirm")
    state = lifecycle.after(lease.state, Event.CONFIRM)
    return _moved(lease, "confirmed", now, state=state, confirmed_at=now, expires_at=None)


def cancel(lease: Lease, held: Iterable[Held], now: int) -> Decision | None:
    """Give everything back now. A host that was in use stays blocked for its clean-up.

    :raises WrongState: the lease is over already.
    """
    if lease.state is State.CANCELLED:
        return None
    state = lifecycle.after(lease.state, Event.CANCEL)
    return _closed(lease, "cancelled", state, held, now)


def fail(lease: Lease, held: Iterable[Held], now: int, reason: str) -> Decision:
    """A promise could not be kept: the lease ends with ``reason``."""
    state = lifecycle.after(lease.state, Event.FAIL)
    decision = _closed(lease, "failed", state, held, now)
    return dataclasses.replace(decision, lease=dataclasses.replace(decision.lease, error_reason=reason))


def due_at(lease: Lease) -> int | None:
    """When the calendar itself does something to this lease next (epoch seconds)."""
    if lease.state is State.PROPOSED:
        return lease.expires_at
    if lease.state is State.CONFIRMED:
        return lease.start_at if lease.starts_soon_at is None else min(lease.starts_soon_at, lease.start_at)
    if lease.state is State.ACTIVE:
        return lease.end_at if lease.ends_soon_at is None else min(lease.ends_soon_at, lease.end_at)
    return lease.holds_until


def advance(lease: Lease, held: Iterable[Held], now: int) -> Decision | None:
    """The next thing that the calendar does to this lease, if it is due: expire, start, announce, end, release."""
    due = due_at(lease)
    if due is None or due > now:
        return None
    if lease.state is State.PROPOSED:
        return _closed(lease, "expired", lifecycle.after(lease.state, Event.EXPIRE), held, now)
    if lease.state is State.CONFIRMED:
        return _starting(lease, now)
    if lease.state is State.ACTIVE and lease.end_at > now:
        return _moved(lease, "ends_soon", now, ends_soon_at=None)
    if lease.state is State.ACTIVE:
        return _ended(lease, held, now)
    bookings = rebooked(held, lambda one: None)
    return _moved(lease, "released", now, bookings, holds_until=None)


def _starting(lease: Lease, now: int) -> Decision:
    if lease.start_at > now:
        return _moved(lease, "starts_soon", now, starts_soon_at=None)
    return _moved(lease, "started", now, state=lifecycle.after(lease.state, Event.START), starts_soon_at=None)


def _ended(lease: Lease, held: Iterable[Held], now: int) -> Decision:
    def after(one: Held) -> Held | None:
        return one if one.blocked_until > now else None

    held = tuple(held)
    state = lifecycle.after(lease.state, Event.END)
    holds_until = max((one.blocked_until for one in held if after(one)), default=None)
    return _moved(
        lease,
        "ended",
        now,
        rebooked(held, after),
        state=state,
        closed_at=lease.end_at,
        ends_soon_at=None,
        holds_until=holds_until,
    )


def _closed(lease: Lease, event: str, state: State, held: Iterable[Held], now: int) -> Decision:
    """Over before its end: unused time is free at once, a used host after its clean-up."""
    used = lease.state in (State.CONFIRMED, State.ACTIVE)

    def after(one: Held) -> Held | None:
        if one.given_back:
            return one if one.blocked_until > now else None
        return cut(one, now) if used else None

    held = tuple(held)
    kept = [one for one in map(after, held) if one]
    return _moved(
        lease,
        event,
        now,
        rebooked(held, after),
        state=state,
        closed_at=now,
        expires_at=None,
        starts_soon_at=None,
        ends_soon_at=None,
        holds_until=max((one.blocked_until for one in kept), default=None),
    )


def cut(one: Held, now: int) -> Held | None:
    """What stays of a host's time when its use ends now; ``None`` where nothing stays blocked."""
    rest = one.ending(min(now, one.end_at))
    return rest if one.start_at < now < rest.blocked_until else None


def _moved(lease: Lease, event: str, now: int, bookings: tuple[Booking, ...] = (), **fields: Any) -> Decision:
    after = dataclasses.replace(lease, updated_at=now, version=lease.version + 1, **fields)
    return Decision(event=event, at=now, lease=after, seen_version=lease.version, bookings=bookings)


def rebooked(held: Iterable[Held], after: Callable[[Held], Held | None]) -> tuple[Booking, ...]:
    """The bookings that turn each host's time into what ``after`` says (``None``: nothing blocked any more).

    Hosts whose time changes alike share a booking; unchanged ones have none.
    """
    alike: dict[tuple[Span, Span | None, int, bool], list[int]] = {}
    for one in held:
        then = after(one)
        if then == one:
            continue
        now_span = None if then is None else (then.start_at, then.blocked_until)
        end_at = one.end_at if then is None else then.end_at
        given_back = one.given_back if then is None else then.given_back
        key = ((one.start_at, one.blocked_until), now_span, end_at, given_back)
        alike.setdefault(key, []).append(one.host)
    return tuple(
        Booking(Block(tuple(sorted(hosts)), was, now_span), end_at, given_back)
        for (was, now_span, end_at, given_back), hosts in alike.items()
    )

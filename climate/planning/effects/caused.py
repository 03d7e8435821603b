# SPDX-License-Identifier: Apache-2.0
"""Which effects follow from a decision: the one place that says so. They are written in its transaction."""

from __future__ import annotations

from climate.chassis.outbox import Effect
from climate.core.booking import Decision
from climate.core.lifecycle import State
from climate.planning.effects import evict, lease_end, notify


def by(decision: Decision) -> tuple[Effect, ...]:
    """What is to be done once this is committed."""
    return (notify.effect(decision), *_clearing(decision), *_ending(decision))


def _clearing(decision: Decision) -> tuple[Effect, ...]:
    """Hosts of a lease that begins soon, or has begun, are cleared of others' instances; so are those that join it."""
    lease = decision.lease
    if decision.event == "starts_soon":
        return (evict.notice(lease), evict.effect(lease))
    if decision.event == "started":
        return (evict.effect(lease),)
    joined = any(booking.block.was is None for booking in decision.bookings)
    near = lease.state in (State.CONFIRMED, State.ACTIVE) and lease.starts_soon_at is None
    known = decision.seen_version is not None
    return (evict.effect(lease),) if known and joined and near else ()


def _ending(decision: Decision) -> tuple[Effect, ...]:
    """Hosts that a lease has used and uses no more; not those that fail, which it gave up for others."""
    if decision.event in ("ended", "cancelled", "failed"):
        lease = decision.lease
        used = lease.confirmed_at is not None and lease.start_at < decision.at
        return (lease_end.effect(decision),) if used else ()
    if decision.event != "changed" or decision.lease.state is not State.ACTIVE:
        return ()
    left = tuple(host for booking in decision.bookings if booking.given_back for host in booking.block.hosts)
    return (lease_end.effect(decision, left),) if left else ()

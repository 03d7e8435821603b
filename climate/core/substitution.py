# SPDX-License-Identifier: Apache-2.0
"""Other hosts in the place of some that a lease cannot use: which ones, and what that makes of the lease.

Before its start a lease gives an unfit host up wholly; while it runs, the host
is cut off now and blocked for its clean-up, as one that was given back.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from climate.core.booking import Booking, Decision, Held, Rules, cut, rebooked
from climate.core.calendar.gaps import Calendar
from climate.core.calendar.sparing import GroupRows
from climate.core.host import PropertyValue
from climate.core.journal import Block, Span
from climate.core.lease import Lease


@dataclass(frozen=True, slots=True)
class Swap:
    """Hosts that leave a lease and as many that join it, by calendar number.

    ``alike`` is what all hosts of the lease share afterwards. ``missing`` is
    how many unfit hosts stay, since there are no others.
    """

    leaving: tuple[int, ...]
    joining: tuple[int, ...]
    alike: dict[str, PropertyValue]
    missing: int = 0


def find(
    lease: Lease,
    held: Iterable[Held],
    unfit: Collection[int],
    calendar: Calendar,
    groups: Sequence[tuple[dict[str, PropertyValue], GroupRows]],
    now: int,
    rules: Rules,
) -> Swap | None:
    """The hosts to swap so that the lease has none of ``unfit``; ``None`` where it has none anyway.

    ``groups`` are the fit hosts that match its request, with what they share.
    Substitutes are of the lease's own group, so that a homogeneous lease
    stays so. Where these are too few and it has not begun, all its hosts are
    swapped for those of another group. Where that cannot be either, as many
    as there are. Hosts in use come last.
    """
    own = sorted(one.host for one in held if not one.given_back)
    leaving = [host for host in own if host in unfit]
    if not leaving:
        return None
    span = _needed(lease, now, rules)
    shared = [(alike, _free(calendar, rows, span, (*own, *unfit))) for alike, rows in groups]
    same = next((rows for alike, rows in shared if alike == lease.alike), [])
    if len(same) >= len(leaving):
        return Swap(tuple(leaving), tuple(same[: len(leaving)]), lease.alike)
    if lease.start_at > now:
        for alike, rows in shared:
            if len(rows) >= len(own) and alike != lease.alike:
                return Swap(tuple(own), tuple(rows[: len(own)]), alike)
    return Swap(tuple(leaving[: len(same)]), tuple(same), lease.alike, len(leaving) - len(same))


def exchange(
    lease: Lease,
    held: Iterable[Held],
    leaving: Sequence[int],
    joining: Sequence[int],
    calendar: Calendar,
    now: int,
    rules: Rules,
) -> Swap | None:
    """The swap of certain hosts for others of its kind; ``None`` where it is done, too late, or they are not free."""
    own = {one.host for one in held if not one.given_back}
    if lease.start_at <= now or not own.issuperset(leaving) or len(leaving) != len(joining):
        return None
    free = calendar.free(list(joining), *_needed(lease, now, rules))
    return Swap(tuple(leaving), tuple(joining), lease.alike) if bool(free.all()) else None


def _needed(lease: Lease, now: int, rules: Rules) -> Span:
    return max(now, lease.start_at), lease.end_at + rules.margin_s


def _free(calendar: Calendar, group: GroupRows, span: Span, without: Collection[int]) -> list[int]:
    """The hosts of a group that are free, those that have no instances first."""
    rows = group.rows[calendar.free(group.rows, *span)]
    rows = rows[~np.isin(rows, np.fromiter(without, np.intp))]
    in_use = np.isin(rows, group.spared)
    found: list[int] = rows[np.lexsort((rows, in_use))].tolist()
    return found


def swapped(lease: Lease, held: Iterable[Held], swap: Swap, now: int, rules: Rules) -> Decision | None:
    """Carry a swap out; ``None`` where no host is swapped."""
    if not swap.leaving:
        return None
    begun = lease.start_at <= now
    held = tuple(held)

    def after(one: Held) -> Held | None:
        if one.given_back or one.host not in swap.leaving:
            return one
        rest = cut(one, now) if begun else None
        return dataclasses.replace(rest, given_back=True) if rest else None

    left = tuple(dataclasses.replace(booking, given_back=True) for booking in rebooked(held, after))
    start, until = _needed(lease, now, rules)
    joined = Booking(Block(tuple(sorted(swap.joining)), None, (start, until)), lease.end_at)
    kept = [one for one in map(after, held) if one]
    lease = dataclasses.replace(
        lease,
        alike=swap.alike,
        holds_until=max([until, *(one.blocked_until for one in kept)]),
        updated_at=now,
        version=lease.version + 1,
    )
    return Decision(event="substituted", at=now, lease=lease, seen_version=lease.version - 1, bookings=(*left, joined))


_UNUSABLE = "cannot be used"
_OCCUPIED = "instances of others"


def unusable(lease: Lease, hosts: int, then: str) -> str:
    """The reason for which a lease is degraded that lacks so many hosts; ``then`` says what comes of it."""
    return f"{_of(lease, hosts)} {_UNUSABLE}: {then}" if hosts else ""


def is_unusable(reason: str) -> bool:
    """Whether :func:`unusable` made this reason."""
    return _UNUSABLE in reason


def occupied(lease: Lease, hosts: int) -> str:
    """The reason for which a lease is degraded that is not alone on so many of its hosts."""
    return f"{_of(lease, hosts)} still {'has' if hosts == 1 else 'have'} {_OCCUPIED}." if hosts else ""


def is_occupied(reason: str) -> bool:
    """Whether :func:`occupied` made this reason."""
    return _OCCUPIED in reason


def _of(lease: Lease, hosts: int) -> str:
    return f"{hosts} of {lease.quantity} host{'' if lease.quantity == 1 else 's'}"


def degraded(lease: Lease, reason: str, now: int) -> Decision | None:
    """Say what of a lease's promise is not kept, or with ``""`` that all of it is again; ``None`` for no news."""
    if lease.degraded_reason == reason:
        return None
    after = dataclasses.replace(lease, degraded_reason=reason, updated_at=now, version=lease.version + 1)
    event = "degraded" if reason else "recovered"
    return Decision(event=event, at=now, lease=after, seen_version=lease.version)

# SPDX-License-Identifier: Apache-2.0
"""What to do next to an instance that stands on a host whose lease is about to begin, or has just ended.

Each decision follows from what Nova says of the instance now, and from what
was tried before by Nova's own record. So it may be made again after a crash,
by anybody, and the same thing is not done twice.
"""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass


class Eviction(enum.StrEnum):
    """What becomes of unreserved instances on a host whose lease begins."""

    MIGRATE = "migrate"
    PAUSE = "pause"
    DELETE = "delete"
    NONE = "none"


class Ending(enum.StrEnum):
    """What becomes of a lease's instances when it ends."""

    DELETE = "delete"
    SHELVE = "shelve"
    STOP = "stop"
    LEAVE = "leave"


class Act(enum.StrEnum):
    """The next thing to do to an instance."""

    LIVE_MIGRATE = "live-migrate"
    COLD_MIGRATE = "cold-migrate"
    PAUSE = "pause"
    DELETE = "delete"
    SHELVE = "shelve"
    OFFLOAD = "offload"  # off the host, when it is shelved there
    STOP = "stop"
    WAIT = "wait"  # something is under way, or its time has not come
    DONE = "done"  # as it is, it may stay
    STUCK = "stuck"  # nothing more can be tried


class Way(enum.StrEnum):
    """How an instance was to be moved."""

    LIVE = "live"
    COLD = "cold"


@dataclass(frozen=True, slots=True)
class Attempt:
    """A migration off the host, by Nova's record."""

    way: Way
    failed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class EvictionRule:
    """The operator's choice, in seconds before the lease's start.

    ``lead_s`` is when it begins: migrations at once. What loses an instance's
    service (a pause, a deletion, ``fallback`` where it could not be moved)
    waits until ``finish_s``, so that its owner has the time between. Each way
    of moving is tried ``tries`` times before the next.
    """

    eviction: Eviction = Eviction.MIGRATE
    fallback: Eviction = Eviction.NONE
    lead_s: int = 600
    finish_s: int = 60
    tries: int = 1

    def __post_init__(self) -> None:
        if self.fallback is Eviction.MIGRATE:
            raise ValueError("a fall-back is pause, delete or none")


# As Nova's API calls an instance's state.
_ACTIVE, _PAUSED, _OFF, _SHELVED, _ERROR = "ACTIVE", "PAUSED", "SHUTOFF", "SHELVED", "ERROR"
QUIET = frozenset({_PAUSED, _OFF, _SHELVED, "SUSPENDED"})
"""The states in which an instance uses no processor."""
_UNSHELVABLE = frozenset({_ERROR, "RESCUE", "VERIFY_RESIZE"})
_LIVE_MOVABLE = frozenset({_ACTIVE, _PAUSED})
_COLD_MOVABLE = frozenset({_ACTIVE, _OFF})


def evicting(status: str, busy: bool, attempts: Iterable[Attempt], rule: EvictionRule, start_at: int, now: int) -> Act:
    """What to do to an unreserved instance on a host whose lease begins at ``start_at`` (epoch seconds).

    ``status`` is Nova's; ``busy`` whether Nova is doing something to it.
    """
    if rule.eviction is Eviction.NONE:
        return Act.DONE
    if busy or now < start_at - rule.lead_s:
        return Act.WAIT
    late = now >= start_at - rule.finish_s
    if rule.eviction is not Eviction.MIGRATE:
        return _lost(status, rule.eviction) if late else Act.WAIT
    if late and rule.fallback is not Eviction.NONE:
        return _lost(status, rule.fallback)
    failed = Counter(attempt.way for attempt in attempts if attempt.failed)
    spent = {way for way, times in failed.items() if times >= rule.tries}
    return _moving(status, spent, may_wait=rule.fallback is not Eviction.NONE)


def way_of(status: str) -> Way | None:
    """How an instance is moved first; ``None`` where Nova moves none in this state."""
    if status in _LIVE_MOVABLE:
        return Way.LIVE
    return Way.COLD if status in _COLD_MOVABLE else None


def _moving(status: str, spent: Collection[Way], *, may_wait: bool) -> Act:
    if status in _LIVE_MOVABLE and Way.LIVE not in spent:
        return Act.LIVE_MIGRATE
    if status in _COLD_MOVABLE and Way.COLD not in spent:
        return Act.COLD_MIGRATE
    return Act.WAIT if may_wait else Act.STUCK


def _lost(status: str, how: Eviction) -> Act:
    if how is Eviction.DELETE:
        return Act.DELETE
    if status in QUIET:
        return Act.DONE
    return Act.PAUSE if status == _ACTIVE else Act.STUCK


def ending(status: str, busy: bool, how: Ending) -> Act:
    """What to do to an instance of a lease that is over, while it stands on one of the lease's hosts."""
    if how is Ending.LEAVE:
        return Act.DONE
    if busy:
        return Act.WAIT
    if how is Ending.DELETE:
        return Act.DELETE
    if how is Ending.STOP:
        return Act.STOP if status == _ACTIVE else Act.DONE
    if status == _SHELVED:
        return Act.OFFLOAD
    return Act.STUCK if status in _UNSHELVABLE else Act.SHELVE

# SPDX-License-Identifier: Apache-2.0
"""What a project may ask for and hold: the limits there are, and whether a request keeps to them.

Limits are integers. Those that may be :data:`UNLIMITED` say so. The site has a
value for each, and a project may have one of its own.
"""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Mapping
from dataclasses import dataclass

from climate.core.lease import Lease, Window
from climate.core.lifecycle import State
from climate.core.rate import Rate
from climate.errors import BadField, LimitReached, TooManyWithdrawn

UNLIMITED = -1
_DAY_S = 86_400
_MOST = 10**9
_LONGEST_S = 10 * 366 * _DAY_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """One limit: its values go from ``least`` to ``most``; ``endless`` ones may be :data:`UNLIMITED`."""

    name: str
    description: str
    default: int
    least: int
    most: int
    endless: bool = True


LIMITS = (
    Limit(
        name="horizon_s",
        description="How far ahead a lease may end, in seconds.",
        default=366 * _DAY_S,
        least=60,
        most=_LONGEST_S,
        endless=False,
    ),
    Limit(
        name="min_duration_s",
        description="How short a lease may be when it is asked for, in seconds. Shortening is always possible.",
        default=1,
        least=1,
        most=_LONGEST_S,
        endless=False,
    ),
    Limit(
        name="max_duration_s",
        description="How long a lease may be, in seconds.",
        default=92 * _DAY_S,
        least=1,
        most=_LONGEST_S,
    ),
    Limit(name="max_quantity", description="How many hosts a lease may have.", default=1024, least=1, most=_MOST),
    Limit(
        name="max_leases",
        description="How many leases of a project may be confirmed or active at a time.",
        default=1000,
        least=0,
        most=_MOST,
    ),
    Limit(
        name="max_proposals",
        description="How many proposals of a project may wait for their confirmation at a time.",
        default=100,
        least=0,
        most=_MOST,
    ),
    Limit(
        name="max_withdrawn",
        description="How many proposals of a project may be cancelled or expire within withdrawn_window_s, "
        "before it has to wait until it may ask for leases again.",
        default=200,
        least=1,
        most=100_000,
    ),
    Limit(
        name="withdrawn_window_s",
        description="For how long a proposal that was cancelled or has expired is counted, in seconds.",
        default=3600,
        least=1,
        most=366 * _DAY_S,
        endless=False,
    ),
    Limit(
        name="requests_per_s",
        description="How many requests a project may send to the API in a second, on average.",
        default=100,
        least=1,
        most=1_000_000,
    ),
    Limit(
        name="requests_burst",
        description="How many requests a project may send at once after it was quiet.",
        default=200,
        least=1,
        most=1_000_000,
        endless=False,
    ),
)
"""All limits, in the order in which people read them."""
BY_NAME: Mapping[str, Limit] = {limit.name: limit for limit in LIMITS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """A value for every limit."""

    horizon_s: int = BY_NAME["horizon_s"].default
    min_duration_s: int = BY_NAME["min_duration_s"].default
    max_duration_s: int = BY_NAME["max_duration_s"].default
    max_quantity: int = BY_NAME["max_quantity"].default
    max_leases: int = BY_NAME["max_leases"].default
    max_proposals: int = BY_NAME["max_proposals"].default
    max_withdrawn: int = BY_NAME["max_withdrawn"].default
    withdrawn_window_s: int = BY_NAME["withdrawn_window_s"].default
    requests_per_s: int = BY_NAME["requests_per_s"].default
    requests_burst: int = BY_NAME["requests_burst"].default

    def but(self, own: Mapping[str, int]) -> Limits:
        """These with a project's own values; names of limits that this release does not know count for nothing."""
        return dataclasses.replace(self, **{name: value for name, value in own.items() if name in BY_NAME})

    @property
    def rate(self) -> Rate | None:
        """How often a project may ask; ``None`` without a limit."""
        if self.requests_per_s == UNLIMITED:
            return None
        return Rate(self.requests_per_s, self.requests_burst)


@dataclass(frozen=True, slots=True)
class Ceiling:
    """At most ``most`` leases of a project may be in one of ``states``; ``limit`` says so."""

    limit: str
    states: tuple[State, ...]
    most: int

    def check(self, used: int) -> None:
        """Do nothing if one more fits beside the ``used`` ones.

        :raises LimitReached: it does not.
        """
        if used >= self.most:
            what = "proposals that wait for their confirmation" if self.limit == "max_proposals" else "open leases"
            raise LimitReached(
                f"Your project has {used} {what} and may have {self.most} ({self.limit}): "
                "give some back, or ask the operator for more.",
                limit=self.limit,
                allowed=self.most,
                used=used,
            )


COUNTED: Mapping[str, tuple[State, ...]] = {
    "max_leases": (State.CONFIRMED, State.ACTIVE),
    "max_proposals": (State.PROPOSED,),
}
"""Which states the limits of open leases count."""
_ENTERED = {State.CONFIRMED: "max_leases", State.PROPOSED: "max_proposals"}


def ceiling(limits: Limits, entered: State) -> Ceiling | None:
    """What limits the leases that enter a state; ``None`` if nothing does."""
    name = _ENTERED.get(entered)
    if name is None or getattr(limits, name) == UNLIMITED:
        return None
    return Ceiling(name, COUNTED[name], getattr(limits, name))


def check(name: str, value: int | None) -> None:
    """Do nothing if ``value`` can be that of the limit ``name``; ``None``, for no value of its own, always can.

    :raises BadField: it cannot, or there is no such limit; near names are given.
    """
    limit = BY_NAME.get(name)
    if limit is None:
        near = difflib.get_close_matches(name, BY_NAME, 3)
        hint = f"did you mean {' or '.join(near)}?" if near else f"there are: {', '.join(BY_NAME)}."
        raise BadField(f"There is no limit {name!r}; {hint}", field=name)
    if value is not None and not (limit.least <= value <= limit.most or (limit.endless and value == UNLIMITED)):
        endless = f", or {UNLIMITED} for no limit" if limit.endless else ""
        raise BadField(f"{name} must be a whole number from {limit.least} to {limit.most}{endless}.", field=name)


def check_all(limits: Limits) -> None:
    """Do nothing if every value can be, and all of them together.

    :raises BadField: naming a limit that is out of its range, or excludes another.
    """
    for limit in LIMITS:
        check(limit.name, getattr(limits, limit.name))
    check_together(limits, "min_duration_s")


def check_together(limits: Limits, field: str) -> None:
    """Do nothing if no value excludes another; ``field`` is what was changed last.

    :raises BadField: naming ``field``.
    """
    if limits.max_duration_s != UNLIMITED and limits.min_duration_s > limits.max_duration_s:
        raise BadField(
            f"min_duration_s ({limits.min_duration_s}) must not be above max_duration_s ({limits.max_duration_s}): "
            "no lease could be both.",
            field=field,
        )


def check_request(limits: Limits, window: Window, quantity: int, length_field: str) -> None:
    """Do nothing if a new lease may be that long and large; ``length_field`` is the field that says how long.

    :raises BadField: with the limit's name and what it allows.
    """
    if window.duration_s < limits.min_duration_s:
        raise _beyond(
            length_field,
            "min_duration_s",
            limits.min_duration_s,
            f"A lease must be at least {limits.min_duration_s} s long.",
        )
    _check_duration(limits, window.duration_s, length_field)
    _check_quantity(limits, quantity)


def check_growth(limits: Limits, lease: Lease, end_at: int, quantity: int, length_field: str) -> None:
    """Do nothing if a lease may become that long and large, or does not grow.

    What a lease has already it keeps, whatever the limits have become.

    :raises BadField: with the limit's name and what it allows.
    """
    if end_at > lease.end_at:
        _check_duration(limits, end_at - lease.start_at, length_field)
    if quantity > lease.quantity:
        _check_quantity(limits, quantity)


def check_withdrawn(limits: Limits, last_but: int | None, now: int) -> None:
    """Do nothing if a project may ask for another lease.

    ``last_but`` is when the ``max_withdrawn``-th proposal, counted from the
    newest, was cancelled or expired; ``None`` if there are not as many.

    :raises TooManyWithdrawn: with the seconds until it is forgotten.
    """
    if limits.max_withdrawn == UNLIMITED or last_but is None:
        return
    wait_s = last_but + limits.withdrawn_window_s - now
    if wait_s > 0:
        raise TooManyWithdrawn(
            f"{limits.max_withdrawn} or more proposals of your project were cancelled or expired within "
            f"{limits.withdrawn_window_s} s (max_withdrawn); ask again in {wait_s} s.",
            limit="max_withdrawn",
            allowed=limits.max_withdrawn,
            retry_after_s=wait_s,
        )


def _check_duration(limits: Limits, duration_s: int, field: str) -> None:
    most = limits.max_duration_s
    if most != UNLIMITED and duration_s > most:
        raise _beyond(field, "max_duration_s", most, f"A lease may be at most {most} s long.")


def _check_quantity(limits: Limits, quantity: int) -> None:
    most = limits.max_quantity
    if most != UNLIMITED and quantity > most:
        raise _beyond("quantity", "max_quantity", most, f"A lease may have at most {most} hosts.")


def _beyond(field: str, limit: str, allowed: int, message: str) -> BadField:
    return BadField(f"{message} That is the limit {limit} of your project.", field=field, limit=limit, allowed=allowed)

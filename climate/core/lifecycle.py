# SPDX-License-Identifier: Apache-2.0
"""The life of a lease: which event moves which state. The only place that says so.

The documentation's picture is drawn from :data:`TRANSITIONS`.
"""

from __future__ import annotations

import enum

from climate.errors import WrongState


class State(enum.StrEnum):
    """Where a lease stands."""

    PROPOSED = "proposed"  # hosts are held until expires_at
    CONFIRMED = "confirmed"  # hosts are promised, the start has not come
    ACTIVE = "active"  # between start and end
    ENDED = "ended"
    EXPIRED = "expired"  # proposed and never confirmed
    CANCELLED = "cancelled"
    ERROR = "error"  # a promise could not be kept; error_reason says which


class Event(enum.StrEnum):
    """What can happen to a lease."""

    CONFIRM = "confirm"
    START = "start"
    END = "end"
    EXPIRE = "expire"
    CANCEL = "cancel"
    FAIL = "fail"


TRANSITIONS: dict[tuple[State, Event], State] = {
    (State.PROPOSED, Event.CONFIRM): State.CONFIRMED,
    (State.PROPOSED, Event.EXPIRE): State.EXPIRED,
    (State.PROPOSED, Event.CANCEL): State.CANCELLED,
    (State.CONFIRMED, Event.START): State.ACTIVE,
    (State.CONFIRMED, Event.CANCEL): State.CANCELLED,
    (State.CONFIRMED, Event.FAIL): State.ERROR,
    (State.ACTIVE, Event.END): State.ENDED,
    (State.ACTIVE, Event.CANCEL): State.CANCELLED,
    (State.ACTIVE, Event.FAIL): State.ERROR,
}

LIVE = frozenset({State.PROPOSED, State.CONFIRMED, State.ACTIVE})
"""States in which a lease holds hosts."""


def after(state: State, event: Event) -> State:
    """The state that ``event`` leads to.

    :raises WrongState: when the table has no such transition.
    """
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise WrongState(f"A lease that is {state} cannot {event}.", state=str(state), event=str(event)) from None

# SPDX-License-Identifier: Apache-2.0
"""The life of a lease has the steps that the design names, and no others."""

from __future__ import annotations

import itertools

import pytest

from climate.core import lifecycle
from climate.core.lifecycle import LIVE, TRANSITIONS, Event, State
from climate.errors import WrongState

ALLOWED = {
    "proposed": {"confirm": "confirmed", "expire": "expired", "cancel": "cancelled"},
    "confirmed": {"start": "active", "cancel": "cancelled", "fail": "error"},
    "active": {"end": "ended", "cancel": "cancelled", "fail": "error"},
    "ended": {},
    "expired": {},
    "cancelled": {},
    "error": {},
}


@pytest.mark.parametrize(("state", "event"), list(itertools.product(State, Event)))
def test_each_event_leads_where_the_design_says_or_is_refused(state: State, event: Event) -> None:
    """Every pair of state and event, against the table written out above."""
    expected = ALLOWED[state].get(event)
    if expected is not None:
        assert lifecycle.after(state, event) is State(expected)
    else:
        with pytest.raises(WrongState) as refused:
            lifecycle.after(state, event)
        assert refused.value.details == {"state": str(state), "event": str(event)}
        assert str(state) in refused.value.message


def test_every_state_is_reached_from_a_proposal() -> None:
    """No state stands in the enum that no lease can ever have."""
    reached, fresh = set(), {State.PROPOSED}
    while fresh:
        reached |= fresh
        fresh = {then for (before, _), then in TRANSITIONS.items() if before in reached} - reached
    assert reached == set(State)


def test_a_lease_that_is_over_never_lives_again() -> None:
    """Live states are exactly those from which something can still happen."""
    assert {before for before, _ in TRANSITIONS} == LIVE

# SPDX-License-Identifier: Apache-2.0
"""What a PATCH means for a lease: what is refused, and what each kind of change does to the hosts' time.

Random changes in random lives are in :mod:`tests.unit.core.test_booking`.
"""

from __future__ import annotations

import dataclasses

import pytest

from climate.core import changes
from climate.core.booking import Booking, Decision, Held, Rules
from climate.core.changes import Target
from climate.core.journal import Block
from climate.core.lease import Lease, LeaseChange
from climate.core.lifecycle import LIVE, State
from climate.errors import BadField, WrongState
from tests.unit.core.seconds import lease

RULES = Rules(margin_s=10, proposal_ttl_s=40, ends_soon_s=20)
HORIZON_S = 1_000
HELD = [Held(4, 100, 200, 210), Held(7, 100, 200, 210)]
CONFIRMED = lease(state=State.CONFIRMED, expires_at=None)
ACTIVE = lease(state=State.ACTIVE, expires_at=None)

TARGETS = {
    "nothing": (CONFIRMED, LeaseChange(), 60, ("", 200, 2, 100)),
    "a name": (CONFIRMED, LeaseChange(name="n"), 60, ("n", 200, 2, 100)),
    "no name any more": (lease(), LeaseChange(name=""), 60, ("", 200, 2, 100)),
    "a later end": (CONFIRMED, LeaseChange(end_time=300), 60, ("", 300, 2, 100)),
    "an earlier end": (ACTIVE, LeaseChange(end_time=151), 150, ("", 151, 2, 150)),
    "a duration counts from the start of the lease": (ACTIVE, LeaseChange(duration_s=120), 150, ("", 220, 2, 150)),
    "more hosts join now": (ACTIVE, LeaseChange(quantity=5), 150, ("", 200, 5, 150)),
    "more hosts join at the start": (CONFIRMED, LeaseChange(quantity=5), 60, ("", 200, 5, 100)),
    "all at once": (ACTIVE, LeaseChange(name="n", duration_s=60, quantity=1), 150, ("n", 160, 1, 150)),
    "an end right at the horizon": (CONFIRMED, LeaseChange(end_time=1_060), 60, ("", 1_060, 2, 100)),
    "the end it has, though beyond the horizon": (
        lease(state=State.CONFIRMED, expires_at=None, end_at=5_000),
        LeaseChange(end_time=5_000),
        60,
        ("", 5_000, 2, 100),
    ),
    "an earlier end, though beyond the horizon": (
        lease(state=State.CONFIRMED, expires_at=None, end_at=5_000),
        LeaseChange(end_time=4_000),
        60,
        ("", 4_000, 2, 100),
    ),
    "a proposal just before it expires": (lease(), LeaseChange(quantity=1), 89, ("", 200, 1, 100)),
}

REFUSED = {
    "an end that has passed": (ACTIVE, LeaseChange(end_time=149), 150, "end_time"),
    "an end now": (ACTIVE, LeaseChange(end_time=150), 150, "end_time"),
    "an end before the start": (CONFIRMED, LeaseChange(end_time=99), 60, "end_time"),
    "an end at the start": (CONFIRMED, LeaseChange(end_time=100), 60, "end_time"),
    "a duration that is over": (ACTIVE, LeaseChange(duration_s=50), 150, "duration"),
    "no duration": (CONFIRMED, LeaseChange(duration_s=0), 60, "duration"),
    "an end beyond the horizon": (CONFIRMED, LeaseChange(end_time=1_061), 60, "end_time"),
    "a duration beyond the horizon": (CONFIRMED, LeaseChange(duration_s=961), 60, "duration"),
    "two ways to say the end": (CONFIRMED, LeaseChange(end_time=300, duration_s=200), 60, "end_time"),
    "no hosts": (CONFIRMED, LeaseChange(quantity=0), 60, "quantity"),
    "fewer than no hosts": (CONFIRMED, LeaseChange(quantity=-3), 60, "quantity"),
}


@pytest.mark.parametrize(("one", "change", "now", "expected"), TARGETS.values(), ids=TARGETS)
def test_a_change_asks_for_a_lease_as_it_shall_be(
    one: Lease, change: LeaseChange, now: int, expected: tuple[str, int, int, int]
) -> None:
    name, end_at, quantity, add_from = expected
    wanted = Target(name=name, end_at=end_at, quantity=quantity, add_from=add_from)
    assert changes.target(one, change, now, HORIZON_S) == wanted


@pytest.mark.parametrize(("one", "change", "now", "field"), REFUSED.values(), ids=REFUSED)
def test_a_change_that_cannot_be_is_refused_by_the_field_to_fix(
    one: Lease, change: LeaseChange, now: int, field: str
) -> None:
    with pytest.raises(BadField) as refused:
        changes.target(one, change, now, HORIZON_S)
    assert refused.value.details["field"] == field
    assert field in refused.value.message


@pytest.mark.parametrize(
    ("one", "now"),
    [
        *((lease(state=state), 60) for state in State if state not in LIVE),
        (ACTIVE, 200),  # over, though nobody has written it down yet
        (lease(), 90),  # expired, likewise
    ],
)
def test_what_is_over_is_not_changed(one: Lease, now: int) -> None:
    with pytest.raises(WrongState):
        changes.target(one, LeaseChange(name="n"), now, HORIZON_S)


def changed(one: Lease, change: LeaseChange, now: int, held: list[Held] = HELD, **chosen: list[int]) -> Decision | None:
    """The decision of a change at ``now``."""
    wanted = changes.target(one, change, now, HORIZON_S)
    return changes.change(one, held, wanted, now, RULES, **chosen)


@pytest.mark.parametrize("change", [LeaseChange(), LeaseChange(name="", end_time=200, quantity=2)])
def test_a_change_that_changes_nothing_is_no_event(change: LeaseChange) -> None:
    assert changed(CONFIRMED, change, 60) is None


def test_a_new_name_leaves_the_time_alone() -> None:
    decision = changed(ACTIVE, LeaseChange(name="n"), 150)
    assert decision is not None
    assert (decision.event, decision.bookings, decision.seen_version) == ("changed", (), 1)
    terms = dataclasses.replace(ACTIVE.terms, name="n")
    assert decision.lease == dataclasses.replace(ACTIVE, terms=terms, updated_at=150, version=2)


def test_an_extension_moves_the_end_of_all_hosts_and_announces_the_new_one() -> None:
    """Also when the old end has been announced."""
    decision = changed(dataclasses.replace(ACTIVE, ends_soon_at=None), LeaseChange(end_time=300), 195)
    assert decision is not None
    assert decision.bookings == (Booking(Block((4, 7), (100, 210), (100, 310)), 300),)
    after = decision.lease
    assert (after.end_at, after.ends_soon_at, after.holds_until) == (300, 280, 310)


def test_a_proposal_that_is_shortened_expires_by_its_new_end() -> None:
    """It holds no host beyond the lease itself."""
    decision = changed(lease(start_at=50, expires_at=90), LeaseChange(end_time=70), 60, [Held(4, 50, 200, 210)])
    assert decision is not None
    assert (decision.lease.expires_at, decision.lease.end_at) == (70, 70)


def test_hosts_given_back_before_the_start_are_free_at_once() -> None:
    """They leave the lease's list, so the row says that they were given back."""
    decision = changed(CONFIRMED, LeaseChange(quantity=1), 60, returned=[7])
    assert decision is not None
    assert decision.bookings == (Booking(Block((7,), (100, 210), None), 200, given_back=True),)
    assert (decision.lease.quantity, decision.lease.holds_until) == (1, 210)


def test_hosts_given_back_while_in_use_are_cleaned_first() -> None:
    decision = changed(ACTIVE, LeaseChange(quantity=1), 150, returned=[7])
    assert decision is not None
    assert decision.bookings == (Booking(Block((7,), (100, 210), (100, 160)), 150, given_back=True),)


def test_a_proposal_gives_hosts_back_without_cleaning() -> None:
    """Nobody was promised them, so nobody was on them."""
    held = [Held(4, 50, 200, 210), Held(7, 50, 200, 210)]
    decision = changed(lease(start_at=50, expires_at=90), LeaseChange(quantity=1), 60, held, returned=[7])
    assert decision is not None
    assert decision.bookings == (Booking(Block((7,), (50, 210), None), 200, given_back=True),)


def test_hosts_that_join_are_held_from_now_to_the_end() -> None:
    """With today's margin; those who were there keep their time."""
    decision = changed(ACTIVE, LeaseChange(quantity=4), 150, added=[9, 1])
    assert decision is not None
    assert decision.bookings == (Booking(Block((1, 9), None, (150, 210)), 200),)
    assert (decision.lease.quantity, decision.lease.holds_until) == (4, 210)


def test_one_change_may_do_everything() -> None:
    """Extend and give back: the host that goes is not extended."""
    decision = changed(ACTIVE, LeaseChange(name="n", end_time=300, quantity=1), 150, returned=[4])
    assert decision is not None
    assert set(decision.bookings) == {
        Booking(Block((4,), (100, 210), (100, 160)), 150, given_back=True),
        Booking(Block((7,), (100, 210), (100, 310)), 300),
    }
    assert (decision.lease.terms.name, decision.lease.end_at, decision.lease.quantity) == ("n", 300, 1)


def test_a_host_that_left_is_not_extended_with_the_lease() -> None:
    """It is only cleaned; the lease blocks nothing longer for it."""
    held = [Held(4, 100, 200, 210), Held(7, 100, 150, 160, given_back=True)]
    decision = changed(dataclasses.replace(ACTIVE, quantity=1), LeaseChange(end_time=300), 155, held)
    assert decision is not None
    assert decision.bookings == (Booking(Block((4,), (100, 210), (100, 310)), 300),)


def test_a_host_that_left_may_come_back() -> None:
    """It has two rows then: its first stay with the clean-up, and its second."""
    held = [Held(4, 100, 200, 210), Held(7, 100, 150, 160, given_back=True)]
    decision = changed(dataclasses.replace(ACTIVE, quantity=1), LeaseChange(quantity=2), 170, held, added=[7])
    assert decision is not None
    assert decision.bookings == (Booking(Block((7,), None, (170, 210)), 200),)


RETURNED = {
    "none": (HELD, 0, ()),
    "fewer than none": (HELD, -2, ()),
    "the last by number": (HELD, 1, (7,)),
    "two": (HELD, 2, (4, 7)),
    "those that left do not count": ([*HELD, Held(9, 100, 150, 160, given_back=True)], 1, (7,)),
}


@pytest.mark.parametrize(("held", "count", "hosts"), RETURNED.values(), ids=RETURNED)
def test_the_hosts_to_give_back_are_the_last(held: list[Held], count: int, hosts: tuple[int, ...]) -> None:
    assert changes.to_return(held, count) == hosts


@pytest.mark.parametrize(
    ("was", "now", "taken"),
    [
        (None, (10, 20), (10, 20)),
        ((10, 20), (10, 30), (20, 30)),
        ((10, 20), (10, 15), None),
        ((10, 20), (10, 20), None),
        ((10, 20), None, None),
    ],
)
def test_a_booking_takes_what_was_not_blocked_before(
    was: tuple[int, int] | None, now: tuple[int, int] | None, taken: tuple[int, int] | None
) -> None:
    """Who shortens or gives back takes nothing, and is refused by nobody's history."""
    assert Booking(Block((3,), was, now), 20).taken == taken

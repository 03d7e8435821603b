# SPDX-License-Identifier: Apache-2.0
"""What each event does to a lease and to its hosts' time: cases by hand, then random lives against plain seconds."""

from __future__ import annotations

import dataclasses
import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from climate.core import booking, changes
from climate.core.booking import Booking, Held, Rules
from climate.core.journal import Block
from climate.core.lease import LeaseChange, Terms, Wish
from climate.core.lifecycle import LIVE, TRANSITIONS, State
from climate.errors import BadField, WrongState
from tests.examples import many
from tests.unit.core.seconds import OWNER, History, Seconds, lease

RULES = Rules(margin_s=10, proposal_ttl_s=40, ends_soon_s=20)


def proposed(
    *, confirmed: bool = False, start: int = 100, end: int = 200, now: int = 50, rules: Rules = RULES
) -> History:
    """A lease of hosts 4 and 7."""
    return History.of(
        booking.propose(
            lease_id="l",
            owner=OWNER,
            wish=Wish(duration_s=end - start),
            terms=Terms(),
            alike={"rack": "a"},
            hosts=[7, 4],
            span=(start, end),
            now=now,
            rules=rules,
            confirmed=confirmed,
        )
    )


def advanced(history: History, now: int) -> list[str]:
    """Let the calendar do all that is due at ``now``; the events."""
    before = len(history.decisions)
    while history.carry_out(booking.advance(history.lease, history.held, now)):
        pass
    return history.events[before:]


def test_a_proposal_holds_its_hosts_and_a_margin_for_a_while() -> None:
    """Every field that the store and the followers rely on."""
    history = proposed()
    decision = history.decisions[0]
    assert decision.event == "proposed"
    assert decision.bookings == (Booking(Block((4, 7), None, (100, 210)), 200),)
    made = history.lease
    assert (made.state, made.quantity, made.version) == (State.PROPOSED, 2, 1)
    assert (made.created_at, made.updated_at, made.expires_at, made.confirmed_at) == (50, 50, 90, None)
    assert (made.ends_soon_at, made.holds_until, made.closed_at) == (180, 210, None)
    assert made.alike == {"rack": "a"}


def test_a_proposal_can_be_made_and_confirmed_at_once() -> None:
    """One event, and nothing that could expire."""
    history = proposed(confirmed=True)
    assert history.events == ["confirmed"]
    assert (history.lease.state, history.lease.expires_at, history.lease.confirmed_at) == (State.CONFIRMED, None, 50)


def test_a_proposal_expires_at_the_latest_when_its_lease_would_end() -> None:
    """A hold of 40 s on a lease of 5 s that begins now."""
    assert proposed(start=50, end=55).lease.expires_at == 55


def test_confirming_twice_is_confirming_once() -> None:
    history = proposed()
    assert history.carry_out(booking.confirm(history.lease, 60))
    assert (history.lease.state, history.lease.confirmed_at, history.lease.expires_at) == (State.CONFIRMED, 60, None)
    assert booking.confirm(history.lease, 70) is None
    assert advanced(history, 100) == ["started"]
    assert booking.confirm(history.lease, 100) is None


def test_a_proposal_can_be_confirmed_until_it_expires_and_not_then() -> None:
    """Also when the expiry has not been carried out yet."""
    assert booking.confirm(proposed().lease, 89) is not None
    with pytest.raises(WrongState) as refused:
        booking.confirm(proposed().lease, 90)
    assert refused.value.details["state"] == "expired"


@pytest.mark.parametrize("state", sorted({state for state in State if state not in LIVE}))
def test_what_is_over_cannot_be_confirmed_or_failed(state: State) -> None:
    for act in (
        lambda: booking.confirm(lease(state=state), 60),
        lambda: booking.fail(lease(state=state), [], 60, "fire"),
    ):
        with pytest.raises(WrongState):
            act()


@pytest.mark.parametrize("state", [State.ENDED, State.EXPIRED, State.ERROR])
def test_what_is_over_cannot_be_cancelled(state: State) -> None:
    with pytest.raises(WrongState):
        booking.cancel(lease(state=state), [], 60)


def test_cancelling_twice_is_cancelling_once() -> None:
    history = proposed()
    assert history.carry_out(booking.cancel(history.lease, history.held, 60))
    assert booking.cancel(history.lease, history.held, 61) is None


CANCELLED = {
    "a proposal": (False, 60, {}),
    "a proposal, late in its hold": (False, 89, {}),
    "confirmed, before the start": (True, 60, {}),
    "confirmed, at the very start": (True, 100, {}),
    "running": (True, 150, {4: (100, 150, 160), 7: (100, 150, 160)}),
    "running, just before the end": (True, 199, {4: (100, 199, 209), 7: (100, 199, 209)}),
    "over, but not carried out yet": (True, 205, {4: (100, 200, 210), 7: (100, 200, 210)}),
}


@pytest.mark.parametrize(("confirmed", "at", "stays"), CANCELLED.values(), ids=CANCELLED)
def test_a_cancelled_lease_frees_what_was_not_used_and_cleans_what_was(
    confirmed: bool, at: int, stays: dict[int, tuple[int, int, int]]
) -> None:
    """A host that was in use stays blocked for its margin; nothing is blocked longer than before."""
    history = proposed(confirmed=confirmed)
    history.carry_out(booking.cancel(history.lease, history.held, at))
    assert {one.host: (one.start_at, one.end_at, one.blocked_until) for one in history.held} == stays
    assert (history.lease.state, history.lease.closed_at) == (State.CANCELLED, at)
    assert history.lease.holds_until == max((until for _, _, until in stays.values()), default=None)
    assert history.lease.quantity == 2


def test_a_promise_that_cannot_be_kept_ends_with_its_reason() -> None:
    history = proposed(confirmed=True)
    advanced(history, 100)
    history.carry_out(booking.fail(history.lease, history.held, 120, "the rack burns"))
    assert history.events[-1] == "failed"
    assert (history.lease.state, history.lease.error_reason) == (State.ERROR, "the rack burns")
    assert history.lease.holds_until == 130


def test_a_lease_keeps_the_margin_it_was_made_with() -> None:
    """The operator sets another margin while it runs: no host is blocked for more, or less, than was promised."""
    history = proposed(confirmed=True)
    advanced(history, 100)
    later = Rules(margin_s=500, proposal_ttl_s=40, ends_soon_s=20)
    shorter = changes.target(history.lease, LeaseChange(end_time=180), 110, 1000)
    history.carry_out(changes.change(history.lease, history.held, shorter, 110, later))
    assert {one.blocked_until for one in history.held} == {190}
    fewer = changes.target(history.lease, LeaseChange(quantity=1), 120, 1000)
    history.carry_out(changes.change(history.lease, history.held, fewer, 120, later, returned=[7]))
    assert [(one.host, one.blocked_until) for one in history.held] == [(4, 190), (7, 130)]
    history.carry_out(booking.cancel(history.lease, history.held, 125))
    assert [(one.host, one.blocked_until) for one in history.held] == [(4, 135), (7, 130)]


LIVES = {
    "watched all the time": ([89, 100, 180, 200, 210], [[], ["started"], ["ends_soon"], ["ended"], ["released"]]),
    "an outage over the start": ([150], [["started"]]),
    "an outage until its last minute": ([190], [["started", "ends_soon"]]),
    "an outage over all of it: nobody hears that it ends soon when it has ended": ([205], [["started", "ended"]]),
    "an outage until after the clean-up": ([300], [["started", "ended"]]),
    "nothing left to do": ([300, 400], [["started", "ended"], []]),
}


@pytest.mark.parametrize(("instants", "expected"), LIVES.values(), ids=LIVES)
def test_a_confirmed_lease_is_carried_out_in_order(instants: list[int], expected: list[list[str]]) -> None:
    """Late rather than never; two events due at once come one after the other."""
    history = proposed(confirmed=True)
    assert [advanced(history, now) for now in instants] == expected


def test_a_lease_ends_when_it_was_to_end_however_late_that_is_noticed() -> None:
    """Bills go by ``closed_at``."""
    history = proposed(confirmed=True)
    advanced(history, 500)
    assert (history.lease.state, history.lease.closed_at, history.lease.holds_until) == (State.ENDED, 200, None)
    assert history.held == []


def test_a_margin_outlives_its_lease() -> None:
    """Hosts are released when their clean-up is over, in an event of its own."""
    history = proposed(confirmed=True)
    assert advanced(history, 200) == ["started", "ended"]
    assert {one.blocked_until for one in history.held} == {210}
    assert booking.due_at(history.lease) == 210
    assert advanced(history, 210) == ["released"]
    assert history.held == []
    assert booking.due_at(history.lease) is None


def test_a_lease_is_released_when_its_last_host_is_clean() -> None:
    """Not with one that was given back shortly before the end."""
    history = proposed(confirmed=True)
    advanced(history, 185)
    fewer = changes.target(history.lease, LeaseChange(quantity=1), 195, 1000)
    history.carry_out(changes.change(history.lease, history.held, fewer, 195, RULES, returned=[7]))
    advanced(history, 200)
    assert [(one.host, one.blocked_until) for one in history.held] == [(4, 210), (7, 205)]
    assert (history.lease.holds_until, advanced(history, 205), advanced(history, 210)) == (210, [], ["released"])


def test_an_expired_proposal_frees_its_hosts_at_once() -> None:
    history = proposed()
    assert advanced(history, 89) == []
    assert advanced(history, 90) == ["expired"]
    assert (history.lease.state, history.held, history.lease.holds_until) == (State.EXPIRED, [], None)


DUE = {
    "proposed": (lease(), 90),
    "confirmed": (lease(state=State.CONFIRMED, expires_at=None), 100),
    "active": (lease(state=State.ACTIVE), 190),
    "active and announced": (lease(state=State.ACTIVE, ends_soon_at=None), 200),
    "active, announced after its end": (lease(state=State.ACTIVE, ends_soon_at=500), 200),
    "ended, still cleaned": (lease(state=State.ENDED, ends_soon_at=None), 210),
    "ended and released": (lease(state=State.ENDED, holds_until=None), None),
    "cancelled, nothing was used": (lease(state=State.CANCELLED, holds_until=None), None),
}


@pytest.mark.parametrize(("one", "at"), DUE.values(), ids=DUE)
def test_the_next_thing_due(one: booking.Lease, at: int | None) -> None:
    assert booking.due_at(one) == at


def test_hosts_that_change_alike_share_a_booking() -> None:
    """Unchanged hosts have none; a journal entry of a thousand hosts stays short."""
    held = [Held(1, 0, 50, 60), Held(2, 0, 50, 60), Held(3, 5, 50, 60), Held(4, 0, 50, 60)]

    def after(one: Held) -> Held | None:
        return one if one.host == 4 else dataclasses.replace(one, end_at=70, blocked_until=80)

    assert booking.rebooked(held, after) == (
        Booking(Block((1, 2), (0, 60), (0, 80)), 70),
        Booking(Block((3,), (5, 60), (5, 80)), 70),
    )


POOL = range(6)
_RULES = st.builds(Rules, margin_s=st.integers(0, 6), proposal_ttl_s=st.integers(1, 25), ends_soon_s=st.integers(0, 12))
_EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["confirm", "confirm", "cancel", "fail", "change", "change", "change", "wait"]),
        st.integers(0, 9),  # seconds that pass before it
        st.none() | st.integers(-8, 12),  # how much later a change lets the lease end
        st.integers(-2, 2),  # how many hosts it adds or gives back
        _RULES,
        st.booleans(),  # does the calendar do what is due before it?
    ),
    max_size=12,
)


@settings(max_examples=many(400), deadline=None)
@given(st.integers(0, 8), st.integers(1, 20), st.integers(1, 4), st.booleans(), _RULES, _EVENTS)
def test_a_random_life_is_what_plain_seconds_say(
    wait: int, duration: int, quantity: int, confirmed: bool, rules: Rules, events: list[tuple]
) -> None:
    """Blocked and used time, quantity, due times and events, after every step of a life in any order."""
    now = 10
    start, end = now + wait, now + wait + duration
    seconds = Seconds()
    seconds.give(range(quantity), start, end, rules.margin_s)
    history = History.of(
        booking.propose(
            lease_id="l",
            owner=OWNER,
            wish=Wish(),
            terms=Terms(),
            alike={},
            hosts=range(quantity),
            span=(start, end),
            now=now,
            rules=rules,
            confirmed=confirmed,
        )
    )
    _check(history, seconds, now)
    for event, passed, later, more, rules_then, carried_out in events:
        now += passed
        if carried_out:
            _advance(history, seconds, now)
        try:
            if event == "confirm":
                history.carry_out(booking.confirm(history.lease, now))
            elif event == "cancel":
                _close(history, seconds, booking.cancel(history.lease, history.held, now))
            elif event == "fail":
                _close(history, seconds, booking.fail(history.lease, history.held, now, "x"))
            elif event == "change":
                _change(history, seconds, now, later, more, rules_then)
        except (WrongState, BadField):
            _check_refusal(history, event, now, later, more)
        _check(history, seconds, now)
    _advance(history, seconds, now + 1000)
    assert history.held == []
    assert booking.due_at(history.lease) is None


def _close(history: History, seconds: Seconds, decision: booking.Decision | None) -> None:
    promised = history.lease.state is not State.PROPOSED
    if history.carry_out(decision) is not None and decision is not None:
        seconds.take_back(seconds.own, decision.at, promised)


def _change(history: History, seconds: Seconds, now: int, later: int | None, more: int, rules: Rules) -> None:
    """A PATCH as the use case makes it; hosts that join are free ones of a small pool."""
    before = history.lease
    end = None if later is None else before.end_at + later
    wanted = changes.target(before, LeaseChange(end_time=end, quantity=before.quantity + more), now, 10_000)
    joins_at = max(now, before.start_at)
    own = {one.host for one in history.own}
    free = [host for host in POOL if host not in own and not any(s >= joins_at for s in seconds.blocked.get(host, ()))]
    if more > len(free):
        return
    back = changes.to_return(history.held, -more)
    assert list(back) == sorted(own)[len(own) - max(0, -more) :]
    added = free[: max(0, more)]
    decision = changes.change(before, history.held, wanted, now, rules, added=added, returned=back)
    if history.carry_out(decision) is None:
        assert (wanted.end_at, more) == (before.end_at, 0)
        return
    seconds.take_back(back, now, promised=before.state is not State.PROPOSED)
    seconds.end_at(wanted.end_at)
    seconds.give(added, joins_at, wanted.end_at, rules.margin_s)


def _check_refusal(history: History, event: str, now: int, later: int | None, more: int) -> None:
    """Only what the design refuses is refused."""
    one = history.lease
    over = one.state not in LIVE
    expired = one.state is State.PROPOSED and one.expires_at is not None and one.expires_at <= now
    if event == "confirm":
        assert over or expired
    elif event == "cancel":
        assert over
    elif event == "fail":
        assert over or one.state is State.PROPOSED
    else:
        ends_at_once = later is not None and one.end_at + later <= max(now, one.start_at)
        assert over or expired or one.end_at <= now or ends_at_once or one.quantity + more < 1


def _advance(history: History, seconds: Seconds, now: int) -> None:
    """Do all that is due; each thing is due no earlier than the one before it."""
    due = booking.due_at(history.lease)
    while (decision := history.carry_out(booking.advance(history.lease, history.held, now))) is not None:
        assert due is not None
        assert due <= now
        if decision.event == "expired":
            seconds.take_back(seconds.own, now, promised=False)
        then = booking.due_at(history.lease)
        assert then is None or then >= due
        due = then
        _check(history, seconds, now)
    assert due is None or due > now
    one = history.lease
    assert one.state is not State.CONFIRMED or one.start_at > now
    assert one.state is not State.ACTIVE or one.start_at <= now < one.end_at
    assert one.state is not State.PROPOSED or (one.expires_at is not None and one.expires_at > now)


def _check(history: History, seconds: Seconds, now: int) -> None:
    """What holds after every step."""
    one = history.lease
    assert history.blocked_from(now) == seconds.blocked_from(now)
    assert history.used_from(now) == seconds.used_from(now)
    assert one.holds_until == max((row.blocked_until for row in history.held), default=None)
    assert not one.live or one.quantity == len(history.own)
    assert not one.live or {row.end_at for row in history.own} == {one.end_at}
    assert (booking.due_at(one) is None) == (not one.live and not history.held)
    assert one.live or (one.expires_at, one.ends_soon_at) == (None, None)
    last = history.decisions[-1]
    for change in last.bookings:
        if change.block.now is not None:
            grown_from = change.block.was[0] if change.block.was else last.at
            assert change.block.now[0] >= grown_from, "time that has passed was blocked"
    versions = [decision.lease.version for decision in history.decisions]
    assert versions == list(range(1, len(versions) + 1))
    states = [decision.lease.state for decision in history.decisions]
    steps = {(before, then) for before, then in itertools.pairwise(states) if before is not then}
    assert steps <= {(before, then) for (before, _), then in TRANSITIONS.items()}
    assert all(history.events.count(event) <= 1 for event in history.events if event not in ("changed", "ends_soon"))
    assert history.events[0] in ("proposed", "confirmed")

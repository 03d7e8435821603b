# SPDX-License-Identifier: Apache-2.0
"""What limits allow, to the second and to the host, and how they say no."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from climate.core import limits
from climate.core.lease import Lease, Owner, Terms, Window, Wish
from climate.core.lifecycle import State
from climate.core.limits import LIMITS, UNLIMITED, Ceiling, Limits
from climate.core.rate import Rate
from climate.errors import BadField, LimitReached, TooManyWithdrawn

TIGHT = Limits(min_duration_s=60, max_duration_s=3600, max_quantity=4)
OPEN = Limits(**{limit.name: UNLIMITED for limit in LIMITS if limit.endless})
LEASE = Lease(
    lease_id="l",
    owner=Owner(project_id="p", user_id="u"),
    state=State.CONFIRMED,
    start_at=1_000,
    end_at=2_000,
    quantity=2,
    wish=Wish(duration_s=1_000),
    terms=Terms(),
)

REQUESTS: dict[str, tuple[Limits, int, int, tuple[str, str, int] | None]] = {
    "as short as may be": (TIGHT, 60, 1, None),
    "a second shorter": (TIGHT, 59, 1, ("duration", "min_duration_s", 60)),
    "as long as may be": (TIGHT, 3600, 1, None),
    "a second longer": (TIGHT, 3601, 1, ("duration", "max_duration_s", 3600)),
    "as many as may be": (TIGHT, 60, 4, None),
    "one more": (TIGHT, 60, 5, ("quantity", "max_quantity", 4)),
    "the largest numbers, without limits": (OPEN, 10**11, 10**18, None),
    "the largest numbers, with limits": (TIGHT, 10**11, 10**18, ("duration", "max_duration_s", 3600)),
}
GROWTHS: dict[str, tuple[Limits, int, int, tuple[str, str, int] | None]] = {
    "to the longest that may be": (TIGHT, 4_600, 2, None),
    "a second beyond": (TIGHT, 4_601, 2, ("end_time", "max_duration_s", 3600)),
    "to as many as may be": (TIGHT, 2_000, 4, None),
    "one more": (TIGHT, 2_000, 5, ("quantity", "max_quantity", 4)),
    "not at all, though beyond what new ones may be": (Limits(max_duration_s=10, max_quantity=1), 2_000, 2, None),
    "shorter and fewer, though beyond": (Limits(max_duration_s=10, max_quantity=1), 1_900, 1, None),
    "below what new ones must be": (Limits(min_duration_s=5_000), 1_010, 2, None),
    "without limits": (OPEN, 10**11, 10**18, None),
}


def refusal(error: BadField) -> tuple[str, str, int]:
    return error.details["field"], error.details["limit"], error.details["allowed"]


@pytest.mark.parametrize(("allowed", "duration_s", "quantity", "expected"), REQUESTS.values(), ids=REQUESTS)
def test_a_request_keeps_to_the_limits(
    allowed: Limits, duration_s: int, quantity: int, expected: tuple[str, str, int] | None
) -> None:
    """Or is told the field, the limit and what it allows."""
    window = Window(0, 10**12, duration_s)
    if expected is None:
        limits.check_request(allowed, window, quantity, "duration")
        return
    with pytest.raises(BadField) as caught:
        limits.check_request(allowed, window, quantity, "duration")
    assert refusal(caught.value) == expected
    assert expected[1] in caught.value.message
    assert str(expected[2]) in caught.value.message


@pytest.mark.parametrize(("allowed", "end_at", "quantity", "expected"), GROWTHS.values(), ids=GROWTHS)
def test_a_lease_grows_within_the_limits(
    allowed: Limits, end_at: int, quantity: int, expected: tuple[str, str, int] | None
) -> None:
    """What it has already it keeps."""
    if expected is None:
        limits.check_growth(allowed, LEASE, end_at, quantity, "end_time")
        return
    with pytest.raises(BadField) as caught:
        limits.check_growth(allowed, LEASE, end_at, quantity, "end_time")
    assert refusal(caught.value) == expected


@pytest.mark.parametrize(
    ("entered", "name", "states"),
    [
        (State.PROPOSED, "max_proposals", (State.PROPOSED,)),
        (State.CONFIRMED, "max_leases", (State.CONFIRMED, State.ACTIVE)),
    ],
)
def test_entering_a_state_has_a_ceiling(entered: State, name: str, states: tuple[State, ...]) -> None:
    """Proposals and promises are counted apart."""
    own = Limits().but({name: 3})
    assert limits.ceiling(own, entered) == Ceiling(name, states, 3)
    assert limits.ceiling(own.but({name: UNLIMITED}), entered) is None


@pytest.mark.parametrize("state", sorted(set(State) - {State.PROPOSED, State.CONFIRMED}))
def test_no_other_state_has_a_ceiling(state: State) -> None:
    """What was promised begins, whatever the limits are."""
    assert limits.ceiling(Limits().but({"max_leases": 0, "max_proposals": 0}), state) is None


@pytest.mark.parametrize(("used", "most", "fits"), [(0, 1, True), (1, 1, False), (5, 3, False), (0, 0, False)])
def test_a_ceiling_holds(used: int, most: int, fits: bool) -> None:
    """One more fits, or the error says how many there are and may be."""
    ceiling = Ceiling("max_proposals", (State.PROPOSED,), most)
    if fits:
        ceiling.check(used)
        return
    with pytest.raises(LimitReached) as caught:
        ceiling.check(used)
    assert caught.value.details == {"limit": "max_proposals", "allowed": most, "used": used}


def test_withdrawn_proposals_make_one_wait() -> None:
    """Until the one that is one too many is as old as the window, to the second."""
    own = Limits(max_withdrawn=3, withdrawn_window_s=100)
    limits.check_withdrawn(own, None, 1_000)
    limits.check_withdrawn(own, 900, 1_000)
    for then, wait_s in ((901, 1), (950, 50), (1_000, 100)):
        with pytest.raises(TooManyWithdrawn) as caught:
            limits.check_withdrawn(own, then, 1_000)
        assert caught.value.details == {"limit": "max_withdrawn", "allowed": 3, "retry_after_s": wait_s}
        limits.check_withdrawn(own, then, 1_000 + wait_s)
    limits.check_withdrawn(own.but({"max_withdrawn": UNLIMITED}), 1_000, 1_000)


def test_there_is_a_default_for_every_limit() -> None:
    """One that may be, and in the order of the table."""
    assert [field.name for field in dataclasses.fields(Limits)] == [limit.name for limit in LIMITS]
    assert dataclasses.asdict(Limits()) == {limit.name: limit.default for limit in LIMITS}


@pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: limit.name)
def test_values_out_of_range_are_refused(limit: limits.Limit) -> None:
    """Below, above, and far beyond; naming the limit and the range."""
    wrong = [limit.least - 1, limit.most + 1, -2, 2**63, -(2**63), 10**400]
    wrong += [] if limit.endless else [UNLIMITED]
    for value in (value for value in wrong if value != UNLIMITED or not limit.endless):
        with pytest.raises(BadField, match=f"{limit.least} to {limit.most}") as caught:
            limits.check(limit.name, value)
        assert caught.value.details["field"] == limit.name
    for value in (limit.least, limit.most, None, *([UNLIMITED] if limit.endless else [])):
        limits.check(limit.name, value)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("max_lease", "did you mean max_leases"),
        ("horizon", "did you mean horizon_s"),
        ("colour", "there are: horizon_s, min_duration_s"),
        ("", "there are: "),
    ],
)
def test_an_unknown_limit_gets_near_names(name: str, hint: str) -> None:
    """Or all of them, where none is near."""
    with pytest.raises(BadField, match=hint) as caught:
        limits.check(name, 1)
    assert caught.value.details["field"] == name


def test_limits_that_exclude_each_other_are_refused() -> None:
    """No lease can be long and short enough at once."""
    with pytest.raises(BadField, match="max_duration_s"):
        limits.check_all(Limits(min_duration_s=100, max_duration_s=99))
    limits.check_all(Limits(min_duration_s=100, max_duration_s=100))
    limits.check_all(Limits(min_duration_s=100, max_duration_s=UNLIMITED))


def test_all_values_are_checked_together() -> None:
    """Each limit that is out of its range is found."""
    limits.check_all(Limits())
    for limit in LIMITS:
        with pytest.raises(BadField) as caught:
            limits.check_all(Limits().but({limit.name: limit.most + 1}))
        assert caught.value.details["field"] == limit.name


def test_the_rate_is_one_or_none() -> None:
    assert Limits(requests_per_s=5, requests_burst=7).rate == Rate(5, 7)
    assert Limits(requests_per_s=UNLIMITED).rate is None


@given(st.dictionaries(st.sampled_from([limit.name for limit in LIMITS]), st.integers(60, 80), max_size=4))
def test_a_project_has_its_own_values_and_the_sites_others(own: dict[str, Any]) -> None:
    """Each limit by itself, however many are its own; one of another release counts for nothing."""
    site = Limits(min_duration_s=60)
    assert dataclasses.asdict(site.but({**own, "max_colours": 3})) == {**dataclasses.asdict(site), **own}

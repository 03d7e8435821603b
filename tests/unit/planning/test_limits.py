# SPDX-License-Identifier: Apache-2.0
"""Planning holds projects to their limits, also at the worst moment, and tells nothing of the calendar on the way."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from climate.core.lease import Owner, RepeatKey
from climate.core.limits import LIMITS, UNLIMITED
from climate.errors import BadField, ClimateError, LimitReached, TooManyWithdrawn
from tests.unit.planning.workshop import OWNER, Workshop, host_ids

THREADS = 12
OTHER = Owner(project_id="q", user_id="u")


def test_who_has_no_room_is_told_before_the_calendar_is_searched(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing that is asked for, free or not, makes a difference."""
    shop.own_limits.set("p", {"max_proposals": 1, "max_withdrawn": 1})
    held = shop.make([0])

    def searched(*_: Any) -> None:
        raise AssertionError("the calendar was searched")

    monkeypatch.setattr(shop.calendar, "following", searched)
    for wanted in ({"quantity": 1}, {"quantity": 99}, {"duration_s": 5}):
        with pytest.raises(LimitReached):
            shop.make([0], **wanted)
    shop.proposals.cancel(held.lease_id, "p")
    for confirm in (True, False):
        with pytest.raises(TooManyWithdrawn):
            shop.make([1], confirm=confirm)


def test_a_proposal_that_comes_between_counts(shop: Workshop) -> None:
    """There was room when the search began; there is none when it ends."""
    shop.own_limits.set("p", {"max_proposals": 1})
    other = shop.another()
    shop.store.meddle = lambda: other.make([1]) and None
    with pytest.raises(LimitReached):
        shop.make([0])
    assert sum(lease.live for lease in shop.store.of_project("p")) == 1


def test_a_repeat_is_answered_although_the_first_took_the_last_room(shop: Workshop) -> None:
    """The same request through two workers at once is one request."""
    shop.own_limits.set("p", {"max_proposals": 1})
    other = shop.another()
    request = shop.request([0], repeat=_key("k"))
    made = []
    shop.store.meddle = lambda: made.append(other.proposals.make(request))
    assert shop.proposals.make(request).lease_id == made[0].lease_id
    with pytest.raises(LimitReached):
        shop.make([1], repeat=_key("l"))


def _key(key: str) -> RepeatKey:
    return RepeatKey(key=key, fingerprint="f")


@pytest.mark.parametrize(("limit", "confirm"), [("max_proposals", False), ("max_leases", True)])
def test_threads_that_ask_at_once_get_as_many_as_may_be(shop: Workshop, limit: str, confirm: bool) -> None:
    """On several workers; every host is free, so only the limit decides."""
    shop.own_limits.set("p", {limit: 5})
    shop.store.register_hosts(host_ids(*range(THREADS)))
    workers = [shop.another() for _ in range(3)]
    line = threading.Barrier(THREADS)

    def ask(number: int) -> str:
        line.wait(30)
        try:
            workers[number % 3].make([number], confirm=confirm)
        except LimitReached as error:
            return error.error_code
        return "made"

    with ThreadPoolExecutor(THREADS) as threads:
        results = list(threads.map(ask, range(THREADS)))
    assert results.count("made") == 5
    assert results.count("climate.limit.reached") == THREADS - 5


def test_confirming_counts_for_the_owner_whoever_confirms(shop: Workshop) -> None:
    """An administrator confirms in any project."""
    shop.own_limits.set("p", {"max_leases": 0})
    held = shop.make([0])
    theirs = shop.make([1], owner=OTHER)
    with pytest.raises(LimitReached):
        shop.proposals.confirm(held.lease_id, None)
    shop.proposals.confirm(theirs.lease_id, None)


def test_a_lease_begins_and_ends_whatever_the_limits_have_become(shop: Workshop) -> None:
    """What was promised is kept."""
    lease = shop.make([0], start_time=1_050, end_time=2_000, confirm=True)
    shop.own_limits.set("p", {"max_leases": 0, "max_proposals": 0, "max_duration_s": 1, "horizon_s": 60})
    for now, state in ((1_060, "active"), (1_200, "ended")):
        shop.now = now
        shop.transitions.run_due()
        assert str(shop.store.get_lease(lease.lease_id).state) == state


@pytest.mark.parametrize("refused", [{"duration_s": 2_000}, {"quantity": 5}, {"duration_s": 1}])
def test_a_refusal_changes_nothing(shop: Workshop, refused: dict[str, int]) -> None:
    """Neither a journal entry nor a notification."""
    shop.own_limits.set("p", {"max_duration_s": 1_000, "max_quantity": 2, "min_duration_s": 10})
    before = shop.state()
    with pytest.raises(BadField) as caught:
        shop.make(range(6), **refused)
    assert caught.value.details["field"] == {"duration_s": "duration"}.get(next(iter(refused)), "quantity")
    assert shop.state() == before


def test_requests_are_granted_by_the_tenth_of_a_second(shop: Workshop) -> None:
    """However many a worker would like; at least one."""
    shop.own_limits.set("p", {"requests_per_s": 100, "requests_burst": 25})
    granted = [shop.limits.take_requests("p", wanted) for wanted in (50, 3, 0, -5, 10**18, 50)]
    assert [one.granted for one in granted] == [10, 3, 1, 1, 10, 0]
    assert (granted[-1].retry_after_s, granted[-1].per_s, granted[-1].burst) == (0.1, 100, 25)
    shop.own_limits.set("q", {"requests_per_s": 1, "requests_burst": 2})
    assert [shop.limits.take_requests("q", 9).granted for _ in range(3)] == [1, 1, 0]
    shop.own_limits.set("r", {"requests_per_s": UNLIMITED})
    assert shop.limits.take_requests("r", 9).per_s == UNLIMITED


def test_what_is_set_is_shown(shop: Workshop) -> None:
    """Every limit, with the site's value beside it."""
    shop.make([0])
    shown = shop.limits.set("p", {"max_proposals": 7, "horizon_s": 500})
    assert list(shown.limits) == [limit.name for limit in LIMITS]
    assert (shown.limits["max_proposals"].value, shown.limits["max_proposals"].used) == (7, 1)
    assert (shown.limits["horizon_s"].value, shown.limits["horizon_s"].default) == (500, 10_000)
    assert shop.limits.shown("p") == shown
    assert [one.project_id for one in shop.limits.listed(5, None)] == ["p"]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"max_leases": 1, "max_lease": 1}, "max_lease"),
        ({"max_leases": 1, "max_quantity": 0}, "max_quantity"),
        ({"max_leases": 1, "nothing": None}, "nothing"),
        ({"min_duration_s": 200, "max_duration_s": 100}, "min_duration_s"),
    ],
)
def test_limits_are_set_all_or_none(shop: Workshop, values: dict[str, int | None], field: str) -> None:
    """The mistake is named, and nothing was written."""
    with pytest.raises(BadField) as caught:
        shop.limits.set("p", values)
    assert caught.value.details["field"] == field
    assert shop.own_limits.own("p") == {}


def test_limits_that_exclude_each_other_are_found_across_calls(shop: Workshop) -> None:
    """Against those that the project has already, and those of the site."""
    shop.limits.set("p", {"min_duration_s": 200})
    for values in ({"max_duration_s": 100}, {"max_duration_s": 199}):
        with pytest.raises(ClimateError) as caught:
            shop.limits.set("p", dict(values))
        assert caught.value.details["field"] == "max_duration_s"
    shop.limits.set("p", {"min_duration_s": None, "max_duration_s": 100})
    assert shop.limits.of(OWNER.project_id).max_duration_s == 100

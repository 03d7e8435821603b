# SPDX-License-Identifier: Apache-2.0
"""How a request becomes a lease, or is refused with nothing left behind."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from climate.core.booking import Rules
from climate.core.lease import Owner, RepeatKey, Terms
from climate.core.lifecycle import State
from climate.errors import (
    BadField,
    HostsTaken,
    LeaseChanged,
    LeaseNotFound,
    NothingFits,
    RepeatMismatch,
    ServiceUnavailable,
    WrongState,
)
from climate.planning.proposals import ATTEMPTS
from tests.unit.planning.workshop import Workshop, candidates


def test_an_immediate_lease_begins_now(shop: Workshop) -> None:
    """Neither start nor end: the hosts are held from this second on."""
    made = shop.make(range(4), quantity=3)
    assert (made.state, made.start_at, made.end_at, made.quantity) == (State.PROPOSED, 1_000, 1_100, 3)
    assert (made.expires_at, shop.numbers(made)) == (1_040, [0, 1, 2])
    assert shop.store.get_lease(made.lease_id) == made
    assert shop.told() == [("proposed", made.lease_id)]


def test_an_immediate_lease_is_made_now_or_not_at_all(shop: Workshop) -> None:
    """A second later would do, but was not asked for."""
    shop.make(range(4), quantity=4, confirm=True)
    before = shop.state()
    with pytest.raises(NothingFits):
        shop.make(range(4))
    assert shop.state() == before
    shop.now += 109
    with pytest.raises(NothingFits):
        shop.make(range(4))
    shop.now += 1  # the margin of 10 s is over too
    assert shop.make(range(4)).start_at == 1_110


WINDOWS: dict[str, tuple[dict[str, Any], int | None]] = {
    "behind the lease that is there": ({"start_time": 0}, 1_110),
    "not sooner than asked": ({"start_time": 1_500}, 1_500),
    "in a window that is free": ({"start_time": 1_110, "end_time": 1_210}, 1_110),
    "in the last place of a window": ({"end_time": 1_210}, 1_110),
    "in no window that is too near": ({"end_time": 1_209}, None),
    "in no window that is taken": ({"start_time": 1_050, "end_time": 1_209}, None),
    "the whole window": ({"start_time": 1_110, "end_time": 1_300, "duration_s": None}, 1_110),
}


@pytest.mark.parametrize(("wish", "start"), WINDOWS.values(), ids=WINDOWS)
def test_a_lease_is_placed_in_its_window_as_soon_as_hosts_are_free(
    shop: Workshop, wish: dict[str, Any], start: int | None
) -> None:
    """All hosts are held until 1,100 and cleaned until 1,110."""
    shop.make(range(4), quantity=4, confirm=True)
    if start is None:
        with pytest.raises(NothingFits):
            shop.make(range(4), **wish)
    else:
        assert shop.make(range(4), **wish).start_at == start


def test_a_host_in_use_is_the_last_resort_of_a_lease_that_begins_now(shop: Workshop) -> None:
    """As the operator leaves it by default; one that begins in ten minutes takes any host."""
    hosts = candidates(range(4), in_use={0, 2})
    assert shop.numbers(shop.make(hosts=hosts, quantity=2)) == [1, 3]
    assert shop.numbers(shop.make(hosts=hosts, quantity=4, start_time=1_600, end_time=1_700)) == [0, 1, 2, 3]
    assert shop.numbers(shop.make(hosts=hosts, end_time=1_300)) == [1]  # the window has room behind the first lease
    assert shop.numbers(shop.make(hosts=hosts, quantity=2)) == [0, 2]


def test_groups_that_need_no_host_in_use_come_first(shop: Workshop) -> None:
    """Whatever their order."""
    hosts = candidates([0, 1], [2, 3], alike=[{"cpu": "a"}, {"cpu": "b"}], in_use={1})
    assert shop.make(hosts=hosts, quantity=2).alike == {"cpu": "b"}
    assert shop.make(hosts=hosts, quantity=2).alike == {"cpu": "a"}


def test_all_hosts_come_from_one_group(shop: Workshop) -> None:
    """The group that is free first, and its common values are kept with the lease."""
    shop.make([0], confirm=True)
    hosts = candidates([0, 1, 2], [3, 4], [5, 6, 7], alike=[{"cpu": "a"}, {"cpu": "b"}, {"cpu": "c"}])
    made = shop.make(hosts=hosts, quantity=3)
    assert (made.alike, shop.numbers(made)) == ({"cpu": "c"}, [5, 6, 7])
    with pytest.raises(NothingFits):
        shop.make(hosts=hosts, quantity=3)
    later = shop.make(hosts=hosts, quantity=3, start_time=0)
    assert (later.alike, later.start_at) == ({"cpu": "a"}, 1_110)


@pytest.mark.parametrize("groups", [[], [[]], [[0, 1]], [[0, 1], [2]]])
def test_too_few_hosts_are_none(shop: Workshop, groups: list[list[int]]) -> None:
    """No group has three; the answer does not say how many there are."""
    with pytest.raises(NothingFits) as refused:
        shop.make(hosts=candidates(*groups), quantity=3, start_time=0)
    assert refused.value.details == {}
    assert shop.told() == []


def test_the_error_is_the_same_whether_hosts_are_taken_or_do_not_exist(shop: Workshop) -> None:
    """Nobody learns how much of the site is in use."""
    shop.make(range(4), quantity=4)
    messages = set()
    for request in (shop.request(range(4)), shop.request([], hosts=candidates())):
        with pytest.raises(NothingFits) as refused:
            shop.proposals.make(request)
        messages.add((refused.value.message, str(refused.value.details)))
    assert len(messages) == 1


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"quantity": 0}, "quantity"),
        ({"quantity": -1}, "quantity"),
        ({"end_time": 900}, "end_time"),
        ({"duration_s": 0}, "duration"),
        ({"duration_s": None}, "duration"),
        ({"terms": Terms(scheduler="cheapest")}, "scheduler"),
    ],
)
def test_a_request_that_cannot_be_books_nothing(shop: Workshop, given: dict[str, Any], field: str) -> None:
    before = shop.state()
    with pytest.raises(BadField) as refused:
        shop.make(range(4), **given)
    assert refused.value.details["field"] == field
    assert shop.state() == before


def test_confirming_in_the_same_call_is_one_event(shop: Workshop) -> None:
    made = shop.make(range(4), confirm=True)
    assert (made.state, made.confirmed_at, made.expires_at) == (State.CONFIRMED, 1_000, None)
    assert shop.told() == [("confirmed", made.lease_id)]


def test_a_proposal_is_confirmed_once(shop: Workshop) -> None:
    """A second call changes and announces nothing."""
    made = shop.make(range(4))
    first = shop.proposals.confirm(made.lease_id, "p")
    assert shop.proposals.confirm(made.lease_id, "p") == first
    assert first.state is State.CONFIRMED
    assert [event for event, _ in shop.told()] == ["proposed", "confirmed"]


def test_a_proposal_that_expired_is_not_confirmed(shop: Workshop) -> None:
    """Also where nobody has noted the expiry yet."""
    made = shop.make(range(4))
    shop.now += 40
    with pytest.raises(WrongState):
        shop.proposals.confirm(made.lease_id, "p")
    assert shop.told() == [("proposed", made.lease_id)]


def test_a_cancelled_lease_gives_its_hosts_to_the_next(shop: Workshop) -> None:
    made = shop.make(range(4), quantity=4, start_time=2_000)
    assert shop.proposals.cancel(made.lease_id, "p").state is State.CANCELLED
    assert shop.proposals.cancel(made.lease_id, "p").state is State.CANCELLED
    assert shop.make(range(4), quantity=4, start_time=2_000).start_at == 2_000
    assert [event for event, _ in shop.told()] == ["proposed", "cancelled", "proposed"]
    with pytest.raises(WrongState):
        shop.proposals.confirm(made.lease_id, "p")


def test_a_lease_of_another_project_is_not_found(shop: Workshop) -> None:
    made = shop.make(range(4))
    for act in (shop.proposals.confirm, shop.proposals.cancel):
        with pytest.raises(LeaseNotFound):
            act(made.lease_id, "q")
        with pytest.raises(LeaseNotFound):
            act("nobody's", None)
    assert shop.proposals.confirm(made.lease_id, None).state is State.CONFIRMED


def test_a_repeated_request_gives_the_first_ones_lease(shop: Workshop) -> None:
    """As it is now, and even where nothing would fit any more, or time has passed."""
    repeat = RepeatKey(key="once", fingerprint="f")
    made = shop.make(range(4), quantity=4, repeat=repeat)
    shop.proposals.confirm(made.lease_id, "p")
    shop.now += 50
    again = shop.make(range(4), quantity=4, repeat=repeat, answer_by=shop.now - 1)
    assert (again.lease_id, again.state) == (made.lease_id, State.CONFIRMED)
    assert [event for event, _ in shop.told()] == ["proposed", "confirmed"]


def test_a_key_that_comes_with_another_request_is_refused(shop: Workshop) -> None:
    shop.make(range(4), repeat=RepeatKey(key="once", fingerprint="f"))
    before = shop.state()
    with pytest.raises(RepeatMismatch):
        shop.make(range(4), repeat=RepeatKey(key="once", fingerprint="g"))
    assert shop.state() == before


def test_a_key_belongs_to_its_project(shop: Workshop) -> None:
    repeat = RepeatKey(key="once", fingerprint="f")
    mine = shop.make(range(4), repeat=repeat)
    other = shop.make(range(4), repeat=repeat, owner=Owner(project_id="q", user_id="v"))
    assert mine.lease_id != other.lease_id


def test_a_refused_request_leaves_its_key_free(shop: Workshop) -> None:
    """The client may send it again when something has changed."""
    repeat = RepeatKey(key="once", fingerprint="f")
    blocker = shop.make([0])
    with pytest.raises(NothingFits):
        shop.make([0], repeat=repeat)
    shop.proposals.cancel(blocker.lease_id, "p")
    assert shop.make([0], repeat=repeat).state is State.PROPOSED


@pytest.mark.parametrize(("fingerprint", "answer"), [("f", None), ("g", RepeatMismatch)])
def test_the_same_key_at_two_processes_at_once_is_one_lease(
    shop: Workshop, fingerprint: str, answer: type[Exception] | None
) -> None:
    """The other one commits between our look and our commit."""
    other = shop.another()
    made = []
    repeat = RepeatKey(key="once", fingerprint=fingerprint)
    shop.store.meddle = lambda: made.append(other.make([1], repeat=repeat))
    mine = RepeatKey(key="once", fingerprint="f")
    if answer is None:
        assert shop.make([0], repeat=mine).lease_id == made[0].lease_id
    else:
        with pytest.raises(answer):
            shop.make([0], repeat=mine)
    assert len(shop.told()) == 1


def test_nothing_is_booked_for_an_asker_who_has_given_up(shop: Workshop) -> None:
    """In the very second in which it gives up, and later; in time it is booked."""
    before = shop.state()
    for answer_by in (999, 1_000):
        with pytest.raises(ServiceUnavailable):
            shop.make(range(4), answer_by=answer_by)
    assert shop.state() == before
    assert shop.make(range(4), answer_by=1_001)


def test_time_spent_waiting_for_others_counts(shop: Workshop) -> None:
    """A booking that had to try again gives up when its asker has."""

    def lose() -> None:
        shop.now += 3
        raise HostsTaken()

    shop.store.meddle = lose
    with pytest.raises(ServiceUnavailable):
        shop.make(range(4), answer_by=1_005)
    assert shop.store.commits == 2
    assert shop.told() == []


@pytest.mark.parametrize("refusals", [1, ATTEMPTS - 1])
def test_a_host_taken_meanwhile_is_searched_for_again(shop: Workshop, refusals: int) -> None:
    """Others take the best host each time, until there are none left to take it."""
    other = shop.another()
    taken = iter(range(refusals))

    def take() -> None:
        number = next(taken, None)
        if number is not None:
            other.make([number], confirm=True)
            raise HostsTaken()

    shop.store.meddle = take
    made = shop.make(range(20))
    assert shop.numbers(made) == [refusals]


def test_a_database_that_always_refuses_is_a_conflict(shop: Workshop) -> None:
    """After so many attempts, with nothing booked."""

    def refuse() -> None:
        raise HostsTaken()

    shop.store.meddle = refuse
    with pytest.raises(HostsTaken):
        shop.make(range(4))
    assert shop.store.commits == ATTEMPTS
    assert shop.told() == []


def test_a_stale_copy_costs_an_attempt_and_no_host(shop: Workshop) -> None:
    """Another process booked host 0 after we looked: the database refuses, the second look sees it."""
    other = shop.another()
    shop.store.meddle = lambda: other.make([0], confirm=True) and None
    made = shop.make(range(2))
    assert shop.numbers(made) == [1]


def test_two_decisions_on_one_lease_are_made_one_after_the_other(shop: Workshop) -> None:
    """Confirm meets a cancel: it reads again and finds the lease cancelled."""
    made = shop.make(range(4))
    other = shop.another()
    shop.store.meddle = lambda: other.proposals.cancel(made.lease_id, "p") and None
    with pytest.raises(WrongState):
        shop.proposals.confirm(made.lease_id, "p")
    assert [event for event, _ in shop.told()] == ["proposed", "cancelled"]


def test_a_lease_that_changes_at_every_attempt_is_a_conflict(shop: Workshop) -> None:
    made = shop.make(range(4))

    def change() -> None:
        raise LeaseChanged()

    shop.store.meddle = change
    with pytest.raises(LeaseChanged):
        shop.proposals.confirm(made.lease_id, "p")
    assert shop.store.commits == ATTEMPTS + 1


def test_a_lease_begins_behind_what_was_given_back_just_before(shop: Workshop) -> None:
    """Another process cancels while we decide: our lease does not begin in a second that was another's."""
    shop.rules = Rules(margin_s=0)
    other = shop.another()
    first = other.make([0], confirm=True)
    other.now = 1_005

    def clock() -> int:
        if shop.now < other.now:
            other.proposals.cancel(first.lease_id, None)
            shop.now = other.now
            return 1_004
        return shop.now

    shop.proposals._clock = clock
    with pytest.raises(NothingFits):
        shop.make([0])
    assert shop.make([0]).start_at == 1_005


def test_threads_of_one_process_share_the_hosts_out(shop: Workshop) -> None:
    """Sixteen at once for twelve hosts: twelve leases on twelve hosts, four refusals."""
    outcomes: list[Any] = []

    def ask() -> None:
        try:
            outcomes.append(shop.make(range(12)))
        except NothingFits as refusal:
            outcomes.append(refusal)

    threads = [threading.Thread(target=ask) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    leases = [one for one in outcomes if not isinstance(one, NothingFits)]
    assert sorted(shop.numbers(one)[0] for one in leases) == list(range(12))
    assert len(outcomes) == 16

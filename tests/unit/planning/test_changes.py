# SPDX-License-Identifier: Apache-2.0
"""A PATCH is carried out whole, or the lease stays as it is."""

from __future__ import annotations

from typing import Any

import pytest

from climate.core.booking import Held
from climate.core.lease import Lease, LeaseChange, Terms
from climate.core.lifecycle import State
from climate.errors import (
    BadField,
    ClimateError,
    HostsTaken,
    LeaseChanged,
    LeaseNotFound,
    NothingFits,
    ServiceUnavailable,
    WrongState,
)
from climate.planning.proposals import ATTEMPTS
from tests.unit.planning.workshop import Workshop, candidates


@pytest.fixture
def lease(shop: Workshop) -> Lease:
    """Two of the hosts 0 to 3, promised over [1000, 1100) and running."""
    made = shop.make(range(4), quantity=2, confirm=True)
    shop.transitions.run_due()
    return shop.store.get_lease(made.lease_id)


def blocked(shop: Workshop) -> dict[int, list[tuple[int, int]]]:
    """The blocked time of each host, whoever has it."""
    columns = shop.store.snapshot().columns
    found: dict[int, list[tuple[int, int]]] = {}
    for host, start, end in zip(columns.host.tolist(), columns.start.tolist(), columns.end.tolist(), strict=True):
        found.setdefault(host, []).append((start, end))
    return found


def test_a_lease_is_extended_where_its_hosts_are_free(shop: Workshop, lease: Lease) -> None:
    shop.now += 50
    longer = shop.change(lease, end_time=1_500)
    assert (longer.end_at, longer.state, longer.hosts) == (1_500, State.ACTIVE, lease.hosts)
    assert blocked(shop) == {0: [(1_000, 1_510)], 1: [(1_000, 1_510)]}
    assert shop.told()[-1] == ("changed", lease.lease_id)


def test_an_extension_may_touch_the_next_lease_and_not_meet_it(shop: Workshop, lease: Lease) -> None:
    """The next begins at 1,300 on host 0; the clean-up must be over by then."""
    shop.make([0], start_time=1_300, end_time=1_400)
    before = shop.state()
    with pytest.raises(NothingFits):
        shop.change(lease, end_time=1_291)
    assert shop.state() == before
    assert shop.change(lease, end_time=1_290).end_at == 1_290


def test_an_extension_counts_only_hosts_that_stay(shop: Workshop, lease: Lease) -> None:
    """Host 1 is promised to another, but it is given back in the same call."""
    shop.make([1], start_time=1_200, end_time=1_300, confirm=True)
    with pytest.raises(NothingFits):
        shop.change(lease, end_time=1_250)
    shop.now = 1_050
    changed = shop.change(lease, end_time=1_250, quantity=1)
    assert (changed.end_at, changed.quantity, shop.numbers(changed)) == (1_250, 1, [0])


def test_a_shorter_lease_leaves_the_rest_to_others(shop: Workshop, lease: Lease) -> None:
    with pytest.raises(NothingFits):
        shop.make([0], start_time=1_070, end_time=1_170)
    assert shop.change(lease, duration_s=60).end_at == 1_060
    assert shop.make([0], start_time=1_070, end_time=1_170).start_at == 1_070


def test_hosts_that_join_are_alike_to_those_held(shop: Workshop) -> None:
    """The group with the values of the lease, and no other, however free it is."""
    groups = candidates([0, 1, 2], [3, 4, 5, 6, 7], alike=[{"cpu": "a"}, {"cpu": "b"}])
    made = shop.make(hosts=groups, quantity=2, confirm=True)
    assert made.alike == {"cpu": "a"}
    shop.now += 20
    more = shop.change(made, groups, quantity=3)
    assert (more.quantity, shop.numbers(more), more.alike) == (3, [0, 1, 2], {"cpu": "a"})
    assert blocked(shop)[2] == [(1_020, 1_110)]
    before = shop.state()
    for hosts in (groups, candidates([5, 6, 7], alike=[{"cpu": "b"}]), candidates([5, 6, 7]), candidates()):
        with pytest.raises(NothingFits):
            shop.change(made, hosts, quantity=4)
    assert shop.state() == before


def test_hosts_in_use_join_a_lease_last(shop: Workshop, lease: Lease) -> None:
    """While it runs; and one that is its own already is not counted as in use."""
    everywhere = candidates(range(6), in_use={0, 3})
    assert shop.numbers(shop.change(lease, everywhere, quantity=4)) == [0, 1, 2, 4]
    assert shop.numbers(shop.change(lease, everywhere, quantity=6)) == [0, 1, 2, 3, 4, 5]


def test_hosts_join_a_lease_to_come_at_its_start(shop: Workshop) -> None:
    made = shop.make(range(4), quantity=1, start_time=2_000, confirm=True)
    shop.change(made, candidates(range(4)), quantity=3)
    assert set(map(tuple, blocked(shop).values())) == {((2_000, 2_110),)}


def test_hosts_that_join_must_be_free_until_the_new_end(shop: Workshop, lease: Lease) -> None:
    """All of it in one call: extended, and a host that is free for all of the longer time."""
    shop.make([2], start_time=1_200, end_time=1_300, confirm=True)
    changed = shop.change(lease, candidates([2, 3]), quantity=3, end_time=1_250)
    assert shop.numbers(changed) == [0, 1, 3]
    before = shop.state()
    with pytest.raises(NothingFits):
        shop.change(changed, candidates([2, 3]), quantity=4)
    assert shop.state() == before


def test_hosts_are_given_back_and_may_be_had_again(shop: Workshop, lease: Lease) -> None:
    """Host 1 is cleaned first; then it may join again, as any other."""
    shop.now = 1_040
    fewer = shop.change(lease, quantity=1)
    assert (fewer.quantity, shop.numbers(fewer)) == (1, [0])
    assert blocked(shop)[1] == [(1_000, 1_050)]
    with pytest.raises(NothingFits):
        shop.change(fewer, candidates([1]), quantity=2)
    shop.now = 1_050
    again = shop.change(fewer, candidates([1]), quantity=2)
    assert (again.quantity, shop.numbers(again)) == (2, [0, 1])
    assert blocked(shop)[1] == [(1_000, 1_050), (1_050, 1_110)]


def test_a_host_given_back_goes_to_the_next_after_its_clean_up(shop: Workshop, lease: Lease) -> None:
    shop.now = 1_040
    shop.change(lease, quantity=1)
    assert shop.make([1], start_time=0).start_at == 1_050


def test_a_new_name_needs_no_calendar(shop: Workshop, lease: Lease) -> None:
    named = shop.change(lease, name="mine")
    assert named.terms.name == "mine"
    assert shop.store.changes_since(named.version - 1, 10)[-1].blocks == ()


def test_a_change_that_changes_nothing_writes_nothing(shop: Workshop, lease: Lease) -> None:
    before = shop.state()
    assert shop.change(lease) == lease
    assert shop.change(lease, quantity=2, end_time=1_100, name="") == lease
    assert shop.state() == before


def test_a_proposal_may_be_changed_too(shop: Workshop) -> None:
    """It stays a proposal, with its hold."""
    made = shop.make(range(4), quantity=2)
    changed = shop.change(made, candidates(range(4)), quantity=3, duration_s=200)
    assert (changed.state, changed.quantity, changed.end_at) == (State.PROPOSED, 3, 1_200)
    assert changed.expires_at == made.expires_at


REFUSED: dict[str, tuple[dict[str, Any], type[ClimateError]]] = {
    "an end that has passed": ({"end_time": 999}, BadField),
    "an end at once": ({"end_time": 1_000}, BadField),
    "an end beyond the horizon": ({"end_time": 12_000}, BadField),
    "two ends": ({"end_time": 1_200, "duration_s": 10}, BadField),
    "no hosts": ({"quantity": 0}, BadField),
    "more hosts, from nowhere": ({"quantity": 3}, BadField),
    "a good name with a bad end": ({"name": "n", "end_time": 999}, BadField),
    "a good end with a bad quantity": ({"end_time": 1_200, "quantity": 0}, BadField),
}


@pytest.mark.parametrize(("wanted", "error"), REFUSED.values(), ids=REFUSED)
def test_a_refused_change_changes_nothing(
    shop: Workshop, lease: Lease, wanted: dict[str, Any], error: type[ClimateError]
) -> None:
    """Neither the part that would have been possible."""
    before = shop.state()
    with pytest.raises(error):
        shop.change(lease, **wanted)
    assert shop.state() == before
    assert shop.store.get_lease(lease.lease_id) == lease


def test_what_is_over_is_not_changed(shop: Workshop, lease: Lease) -> None:
    """Also in the second in which it ends, before anybody has noted that."""
    shop.now = 1_100
    with pytest.raises(WrongState):
        shop.change(lease, end_time=2_000)
    shop.transitions.run_due()
    with pytest.raises(WrongState):
        shop.change(lease, name="n")


def test_a_lease_of_another_project_is_not_found(shop: Workshop, lease: Lease) -> None:
    with pytest.raises(LeaseNotFound):
        shop.changes.change(lease.lease_id, "q", LeaseChange(name="n"), None, None)
    assert shop.changes.change(lease.lease_id, None, LeaseChange(name="n"), None, None).terms.name == "n"


def test_nothing_is_changed_for_an_asker_who_has_given_up(shop: Workshop, lease: Lease) -> None:
    before = shop.state()
    with pytest.raises(ServiceUnavailable):
        shop.changes.change(lease.lease_id, "p", LeaseChange(end_time=1_500), None, shop.now)
    assert shop.state() == before


def test_a_change_that_met_another_is_decided_anew(shop: Workshop, lease: Lease) -> None:
    """Both tell: the other's shortening stays, ours comes on top."""
    other = shop.another()
    shop.store.meddle = lambda: other.change(lease, end_time=1_050) and None
    changed = shop.change(lease, name="mine")
    assert (changed.end_at, changed.terms.name) == (1_050, "mine")


def test_an_extension_into_time_taken_meanwhile_is_refused(shop: Workshop, lease: Lease) -> None:
    """The copy of the calendar was stale: the database refuses first, the second look knows why."""
    other = shop.another()
    shop.store.meddle = lambda: other.make([0], start_time=1_200, end_time=1_300, confirm=True) and None
    with pytest.raises(NothingFits):
        shop.change(lease, end_time=1_250)
    assert shop.store.get_lease(lease.lease_id) == lease


def test_a_host_taken_meanwhile_is_replaced_by_another(shop: Workshop, lease: Lease) -> None:
    other = shop.another()
    shop.store.meddle = lambda: other.make([2], start_time=1_010, end_time=1_110, confirm=True) and None
    assert shop.numbers(shop.change(lease, candidates([2, 3]), quantity=3)) == [0, 1, 3]


def test_a_lease_that_changes_between_its_reading_and_the_look_at_the_calendar_is_read_again(
    shop: Workshop, lease: Lease, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The calendar is newer than the rows that were read: no mistake of anybody."""
    other, get_held = shop.another(), shop.store.get_held

    def held(lease_id: str) -> list[Held]:
        monkeypatch.setattr(shop.store, "get_held", get_held)
        found = get_held(lease_id)
        other.change(lease, end_time=1_080)
        return found

    monkeypatch.setattr(shop.store, "get_held", held)
    assert shop.change(lease, end_time=1_300).end_at == 1_300
    assert [event for event, _ in shop.told()[-2:]] == ["changed", "changed"]


@pytest.mark.parametrize("error", [LeaseChanged, HostsTaken])
def test_a_lease_that_changes_at_every_attempt_is_a_conflict(
    shop: Workshop, lease: Lease, error: type[ClimateError]
) -> None:
    def refuse() -> None:
        raise error()

    commits = shop.store.commits
    shop.store.meddle = refuse
    with pytest.raises(LeaseChanged):
        shop.change(lease, name="mine")
    assert shop.store.commits == commits + ATTEMPTS


def test_a_lease_is_added_to_by_its_own_strategy(shop: Workshop) -> None:
    """The one that its request named."""
    made = shop.make(range(4), terms=Terms(scheduler="earliest"), confirm=True)
    assert shop.numbers(shop.change(made, candidates(range(4)), quantity=2)) == [0, 1]

# SPDX-License-Identifier: Apache-2.0
"""The calendar for others: change by change without gaps, and as entries to draw."""

from __future__ import annotations

import pytest

from climate.core.candidates import pack, unpack
from climate.core.journal import Change
from climate.core.lease import Owner
from climate.errors import BadField
from climate.rpcapi.planning import FollowedBlock
from tests.unit.planning.workshop import Workshop, candidates, host_ids


def test_followers_are_told_ids_and_no_numbers(shop: Workshop) -> None:
    """What happened to whose time, before and after; a host's number means nothing outside."""
    shop.make([9], confirm=True)  # so that numbers and hosts differ
    made = shop.make([5, 3], quantity=2, confirm=True)
    shop.now += 50
    shop.proposals.cancel(made.lease_id, "p")
    found = shop.following.changes_since(1, 100)
    assert (found.latest, found.lost) == (3, False)
    assert [(one.sequence, one.event, one.at) for one in found.changes] == [
        (2, "confirmed", 1_000),
        (3, "cancelled", 1_050),
    ]
    one, other = found.changes
    assert (one.lease_id, one.project_id, one.start_at, one.end_at) == (made.lease_id, "p", 1_000, 1_100)
    hosts = pack(host_ids(5, 3))
    assert one.blocks == (FollowedBlock(hosts, None, (1_000, 1_110)),)
    assert other.blocks == (FollowedBlock(hosts, (1_000, 1_110), (1_000, 1_060)),)


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
def test_a_follower_that_asks_in_portions_misses_nothing(shop: Workshop, limit: int) -> None:
    """``latest`` says whether there is more."""
    for number in range(7):
        shop.make([number], confirm=True)
    sequence, seen = 0, []
    while True:
        found = shop.following.changes_since(sequence, limit)
        assert not found.lost
        assert len(found.changes) <= limit
        seen += [one.sequence for one in found.changes]
        sequence = seen[-1]
        if sequence == found.latest:
            break
    assert seen == list(range(1, 8))
    rest = shop.following.changes_since(7, limit)
    assert (rest.changes, rest.latest, rest.lost) == ((), 7, False)


def test_a_follower_from_another_history_is_told_to_begin_anew(shop: Workshop) -> None:
    """It knows numbers that do not exist: the database was put back to an earlier state."""
    shop.make([0], confirm=True)
    found = shop.following.changes_since(5, 100)
    assert (found.changes, found.latest, found.lost) == ((), 1, True)


def test_a_follower_that_needs_what_was_archived_is_told_so(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    """The journal begins behind what it has."""
    for number in range(5):
        shop.make([number], confirm=True)
    everything = shop.store.changes_since

    def kept(sequence: int, limit: int) -> list[Change]:
        return [one for one in everything(sequence, 100) if one.sequence > 3][:limit]

    monkeypatch.setattr(shop.store, "changes_since", kept)
    assert [shop.following.changes_since(n, 10).lost for n in (0, 2, 3, 5)] == [True, True, False, False]


def test_a_change_made_while_we_answer_is_not_called_lost(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is newer than the newest number that we had read before."""
    shop.make([0], confirm=True)
    monkeypatch.setattr(shop.store, "latest_sequence", lambda: 0)
    found = shop.following.changes_since(0, 100)
    assert (len(found.changes), found.latest, found.lost) == (1, 1, False)


def test_an_empty_journal_has_nothing_and_has_lost_nothing(shop: Workshop) -> None:
    found = shop.following.changes_since(0, 100)
    assert (found.latest, found.changes, found.lost) == (0, (), False)


def test_the_calendar_shows_each_lease_by_its_stretches(shop: Workshop) -> None:
    """Hosts used alike are one entry; a host given back is another."""
    made = shop.make(range(3), quantity=3, confirm=True)
    other = shop.make([5], start_time=1_050, end_time=1_150, owner=Owner(project_id="q", user_id="u"))
    shop.now = 1_040
    shop.change(made, quantity=2)
    entries = shop.following.calendar(0, 10_000, None, 100, None)
    assert [(one.lease_id, one.start_at, one.end_at, one.quantity, unpack(one.hosts)) for one in entries] == [
        (made.lease_id, 1_000, 1_040, 1, host_ids(2)),
        (made.lease_id, 1_000, 1_100, 2, host_ids(0, 1)),
        (other.lease_id, 1_050, 1_150, 1, host_ids(5)),
    ]
    assert [one.project_id for one in shop.following.calendar(0, 10_000, "q", 100, None)] == ["q"]


def test_the_calendar_comes_in_pages_of_leases(shop: Workshop) -> None:
    """By start; a lease with several entries is never cut."""
    made = shop.make(range(3), quantity=3, confirm=True)
    shop.now = 1_040
    shop.change(made, quantity=2)
    shop.change(made, candidates(range(9)), quantity=4)
    later = shop.make([20], start_time=1_500, end_time=1_600)
    first = shop.following.calendar(0, 10_000, None, 1, None)
    assert {one.lease_id for one in first} == {made.lease_id}
    assert [(one.start_at, one.end_at, one.quantity) for one in first] == [
        (1_000, 1_040, 1),
        (1_000, 1_100, 2),
        (1_040, 1_100, 2),
    ]
    second = shop.following.calendar(0, 10_000, None, 1, made.lease_id)
    assert [one.lease_id for one in second] == [later.lease_id]
    assert shop.following.calendar(0, 10_000, None, 1, later.lease_id) == []
    with pytest.raises(BadField):
        shop.following.calendar(0, 10_000, None, 1, "nobody's")

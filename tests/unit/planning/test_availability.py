# SPDX-License-Identifier: Apache-2.0
"""Who is on each host, until when, and who comes next: one answer for a whole scheduling round."""

from __future__ import annotations

from climate.core.candidates import unpack
from climate.core.lease import Owner
from climate.core.lifecycle import State
from tests.unit.planning.workshop import Workshop, host_ids


def test_each_host_tells_its_lease_and_the_next(shop: Workshop) -> None:
    """Free, held now, held later, and both; a host is blocked until it is clean."""
    now = shop.make([0], confirm=True)
    later = shop.make([0], start_time=1_200, end_time=1_300)
    only_later = shop.make([1], start_time=1_500, end_time=1_600)
    shop.calendar.rows(shop.request(range(3)).hosts.groups[0].hosts)
    found = shop.availability.now(None)
    assert found is not None
    assert (found.sequence, found.at) == (3, 1_000)
    assert unpack(found.hosts) == host_ids(0, 1, 2)
    assert found.lease_ids == (now.lease_id, "", "")
    assert (found.until_at, found.end_at) == ((1_110, None, None), (1_100, None, None))
    assert found.next_lease_ids == (later.lease_id, only_later.lease_id, "")
    assert found.next_start_at == (1_200, 1_500, None)


def test_each_lease_tells_whose_it_is_and_where_it_stands(shop: Workshop) -> None:
    """One that is over shows while its host is cleaned; a copy made anew tells the same."""
    shop.make([0], confirm=True, owner=Owner(project_id="one", user_id="u"))
    shop.make([0], start_time=1_200, end_time=1_300, confirm=True, owner=Owner(project_id="two", user_id="u"))
    shown = []
    for shop.now in (1_000, 1_100, 1_110, 1_200):
        shop.transitions.run_due()
        found = shop.availability.now(None)
        assert found is not None
        assert shop.another().availability.now(None) == found
        shown += zip(found.project_ids, found.states, found.next_project_ids, found.next_states, strict=True)
    assert shown == [
        ("one", State.ACTIVE, "two", State.CONFIRMED),
        ("one", State.ENDED, "two", State.CONFIRMED),
        ("", None, "two", State.CONFIRMED),
        ("two", State.ACTIVE, "", None),
    ]


def test_time_passes_without_a_change(shop: Workshop) -> None:
    """A lease shows from its first second to its last of cleaning, whether its transitions were made or not."""
    made = shop.make([0], start_time=1_200, end_time=1_300)
    shown = []
    for shop.now in (1_199, 1_200, 1_309, 1_310):
        found = shop.availability.now(None)
        assert found is not None
        shown.append(found.lease_ids[0])
    assert shown == ["", made.lease_id, made.lease_id, ""]


def test_whoever_knows_the_newest_number_is_told_nothing(shop: Workshop) -> None:
    """Until something is written, by whomever."""
    shop.make([0], confirm=True)
    assert shop.availability.now(1) is None
    assert shop.availability.now(0) is not None
    other = shop.another()
    other.make([1], confirm=True)
    found = shop.availability.now(1)
    assert found is not None
    assert (found.sequence, len(found.lease_ids)) == (2, 2)


def test_a_site_without_hosts_has_an_empty_answer(shop: Workshop) -> None:
    found = shop.availability.now(None)
    assert found is not None
    assert (found.sequence, found.hosts, found.lease_ids) == (0, b"", ())


def test_hosts_that_another_process_met_first_are_told_too(shop: Workshop) -> None:
    """They were numbered without a change in the journal."""
    assert shop.availability.now(None) is not None
    shop.another().make([5], confirm=True)
    found = shop.availability.now(None)
    assert found is not None
    assert unpack(found.hosts) == host_ids(5)

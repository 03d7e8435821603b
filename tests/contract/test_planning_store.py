# SPDX-License-Identifier: Apache-2.0
"""What planning's use cases rely on, held by every kind of store: writing, refusing, reading back."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from climate.chassis.outbox import Effect
from climate.core import booking
from climate.core.booking import Held
from climate.core.lease import LeaseChange, Owner, Terms, Wish
from climate.core.lifecycle import State
from climate.errors import HostsTaken, LeaseChanged, LeaseNotFound
from climate.planning.store.protocol import RepeatTaken
from tests.contract.planning_decisions import (
    Backend,
    advance,
    book,
    cancellation,
    change,
    host_ids,
    proposal,
    repeat,
    told,
)

NOBODYS = "00000000-0000-0000-0000-00000000abcd"


@pytest.fixture
def site(planning: Backend) -> Backend:
    """A store that knows ten hosts."""
    planning.store.register_hosts(host_ids(10))
    return planning


def test_hosts_are_numbered_in_the_order_in_which_they_come(planning: Backend) -> None:
    """From 0, without gaps, each once."""
    a, b, c = host_ids(3)
    store = planning.store
    assert store.hosts_from(0) == []
    store.register_hosts([b, a])
    store.register_hosts([a, c, b, c])
    store.register_hosts([])
    assert store.hosts_from(0) == [b, a, c]
    assert store.hosts_from(2) == [c]
    assert store.hosts_from(3) == []
    assert store.snapshot().host_count == 3


def test_a_thousand_hosts_come_at_once(planning: Backend) -> None:
    """More than fit into one list of a statement; some of them known."""
    ids = host_ids(1203)
    planning.store.register_hosts(ids[600:700])
    planning.store.register_hosts(ids)
    numbered = planning.store.hosts_from(0)
    assert numbered[:100] == ids[600:700]
    assert sorted(numbered) == sorted(ids)


LEASES: dict[str, dict[str, Any]] = {
    "the least": {},
    "a proposal": {"confirmed": False},
    "all that a request may say": {
        "owner": Owner(project_id="ä" * 32, user_id="\N{GRINNING FACE}"),
        "wish": Wish(start_time=0, end_time=253_402_300_799, duration_s=1),
        "terms": Terms(
            name="  Ünïcödé \N{GRINNING FACE} 'quoted\" \\ %s :x \t ",
            host_properties=["and", ["=", "$cpu_info.model", "é"], [">", "$ram", 1.5], ["in", "$x", True, None]],
            scheduler="earliest",
        ),
        "alike": {"model": "é", "cores": 32, "ratio": 1.5, "gpu": True, "none": 0},
    },
    "texts of the greatest length": {
        "owner": Owner(project_id="p" * 64, user_id="u" * 64),
        "terms": Terms(name="\N{GRINNING FACE}" * 255, host_properties=["=", "$x", "y" * 70_000], scheduler="s" * 64),
    },
}


@pytest.mark.parametrize("given", LEASES.values(), ids=LEASES)
def test_a_lease_is_read_as_it_was_written(site: Backend, given: dict[str, Any]) -> None:
    """Every field, and beside it the ids of its hosts in the order of their numbers."""
    decision = proposal([7, 2], 100, 200, **given)
    assert site.store.commit(decision) == 1
    written = dataclasses.replace(decision.lease, hosts=(host_ids(10)[2], host_ids(10)[7]))
    assert site.store.get_lease(written.lease_id) == written
    assert site.store.get_lease(written.lease_id, written.owner.project_id) == written
    assert site.store.get_held(written.lease_id) == [Held(2, 100, 200, 210), Held(7, 100, 200, 210)]


def test_instants_far_ahead_are_kept(site: Backend) -> None:
    """Beyond what 32 bits hold."""
    lease_id = book(site.store, [1], 2**33, 2**34)
    assert site.store.get_held(lease_id) == [Held(1, 2**33, 2**34, 2**34 + 10)]


def test_a_lease_of_another_project_is_not_found(site: Backend) -> None:
    """Just as one that never was."""
    lease_id = book(site.store, [1], 100, 200)
    for wanted, project_id in ((lease_id, "q"), (NOBODYS, None), (NOBODYS, "p")):
        with pytest.raises(LeaseNotFound):
            site.store.get_lease(wanted, project_id)
    assert site.store.get_held(NOBODYS) == []


OVERLAPPING = {
    "the same": (100, 200),
    "inside": (120, 130),
    "around": (50, 300),
    "over its start": (80, 91),
    "one second of its start": (50, 91),  # with the margin of 10 s
    "over its end": (190, 300),
    "its margin": (209, 300),
}


@pytest.mark.parametrize(("start", "end"), OVERLAPPING.values(), ids=OVERLAPPING)
def test_a_host_that_is_taken_is_refused_and_nothing_stays(site: Backend, start: int, end: int) -> None:
    """One taken host among several is enough; no lease, no row, no number, no key, no effect is left."""
    book(site.store, [3], 100, 200)
    decision = proposal([1, 3, 5], start, end)
    before = told(site, [])
    with pytest.raises(HostsTaken):
        site.store.commit(decision, (Effect("t", "k", {}),), repeat("once"))
    assert told(site, []) == before
    assert site.store.repeated("p", "once") is None
    with pytest.raises(LeaseNotFound):
        site.store.get_lease(decision.lease.lease_id)
    assert book(site.store, [1, 5], start, end)


def test_back_to_back_leases_share_a_host(site: Backend) -> None:
    """Blocked time is half-open: the next may begin in the second in which the margin ends."""
    book(site.store, [3], 100, 200)
    book(site.store, [3], 210, 300)
    book(site.store, [3], 60, 90)
    assert site.store.latest_sequence() == 3


def test_released_time_can_be_booked_again(site: Backend) -> None:
    """Cancelled before the start: all of it. Cancelled in use: what lies behind the clean-up."""
    first = book(site.store, [3], 100, 200)
    site.store.commit(cancellation(site.store, first, 60))
    second = book(site.store, [3], 100, 200)
    assert advance(site.store, second, 100) == ["started"]
    site.store.commit(cancellation(site.store, second, 150))
    with pytest.raises(HostsTaken):
        book(site.store, [3], 159, 200)
    third = book(site.store, [3], 160, 200)
    assert advance(site.store, second, 160) == ["released"]
    assert site.store.get_held(second) == []
    assert [one.host for one in site.store.get_held(third)] == [3]


def test_a_lease_that_is_over_remembers_its_hosts(site: Backend) -> None:
    """Bills and audits ask later; those it gave back are not among them."""
    ids = host_ids(10)
    lease_id = book(site.store, [1, 3, 5], 100, 200)
    site.store.commit(change(site.store, lease_id, LeaseChange(quantity=2), 60))
    assert advance(site.store, lease_id, 500) == ["started", "ended"]
    over = site.store.get_lease(lease_id)
    assert (over.state, over.hosts, over.holds_until) == (State.ENDED, (ids[1], ids[3]), None)
    assert site.store.get_held(lease_id) == []


def test_a_change_moves_exactly_what_it_names(site: Backend) -> None:
    """Extend, add and give back at once, on the hosts' rows as they are after a first such change."""
    store, ids = site.store, host_ids(10)
    lease_id = book(store, [1, 3, 5], 100, 200)
    advance(store, lease_id, 100)
    store.commit(change(store, lease_id, LeaseChange(quantity=2, end_time=300), 150))
    assert store.get_held(lease_id) == [Held(1, 100, 300, 310), Held(3, 100, 300, 310), Held(5, 100, 150, 160, True)]
    assert store.get_lease(lease_id).hosts == (ids[1], ids[3])
    store.commit(change(store, lease_id, LeaseChange(quantity=4), 170, added=[5, 0]))
    assert sorted(store.get_held(lease_id), key=lambda one: (one.host, one.start_at)) == [
        Held(0, 170, 300, 310),
        Held(1, 100, 300, 310),
        Held(3, 100, 300, 310),
        Held(5, 100, 150, 160, True),
        Held(5, 170, 300, 310),
    ]
    assert store.get_lease(lease_id).hosts == (ids[0], ids[1], ids[3], ids[5])
    store.commit(change(store, lease_id, LeaseChange(end_time=250), 180))
    assert {one.end_at for one in store.get_held(lease_id)} == {150, 250}
    assert advance(store, lease_id, 1000) == ["ends_soon", "ended"] or store.get_lease(lease_id).state is State.ENDED
    assert store.snapshot().columns.host.size == 0


def test_an_extension_into_another_lease_is_refused_whole(site: Backend) -> None:
    """Also the hosts that could have been extended stay as they were."""
    lease_id = book(site.store, [1, 3], 100, 200)
    other = book(site.store, [3], 250, 300)
    before = told(site, [lease_id, other])
    with pytest.raises(HostsTaken):
        site.store.commit(change(site.store, lease_id, LeaseChange(end_time=241), 60))
    assert told(site, [lease_id, other]) == before
    site.store.commit(change(site.store, lease_id, LeaseChange(end_time=240), 60))


def test_a_lease_that_changed_meanwhile_is_not_written(site: Backend) -> None:
    """Of two decisions on the same version one is carried out; the other leaves nothing."""
    lease_id = book(site.store, [1, 3], 100, 200)
    late = cancellation(site.store, lease_id, 60)
    site.store.commit(change(site.store, lease_id, LeaseChange(name="n"), 60))
    before = told(site, [lease_id])
    with pytest.raises(LeaseChanged):
        site.store.commit(late, (Effect("t", "k", {}),))
    assert told(site, [lease_id]) == before


def test_a_lease_that_does_not_exist_cannot_be_changed(site: Backend) -> None:
    decision = booking.confirm(proposal([1], 100, 200, confirmed=False).lease, 60)
    assert decision is not None
    with pytest.raises(LeaseChanged):
        site.store.commit(decision)
    assert site.store.latest_sequence() == 0


def test_a_repeated_request_is_known_by_its_key(site: Backend) -> None:
    """Per project; the second lease is refused whole and the first is told."""
    first = proposal([1], 100, 200)
    site.store.commit(first, (), repeat("once", "f1"))
    assert site.store.repeated("p", "once") == ("f1", first.lease.lease_id)
    before = told(site, [first.lease.lease_id])
    with pytest.raises(RepeatTaken):
        site.store.commit(proposal([2], 100, 200), (Effect("t", "k", {}),), repeat("once", "f2"))
    assert told(site, [first.lease.lease_id]) == before
    other = Owner(project_id="q", user_id="u")
    site.store.commit(proposal([2], 100, 200, owner=other), (), repeat("once", "f3"))
    assert site.store.repeated("p", "once") == ("f1", first.lease.lease_id)
    assert site.store.repeated("r", "once") is None


@pytest.mark.parametrize("key", ["ONCE", "once ", " once", "öncé", "once\t", "o", "k" * 255])
def test_keys_are_the_same_only_if_every_character_is(site: Backend, key: str) -> None:
    """Databases that fold case or pad with spaces must not do so here."""
    site.store.commit(proposal([1], 100, 200), (), repeat("once"))
    assert site.store.repeated("p", key) is None
    decision = proposal([2], 100, 200)
    site.store.commit(decision, (), repeat(key))
    assert site.store.repeated("p", key) == ("f", decision.lease.lease_id)


def test_old_keys_are_forgotten_and_their_leases_stay(site: Backend) -> None:
    for number, now in enumerate((10, 20, 30)):
        site.store.commit(proposal([number], 100, 200, now=now), (), repeat(f"k{now}"))
    assert site.store.forget_repeats(20) == 1
    assert site.store.forget_repeats(20) == 0
    assert [site.store.repeated("p", f"k{now}") is None for now in (10, 20, 30)] == [True, False, False]
    site.store.commit(proposal([5], 100, 200), (), repeat("k10"))
    assert site.store.latest_sequence() == 4


def test_effects_are_written_with_their_decision_in_order(site: Backend) -> None:
    """They stand in the outbox with all that was handed over."""
    effects = (Effect("t", "k", {"a": [1, None, "é"]}), Effect("u", "k" * 64, {}))
    site.store.commit(proposal([1], 100, 200), effects)
    site.store.commit(proposal([2], 100, 200), effects[:1])
    assert site.effects() == [*effects, effects[0]]


def test_what_is_due_comes_the_longest_due_first(site: Backend) -> None:
    """Each state by its own instant; what has nothing more to come never shows."""
    proposed = book(site.store, [0], 500, 600, confirmed=False)  # expires at 90
    waiting = book(site.store, [1], 80, 600)
    running = book(site.store, [2], 60, 120)
    advance(site.store, running, 60)  # announces its end at 100
    over = book(site.store, [3], 60, 70)
    advance(site.store, over, 75)  # cleaned until 80
    gone = book(site.store, [4], 500, 600)
    site.store.commit(cancellation(site.store, gone, 55))
    assert site.store.due(59, 10) == []
    assert site.store.due(90, 10)[2:] == [proposed]
    assert set(site.store.due(80, 10)) == {waiting, over}
    assert site.store.due(10**9, 10)[2:] == [proposed, running]
    assert len(site.store.due(10**9, 3)) == 3


def test_a_lease_is_due_until_its_transition_is_made(site: Backend) -> None:
    lease_id = book(site.store, [1], 60, 100)
    assert site.store.due(60, 10) == [lease_id]
    advance(site.store, lease_id, 60)
    assert site.store.due(60, 10) == []


def test_effects_without_a_decision_stand_in_the_outbox_until_they_are_done(site: Backend) -> None:
    """More keys than fit into one list of a statement; each topic and key counts for itself."""
    one, other = Effect("empty", "k:1", {"host": "a"}), Effect("empty", "k:2", {})
    site.store.write_effects((), 1_000)
    assert site.effects() == []
    site.store.write_effects((one, other), 1_000)
    assert site.effects() == [one, other]
    many = [f"other:{number}" for number in range(1_200)]
    assert site.store.has_effects("empty", [*many, "k:2"])
    assert not site.store.has_effects("empty", many)
    assert not site.store.has_effects("fill", ["k:1"])
    assert not site.store.has_effects("empty", [])

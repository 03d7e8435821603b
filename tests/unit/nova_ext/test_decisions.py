# SPDX-License-Identifier: Apache-2.0
"""Who may have which host: the promise that leased hosts are for their lease alone, rule by rule."""

from __future__ import annotations

import dataclasses

import pytest

from nova_ext.decisions import Moment, Verdict, decide
from nova_ext.options import FailClosed, Settings
from nova_ext.request import NoLease, NotALease, OfLease, Wish
from nova_ext.snapshot import HostUse, Snapshot
from tests.unit.nova_ext.rounds import (
    LEASE,
    MINE,
    NOW,
    OTHER,
    RULES,
    THEIRS,
    Node,
    answer,
    following,
    leased,
    names,
    node,
    use,
)

MINUTE = 60.0
THREE = [node(1), node(2), node(3)]


def verdict(
    snapshot: Snapshot | None,
    wish: Wish,
    *,
    later_s: float = 0.0,
    age_s: float = 0.0,
    project_id: str | None = MINE,
    rules: Settings = RULES,
    nodes: list[Node] = THREE,
) -> Verdict[Node]:
    return decide(snapshot, wish, project_id, nodes, Moment(NOW + later_s, age_s), rules)


def open_to(
    wish: Wish, *hosts: HostUse, later_s: float = 0.0, age_s: float = 0.0, rules: Settings = RULES
) -> list[str]:
    return names(verdict(answer(*hosts), wish, later_s=later_s, age_s=age_s, rules=rules).hosts)


def test_a_lease_has_its_hosts_and_nobody_else_has_them() -> None:
    hosts = leased(1), leased(2, OTHER, project_id=THEIRS), use(3)
    assert open_to(OfLease(LEASE), *hosts) == ["node-1"]
    assert open_to(NoLease(), *hosts) == ["node-3"]


@pytest.mark.parametrize("state", ["confirmed", "active"])
def test_a_lease_has_its_hosts_from_its_start_until_its_end(state: str) -> None:
    """By the clock, whether Climate has written the change of state by then or not."""
    current = leased(1, state=state, until=NOW + 100)
    assert open_to(OfLease(LEASE), current, later_s=99.9) == ["node-1"]
    assert open_to(OfLease(LEASE), current, later_s=100) == []
    coming = following(1, 100, next_state=state)
    assert open_to(OfLease(LEASE), coming, later_s=99.9) == []
    assert open_to(OfLease(LEASE), coming, later_s=100) == ["node-1"]


@pytest.mark.parametrize("state", ["proposed", "ended", "cancelled", "expired", "error", None])
def test_only_a_confirmed_lease_has_hosts(state: str | None) -> None:
    """While what is proposed is held back from all others."""
    assert open_to(OfLease(LEASE), leased(1, state=state)) == []
    assert open_to(OfLease(LEASE), following(1, -1, next_state=state)) == []
    assert open_to(NoLease(), leased(1, state=state), use(2), use(3)) == ["node-2", "node-3"]


def test_clean_up_is_for_nobody() -> None:
    """Neither after the end nor on a host that was given back before it."""
    cleaned = leased(1, end=NOW - 10, until=NOW + 600)
    given_back = leased(2, end=NOW + 3600, until=NOW + 600)
    kept = leased(3, end=NOW + 3600, until=NOW + 4200)
    assert open_to(OfLease(LEASE), leased(1, end=NOW + 3600, until=NOW + 3600)) == ["node-1"]
    assert open_to(OfLease(LEASE), cleaned, given_back, kept) == ["node-3"]
    assert open_to(NoLease(), cleaned, given_back, kept) == []
    assert open_to(NoLease(), cleaned, given_back, kept, later_s=600) == ["node-1", "node-2"]


def test_a_lease_that_follows_at_once_has_its_hosts_on_the_second() -> None:
    use_of_both = leased(
        1,
        OTHER,
        until=NOW + 100,
        next_lease_id=LEASE,
        next_project_id=MINE,
        next_state="confirmed",
        next_start=NOW + 100,
    )
    for later_s, mine in ((99, []), (100, ["node-1"])):
        assert open_to(OfLease(LEASE), use_of_both, later_s=later_s) == mine
        assert open_to(OfLease(OTHER), use_of_both, later_s=later_s) == ([] if mine else ["node-1"])


def test_nobody_comes_to_a_host_about_to_be_leased() -> None:
    """Also where the next lease is only proposed; the margin is the operator's."""
    hosts = [following(1, 60), following(2, 61), following(3, 3600, next_state="proposed")]
    assert open_to(NoLease(), *hosts) == ["node-2", "node-3"]
    assert open_to(NoLease(), *hosts, rules=dataclasses.replace(RULES, margin_s=3600)) == []
    assert open_to(NoLease(), *hosts, rules=dataclasses.replace(RULES, margin_s=0)) == ["node-1", "node-2", "node-3"]


@pytest.mark.parametrize("project_id", [THEIRS, "", None])
def test_a_lease_of_others_opens_nothing(project_id: str | None) -> None:
    found = verdict(answer(leased(1), following(2, -1)), OfLease(LEASE), project_id=project_id)
    assert found.hosts == []
    assert f"belongs to project {MINE}" in found.refusal


def test_a_lease_of_nobody_opens_nothing_to_a_request_of_nobody() -> None:
    assert verdict(answer(leased(1, project_id=None)), OfLease(LEASE), project_id=None).hosts == []


@pytest.mark.parametrize(
    ("hosts", "why"),
    [
        ([use(1)], "unknown"),
        ([leased(1, state="proposed")], "is proposed"),
        ([leased(1, state="ended")], "is ended"),
        ([leased(1, until=NOW)], "is over"),
        ([following(1, 90)], "begins in 90 s"),
        ([following(1, -1, next_state=None)], "not known to be confirmed"),
        ([leased(9)], "that other filters leave"),
    ],
)
def test_a_refusal_says_why(hosts: list[HostUse], why: str) -> None:
    found = verdict(answer(*hosts), OfLease(LEASE))
    assert found.hosts == []
    assert why in found.refusal
    assert LEASE in found.refusal


def test_only_what_news_can_change_is_worth_asking_for() -> None:
    """A hint that names nothing stays so; a lease may have been made a moment ago."""
    assert not verdict(answer(leased(1)), OfLease(LEASE)).news_may_help
    assert not verdict(answer(leased(9)), OfLease(LEASE)).news_may_help
    assert not verdict(answer(), NoLease()).news_may_help
    assert not verdict(None, NotALease("no")).news_may_help
    assert verdict(answer(), OfLease(LEASE)).news_may_help
    assert verdict(None, NoLease()).news_may_help


def test_a_malformed_hint_opens_nothing() -> None:
    found = verdict(answer(use(1)), NotALease("hint lease has 2 values"))
    assert (found.hosts, found.refusal) == ([], "hint lease has 2 values")


def test_a_host_that_climate_does_not_know_cannot_be_leased() -> None:
    assert open_to(NoLease(), leased(1)) == ["node-2", "node-3"]
    assert open_to(OfLease(LEASE), leased(1)) == ["node-1"]


def test_a_host_is_known_by_its_node_or_by_a_service_of_its_own() -> None:
    """Hosts that were written down by hand may bear the name of their service alone."""
    nodes = [Node("node-1.example.org", "compute-1"), Node("node-2.example.org", "node-2")]
    by_service, by_hand = leased(1), HostUse(name="node-2", lease_id=OTHER, project_id=THEIRS, until=NOW + 9)
    found = verdict(answer(by_service, by_hand), NoLease(), nodes=nodes)
    assert found.hosts == []
    assert verdict(answer(by_service, by_hand), OfLease(LEASE), nodes=nodes).hosts == nodes[:1]


def test_nodes_of_one_service_are_told_apart_by_name_alone() -> None:
    """As Ironic's: another node of the same service is another machine."""
    nodes = [Node("metal-1", "ironic", "ironic"), Node("metal-2", "ironic", "ironic")]
    known = HostUse(
        name="metal-1", service_host="ironic", lease_id=LEASE, project_id=MINE, state="active", until=NOW + 9
    )
    assert names(verdict(answer(known), OfLease(LEASE), nodes=nodes).hosts) == ["metal-1"]
    assert names(verdict(answer(known), NoLease(), nodes=nodes).hosts) == ["metal-2"]


def test_while_climate_is_away_no_lease_can_be_checked() -> None:
    found = verdict(answer(leased(1)), OfLease(LEASE), age_s=15.1)
    assert found.hosts == []
    assert "has not answered for 15 s" in found.refusal
    assert open_to(OfLease(LEASE), leased(1), age_s=15.0) == ["node-1"]


def test_while_climate_is_away_hosts_are_open_that_were_shown_free_long_enough() -> None:
    """The margin grows with the age of what is known; a lease that should be over may have been extended."""
    hosts = [leased(1, until=NOW - 1), following(2, 60 + 100), following(3, 60 + 101)]
    assert open_to(NoLease(), *hosts, age_s=100) == ["node-3"]
    assert open_to(NoLease(), *hosts, age_s=0) == ["node-1", "node-2", "node-3"]
    assert open_to(NoLease(), use(1), use(2), use(3), age_s=1e9) == ["node-1", "node-2", "node-3"]


def test_an_operator_may_stop_everything_while_climate_is_away() -> None:
    rules = dataclasses.replace(RULES, fail_closed=FailClosed.ALL)
    assert open_to(NoLease(), use(1), age_s=15, rules=rules) == ["node-1", "node-2", "node-3"]
    assert open_to(NoLease(), use(1), age_s=16, rules=rules) == []


@pytest.mark.parametrize("wish", [NoLease(), OfLease(LEASE)])
@pytest.mark.parametrize("fail_closed", FailClosed)
def test_before_the_first_answer_no_host_is_known_to_be_free(wish: Wish, fail_closed: FailClosed) -> None:
    found = verdict(None, wish, age_s=float("inf"), rules=dataclasses.replace(RULES, fail_closed=fail_closed))
    assert found.hosts == []
    assert "has not answered" in found.refusal

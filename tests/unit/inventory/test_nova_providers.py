# SPDX-License-Identifier: Apache-2.0
"""Placement is asked about a bounded number of hosts in each round, and about all of them in turn."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from climate.errors import ServiceUnavailable
from climate.inventory.sources.nova_providers import Providers


@dataclass
class FakePlacement:
    """Every provider has the same; ``asked`` has what was asked for, ``away`` the providers that cannot be had."""

    held: list[str] = field(default_factory=lambda: ["HW_CPU_X86_AVX2", "COMPUTE_NODE", "CUSTOM_QUIET"])
    asked: list[str] = field(default_factory=list)
    away: set[str] = field(default_factory=set)

    def traits(self, provider_id: str) -> list[str]:
        """The same for all."""
        self._ask(f"traits {provider_id}")
        return list(self.held)

    def totals(self, provider_id: str) -> dict[str, int]:
        """The same for all."""
        self._ask(f"totals {provider_id}")
        return {"VCPU": 4}

    def _ask(self, what: str) -> None:
        self.asked.append(what)
        if what.split()[1] in self.away:
            raise ServiceUnavailable


def test_placement_is_not_asked_where_nothing_of_it_is_wanted() -> None:
    placement = FakePlacement()
    assert Providers(placement, 10).look(["a"], capacity=False) == {}
    assert placement.asked == []


def test_only_traits_that_begin_as_wanted_count() -> None:
    told = Providers(FakePlacement(), 10, ["HW_", "CUSTOM_"]).look(["a"], capacity=False)
    assert told["a"].facts == {"traits": "CUSTOM_QUIET HW_CPU_X86_AVX2"}
    assert told["a"].totals is None


def test_a_round_asks_about_some_hosts_and_remembers_the_others() -> None:
    placement = FakePlacement()
    providers = Providers(placement, 2, ["HW_"])
    assert sorted(providers.look("abcde", capacity=False)) == ["a", "b"]
    assert sorted(providers.look("abcde", capacity=False)) == ["a", "b", "c", "d"]
    placement.held = ["HW_NEW"]
    told = providers.look("abcde", capacity=False)
    assert placement.asked == [f"traits {host}" for host in "abcdea"]
    assert [told[host].traits for host in "abcde"] == [
        ("HW_NEW",), ("HW_CPU_X86_AVX2",), ("HW_CPU_X86_AVX2",), ("HW_CPU_X86_AVX2",), ("HW_NEW",),
    ]  # fmt: skip


def test_a_new_host_goes_before_those_that_are_known() -> None:
    placement = FakePlacement()
    providers = Providers(placement, 1, ["HW_"])
    providers.look("a", capacity=False)
    providers.look("ab", capacity=False)
    assert placement.asked == ["traits a", "traits b"]


def test_hosts_that_are_gone_are_forgotten() -> None:
    providers = Providers(FakePlacement(), 9, ["HW_"])
    providers.look("ab", capacity=False)
    assert sorted(providers.look("b", capacity=False)) == ["b"]


def test_capacity_is_asked_for_as_soon_as_it_is_wanted() -> None:
    """Nova was upgraded, and tells it no more."""
    placement = FakePlacement()
    providers = Providers(placement, 1, ["HW_"])
    providers.look("ab", capacity=False)
    told = providers.look("ab", capacity=True)
    assert told["a"].facts == {"traits": "HW_CPU_X86_AVX2", "vcpus": 4}
    assert sorted(providers.look("ab", capacity=True)) == ["a", "b"]


def test_what_was_answered_before_placement_failed_is_not_asked_again() -> None:
    placement = FakePlacement(away={"c"})
    providers = Providers(placement, 3)
    with pytest.raises(ServiceUnavailable):
        providers.look("abc", capacity=True)
    placement.away.clear()
    assert sorted(providers.look("abc", capacity=True)) == ["a", "b", "c"]
    assert placement.asked[3] == "totals c"


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 30), st.integers(1, 30))
def test_everybody_has_their_turn(hosts: int, per_round: int) -> None:
    """After as many rounds as the hosts need, all are known; after twice as many, all were asked twice or so."""
    placement = FakePlacement()
    providers = Providers(placement, per_round)
    ids = [str(number) for number in range(hosts)]
    rounds = -(-hosts // per_round)
    for _ in range(rounds):
        before = len(placement.asked)
        providers.look(ids, capacity=True)
        assert len(placement.asked) - before <= per_round
    assert {asked.split()[1] for asked in placement.asked} == set(ids)
    for _ in range(rounds):
        providers.look(ids, capacity=True)
    counts = [placement.asked.count(f"totals {host}") for host in ids]
    assert max(counts) - min(counts) <= 1

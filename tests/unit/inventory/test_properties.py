# SPDX-License-Identifier: Apache-2.0
"""What admins say takes effect at once, everywhere, and in whatever company."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from climate.core.candidates import pack, unpack
from climate.core.host_properties.catalogue import Kind
from climate.core.host_properties.definitions import Definition, Rule
from climate.errors import BadField, PropertyExists, PropertyNotFound, ServiceUnavailable
from climate.inventory.decisions import Decision
from climate.inventory.hosts import Hosts
from climate.inventory.matching import Matching
from climate.inventory.properties import Properties
from climate.inventory.refresh import Refresher
from climate.inventory.store.memory import MemoryStore
from climate.rpcapi.inventory import Common, HostQuery, PropertyChange
from tests.unit.inventory.fleet import ListSource, numbered_ids, told


class Site:
    """An inventory with one source."""

    def __init__(self, store: MemoryStore | None = None) -> None:
        self.store = store or MemoryStore()
        self.source = ListSource("file", [told("a", vcpus=8, rack="r1"), told("b", vcpus=16, rack="r1")])
        self.matching = Matching(self.store)
        self.properties = Properties(self.store, self.matching)
        self.hosts = Hosts(self.store, self.matching)
        self.refresher = Refresher([self.source], self.store, lambda: True, numbered_ids())
        self.refresher.refresh_once(1)

    def found(self, *properties: Any) -> list[str]:
        groups = self.matching.candidates(list(properties), False).groups
        return [self.hosts.get(host_id).name for group in groups for host_id in unpack(group.hosts)]


@pytest.fixture
def site() -> Site:
    return Site()


NOISE = Definition(name="noise", type=Kind.TEXT, rules=(Rule(where=[">", "$vcpus", 8], value="high"),))


def test_an_addition_can_be_asked_for_at_once(site: Site) -> None:
    """By rule, and after a gift; and what hosts are shown with is what a filter meets."""
    assert site.properties.add(NOISE).values == ("high",)
    assert site.found("=", "$noise", "high") == ["b"]
    given = site.hosts.set("a", properties={"noise": "high"})
    assert given.properties == {"vcpus": 8, "rack": "r1", "noise": "high"}
    assert given.given == {"noise": "high"}
    assert site.found("=", "$noise", "high") == ["a", "b"]
    assert [one.properties["noise"] for one in site.hosts.page(HostQuery())] == ["high", "high"]


def test_a_refresh_takes_nothing_back(site: Site) -> None:
    site.properties.add(NOISE)
    site.hosts.set("a", properties={"noise": "low", "rack": "moved"})
    site.source.hosts = [told("a", vcpus=32, rack="r2", noise="told")]
    site.refresher.refresh_once(2)
    assert site.hosts.get("a").properties == {"vcpus": 32, "rack": "moved", "noise": "low"}
    site.hosts.set("a", properties={"noise": None, "rack": None})
    assert site.hosts.get("a").properties == {"vcpus": 32, "rack": "r2", "noise": "high"}
    site.properties.forget("noise")
    assert site.hosts.get("a").properties == {"vcpus": 32, "rack": "r2", "noise": "told"}


def test_a_retired_host_keeps_what_it_was_given(site: Site) -> None:
    """And has it again when it comes back."""
    site.hosts.set("a", properties={"rack": "mine"})
    site.source.hosts = [told("b", vcpus=16)]
    site.refresher.refresh_once(2)
    assert site.hosts.get("a").properties["rack"] == "mine"
    assert site.found("=", "$rack", "mine") == []
    site.source.hosts = [told("a", vcpus=8), told("b", vcpus=16)]
    site.refresher.refresh_once(3)
    assert site.found("=", "$rack", "mine") == ["a"]


def test_bad_words_change_nothing(site: Site) -> None:
    """Not even the good ones beside them."""
    before = site.store.load()
    with pytest.raises(BadField):
        site.hosts.set("a", True, "dust", {"rack": "r9", "noise": "high"})
    with pytest.raises(BadField):
        site.hosts.set("a", True, "x" * 256, {"rack": "r9"})
    with pytest.raises(BadField):
        site.properties.change("vcpus", PropertyChange(hidden=True, unit="x"))
    with pytest.raises(PropertyNotFound):
        site.properties.forget("noise")
    assert site.store.load() == before


def test_setting_nothing_changes_nothing(site: Site) -> None:
    before = site.store.generation()
    assert site.hosts.set("a").name == "a"
    assert site.store.generation() == before


def test_visibility_follows_at_once(site: Site) -> None:
    both = pack(site.hosts.get(name).host_id for name in ("a", "b"))
    names = ["rack", "vcpus", "gpus", "name", "color", "rack"]
    known = frozenset({"rack", "vcpus", "gpus"})  # a standard property that no host has is one that one may name
    assert site.properties.common(both, names, False) == Common(properties={"rack": "r1"}, visible=known)
    assert site.properties.change("rack", PropertyChange(hidden=True)).hidden
    assert site.properties.common(both, names, False) == Common(properties={}, visible=known - {"rack"})
    assert site.properties.common(both, [], True) == Common(properties={"rack": "r1"}, visible=frozenset())
    assert site.properties.visible(names, False) == known - {"rack"}
    assert site.properties.visible(names, True) == known | {"name"}
    assert [one.name for one in site.properties.all(False)] == ["vcpus"]
    with pytest.raises(PropertyNotFound):
        site.properties.get("rack", False)
    assert site.properties.get("rack", True).hidden


def test_a_rule_whose_property_went_is_told_and_matches_nothing(site: Site) -> None:
    site.source.hosts = [told("a", vcpus=8, tier="gold")]
    site.refresher.refresh_once(2)
    site.properties.add(
        Definition(name="class", type=Kind.NUMBER, rules=(Rule(where=["=", "$tier", "gold"], value=1),))
    )
    assert site.found("=", "$class", 1) == ["a"]
    site.source.hosts = [told("a", vcpus=8)]
    site.refresher.refresh_once(3)
    assert site.found("=", "$class", 1) == []
    (problem,) = site.properties.get("class", True).rule_problems
    assert "$tier" in problem
    assert [one.rule_problems for one in site.properties.all(True) if one.name == "class"] == [(problem,)]


def test_of_two_who_add_a_property_one_is_told_that_it_exists(site: Site) -> None:
    """However close they are."""
    started = threading.Barrier(6)
    outcomes: list[str] = []

    def add() -> None:
        started.wait()
        try:
            outcomes.append(site.properties.add(NOISE).name)
        except PropertyExists:
            outcomes.append("exists")

    threads = [threading.Thread(target=add) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["exists"] * 5 + ["noise"]


def test_words_of_several_admins_to_one_host_all_count(site: Site) -> None:
    """None is written over by another who did not see it."""
    for number in range(6):
        site.properties.add(Definition(name=f"p{number}", type=Kind.NUMBER))
    started = threading.Barrier(6)

    def give(number: int) -> None:
        started.wait()
        site.hosts.set("a", properties={f"p{number}": number})

    threads = [threading.Thread(target=give, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert site.hosts.get("a").given == {f"p{number}": number for number in range(6)}


def test_who_is_always_too_late_is_told_to_come_back() -> None:
    class Busy(MemoryStore):
        """Somebody else is always quicker."""

        def settle(self, decision: Decision) -> bool:
            self.set_disabled("a", True, "")
            return super().settle(decision)

    site = Site(Busy())
    with pytest.raises(ServiceUnavailable):
        site.properties.add(NOISE)
    assert site.store.load().definitions == ()

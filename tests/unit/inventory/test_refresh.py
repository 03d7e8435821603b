# SPDX-License-Identifier: Apache-2.0
"""What a refresh does to the hosts that are known, and what it must never do."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from climate.core.host import Host, SourceHost
from climate.errors import ConfigError, ServiceUnavailable
from climate.inventory.refresh import Refresher
from climate.inventory.refresh_plan import Known, RefreshPlan, plan_refresh
from climate.inventory.store.memory import MemoryStore
from tests.examples import many
from tests.unit.inventory.fleet import ListSource, numbered_ids, told


class Site:
    """An inventory in memory with sources that a test steers."""

    def __init__(self, *sources: ListSource, allow_empty: bool = False) -> None:
        self.store = MemoryStore()
        self.sources = list(sources)
        self.ids = numbered_ids()
        self.leads = True
        self.allow_empty = allow_empty
        self.now = 0

    def refresh(self) -> bool:
        """One round, a minute after the last."""
        self.now += 60
        refresher = Refresher(self.sources, self.store, lambda: self.leads, self.ids, allow_empty=self.allow_empty)
        return refresher.refresh_once(self.now)

    def host(self, name: str) -> Host:
        return self.store.get_host(name)

    def names(self, retired: bool = False) -> list[str]:
        return [host.name for host in self.store.load().hosts if (host.retired_at is not None) == retired]

    def error(self, source: str) -> str:
        return {state.name: state.error for state in self.store.sources()}[source]


def test_new_hosts_get_ids_and_instants() -> None:
    site = Site(ListSource("file", [told("a", vcpus="8"), told("b")]))
    assert site.refresh()
    host = site.host("a")
    assert host == Host(
        host_id=host.host_id,
        name="a",
        service_host="compute-a",
        external_id="x-a",
        source="file",
        properties={"vcpus": 8},
        first_seen_at=60,
        last_seen_at=60,
    )
    assert site.host("b").host_id != host.host_id


def test_a_host_that_left_is_retired_and_one_that_returns_is_the_same() -> None:
    source = ListSource("file", [told("a", rack="1"), told("b")])
    site = Site(source)
    site.refresh()
    before = site.host("a")
    source.hosts = [told("b")]
    site.refresh()
    assert site.host("a") == dataclasses.replace(before, retired_at=120, last_seen_at=60)
    source.hosts = [told("b"), told("a", rack="2")]
    site.refresh()
    assert site.host("a") == dataclasses.replace(before, properties={"rack": "2"}, last_seen_at=180)


def test_a_disabled_host_stays_disabled_whatever_its_source_says() -> None:
    source = ListSource("file", [told("a"), told("b")])
    site = Site(source)
    site.refresh()
    site.store.set_disabled("a", True, "broken fan")
    for hosts in ([told("a", rack="9"), told("b")], [told("b")], [told("a"), told("b")]):
        source.hosts = hosts
        site.refresh()
        assert site.host("a").disabled
        assert site.host("a").disabled_reason == "broken fan"


def test_nothing_new_changes_nothing_but_the_age() -> None:
    site = Site(ListSource("file", [told("a", vcpus=8)]))
    site.refresh()
    generation = site.store.generation()
    assert site.refresh()
    assert site.store.generation() == generation
    assert site.host("a").last_seen_at == 120
    (state,) = site.store.sources()
    assert (state.refreshed_at, state.tried_at, state.hosts, state.error) == (120, 120, 1, "")


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (ServiceUnavailable("Nova is out of reach."), "Nova is out of reach."),
        (ConfigError("hosts.yaml, line 3: bad."), "hosts.yaml, line 3: bad."),
        (RuntimeError("secret"), "log of climate-inventory"),
    ],
)
def test_a_failing_source_leaves_the_last_good_state_and_its_age(error: Exception, shown: str) -> None:
    source, other = ListSource("file", [told("a")]), ListSource("other", [told("b")])
    site = Site(source, other)
    site.refresh()
    source.error, other.hosts = error, [told("c")]
    assert not site.refresh()
    assert site.names() == ["a", "c"]
    failed, good = site.store.sources()
    assert (failed.refreshed_at, failed.tried_at, failed.hosts) == (60, 120, 1)
    assert shown in failed.error
    assert "secret" not in failed.error
    assert (good.refreshed_at, good.error) == (120, "")
    assert site.host("a").last_seen_at == 60
    source.error = None
    assert site.refresh()
    assert site.error("file") == ""


@pytest.mark.parametrize(
    ("hosts", "words"),
    [
        ([told("a"), told("b"), told("b")], "tells the host b twice"),
        ([told("a", vcpus="many")], "vcpus must be a number"),
        ([told("a"), told("c d")], "without spaces"),
        ([told("a"), told("owned")], "in the source other already"),
        ([], "refused as a mistake"),
    ],
)
def test_news_that_cannot_be_believed_are_refused_whole(hosts: list[SourceHost], words: str) -> None:
    source = ListSource("file", [told("a"), told("b")])
    site = Site(source, ListSource("other", [told("owned")]))
    site.refresh()
    before = site.store.load()
    source.hosts = hosts
    assert not site.refresh()
    assert words in site.error("file")
    assert site.names() == ["a", "b", "owned"]
    assert site.store.generation() == before.generation


def test_a_source_may_lose_all_hosts_when_the_operator_says_so() -> None:
    source = ListSource("file", [told("a")])
    site = Site(source, allow_empty=True)
    site.refresh()
    source.hosts = []
    assert site.refresh()
    assert site.names(retired=True) == ["a"]


def test_a_source_that_is_empty_from_the_beginning_is_no_mistake() -> None:
    site = Site(ListSource("file"))
    assert site.refresh()
    assert site.names() == []


def test_hosts_move_with_their_ids_to_the_source_that_replaces_theirs() -> None:
    site = Site(ListSource("file", [told("a"), told("b")]))
    site.refresh()
    ids = {name: site.host(name).host_id for name in ("a", "b")}
    nova = ListSource("nova", [told("a")])
    nova.error = ServiceUnavailable("not yet")
    site.sources = [nova]
    assert not site.refresh()
    assert site.names() == ["a", "b"]
    nova.error = None
    assert site.refresh()
    assert (site.names(), site.names(retired=True)) == (["a"], ["b"])
    assert site.host("a").source == "nova"
    assert {name: site.host(name).host_id for name in ("a", "b")} == ids
    assert [state.name for state in site.store.sources()] == ["nova"]


def test_a_host_may_move_between_two_sources_in_two_rounds() -> None:
    one, two = ListSource("one", [told("a"), told("b")]), ListSource("two", [told("c")])
    site = Site(two, one)
    site.refresh()
    host_id = site.host("a").host_id
    one.hosts, two.hosts = [told("b")], [told("c"), told("a")]
    assert not site.refresh()
    assert site.refresh()
    assert (site.host("a").source, site.host("a").host_id) == ("two", host_id)


def test_whoever_does_not_lead_reads_nothing() -> None:
    source = ListSource("file", [told("a")])
    site = Site(source)
    site.leads = False
    assert not site.refresh()
    assert source.fetches == 0
    assert site.store.sources() == []


class RacingStore(MemoryStore):
    """Somebody else changes a host between our reading and our writing, ``races`` times."""

    def __init__(self, races: int) -> None:
        super().__init__()
        self.races = races

    def apply(self, plan: RefreshPlan) -> bool:
        """Let the other one go first."""
        if self.races and self.load().hosts:
            self.races -= 1
            self.set_disabled("a", True, "raced")
        return super().apply(plan)


def test_a_plan_is_made_anew_when_hosts_changed_meanwhile() -> None:
    source = ListSource("file", [told("a")])
    site = Site(source)
    site.store = RacingStore(races=3)
    site.refresh()
    source.hosts.append(told("b"))
    assert site.refresh()
    assert site.names() == ["a", "b"]
    assert site.host("a").disabled_reason == "raced"
    site.store.races = 100
    source.hosts.append(told("c"))
    with pytest.raises(ServiceUnavailable):
        site.refresh()


FLEETS = st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 2), max_size=6)


@settings(max_examples=many(200), deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["file", "nova"]), FLEETS), max_size=8))
def test_after_any_history_the_live_hosts_are_what_was_told_last(rounds: list[tuple[str, dict[str, int]]]) -> None:
    """Ids never change or come twice, nothing is forgotten, and the same news again change nothing."""
    store, ids = MemoryStore(), numbered_ids()
    first_ids: dict[str, str] = {}
    for at, (source, fleet) in enumerate(rounds, 1):
        hosts = [told(name, level=level) for name, level in fleet.items()]
        for _ in range(2):
            plan = _plan(store, source, hosts, at, ids)
            assert store.apply(plan)
        known = store.load()
        live = {host.name: host.properties["level"] for host in known.hosts if host.source == source and host.bookable}
        assert live == fleet
        for host in known.hosts:
            assert first_ids.setdefault(host.name, host.host_id) == host.host_id
        assert len({host.host_id for host in known.hosts}) == len(known.hosts) == len(first_ids)
        assert not plan.changes


def _plan(store: MemoryStore, source: str, hosts: list[SourceHost], at: int, ids: Callable[[], str]) -> RefreshPlan:
    return plan_refresh(source, hosts, store.load(), at=at, configured={source}, new_id=ids, allow_empty=True)


def test_a_plan_does_not_touch_what_it_was_given() -> None:
    host = Host(host_id="1", name="a", service_host="", external_id="", source="s", properties={"x": 1})
    known = Known(3, (host,))
    plan = plan_refresh("s", [told("a", x=2)], known, at=9, configured={"s"}, new_id=numbered_ids())
    assert plan.changed[0].properties == {"x": 2}
    assert known.hosts[0].properties == {"x": 1}
    assert plan.seen_generation == 3


def test_what_a_source_cannot_tell_now_stays_as_it_was_last_known() -> None:
    """A name stands for what is nested in it too; what the source does tell holds; nothing else is kept."""
    source = ListSource("nova", [told("a", vcpus=8, rack="r1", **{"cpu_info.model": "EPYC", "cpu_infos": 1})])
    site = Site(source)
    site.refresh()
    source.hosts = [dataclasses.replace(told("a", vcpus=16), kept=("vcpus", "cpu_info")), told("b")]
    for _ in range(2):
        assert site.refresh()
        assert site.host("a").properties == {"vcpus": 16, "cpu_info.model": "EPYC"}
    source.hosts = [told("a", vcpus=16)]
    site.refresh()
    assert site.host("a").properties == {"vcpus": 16}

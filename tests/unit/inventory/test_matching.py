# SPDX-License-Identifier: Apache-2.0
"""The inventory answers from memory, and never with hosts that changed."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from climate.core.candidates import Candidates, unpack
from climate.errors import BadField, BadProperties, HostNotFound
from climate.inventory.hosts import Hosts
from climate.inventory.matching import Matching
from climate.inventory.properties import Properties
from climate.inventory.refresh import Refresher
from climate.inventory.refresh_plan import Known
from climate.inventory.store.memory import MemoryStore
from climate.rpcapi.inventory import HostQuery
from tests.unit.inventory.fleet import ListSource, numbered_ids, told


class CountingStore(MemoryStore):
    """Counts how often hosts are read, and remembers how many came."""

    def __init__(self) -> None:
        super().__init__()
        self.loads = 0
        self.read = 0

    def load(self, after: int | None = None) -> Known:
        """All hosts, or those that changed, counted."""
        known = super().load(after)
        self.loads += 1
        self.read += len(known.hosts)
        return known


class Site:
    """An inventory with one source."""

    def __init__(self) -> None:
        self.store = CountingStore()
        self.source = ListSource("file", [told("a", vcpus=8), told("b", vcpus=16)])
        self.matching = Matching(self.store)
        self.properties = Properties(self.store, self.matching)
        self.refresher = Refresher([self.source], self.store, lambda: True, numbered_ids())
        self.refresher.refresh_once(1)
        self.store.loads = 0

    def count(self, properties: list[Any]) -> int:
        return len(self.matching.candidates(properties, False))


@pytest.fixture
def site() -> Site:
    return Site()


def test_hosts_are_read_once_and_again_when_one_changed(site: Site) -> None:
    assert [site.count([]), site.count([">", "$vcpus", 8]), len(site.properties.all(False))] == [2, 1, 1]
    assert site.store.loads == 1
    site.source.hosts = [told("a", vcpus=32), told("c", vcpus=64, color="red")]
    site.refresher.refresh_once(2)
    site.store.loads = 0
    assert [site.count([]), site.count([">", "$vcpus", 8]), len(site.properties.all(False))] == [2, 2, 2]
    assert site.store.loads == 1


def test_only_hosts_that_changed_are_read_again(site: Site) -> None:
    site.count([])
    site.source.hosts[1] = told("b", vcpus=4)
    site.refresher.refresh_once(2)
    site.store.set_disabled("b", True, "")
    site.store.read = 0
    assert (site.count([]), site.properties.all(False)[0].values, site.store.read) == (1, (4, 8), 1)


def test_a_refresh_without_news_keeps_the_table(site: Site) -> None:
    site.count([])
    site.refresher.refresh_once(2)
    site.store.loads = 0
    site.count([])
    assert site.store.loads == 0


def test_a_disabled_host_is_no_candidate_and_its_facts_remain_known(site: Site) -> None:
    site.store.set_disabled("b", True, "")
    assert site.count([">", "$vcpus", 8]) == 0
    (vcpus,) = site.properties.all(False)
    assert vcpus.values == (8, 16)


def test_a_site_without_hosts_has_no_candidates() -> None:
    assert Matching(MemoryStore()).candidates([], False) == Candidates(())


def test_names_are_sent_once_and_again_when_a_host_changed(site: Site) -> None:
    """Those of hosts that are gone, too; with the facts they are read once."""
    names = site.matching.names(None)
    assert names is not None
    assert (names.names, names.retired, site.count([])) == (("a", "b"), (False, False), 2)
    assert site.matching.names(names.generation) is None
    assert site.store.loads == 1
    site.source.hosts = [told("b", vcpus=16), told("c", vcpus=8)]
    site.refresher.refresh_once(2)
    newer = site.matching.names(names.generation)
    assert newer is not None
    assert newer.names == ("a", "b", "c")
    assert newer.service_hosts == ("compute-a", "compute-b", "compute-c")
    assert newer.retired == (True, False, False)
    assert unpack(newer.hosts)[:2] == unpack(names.hosts)


def test_names_are_not_sent_again_for_what_names_no_host(site: Site) -> None:
    """Another copy of the inventory, which started later, says so for its names, too."""
    names = site.matching.names(None)
    assert names is not None
    site.store.set_disabled("b", True, "")
    assert site.matching.names(names.generation) is None
    later = Matching(site.store).names(None)
    assert later is not None
    assert (later.names, later.generation) == (names.names, names.generation + 1)
    assert site.matching.names(later.generation) is None
    assert site.matching.names(later.generation + 1) is not None  # of a database that is no more


def test_a_site_without_hosts_has_no_names() -> None:
    names = Matching(MemoryStore()).names(None)
    assert names is not None
    assert (names.generation, names.hosts, names.names) == (0, b"", ())


def test_threads_share_one_reading(site: Site) -> None:
    started = threading.Barrier(8)
    counts: list[int] = []

    def ask() -> None:
        started.wait()
        counts.append(site.count([]))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts == [2] * 8
    assert site.store.loads == 1


def test_a_bad_filter_is_refused_before_hosts_are_read(site: Site) -> None:
    with pytest.raises(BadProperties):
        site.count(["==", "$vcpus", 8])
    assert site.store.loads == 0


def test_operators_find_and_disable_hosts_by_id_or_name(site: Site) -> None:
    hosts = Hosts(site.store, site.matching)
    by_name = hosts.get("a")
    assert hosts.get(by_name.host_id) == by_name
    disabled = hosts.set("a", True, "broken fan")
    assert (disabled.disabled, disabled.disabled_reason) == (True, "broken fan")
    enabled = hosts.set(by_name.host_id, False, "left over")
    assert (enabled.disabled, enabled.disabled_reason) == (False, "")
    with pytest.raises(HostNotFound):
        hosts.get("nobody")
    with pytest.raises(HostNotFound):
        hosts.set("nobody", True, "")
    for reason in ("x" * 256, "a\0"):
        with pytest.raises(BadField, match="reason"):
            hosts.set("a", True, reason)


@pytest.mark.parametrize("limit", [0, -1, 10_001])
def test_a_page_has_a_sane_size(site: Site, limit: int) -> None:
    with pytest.raises(BadField, match="limit"):
        Hosts(site.store, site.matching).page(HostQuery(limit=limit))

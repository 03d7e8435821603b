# SPDX-License-Identifier: Apache-2.0
"""What benchmarks share: the made-up site is what it says, in every format, and the peer finds the same hosts."""

from __future__ import annotations

import itertools
import uuid
from pathlib import Path

import pytest

from benchmarks.inventory import NESTED
from benchmarks.parts import fleet, loop, timing
from climate.core.candidates import unpack
from climate.inventory.matching import Matching
from climate.inventory.refresh import Refresher
from climate.inventory.sources.file import FileSource
from climate.inventory.store.memory import MemoryStore

SITE = fleet.fleet(700)


def test_a_site_is_the_same_for_the_same_seed_and_has_racks_and_hosts_in_use() -> None:
    assert fleet.fleet(700) == SITE
    assert fleet.fleet(700, 2) != SITE
    assert len({record["name"] for record in SITE}) == len({record["host_ip"] for record in SITE}) == 700
    assert {len(list(hosts)) for _, hosts in itertools.groupby(SITE, key=lambda record: record["rack"])} == {32, 28}
    assert 0.4 < sum(record["running_vms"] > 0 for record in SITE) / 700 < 0.6


@pytest.mark.parametrize("kind", ["json", "csv", "yaml"])
def test_every_format_tells_the_same_hosts(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"hosts.{kind}"
    fleet.write(path, SITE)
    assert FileSource(path).fetch() == [fleet.told(record) for record in SITE]
    assert list(tmp_path.iterdir()) == [path]


def test_the_loop_finds_the_hosts_that_the_inventory_finds() -> None:
    store = MemoryStore()
    source = fleet.ListSource(SITE)
    source.change(0, fleet.in_use(SITE[0], 500))
    Refresher([source], store, lambda: True, lambda: str(uuid.uuid4())).refresh_once(1)
    hosts = store.load().hosts
    facts = [(host.host_id, host.properties) for host in hosts]
    for properties in (NESTED, [], ["=", "$running_vms", 500], ["<", 2, "$clock_ghz", "$network_gbps"]):
        found = Matching(store).candidates(properties, False)
        assert loop.match(facts, properties) == [unpack(group.hosts) for group in found.groups]
        assert found.groups


def test_figures_are_the_middle_and_the_slow_end() -> None:
    assert timing.figures("x_ms", [float(number) for number in range(100)]) == {"x_ms_median": 49.5, "x_ms_p95": 95.0}
    calls: list[int] = []
    assert len(timing.times_ms(3, lambda: calls.append(1), warm=2)) == 3
    assert len(calls) == 5

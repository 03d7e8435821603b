# SPDX-License-Identifier: Apache-2.0
"""Facts about the network serve as facts about the CPU do, whoever tells them: a file, Nova's aggregates, or an admin.

Half of the hosts stand at one switch and half at another; the facts of the
two halves differ, wherever they come from.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from climate.core.candidates import unpack
from climate.core.host import PropertyValue, SourceHost
from climate.core.host_properties.definitions import Rule
from climate.errors import BadProperties
from climate.inventory.hosts import Hosts
from climate.inventory.matching import Matching
from climate.inventory.properties import Properties
from climate.inventory.refresh import Refresher
from climate.inventory.sources import columns
from climate.inventory.sources.file import FileSource
from climate.inventory.sources.nova_aggregates import memberships
from climate.inventory.sources.nova_hosts import Answers, hosts_of
from climate.inventory.sources.nova_record import read
from climate.inventory.store.memory import MemoryStore
from climate.rpcapi.inventory import PropertyChange
from tests.nova_bodies import aggregate, hypervisor
from tests.unit.inventory.fleet import ListSource, numbered_ids, told

EAST, WEST = ("node-1", "node-2"), ("node-3", "node-4", "node-5")
NAMES = (*EAST, *WEST)
FACTS: list[tuple[str, PropertyValue, PropertyValue]] = [
    ("rack", "a1", "b7"),
    ("switch", "sw-east", "sw-west"),
    ("network_gbps", 100, 12.5),
    ("latency_class", "low", "high"),
    ("cpu_info.model", "Zen3", "Skylake"),
]


class Site:
    """An inventory with five hosts."""

    def __init__(self, hosts: Sequence[SourceHost]) -> None:
        store = MemoryStore()
        self.matching = Matching(store)
        self.hosts = Hosts(store, self.matching)
        self.properties = Properties(store, self.matching)
        Refresher([ListSource("any", hosts)], store, lambda: True, numbered_ids()).refresh_once(1)

    def groups(self, *clause: Any) -> list[tuple[dict[str, PropertyValue], tuple[str, ...]]]:
        """What each group of a tenant's request is alike in, and its hosts."""
        found = self.matching.candidates(list(clause), False).groups
        return [
            (group.alike, tuple(self.hosts.get(host_id).name for host_id in unpack(group.hosts))) for group in found
        ]


def from_yaml(directory: Path, name: str, east: PropertyValue, west: PropertyValue) -> Site:
    lines = [f"- {{name: {host}, {name}: {east if host in EAST else west}}}" for host in NAMES]
    path = directory / "hosts.yaml"
    path.write_text("\n".join(lines))
    return Site(FileSource(path).fetch())


def from_csv(directory: Path, name: str, east: PropertyValue, west: PropertyValue) -> Site:
    path = directory / "hosts.csv"
    path.write_text(f"name,{name}\n" + "".join(f"{host},{east if host in EAST else west}\n" for host in NAMES))
    return Site(FileSource(path).fetch())


def from_aggregates(directory: Path, name: str, east: PropertyValue, west: PropertyValue) -> Site:
    """An aggregate for each switch; its metadata are texts, and become the property by the operator's rule."""
    joined = memberships(
        [
            aggregate(str(value), [f"{host}-compute" for host in hosts], fact=str(value))
            for hosts, value in ((EAST, east), (WEST, west))
        ]
    )
    answers = Answers(hypervisors=[read(hypervisor(host)) for host in NAMES], memberships=joined)
    return Site(hosts_of(answers, columns.parse([f"{name}=aggregate.fact"])).hosts)


def from_an_admin(directory: Path, name: str, east: PropertyValue, west: PropertyValue) -> Site:
    site = Site([told(host) for host in NAMES])
    for host in NAMES:
        site.hosts.set(host, properties={name: east if host in EAST else west})
    return site


def from_rules(directory: Path, name: str, east: PropertyValue, west: PropertyValue) -> Site:
    """By what the hosts are called: an admin's rule may name that."""
    site = Site([told(host) for host in NAMES])
    rules = (Rule(where=["in", "$name", *EAST], value=east), Rule(where=[], value=west))
    site.properties.change(name, PropertyChange(rules=rules))
    return site


@pytest.mark.parametrize(("name", "east", "west"), FACTS, ids=[name for name, _, _ in FACTS])
@pytest.mark.parametrize("origin", [from_yaml, from_csv, from_aggregates, from_an_admin, from_rules])
def test_hosts_are_alike_in_a_fact_wherever_it_comes_from(
    origin: Callable[..., Site], name: str, east: PropertyValue, west: PropertyValue, tmp_path: Path
) -> None:
    """Groups, values with their type, filters, the catalogue, and what hosts are shown with."""
    site = origin(tmp_path, name, east, west)
    assert site.groups("homogeneous", f"${name}") == [({name: west}, WEST), ({name: east}, EAST)]
    assert site.groups("=", f"${name}", east) == [({}, EAST)]
    both = ["and", ["not", ["=", f"${name}", west]], ["homogeneous", f"${name}"]]
    assert site.groups(*both) == [({name: east}, EAST)]
    described = site.properties.get(name, False)
    assert set(described.values) == {east, west}
    assert described.hosts == len(NAMES)
    assert {type(value) for value in described.values} == {type(east), type(west)}
    assert [site.hosts.get(host).properties[name] for host in NAMES] == [east] * 2 + [west] * 3
    if described.type == "number":
        assert site.groups(">=", f"${name}", "50") == [({}, EAST)]
        with pytest.raises(BadProperties, match="is a number"):
            site.groups("=", f"${name}", "fast")

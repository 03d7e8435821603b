# SPDX-License-Identifier: Apache-2.0
"""What the answers of Nova and Placement make of the site's hosts."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from climate.core.host import PropertyValue, SourceHost
from climate.inventory.sources import columns
from climate.inventory.sources.nova_aggregates import memberships
from climate.inventory.sources.nova_hosts import Answers, Told, hosts_of
from climate.inventory.sources.nova_providers import Provider
from climate.inventory.sources.nova_record import read
from tests.nova_bodies import aggregate, disabled, hypervisor
from tools.servers.recorded_nova import Record


def made(records: Sequence[Record], *aggregates: Record, rules: Sequence[str] = (), zone: str = "") -> Told:
    """The hosts of these records and aggregates."""
    joined = memberships(aggregates, ["filter_tenant_id"])
    answers = Answers(hypervisors=[read(record) for record in records], memberships=joined)
    return hosts_of(answers, columns.parse(rules), zone)


def facts(told: Told, name: str = "node-1") -> dict[str, PropertyValue]:
    return host(told, name).properties


def host(told: Told, name: str = "node-1") -> SourceHost:
    (found,) = [found for found in told.hosts if found.name == name]
    return found


NODES = [hypervisor("node-1"), hypervisor("node-2")]


def test_aggregates_are_joined_by_the_compute_service() -> None:
    told = made(
        NODES,
        aggregate("fast hosts", ["node-1-compute", "gone-compute"], rack="r7"),
        aggregate("az1", ["node-1-compute"], zone="paris"),
        zone="nova",
    )
    assert facts(told)["aggregate"] == "az1 fast_hosts"
    assert facts(told)["aggregate.rack"] == "r7"
    assert facts(told)["availability_zone"] == "paris"
    assert facts(told, "node-2")["availability_zone"] == "nova"
    assert not [name for name in facts(told, "node-2") if name.startswith("aggregate")]
    assert "aggregate.availability_zone" not in facts(told)
    assert told.notes == []


def test_what_names_projects_stays_out() -> None:
    told = made(NODES, aggregate("a", ["node-1-compute"], filter_tenant_id="42", filter_tenant_id_2="43", rack="1"))
    assert [name for name in facts(told) if name.startswith("aggregate.")] == ["aggregate.rack"]


def test_metadata_are_numbers_where_all_of_a_key_are() -> None:
    told = made(
        NODES,
        aggregate("a", ["node-1-compute"], mbps="100000", row="7", ssd="true"),
        aggregate("b", ["node-2-compute"], mbps="25e3", row="north", ssd="False"),
    )
    assert [facts(told, node)["aggregate.mbps"] for node in ("node-1", "node-2")] == [100_000, 25_000]
    assert [facts(told, node)["aggregate.row"] for node in ("node-1", "node-2")] == ["7", "north"]
    assert [facts(told, node)["aggregate.ssd"] for node in ("node-1", "node-2")] == [True, False]


def test_aggregates_that_contradict_each_other_say_nothing() -> None:
    """Only of the hosts that are in both, and only under that key."""
    told = made(
        NODES,
        aggregate("a", ["node-1-compute", "node-2-compute"], rack="r1", switch="s1"),
        aggregate("b", ["node-1-compute"], rack="r2", switch="s1"),
    )
    assert "aggregate.rack" not in facts(told)
    assert facts(told)["aggregate.switch"] == "s1"
    assert facts(told, "node-2")["aggregate.rack"] == "r1"
    assert told.notes == ["node-1: its aggregates contradict each other about rack"]


def test_rules_make_properties_of_facts() -> None:
    """The unit changes, zeros in front of a text stay, and texts that are all numbers become numbers."""
    rules = ["rack=aggregate.rack", "network_gbps=aggregate.mbps/1000", "slots=aggregate.slots", "site=service.id~^b"]
    told = made(
        [hypervisor("node-1", service={"host": "node-1-compute", "id": "b1"})],
        aggregate("a", ["node-1-compute"], rack="007", mbps="25000", slots="4"),
        rules=rules,
    )
    found = facts(told)
    assert [found[name] for name in ("rack", "network_gbps", "slots", "site")] == ["007", 25, 4, "b"]


def test_a_rule_that_cannot_be_applied_to_one_host_is_applied_to_the_others() -> None:
    told = made(
        NODES,
        aggregate("a", ["node-1-compute"], mbps="fast"),
        aggregate("b", ["node-2-compute"], mbps="1000"),
        rules=["network_gbps=aggregate.mbps/1000"],
    )
    assert "network_gbps" not in facts(told)
    assert facts(told, "node-2")["network_gbps"] == 1
    assert told.notes == ["node-1: aggregate.mbps must be a number, and 'fast' is none"]


@pytest.mark.parametrize(
    "odd",
    [
        {"name": None, "hosts": None, "metadata": None, "availability_zone": None},
        {"name": "a", "hosts": ["node-1-compute"], "metadata": {"no name!": "1", "x": None, "y": ["z"], "z": ""}},
        {"hosts": [7, None], "metadata": []},
    ],
)
def test_an_odd_aggregate_spoils_nothing(odd: Record) -> None:
    told = made(NODES, odd)
    assert len(told.hosts) == 2
    assert [name for name in facts(told) if name.startswith("aggregate.")] == []


@pytest.mark.parametrize(
    ("reason", "unavailable"),
    [
        ("disk broken", "disabled in Nova: disk broken"),
        (None, "disabled in Nova"),
        ("AUTO: Connection to libvirt lost: 1", "disabled in Nova: AUTO: Connection to libvirt lost: 1"),
        ("climate: asleep", ""),
        ("x" * 1000, "disabled in Nova: " + "x" * 237),
    ],
)
def test_a_host_that_somebody_else_disabled_is_not_for_new_leases(reason: str | None, unavailable: str) -> None:
    """What the suite disables itself, it may still lease."""
    found = host(made([disabled("node-1", reason)]))
    assert found.unavailable_reason == unavailable
    assert found.properties["status"] == "disabled"


def test_a_service_that_is_down_is_only_a_fact() -> None:
    found = host(made([hypervisor(state="down")]))
    assert (found.unavailable_reason, found.properties["state"]) == ("", "down")


def test_of_two_hypervisors_with_one_name_the_one_that_is_up_is_the_host() -> None:
    """As after a compute service was renamed: its old record stays, and is down."""
    told = made([hypervisor(id="1", state="down"), hypervisor(id="2"), hypervisor("node-2")])
    assert (host(told).external_id, host(told).unavailable_reason) == ("2", "")
    assert told.notes == ["node-1: of the hypervisors 1, 2, only 2 is up and counts"]
    assert len(told.hosts) == 2


@pytest.mark.parametrize("state", ["up", "down"])
def test_where_it_cannot_be_told_which_of_two_is_the_host_it_is_not_for_new_leases(state: str) -> None:
    told = made([hypervisor(id="2", state=state), hypervisor(id="1", state=state), hypervisor("node-2")])
    assert host(told).external_id == "1"
    assert host(told).unavailable_reason == "Nova has several hypervisors of this name: 1, 2"
    assert host(told, "node-2").unavailable_reason == ""


@pytest.mark.parametrize("name", [None, "", "  ", "two words", "x" * 300, "nul\0"])
def test_a_hypervisor_without_a_usable_name_is_left_out_and_told(name: str | None) -> None:
    told = made([hypervisor(hypervisor_hostname=name), hypervisor("node-2")])
    assert [found.name for found in told.hosts] == ["node-2"]
    assert len(told.notes) == 1
    assert "is left out" in told.notes[0]


def test_beyond_287_capacity_is_placements_and_the_cpu_is_the_last_known() -> None:
    records = [read({"id": node, "hypervisor_hostname": node, "state": "up"}) for node in ("a", "b")]
    providers = {"a": Provider(1, totals={"VCPU": 8, "PCPU": 24, "MEMORY_MB": 1024, "DISK_GB": 50, "VGPU": 1})}
    told = hosts_of(Answers(hypervisors=records, memberships={}, providers=providers, complete=False))
    a, b = told.hosts
    assert a.properties == {"state": "up", "vcpus": 32, "memory_mb": 1024, "local_gb": 50}
    assert b.properties == {"state": "up"}
    assert a.kept == b.kept == ("cpu_info", "vcpus", "memory_mb", "local_gb")


def test_traits_that_were_not_asked_for_yet_stay_as_they_were() -> None:
    """Those that were asked for and are none, are none."""
    records = [read(hypervisor(node, id=node)) for node in ("a", "b", "c")]
    providers = {"a": Provider(1, traits=("HW_CPU_X86_AVX2", "CUSTOM_QUIET")), "b": Provider(1, traits=())}
    told = hosts_of(Answers(hypervisors=records, memberships={}, providers=providers, traits_wanted=True))
    assert [found.properties.get("traits") for found in told.hosts] == ["CUSTOM_QUIET HW_CPU_X86_AVX2", None, None]
    assert [found.kept for found in told.hosts] == [(), (), ("traits",)]
    assert [found.kept for found in made(NODES).hosts] == [(), ()]

# SPDX-License-Identifier: Apache-2.0
"""What a record of Nova's says of a host, whatever it looks like."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from climate.core.host_properties.catalogue import STANDARD, Kind, kind_of
from climate.core.host_properties.facts import checked_fact
from climate.inventory.sources.nova_record import read
from tests.examples import many
from tests.nova_bodies import LIBVIRT_CPU, VMWARE_CPU, hypervisor, ironic


def test_every_fact_of_a_record_comes_in() -> None:
    """Nested facts get dotted names, a list becomes words, null is not known."""
    found = read(hypervisor("node-1"))
    assert (found.name, found.service_host) == ("node-1", "node-1-compute")
    assert found.external_id == hypervisor("node-1")["id"]
    assert (found.up, found.disabled, found.disabled_reason, found.notes) == (True, False, "", ())
    assert found.facts == {
        "state": "up",
        "status": "enabled",
        "vcpus": 64,
        "memory_mb": 257_654,
        "local_gb": 437,
        "vcpus_used": 0,
        "memory_mb_used": 512,
        "local_gb_used": 0,
        "hypervisor_type": "QEMU",
        "hypervisor_version": 7_002_000,
        "free_ram_mb": 257_142,
        "free_disk_gb": 437,
        "current_workload": 0,
        "running_vms": 0,
        "host_ip": "192.0.2.17",
        "service.id": hypervisor("node-1")["service"]["id"],
        "cpu_info.arch": "x86_64",
        "cpu_info.model": "EPYC-Rome",
        "cpu_info.vendor": "AMD",
        "cpu_info.features": "aes avx avx2 sse4.1 tsc-deadline",
        "cpu_info.topology.cells": 2,
        "cpu_info.topology.sockets": 1,
        "cpu_info.topology.cores": 16,
        "cpu_info.topology.threads": 2,
    }


def test_cpu_info_is_the_same_as_text_and_as_object() -> None:
    """Up to microversion 2.27 it is JSON in a text."""
    assert read(hypervisor(cpu_info=json.dumps(LIBVIRT_CPU))) == read(hypervisor())


def test_a_topology_without_cells_is_taken_as_it_is() -> None:
    topology = {"sockets": 1, "cores": 10, "threads": 2}
    facts = read(hypervisor(cpu_info={**LIBVIRT_CPU, "topology": topology})).facts
    assert "cpu_info.topology.cells" not in facts
    assert facts["cpu_info.topology.cores"] == 10


def test_lists_of_one_value_are_that_value() -> None:
    """VMware's driver lists the model of every socket."""
    facts = read(hypervisor(cpu_info=VMWARE_CPU)).facts
    assert facts["cpu_info.model"] == "Intel(R) Xeon(R) CPU E5-2650"
    assert facts["cpu_info.vendor"] == "Intel"


def test_a_list_of_several_texts_is_words() -> None:
    found = read(hypervisor(cpu_info={"model": ["EPYC Rome", "EPYC  Milan"], "mixed": [1, {"a": 1}]}))
    assert found.facts["cpu_info.model"] == "EPYC_Rome EPYC_Milan"
    assert found.facts["cpu_info.mixed"] == "1"
    assert found.notes == ("cpu_info.mixed holds more than names",)


def test_a_node_of_ironic_has_no_cpu_and_no_capacity() -> None:
    found = read(ironic())
    assert (found.facts["vcpus"], found.facts["hypervisor_type"], found.notes) == (0, "ironic", ())
    assert not [name for name in found.facts if name.startswith("cpu_info")]


def test_instances_are_counted_where_nova_only_lists_them() -> None:
    """Beyond microversion 2.87."""
    record = hypervisor(servers=[{"uuid": "1", "name": "a"}, {"uuid": "2", "name": "b"}])
    assert read(record).facts["running_vms"] == 0
    del record["running_vms"]
    assert read(record).facts["running_vms"] == 2
    assert "servers" not in read(record).facts


BROKEN = [
    ({"cpu_info": "{"}, "cpu_info.model", "cpu_info is no JSON"),
    ({"cpu_info": "[" * 100_000}, "cpu_info.model", "cpu_info is no JSON"),
    ({"cpu_info": ["x86_64"]}, "cpu_info.model", "cpu_info is no object"),
    ({"cpu_info": '"x86_64"'}, "cpu_info.model", "cpu_info is no object"),
    ({"vcpus": "many"}, "vcpus", "vcpus must be a number, and 'many' is none"),
    ({"vcpus": True}, "vcpus", "vcpus must be a number, and True is none"),
    ({"memory_mb": float("nan")}, "memory_mb", "memory_mb must be a finite number below 2^63"),
    ({"memory_mb": 2**80}, "memory_mb", "memory_mb must be a finite number below 2^63"),
    ({"host_ip": "x" * 5000}, "host_ip", "host_ip must be at most 4096 ordinary characters"),
    ({"not a name": 1}, "not a name", "'not a name' cannot name a property"),
    ({"deep": {"a": {"a": {"a": {"a": {"a": {"a": {"a": 1}}}}}}}}, "deep.a.a.a.a.a.a.a", "nested too deep"),
    ({"vcpus": None}, "vcpus", ""),
    ({"cpu_info": None}, "cpu_info.model", ""),
]


@pytest.mark.parametrize(("changes", "missing", "note"), BROKEN, ids=[str(list(case[0]))[:40] for case in BROKEN])
def test_what_is_broken_is_left_out_and_the_rest_stays(changes: dict[str, Any], missing: str, note: str) -> None:
    found = read(hypervisor(**changes))
    assert missing not in found.facts
    assert found.facts["hypervisor_type"] == "QEMU"
    assert len(found.notes) == (1 if note else 0)
    assert note in "".join(found.notes)


def test_a_record_may_lack_everything() -> None:
    found = read({})
    assert (found.name, found.external_id, found.service_host, found.facts) == ("", "", "", {})
    assert (found.up, found.disabled) == (False, False)
    assert read({"service": None, "state": None, "id": 7, "hypervisor_hostname": None}).external_id == "7"


def test_a_record_without_end_is_cut() -> None:
    found = read(hypervisor(cpu_info={f"fact{number}": number for number in range(10_000)}))
    assert len(found.facts) <= 500
    assert found.notes == ("there are more than 500 facts",)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=many(300), deadline=None)
@given(st.dictionaries(st.sampled_from([*sorted(hypervisor()), "servers", "other"]), VALUES))
def test_no_record_breaks_the_reading(changes: dict[str, Any]) -> None:
    """What comes out is what the inventory keeps, with standard properties of their types."""
    for name, value in read({**hypervisor(), **changes}).facts.items():
        assert checked_fact(name, value) == value
        if name in STANDARD:
            assert kind_of(value) is STANDARD[name].kind
        assert kind_of(value) is not Kind.TEXT or value

# SPDX-License-Identifier: Apache-2.0
"""Hosts as a real Nova tells them: their facts, and what becomes of one that is disabled, down, or back."""

from __future__ import annotations

from typing import Any

import pytest

from climate import errors
from tests.openstack.bench import Bench, wait_until
from tools.openstack.configuration import DOWN_AFTER_S
from tools.openstack.hardware import MACHINES

pytestmark = pytest.mark.slow


def hosts(bench: Bench) -> dict[str, dict[str, Any]]:
    """All hosts as the admin sees them, by name."""
    return {host["name"]: dict(host) for host in bench.admin.climate.hosts.list()}


def service_id(bench: Bench, host: str) -> str:
    """Nova's id of a compute service."""
    (service,) = bench.admin.cloud.compute.services(binary="nova-compute", host=host)
    return str(service.id)


def test_every_compute_is_a_host_with_the_facts_of_its_make(bench: Bench) -> None:
    """What its driver told Nova, through Nova's API, unchanged."""
    found = hosts(bench)
    expected = {
        name: {
            "vcpus": make.vcpus,
            "memory_mb": make.memory_mb,
            "local_gb": make.local_gb,
            "cpu_info.model": make.cpu_model,
            "cpu_info.vendor": make.cpu_vendor,
            "cpu_info.arch": "x86_64",
            "cpu_info.features": " ".join(make.features),
            **{f"cpu_info.topology.{part}": number for part, number in make.topology.items()},
            "state": "up",
        }
        for name, make in MACHINES.items()
    }
    assert {
        name: {fact: host["properties"].get(fact) for fact in expected[name]} for name, host in found.items()
    } == expected
    assert {host["service_host"] for host in found.values()} == set(MACHINES)


def test_a_disabled_compute_gets_no_new_lease(bench: Bench) -> None:
    """Its host says why, and comes back with the service."""
    compute = bench.admin.cloud.compute
    compute.disable_service(service_id(bench, "well-1"), disabled_reason="a new fan")
    wait_until(lambda: "a new fan" in str(hosts(bench)["well-1"]["unavailable_reason"]), "the host says why")
    with pytest.raises(errors.NothingFits):
        bench.anna.climate.leases.create(quantity=len(bench.hosts), duration="1h")
    assert bench.anna.lease(len(bench.hosts) - 1)
    compute.enable_service(service_id(bench, "well-1"))
    wait_until(lambda: hosts(bench)["well-1"]["unavailable_reason"] is None, "the host is available")
    lease_id = bench.anna.lease()
    assert bench.hosts_of(lease_id) == {"well-1"}


def test_a_compute_that_goes_down_and_comes_back_is_the_same_host(bench: Bench) -> None:
    """Its state is a fact; its id, its servers and its place in Nova stay."""
    before = hosts(bench)["rome-2"]
    server = bench.boot(bench.admin, host="rome-2")
    assert server.status == "ACTIVE"
    bench.openstack.processes["nova-compute-rome-2"].kill()
    try:
        wait_until(lambda: hosts(bench)["rome-2"]["properties"]["state"] == "down", "down", DOWN_AFTER_S + 240)
    finally:
        bench.openstack.launch("nova-compute-rome-2")
    wait_until(lambda: hosts(bench)["rome-2"]["properties"]["state"] == "up", "up")
    assert hosts(bench)["rome-2"]["id"] == before["id"]
    assert bench.shown(server.server_id)["status"] == "ACTIVE"
    assert bench.boot(bench.admin, host="rome-2").host == "rome-2"

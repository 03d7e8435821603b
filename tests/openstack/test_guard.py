# SPDX-License-Identifier: Apache-2.0
"""The ways around Nova's filters, on a real Nova: each is found within an interval, and treated as configured."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.openstack.bench import Bench, Placed, wait_until
from tests.openstack.test_instances import Planner, long_form, planning, stands

__all__ = ["planning"]
pytestmark = pytest.mark.slow

INTERVAL_S = 2


def by_name_of_host(bench: Bench, host: str) -> Placed:
    """An administrator boots on a host by its name: no filter is asked."""
    body = {
        "name": "forced",
        "flavorRef": bench.flavor("small"),
        "imageRef": bench.image(),
        "networks": "none",
        "availability_zone": f"nova:{host}",
    }
    answer = bench.admin.cloud.compute.post("/servers", json={"server": body}, microversion="2.67")
    assert answer.status_code == 202, answer.text
    return bench.settled(answer.json()["server"]["id"])


def by_forced_migration(bench: Bench, host: str) -> Placed:
    """An administrator forces a live migration (up to microversion 2.67): no filter is asked."""
    server = bench.boot(bench.otto, "driven")
    assert server.host != host
    move = {"os-migrateLive": {"host": host, "force": True, "block_migration": "auto"}}
    answer = bench.admin.cloud.compute.post(f"/servers/{server.server_id}/action", json=move, microversion="2.67")
    assert answer.status_code == 202, answer.text
    wait_until(lambda: stands(bench, server)[0] == host, "it was forced there")
    return bench.settled(server.server_id)


def found(bench: Bench) -> dict[str, str]:
    """What the guard says when it is asked: what is wrong, by instance."""
    return {one["server_id"]: one["wrong"] for one in bench.admin.climate.hosts.misplaced()}


@pytest.mark.parametrize(
    ("way", "act"),
    [
        (by_name_of_host, "report"),
        (by_forced_migration, "migrate"),
        long_form(by_name_of_host, "migrate"),
        long_form(by_name_of_host, "stop"),
        long_form(by_forced_migration, "report"),
        long_form(by_forced_migration, "stop"),
    ],
)
def test_each_way_around_the_filter_is_found_and_treated(
    bench: Bench, planning: Planner, way: Callable[[Bench, str], Placed], act: str
) -> None:
    planning(guard=act, guard_interval_s=INTERVAL_S, eviction="migrate")
    lease_id = bench.anna.lease()
    mine = bench.boot(bench.anna, "mine", {"lease": lease_id})
    (host,) = bench.hosts_of(lease_id)
    assert found(bench) == {}
    intruder = way(bench, host)
    if act == "report":
        assert found(bench) == {intruder.server_id: "intruder"}
        assert stands(bench, intruder) == (host, "ACTIVE")
    elif act == "stop":
        wait_until(lambda: stands(bench, intruder) == (host, "SHUTOFF"), "it is stopped")
    else:
        wait_until(lambda: stands(bench, intruder)[0] != host, "it is moved away")
        wait_until(lambda: found(bench) == {}, "nothing is misplaced any more")
    assert stands(bench, mine) == (host, "ACTIVE")


@pytest.mark.soak
def test_a_leases_instance_that_is_forced_away_is_brought_back(bench: Bench, planning: Planner) -> None:
    planning(guard="migrate", guard_interval_s=INTERVAL_S, eviction="migrate")
    lease_id = bench.anna.lease()
    mine = bench.boot(bench.anna, "mine", {"lease": lease_id})
    (host,) = bench.hosts_of(lease_id)
    other = sorted(bench.hosts - {host})[0]
    move = {"os-migrateLive": {"host": other, "force": True, "block_migration": "auto"}}
    answer = bench.admin.cloud.compute.post(f"/servers/{mine.server_id}/action", json=move, microversion="2.67")
    assert answer.status_code == 202, answer.text
    wait_until(lambda: bench.migrations(mine.server_id) == 0 and len(moves(bench, mine)) >= 2, "it went and came")
    wait_until(lambda: stands(bench, mine) == (host, "ACTIVE"), "it is back")


def moves(bench: Bench, server: Placed) -> list[str]:
    """From where an instance was moved, by Nova's record."""
    answer = bench.admin.cloud.compute.get("/os-migrations", microversion="2.74")
    records = answer.json()["migrations"]
    return [one["source_compute"] for one in records if one["instance_uuid"] == server.server_id]

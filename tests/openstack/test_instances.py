# SPDX-License-Identifier: Apache-2.0
"""Instances on hosts of leases, on a real Nova: cleared before the start, ended at the end, whoever dies meanwhile."""

from __future__ import annotations

import configparser
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.openstack.bench import Bench, Placed, instant, wait_until

pytestmark = pytest.mark.slow


def long_form(*values: object) -> Any:
    """A case of the long form: each waits for a lease's start, or starts climate-planning anew."""
    return pytest.param(*values, marks=pytest.mark.soak)


LEAD_S, FINISH_S = 60, 15
AHEAD_S = 30  # a lease's start, from now
Planner = Callable[..., None]


@pytest.fixture
def planning(bench: Bench) -> Iterator[Planner]:
    """Gives climate-planning other options, by starting it anew; afterwards those that it had."""
    file = bench.openstack.beside.suite.config
    before = file.read_text()

    def configure(**options: object) -> None:
        parser = configparser.RawConfigParser(default_section="")
        parser.read_string(before)
        for name, value in {"starts_soon_s": LEAD_S, "eviction_finish_s": FINISH_S, **options}.items():
            parser.set("planning", name, str(value))
        with file.open("w") as written:
            parser.write(written)
        anew(bench)

    yield configure
    file.write_text(before)
    anew(bench)


def anew(bench: Bench, kill: bool = False) -> None:
    """End climate-planning, or kill it, and start it again."""
    suite = bench.openstack.beside.suite
    for process in suite.planners:
        if kill:
            process.kill()
        else:
            process.stop()
    suite.planners.clear()
    suite.start_planner()
    wait_until(suite.ready, "climate-planning answers")


def lease_on(bench: Bench, host: str, ahead_s: int = AHEAD_S, duration_s: int = 3600, **more: Any) -> dict[str, Any]:
    """A lease of the admin's project on a certain host, that begins soon."""
    start = int(time.time()) + ahead_s
    made = bench.admin.climate.leases.create(
        start_time=start,
        end_time=start + duration_s,
        host_properties=["=", "$name", host],
        confirm=True,
        **more,
    )
    return dict(made)


def a_host(bench: Bench) -> str:
    return sorted(bench.hosts)[0]


def stands(bench: Bench, server: Placed) -> tuple[str, str]:
    shown = bench.shown(server.server_id)
    while "OS-EXT-SRV-ATTR:host" not in shown:  # Nova did not reach its cell in time, and says little
        shown = bench.shown(server.server_id)
    return shown["OS-EXT-SRV-ATTR:host"] or "", shown["status"]


def test_instances_of_others_are_moved_before_a_lease_begins(bench: Bench, planning: Planner) -> None:
    """The running live, the stopped cold and confirmed; all before the start, to hosts that the filter allows."""
    planning(eviction="migrate")
    host = a_host(bench)
    running, stopped = (bench.boot(bench.admin, name, host=host) for name in ("running", "stopped"))
    assert bench.act(stopped.server_id, "os-stop") == 202
    wait_until(lambda: stands(bench, stopped) == (host, "SHUTOFF"), "the server is stopped")
    lease = lease_on(bench, host)
    wait_until(lambda: stands(bench, running)[0] != host, "the running server has left")
    wait_until(lambda: stands(bench, stopped)[0] != host, "the stopped server has left")
    wait_until(lambda: stands(bench, stopped)[1] == "SHUTOFF", "its migration is confirmed")
    assert stands(bench, running)[1] == "ACTIVE"
    bench.admin.climate.leases.wait_for(lease["id"], "active", 240, interval_s=0.2)
    assert bench.admin.climate.leases.get(lease["id"])["degraded_reason"] is None
    assert bench.hosts_of(lease["id"]) == {host}


@pytest.mark.parametrize("eviction", [long_form("pause"), long_form("delete")])
def test_owners_are_told_and_have_time(bench: Bench, planning: Planner, eviction: str) -> None:
    """A word in the instance's metadata at once, the act shortly before the start."""
    planning(eviction=eviction)
    host = a_host(bench)
    server = bench.boot(bench.admin, "unreserved", host=host)
    lease = lease_on(bench, host)
    start = instant(lease["start_at"])
    wait_until(lambda: eviction in bench.shown(server.server_id)["metadata"].get("climate", ""), "its owner is told")
    assert time.time() < start
    if eviction == "pause":
        wait_until(lambda: stands(bench, server) == (host, "PAUSED"), "it is paused")
    else:
        wait_until(lambda: server.server_id not in bench.servers(), "it is deleted")
    assert time.time() >= start - FINISH_S


@pytest.mark.soak
def test_an_instance_that_cannot_leave_costs_the_lease_its_host(bench: Bench, planning: Planner) -> None:
    """One in the state ERROR, which Nova moves neither way: it stays, and the lease takes another host."""
    planning(eviction="migrate")
    start = int(time.time()) + LEAD_S + AHEAD_S
    lease = bench.admin.climate.leases.create(start_time=start, end_time=start + 3600, confirm=True)
    (host,) = bench.hosts_of(lease["id"])
    server = bench.boot(bench.admin, "stays", host=host)
    assert bench.act(server.server_id, "os-resetState", {"state": "error"}) == 202
    wait_until(lambda: bench.hosts_of(lease["id"]) != {host}, "the lease has another host")
    assert stands(bench, server) == (host, "ERROR")
    bench.admin.climate.leases.wait_for(lease["id"], "active", 240, interval_s=0.2)
    assert bench.admin.climate.leases.get(lease["id"])["degraded_reason"] is None


@pytest.mark.parametrize("ending", ["delete", long_form("shelve"), long_form("stop"), long_form("leave")])
def test_a_leases_instances_end_with_it(bench: Bench, planning: Planner, ending: str) -> None:
    """As the site says, and nothing of others."""
    planning(on_lease_end=ending)
    lease_id = bench.anna.lease()
    mine = bench.boot(bench.anna, "mine", {"lease": lease_id})
    others = bench.boot(bench.otto, "others")
    assert (mine.status, others.status) == ("ACTIVE", "ACTIVE")
    bench.anna.climate.leases.update(lease_id, end_time=int(time.time()) + 3)
    bench.anna.climate.leases.wait_for(lease_id, "ended", 240, interval_s=0.2)
    if ending == "delete":
        wait_until(lambda: mine.server_id not in bench.servers(), "it is deleted")
    else:
        then = {"shelve": ("", "SHELVED_OFFLOADED"), "stop": (mine.host, "SHUTOFF"), "leave": (mine.host, "ACTIVE")}
        wait_until(lambda: stands(bench, mine) == then[ending], f"it is {then[ending]}")
    assert stands(bench, others) == (others.host, "ACTIVE")


@pytest.mark.soak
def test_what_a_lease_says_counts_before_what_the_site_says(bench: Bench, planning: Planner) -> None:
    planning(on_lease_end="delete")
    lease_id = bench.anna.lease(on_lease_end="shelve")
    mine = bench.boot(bench.anna, "mine", {"lease": lease_id})
    bench.anna.climate.leases.cancel(lease_id)
    wait_until(lambda: stands(bench, mine) == ("", "SHELVED_OFFLOADED"), "it is shelved")


def test_planning_killed_in_between_does_the_rest_once(bench: Bench, planning: Planner) -> None:
    """SIGKILL as soon as the first of several has gone: all go, none is lost, nothing is done twice."""
    planning(eviction="migrate", on_lease_end="delete")
    host = a_host(bench)
    servers = [bench.boot(bench.admin, f"s{number}", host=host) for number in range(4)]
    lease = lease_on(bench, host)
    wait_until(lambda: any(stands(bench, one)[0] != host for one in servers), "one has left")
    anew(bench, kill=True)
    wait_until(lambda: all(stands(bench, one)[0] != host for one in servers), "all have left")
    assert {stands(bench, one)[1] for one in servers} == {"ACTIVE"}
    moves = bench.admin.cloud.compute.get("/os-migrations", microversion="2.74").json()["migrations"]
    mine = [move["instance_uuid"] for move in moves if move["source_compute"] == host]
    assert sorted(one for one in mine if one in {server.server_id for server in servers}) == sorted(
        server.server_id for server in servers
    )
    bench.admin.climate.leases.wait_for(lease["id"], "active", 240, interval_s=0.2)


@pytest.mark.soak
def test_a_lease_whose_compute_dies_before_it_begins_starts_whole(bench: Bench, planning: Planner) -> None:
    """On a host of the same make; homogeneous stays homogeneous."""
    planning(failed_host_patience_s=2, failed_host_interval_s=1)
    start = int(time.time()) + 120
    lease = bench.anna.climate.leases.create(
        quantity=2,
        start_time=start,
        end_time=start + 3600,
        host_properties=["homogeneous", "$cpu_info.model"],
        confirm=True,
    )
    before = bench.hosts_of(lease["id"])
    dead = sorted(before)[0]
    bench.openstack.processes[f"nova-compute-{dead}"].kill()
    try:
        wait_until(lambda: dead not in bench.hosts_of(lease["id"]), "another host has its place")
        after = bench.hosts_of(lease["id"])
        shown = bench.anna.climate.leases.get(lease["id"])
        assert (len(after), shown["degraded_reason"]) == (2, None)
        assert len({host.rstrip("-0123456789") for host in after}) == 1
    finally:
        bench.openstack.launch(f"nova-compute-{dead}")
    bench.anna.climate.leases.wait_for(lease["id"], "active", 240, interval_s=0.5)
    assert [bench.boot(bench.anna, hints={"lease": lease["id"]}).status for _ in range(2)] == ["ACTIVE", "ACTIVE"]


@pytest.mark.soak
def test_a_lease_gets_the_hosts_from_which_the_fewest_instances_move(bench: Bench, planning: Planner) -> None:
    """Where none of its kind is empty; and what moves goes to a host of its type that is in use."""
    planning(eviction="migrate")
    kinds: dict[str, list[str]] = {}
    for host in bench.admin.climate.hosts.list():
        kinds.setdefault(host["properties"]["cpu_info.model"], []).append(host["name"])
    model, alike = max(kinds.items(), key=lambda kind: len(kind[1]))
    assert len(alike) >= 2, kinds
    start = int(time.time()) + LEAD_S + 2 * AHEAD_S
    lease = bench.admin.climate.leases.create(
        start_time=start,
        end_time=start + 3600,
        host_properties=["and", ["=", "$cpu_info.model", model], ["homogeneous", "$cpu_info.model"]],
        confirm=True,
    )
    (first,) = bench.hosts_of(lease["id"])
    counts = {name: 2 if name == first else 1 for name in alike}
    servers = [bench.boot(bench.admin, host=name) for name, count in counts.items() for _ in range(count)]
    assert time.time() < start - LEAD_S, "the machine was too slow for this test"
    wait_until(lambda: bench.hosts_of(lease["id"]) != {first}, "the lease has another host")
    (second,) = bench.hosts_of(lease["id"])
    assert second in alike
    bench.admin.climate.leases.wait_for(lease["id"], "active", 240, interval_s=0.2)
    moved = [server for server in servers if stands(bench, server)[0] != server.host]
    assert [server.host for server in moved] == [second]
    assert stands(bench, moved[0])[0] in set(alike) - {second}
    assert {stands(bench, server)[1] for server in servers} == {"ACTIVE"}
    assert bench.admin.climate.leases.get(lease["id"])["degraded_reason"] is None


def test_an_administrator_empties_a_host(bench: Bench, planning: Planner) -> None:
    """As the dry run said, once each, also when planning is killed in between."""
    planning()
    hosts = bench.admin.climate.hosts
    models = {host["name"]: host["properties"]["cpu_info.model"] for host in hosts.list()}
    source, target = next((a, b) for a in sorted(models) for b in sorted(models) if a < b and models[a] == models[b])
    servers = [bench.boot(bench.admin, f"s{number}", host=source) for number in range(3)]
    bench.boot(bench.admin, "there", host=target)
    dry = hosts.evacuate([source], dry_run=True)
    assert {(one["target"], one["way"], one["reason"]) for one in dry["instances"]} == {(target, "live", None)}
    assert (len(dry["instances"]), dry["running"]) == (3, False)
    assert hosts.evacuate([source])["running"]
    wait_until(lambda: any(stands(bench, one)[0] != source for one in servers), "one has left")
    anew(bench, kill=True)
    wait_until(lambda: not hosts.evacuate([source], dry_run=True)["running"], "it is done")
    assert {stands(bench, one) for one in servers} == {(target, "ACTIVE")}
    moves = bench.admin.cloud.compute.get("/os-migrations", microversion="2.74").json()["migrations"]
    ours = [move["instance_uuid"] for move in moves]
    assert [ours.count(one.server_id) for one in servers] == [1, 1, 1]
    assert hosts.get(source)["bookable"]

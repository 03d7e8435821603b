# SPDX-License-Identifier: Apache-2.0
"""Servers are asked for while Climate is away, slow, or Keystone begins anew: what the manual says happens, in time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from tests.openstack.bench import WITHIN_S, Bench, Placed, wait_until

pytestmark = pytest.mark.slow

LONGEST_S = 1.0  # that a request may wait for us
SLOW_S = 5.0
STEP = re.compile(
    r"^(\S+ \S+) \d+ \w+ nova\.(?:filters|scheduler\.manager) \[\S+ (req-\S+) .*?\] (Filter \w+|Filtered|Weighed)"
)
OURS = {("Filter ServerGroupAffinityFilter", "Filter LeaseFilter"), ("Filtered", "Weighed")}


def delays_s(log: str) -> list[float]:
    """How long each request was with our filter, and with all weighers, by the scheduler's log."""
    found: list[float] = []
    last: dict[str, tuple[str, datetime]] = {}
    for line in log.splitlines():
        if step := STEP.match(line):
            at, request, what = datetime.fromisoformat(step[1]), step[2], step[3]
            before, since = last.get(request, ("", at))
            if (before, what) in OURS:
                found.append((at - since).total_seconds())
            last[request] = (what, at)
    return found


@pytest.fixture
def calm(bench: Bench) -> Iterator[None]:
    """After each test: the scheduler met no exception, and no request waited for us longer than it may."""
    log = bench.openstack.log("nova-scheduler")
    before = log.stat().st_size
    yield
    text = since(log, before)
    assert "Traceback" not in text
    assert delays_s(text), "requests were seen"
    assert max(delays_s(text)) < LONGEST_S


def since(log: Path, offset: int) -> str:
    """What was written to a log after its first bytes."""
    with log.open("rb") as file:
        file.seek(offset)
        return file.read().decode(errors="replace")


def of_lease(bench: Bench, lease_id: str) -> Placed:
    """A server of anna's that names the lease."""
    return bench.boot(bench.anna, hints={"lease": lease_id})


def test_while_climate_is_away_leases_are_closed_and_free_hosts_open(bench: Bench, calm: None) -> None:
    """Killed and started again: then the lease is as open as before."""
    lease_id = bench.anna.lease(2)
    hosts = bench.hosts_of(lease_id)
    assert of_lease(bench, lease_id).host in hosts
    suite = bench.openstack.beside.suite
    suite.others["climate-api"].kill()
    try:
        wait_until(lambda: of_lease(bench, lease_id).status == "ERROR", "the hint leads nowhere", poll_s=1)
        others = [bench.boot(bench.otto) for _ in range(3)]
    finally:
        suite.start_other("climate-api").wait_until(suite.ready, WITHIN_S)
    assert [one.status for one in others] == ["ACTIVE"] * 3
    assert hosts.isdisjoint(one.host for one in others)
    wait_until(lambda: of_lease(bench, lease_id).host in hosts, "the hint leads to the lease's hosts again")


def test_a_climate_that_takes_five_seconds_delays_nobody(bench: Bench, calm: None) -> None:
    """What is known is enough: for a lease that runs, and for who has none."""
    lease_id = bench.anna.lease(2)
    hosts = bench.hosts_of(lease_id)
    assert of_lease(bench, lease_id).host in hosts
    bench.doorway.delay_s = SLOW_S
    for _ in range(4):
        assert of_lease(bench, lease_id).host in hosts
        other = bench.boot(bench.otto)
        assert other.status == "ACTIVE"
        assert other.host not in hosts


def test_a_keystone_that_begins_anew_and_knows_no_old_token_stops_nothing(bench: Bench, calm: None) -> None:
    """Nova's scheduler signs in again by itself: it hears of a lease that was made afterwards."""
    assert of_lease(bench, bench.anna.lease()).status == "ACTIVE"
    bench.openstack.keystone.begin_anew()
    lease_id = bench.anna.lease()
    assert {of_lease(bench, lease_id).host} == bench.hosts_of(lease_id)
    other = bench.boot(bench.otto)
    assert other.status == "ACTIVE"
    assert other.host not in bench.hosts_of(lease_id)


def test_delays_are_read_from_the_log() -> None:
    """The clock of this file, checked."""
    line = "2026-11-21 15:48:{} 17861 {} nova.{} [None req-{} u p - - default default] {}"
    log = "\n".join(
        [
            line.format("47.000", "DEBUG", "filters", "a", "Filter ServerGroupAffinityFilter returned 6 host(s)"),
            line.format("47.100", "DEBUG", "filters", "b", "Filter ServerGroupAffinityFilter returned 6 host(s)"),
            line.format("47.250", "INFO", "filters", "a", "Filter LeaseFilter returned 0 hosts"),
            line.format("48.600", "DEBUG", "filters", "b", "Filter LeaseFilter returned 2 host(s)"),
            line.format("48.700", "DEBUG", "scheduler.manager", "b", "Filtered [(lake-1)]"),
            line.format("48.800", "DEBUG", "scheduler.manager", "b", "Weighed [(lake-1)]"),
        ]
    )
    assert delays_s(log) == pytest.approx([0.25, 1.5, 0.1])

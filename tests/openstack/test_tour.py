# SPDX-License-Identifier: Apache-2.0
"""One lease on a real OpenStack, from a tenant's token to the host that is everybody's again."""

from __future__ import annotations

import time

import pytest

from tests.openstack.bench import WITHIN_S, Bench, instant, wait_until

pytestmark = pytest.mark.slow

ALIKE = ["homogeneous", "$cpu_info.model"]
NO_HOST = "No valid host was found"
ENDS_IN_S = 3


def test_a_lease_from_the_token_to_the_host_that_is_open_again(bench: Bench) -> None:
    """Proposal, confirm, servers of the lease on its hosts alone, everybody else's elsewhere, the end."""
    anna, otto = bench.anna, bench.otto
    proposed = anna.climate.leases.create(quantity=2, duration="1h", host_properties=ALIKE)
    assert proposed["state"] == "proposed"
    assert proposed["project_id"] == anna.project_id
    assert "hosts" not in proposed
    lease_id = anna.climate.leases.confirm(proposed["id"])["id"]
    anna.wait_until_active(lease_id)
    hosts = bench.hosts_of(lease_id)
    assert len({host.rstrip("-0123456789") for host in hosts}) == 1

    first, second = (bench.boot(anna, name, {"lease": lease_id}, "large") for name in ("first", "second"))
    assert (first.status, second.status) == ("ACTIVE", "ACTIVE")
    assert {first.host, second.host} <= hosts

    others = [bench.boot(otto), bench.boot(anna)]
    assert [one.status for one in others] == ["ACTIVE", "ACTIVE"]
    assert hosts.isdisjoint(one.host for one in others)

    refused = bench.boot(otto, "thief", {"lease": lease_id})
    assert (refused.status, refused.host) == ("ERROR", "")
    assert NO_HOST in refused.fault
    assert lease_id not in refused.fault

    for server in (first, second):
        bench.delete(server.server_id)
    anna.climate.leases.update(lease_id, end_time=int(time.time()) + ENDS_IN_S)
    ended = anna.climate.leases.wait_for(lease_id, "ended", WITHIN_S, interval_s=0.2)
    assert time.time() >= instant(ended["end_at"])
    wait_until(lambda: not bench.nova_knows(lease_id), "Nova knows the end")
    late = bench.boot(anna, "late", {"lease": lease_id})
    assert (late.status, late.host) == ("ERROR", "")

    for host in sorted(hosts):
        again = bench.boot(bench.admin, f"on-{host}", hints=None, host=host)
        assert (again.status, again.host) == ("ACTIVE", host), "the host is open again"


@pytest.mark.parametrize("name", ["lease", "lease_id", "reservation_id", "reservation"])
def test_each_name_of_the_hint_leads_to_the_leases_host(bench: Bench, name: str) -> None:
    """Ours, the paper's and Blazar's."""
    lease_id = bench.anna.lease()
    server = bench.boot(bench.anna, hints={name: lease_id})
    assert server.status == "ACTIVE"
    assert {server.host} == bench.hosts_of(lease_id)


def test_every_host_leased_leaves_nothing_for_others(bench: Bench) -> None:
    """And gives it back when the lease is cancelled."""
    lease_id = bench.anna.lease(len(bench.hosts))
    assert bench.boot(bench.otto).status == "ERROR"
    bench.anna.climate.leases.cancel(lease_id)
    wait_until(lambda: bench.boot(bench.otto).status == "ACTIVE", "a host is open")


def test_a_host_that_is_free_for_longest_wins(bench: Bench) -> None:
    """A lease of all hosts but one begins in an hour; who comes without a lease meets that one."""
    soon = int(time.time()) + 3600
    lease = bench.anna.climate.leases.create(
        quantity=len(bench.hosts) - 1, start_time=soon, end_time=soon + 600, confirm=True
    )
    (free,) = bench.hosts - bench.hosts_of(lease["id"])

    def there() -> bool:
        return bench.boot(bench.otto).host == free

    wait_until(there, f"a server without a lease stands on {free}")
    assert [bench.boot(bench.otto).host for _ in range(4)] == [free] * 4

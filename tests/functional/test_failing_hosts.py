# SPDX-License-Identifier: Apache-2.0
"""A host that fails, from the inventory to what its tenant sees and may do, over REST."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from tests.functional.site import NOW, Site, host


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """Four hosts: two of one model, two of the other."""
    return Site(tmp_path, [host(number) for number in range(4)])


def fail(site: Site, name: str) -> None:
    """The source says that a host is down."""
    known = next(one for one in (host(number) for number in range(4)) if one.name == name)
    site.refresh(changed=(dataclasses.replace(known, unavailable_reason="its compute service is down"),))


def names(site: Site, lease_id: str) -> list[str]:
    """The lease's hosts, as an administrator sees them."""
    shown = site.ask("GET", f"/v1/leases/{lease_id}", who="admin").json
    return [one["name"] for one in shown["hosts"]]


HOMOGENEOUS = ["homogeneous", "$cpu_info.model"]


def test_a_host_that_fails_before_the_start_is_swapped_unasked(site: Site) -> None:
    lease = site.lease(start_time=NOW + 3600, host_properties=["=", "$vcpus", 32])
    (before,) = names(site, lease["id"])
    fail(site, before)
    site.failures.look()
    site.now += 60
    site.failures.look()
    (after,) = names(site, lease["id"])
    assert {before, after} == {"node-0", "node-2"}
    shown = site.ask("GET", f"/v1/leases/{lease['id']}").json
    assert (shown["degraded_reason"], "hosts" in shown) == (None, False)


@pytest.mark.parametrize(("status", "swapped"), [("enabled", True), ("disabled", False)])
def test_a_compute_service_that_is_down_is_a_failure_unless_it_is_disabled(
    site: Site, status: str, swapped: bool
) -> None:
    """Disabled and down is how a host sleeps; whether it may be booked is said apart from that."""
    lease = site.lease(start_time=NOW + 3600, host_properties=["=", "$vcpus", 32])
    (before,) = names(site, lease["id"])
    known = next(one for one in (host(number) for number in range(4)) if one.name == before)
    facts = {**known.properties, "state": "down", "status": status}
    site.refresh(changed=(dataclasses.replace(known, properties=facts),))
    site.failures.look()
    site.now += 60
    site.failures.look()
    assert (names(site, lease["id"]) != [before]) == swapped


def test_a_host_that_is_down_itself_takes_nobodys_place(site: Site) -> None:
    lease = site.lease(start_time=NOW + 3600, host_properties=["and", ["=", "$vcpus", 32], HOMOGENEOUS])
    before = names(site, lease["id"])
    hosts = [host(number) for number in (0, 2)]
    down = {"state": "down", "status": "enabled"}
    site.refresh(changed=tuple(dataclasses.replace(one, properties={**one.properties, **down}) for one in hosts))
    answer = site.ask("POST", f"/v1/leases/{lease['id']}/substitute")
    assert answer.json["degraded_reason"] == "1 of 1 host cannot be used: no others like them are free."
    assert names(site, lease["id"]) == before


def test_the_tenant_of_a_running_lease_is_told_and_may_ask(site: Site) -> None:
    lease = site.lease(quantity=1, host_properties=["=", "$vcpus", 16])
    site.pass_time(10)
    (before,) = names(site, lease["id"])
    fail(site, before)
    site.failures.look()
    site.now += 60
    site.failures.look()
    assert names(site, lease["id"]) == [before]
    path = f"/v1/leases/{lease['id']}"
    assert site.ask("GET", path).json["degraded_reason"] == "1 of 1 host cannot be used: ask for a substitute."
    answer = site.ask("POST", f"{path}/substitute")
    assert (answer.status_int, answer.json["degraded_reason"], answer.json["quantity"]) == (200, None, 1)
    (after,) = names(site, lease["id"])
    assert {before, after} == {"node-1", "node-3"}


def test_where_there_is_no_other_the_reason_stays(site: Site) -> None:
    lease = site.lease(quantity=2, host_properties=HOMOGENEOUS)
    other = site.lease(quantity=2, host_properties=HOMOGENEOUS)
    site.pass_time(10)
    fail(site, names(site, lease["id"])[0])
    answer = site.ask("POST", f"/v1/leases/{lease['id']}/substitute")
    assert answer.json["degraded_reason"] == "1 of 2 hosts cannot be used: no others like them are free."
    assert site.ask("POST", f"/v1/leases/{other['id']}/substitute").json["degraded_reason"] is None


def test_a_lease_whose_hosts_are_well_stays_as_it_is(site: Site) -> None:
    lease = site.lease(start_time=NOW + 3600)
    path = f"/v1/leases/{lease['id']}"
    before = site.ask("GET", path).json
    assert site.ask("POST", f"{path}/substitute").json == before


@pytest.mark.parametrize(
    ("who", "status", "code"),
    [
        ("other", 404, "climate.lease.not_found"),
        ("reader", 403, "climate.auth.forbidden"),
        ("nobody", 403, "climate.auth.forbidden"),
    ],
)
def test_only_the_project_may_ask(site: Site, who: str, status: int, code: str) -> None:
    lease = site.lease()
    answer = site.ask("POST", f"/v1/leases/{lease['id']}/substitute", who=who)
    assert (answer.status_int, answer.json["error"]["code"]) == (status, code)


def test_a_lease_that_is_over_has_no_hosts_to_swap(site: Site) -> None:
    lease = site.lease()
    site.ask("DELETE", f"/v1/leases/{lease['id']}")
    answer = site.ask("POST", f"/v1/leases/{lease['id']}/substitute")
    assert (answer.status_int, answer.json["error"]["code"]) == (409, "climate.lease.wrong_state")

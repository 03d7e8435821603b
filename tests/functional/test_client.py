# SPDX-License-Identifier: Apache-2.0
"""The Python client against the real API over a socket: shapes, pages, errors."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NotRequired, get_origin, get_type_hints

import pytest
from wsme import types as wtypes

from climate import errors
from climate.api import answers, instance_answers
from climate.chassis.web.server import WebServer
from climate.client import Client, calendar, hosts, leases, limits, properties, schedulers, with_token
from tests.functional.site import Site, host


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path, [host(number) for number in range(1, 7)])


@pytest.fixture
def url(site: Site) -> Iterator[str]:
    server = WebServer(site.app, "127.0.0.1", 0, 4, "api")
    server.start()
    yield f"http://127.0.0.1:{server.port}"
    server.stop()
    server.wait()


@pytest.fixture
def member(url: str) -> Client:
    return with_token(url, "member")


@pytest.fixture
def admin(url: str) -> Client:
    return with_token(url, "admin")


@pytest.mark.parametrize(
    ("shape", "answer"),
    [
        (leases.Lease, answers.Lease),
        (leases.LeaseHost, answers.HostName),
        (hosts.Host, answers.Host),
        (hosts.LeaseNow, answers.LeaseNow),
        (hosts.NextLease, answers.NextLease),
        (hosts.Use, answers.HostUse),
        (hosts.Evacuation, instance_answers.Evacuation),
        (hosts.EvacuatedInstance, instance_answers.EvacuatedInstance),
        (hosts.Availability, answers.Availability),
        (properties.Property, answers.Property),
        (properties.Rule, answers.Rule),
        (schedulers.Scheduler, answers.Scheduler),
        (calendar.Entry, answers.CalendarEntry),
        (limits.LimitValue, answers.LimitValue),
        (limits.ProjectLimits, answers.ProjectLimits),
    ],
)
def test_the_shapes_are_those_of_the_answers(shape: Any, answer: type[wtypes.Base]) -> None:
    """What the client promises to type checkers is what the API writes down of its answers."""
    attributes = {attribute.name: attribute.mandatory for attribute in wtypes.list_attributes(answer)}
    hints = get_type_hints(shape, include_extras=True)
    assert {name: get_origin(hint) is not NotRequired for name, hint in hints.items()} == attributes


def test_a_lease_from_the_request_to_its_cancellation(site: Site, member: Client) -> None:
    """All verbs, one after the other."""
    lease = member.leases.create(quantity=2, duration="1h", name="mine")
    assert lease["state"] == "proposed"
    assert member.leases.confirm(lease["id"])["state"] == "confirmed"
    site.pass_time(1)
    seen: list[str] = []
    assert member.leases.wait_for(lease["id"], "active", 1, lambda one: seen.append(one["state"]))["name"] == "mine"
    assert seen == ["active"]
    changed = member.leases.update(lease["id"], duration="2h", quantity=3, name="ours")
    assert (changed["duration"], changed["quantity"], changed["name"]) == (7200, 3, "ours")
    member.leases.cancel(lease["id"])
    assert member.leases.get(lease["id"])["state"] == "cancelled"
    with pytest.raises(errors.WrongState):
        member.leases.update(lease["id"], name="again")


def test_a_list_has_all_pages_and_its_filters(site: Site, member: Client) -> None:
    """Newest first, however small the pages."""
    made = []
    for _ in range(5):
        made.append(member.leases.create(duration="1h")["id"])
        site.pass_time(1)
    assert [lease["id"] for lease in member.leases.list(limit=2)] == made[::-1]
    member.leases.cancel(made[0])
    assert [lease["id"] for lease in member.leases.list(state=["cancelled", "ended"])] == [made[0]]


def test_a_repeated_request_gives_the_first_lease(member: Client) -> None:
    """The key goes with the request; another request with it is refused."""
    first = member.leases.create(duration="1h", idempotency_key="k")
    assert member.leases.create(duration="1h", idempotency_key="k")["id"] == first["id"]
    with pytest.raises(errors.RepeatMismatch):
        member.leases.create(duration="2h", idempotency_key="k")


def test_errors_arrive_as_their_classes(url: str, member: Client) -> None:
    """With the field, the message for people and the request's id."""
    with pytest.raises(errors.BadField) as raised:
        member.leases.create(duration="soon")
    assert raised.value.details["field"] == "duration"
    assert raised.value.request_id.startswith("req-")
    with pytest.raises(errors.NothingFits):
        member.leases.create(duration="1h", quantity=7)
    with pytest.raises(errors.LeaseNotFound):
        member.leases.get("../hosts")
    with pytest.raises(errors.Forbidden):
        next(member.hosts.list())
    with pytest.raises(errors.NotAuthenticated):
        with_token(url, "nobody's").schedulers.list()


def test_operators_see_hosts_and_disable_them(member: Client, admin: Client) -> None:
    """By name or by id; a disabled host is in no new lease."""
    listed = {one["name"]: one for one in admin.hosts.list(limit=4)}
    assert sorted(listed) == [f"node-{number}" for number in range(1, 7)]
    assert admin.hosts.set("node-1", disabled=True, reason="dust")["disabled_reason"] == "dust"
    assert not admin.hosts.get(listed["node-1"]["id"])["bookable"]
    assert admin.hosts.set("node-1", disabled=False)["bookable"]
    with pytest.raises(errors.HostNotFound):
        admin.hosts.get("node-99")


def test_operators_add_rule_give_and_forget_properties(member: Client, admin: Client) -> None:
    """And tenants ask by them."""
    added = admin.properties.add("noise", "text", rules=[{"where": ["=", "$vcpus", 16], "value": "low"}])
    assert (added["source"], added["hosts"]) == ("added", 3)
    assert admin.hosts.set("node-2", properties={"noise": "high"})["given"] == {"noise": "high"}
    assert member.properties.get("noise")["values"] == ["high", "low"]
    lease = member.leases.create(duration="1h", host_properties=["=", "$noise", "high"])
    assert lease["common_properties"]["noise"] == "high"
    assert admin.properties.set("noise", hidden=True)["hidden"]
    with pytest.raises(errors.PropertyNotFound):
        member.properties.get("noise")
    with pytest.raises(errors.Forbidden):
        member.properties.set("noise", hidden=False)
    admin.properties.delete("noise")
    assert admin.hosts.get("node-2")["given"] == {}
    with pytest.raises(errors.PropertyReported):
        admin.properties.delete("vcpus")


def test_availability_is_asked_for_again_by_its_etag(member: Client, admin: Client) -> None:
    """Nothing while nothing changed; the new state once it has."""
    first, etag = admin.hosts.availability()
    assert first is not None
    assert admin.hosts.availability(etag) == (None, etag)
    lease = member.leases.create(duration="1h", confirm=True)
    then, newer = admin.hosts.availability(etag)
    assert then is not None
    assert newer != etag
    assert [use["name"] for use in then["hosts"]] == [f"node-{number}" for number in range(1, 7)]
    assert [use["lease_id"] for use in then["hosts"] if use["lease_id"]] == [lease["id"]]


def test_the_calendar_and_the_catalogues_are_read(member: Client, admin: Client) -> None:
    """Members see their time without hosts; the site's strategies and properties have names."""
    lease = member.leases.create(duration="1h", confirm=True)
    (entry,) = member.calendar.list()
    assert entry["lease_id"] == lease["id"]
    assert "hosts" not in entry
    assert [len(seen["hosts"]) for seen in admin.calendar.list()] == [1]
    assert member.schedulers.list() == []
    assert [one["name"] for one in admin.schedulers.list()] == ["earliest"]
    assert "vcpus" in [one["name"] for one in member.properties.list(detail=True)]


def test_limits_are_seen_set_and_given_back(member: Client, admin: Client) -> None:
    """A member sees their own, an administrator sets anybody's."""
    assert member.limits.get()["limits"]["max_leases"]["used"] == 0
    assert admin.limits.set("project-a", {"max_leases": 0, "max_quantity": -1})["limits"]["max_leases"]["value"] == 0
    assert [one["project_id"] for one in admin.limits.list()] == ["project-a"]
    with pytest.raises(errors.LimitReached) as caught:
        member.leases.create(duration=60, confirm=True)
    assert caught.value.details == {"limit": "max_leases", "allowed": 0, "used": 0}
    admin.limits.set("project-a", {"max_leases": None})
    assert member.limits.get("project-a")["limits"]["max_leases"]["value"] > 0
    admin.limits.reset("project-a")
    assert list(admin.limits.list()) == []
    for refused in (lambda: member.limits.get("project-b"), lambda: member.limits.set("project-a", {"max_leases": 1})):
        with pytest.raises(errors.Forbidden):
            refused()

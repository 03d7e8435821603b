# SPDX-License-Identifier: Apache-2.0
"""Who sees what: a member never sees a host, nor anything of another project, in any answer, header or error."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from climate.api import disclosure
from climate.core.candidates import pack
from climate.core.lifecycle import State
from tests.functional.site import NOW, Site, host

HOSTS = [host(number) for number in range(1, 7)]
SECRETS = [word for one in HOSTS for word in (one.host_id, one.name, one.service_host)]
MEMBERS = ("member", "reader")
PUBLIC_OF_A_LEASE = {
    *("id", "name", "project_id", "user_id", "state", "start_at", "end_at", "duration", "quantity", "alike"),
    *(
        "host_properties",
        "scheduler",
        "on_lease_end",
        "start_time",
        "end_time",
        "created_at",
        "updated_at",
        "expires_at",
    ),
    *("confirmed_at", "closed_at", "degraded_reason", "error_reason", "links"),
}
OF_A_SINGLE_ONE = {*PUBLIC_OF_A_LEASE, "common_properties"}


def everything_asked(site: Site, who: str, lease_ids: list[str]) -> list[Any]:
    """The answers, with their headers, to whatever somebody may try."""
    paths = ["/v1/leases", "/v1/leases?all_projects=true", "/v1/leases?project_id=project-b", "/v1/leases?limit=1"]
    paths += [f"/v1/leases?marker={lease_id}" for lease_id in lease_ids]
    paths += [f"/v1/calendar?marker={lease_id}" for lease_id in lease_ids]
    paths += [f"/v1/leases/{lease_id}" for lease_id in lease_ids]
    paths += ["/v1/calendar", "/v1/calendar?start=0", "/v1/properties?detail=true", "/v1/schedulers", "/v1/hosts"]
    paths += ["/v1/hosts/availability", "/v1/hosts/unknown-host", "/metrics?x", "/readyz"]
    answers = [site.ask("GET", path, who=who) for path in paths]
    bodies: list[dict[str, Any]] = [
        {"duration": 60, "host_properties": ["=", f"${name}", "something"]}
        for name in ("id", "name", "host_id", "hypervisor_hostname", "external_id", "service.host", "nodename")
    ]
    bodies += [{"duration": 60, "quantity": 50}, {"duration": 60, "host_properties": ["homogeneous", "$name"]}]
    answers += [site.ask("POST", "/v1/leases", body, who=who) for body in bodies]
    for lease_id in lease_ids:
        answers.append(site.ask("PATCH", f"/v1/leases/{lease_id}", {"quantity": 60}, who=who))
        answers.append(site.ask("POST", f"/v1/leases/{lease_id}/confirm", {}, who=who))
    return [(answer.status, answer.headers.items(), answer.text) for answer in answers]


@pytest.mark.parametrize("who", MEMBERS)
def test_a_member_meets_no_host_and_no_other_project(site: Site, who: str) -> None:
    """Whatever they try, no answer holds a word of what is not theirs."""
    mine = site.lease(quantity=1, name="mine")
    theirs = site.lease(who="other", quantity=2, name="secret-plan", confirm=False)
    admins = site.lease(who="admin", quantity=1, name="maintenance-window")
    words = [*SECRETS, "project-b", "otto", "secret-plan", "project-admin", "ada", "maintenance-window"]
    answers = everything_asked(site, who, [mine["id"], theirs["id"], admins["id"]])
    found = [(word, answer) for answer in answers for word in words if _says(answer, word)]
    assert found == []
    # The same questions would have found them all.
    admins = everything_asked(site, "admin", [mine["id"], theirs["id"], admins["id"]])
    missing = [word for word in words[-6:] if not any(_says(answer, word) for answer in admins)]
    assert missing == []
    assert any(_says(answer, HOSTS[0].host_id) and _says(answer, HOSTS[0].name) for answer in admins)


def _says(answer: Any, word: str) -> bool:
    """Whether an answer holds a word; short ones, which a random id may hold, only as a whole value."""
    return (word if len(word) > 4 else f'"{word}"') in str(answer)


def test_a_lease_of_others_is_as_one_that_never_was(site: Site) -> None:
    """The same answer to every method, but for the request's id."""
    theirs = site.lease(who="other")["id"]
    for method, tail, body in (
        ("GET", "", None),
        ("PATCH", "", {"name": "mine now"}),
        ("PATCH", "", {"quantity": 2}),
        ("DELETE", "", None),
        ("POST", "/confirm", {}),
    ):
        answers = []
        for lease_id in (theirs, "11111111-2222-3333-4444-555555555555"):
            answer = site.ask(method, f"/v1/leases/{lease_id}{tail}", body)
            headers = {name: value for name, value in answer.headers.items() if name != "x-openstack-request-id"}
            answers.append((answer.status, headers, {**answer.json["error"], "request_id": ""}))
        assert answers[0] == answers[1]
        assert answers[0][0].startswith("404")
    assert site.ask("GET", f"/v1/leases/{theirs}", who="other").json["state"] == "confirmed"


def test_a_marker_of_others_is_as_one_that_never_was(site: Site) -> None:
    """In lists and in the calendar."""
    theirs = site.lease(who="other")["id"]
    for path in ("/v1/leases", "/v1/calendar"):
        answers = []
        for marker in (theirs, "11111111-2222-3333-4444-555555555555"):
            answer = site.ask("GET", f"{path}?marker={marker}")
            answers.append((answer.status, {**answer.json["error"], "request_id": ""}))
        assert answers[0] == answers[1]
        assert answers[0][0].startswith("400")


def test_the_fields_of_a_lease_for_each(site: Site) -> None:
    """A matrix: who, and whether one lease or many."""
    lease = site.lease()
    path = f"/v1/leases/{lease['id']}"
    assert set(lease) == OF_A_SINGLE_ONE
    assert set(site.ask("GET", path).json) == OF_A_SINGLE_ONE
    assert set(site.ask("GET", path, who="reader").json) == OF_A_SINGLE_ONE
    assert set(site.ask("GET", path, who="admin").json) == {*OF_A_SINGLE_ONE, "hosts"}
    assert set(site.ask("PATCH", path, {"name": "x"}, who="admin").json) == {*OF_A_SINGLE_ONE, "hosts"}
    for who, query in (("member", ""), ("admin", "?project_id=project-a")):
        (listed,) = site.ask("GET", f"/v1/leases{query}", who=who).json["leases"]
        assert set(listed) == PUBLIC_OF_A_LEASE
    (entry,) = site.ask("GET", "/v1/calendar").json["entries"]
    assert "hosts" not in entry
    (entry,) = site.ask("GET", "/v1/calendar", who="admin").json["entries"]
    assert [one["id"] for one in entry["hosts"]] == [
        one["id"] for one in site.ask("GET", path, who="admin").json["hosts"]
    ]


def test_a_filter_that_names_hosts_stays_with_those_who_see_hosts(site: Site) -> None:
    """A colleague of an administrator in the same project sees the lease, but not which hosts it was to have."""
    admins = site.lease(
        who="admin", host_properties=["and", ["=", "$name", "node-2"], ["homogeneous", "$name", "$rack"]]
    )
    assert admins["host_properties"][1] == ["=", "$name", "node-2"]
    assert admins["alike"] == {"name": "node-2", "rack": "r2"}
    value = site.needs.planning.get_proposal_details("r", lease_id=admins["id"], project_id=None)
    common = site.needs.inventory.get_common(
        "r", hosts=pack(value.hosts), names=disclosure.names_in(value), sees_hosts=False
    )
    shown = disclosure.whole_lease(value, "", sees_hosts=False, common=common, names={value.hosts[0]: "node-2"})
    assert "node-2" not in str(shown)
    assert shown["host_properties"] is None
    assert shown["alike"] == {"rack": "r2"}


def test_who_may_name_hosts_gets_them(site: Site) -> None:
    """The slides' filter, by an administrator."""
    wanted = '["=", "$id", 1]'
    assert site.ask("POST", "/v1/leases", {"duration": 60, "host_properties": wanted}).status_int == 400
    lease = site.lease(who="admin", host_properties=wanted)
    assert [one["name"] for one in lease["hosts"]] == ["node-1"]


def test_every_state_can_be_shown(site: Site) -> None:
    """Also those that this site never came to."""
    made = site.lease()
    value = site.needs.planning.get_proposal_details("r", lease_id=made["id"], project_id=None)
    for state in State:
        shown = disclosure.lease(
            dataclasses.replace(value, state=state, degraded_reason="a host failed", closed_at=NOW),
            "",
            sees_hosts=False,
            visible=(),
        )
        assert (shown["state"], shown["degraded_reason"]) == (str(state), "a host failed")


def test_a_member_extends_a_lease_that_an_administrator_made_by_host(site: Site, monkeypatch: Any) -> None:
    """The lease's own filter counts, not what its present user might write."""
    planning = site.needs.planning
    value = planning.get_proposal_details("r", lease_id=site.lease()["id"], project_id=None)
    terms = dataclasses.replace(value.terms, host_properties=["in", "$name", "node-1", "node-2", "node-3"])
    monkeypatch.setattr(
        type(planning), "get_proposal_details", lambda *_, **__: dataclasses.replace(value, terms=terms)
    )
    assert site.ask("PATCH", f"/v1/leases/{value.lease_id}", {"quantity": 2}).status_int == 200


def test_one_may_not_count_hosts_by_asking(site: Site) -> None:
    """Too many, none like these, and none free: one answer."""
    site.lease(quantity=4)
    answers = [
        site.ask("POST", "/v1/leases", {"duration": 60, **fields})
        for fields in ({}, {"quantity": 5}, {"quantity": 999}, {"host_properties": [">", "$vcpus", 9999]})
    ]
    bodies = [{**answer.json["error"], "request_id": ""} for answer in answers]
    assert [answer.status_int for answer in answers] == [409] * 4
    assert all(body == bodies[0] for body in bodies)

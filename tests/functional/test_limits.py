# SPDX-License-Identifier: Apache-2.0
"""Limits through the REST API: to the second and to the host, extreme values included; a refusal changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import webob

from climate.core.limits import LIMITS, UNLIMITED, Limits
from tests.functional.site import NOW, Site, host

HORIZON_S = 100_000
TIGHT = Limits(
    horizon_s=HORIZON_S,
    min_duration_s=60,
    max_duration_s=3600,
    max_quantity=3,
    max_leases=3,
    max_proposals=2,
    max_withdrawn=4,
    withdrawn_window_s=1000,
    requests_per_s=UNLIMITED,
)
END = NOW + HORIZON_S


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Site]:
    """A site of six hosts with the tight limits above, or others."""

    def made(limits: Limits = TIGHT, **changed: int) -> Site:
        return Site(tmp_path, [host(number) for number in range(1, 7)], limits=limits.but(changed))

    return made


def ask(site: Site, who: str = "member", **fields: Any) -> webob.Response:
    return site.ask("POST", "/v1/leases", {"duration": 60, **fields}, who=who)


def error(answer: webob.Response, status: int, code: str) -> dict[str, Any]:
    assert (answer.status_int, answer.json["error"]["code"]) == (status, f"climate.{code}"), answer.text
    details: dict[str, Any] = answer.json["error"]["details"]
    return details


# What is asked for; the field, the limit and what it allows, or None if it is granted.
EDGES: list[tuple[dict[str, Any], tuple[str, str | None, int | None] | None]] = [
    ({"duration": 60}, None),
    ({"duration": 59}, ("duration", "min_duration_s", 60)),
    ({"duration": 1}, ("duration", "min_duration_s", 60)),
    ({"duration": 0}, ("duration", None, None)),
    ({"duration": -1}, ("duration", None, None)),
    ({"duration": 3600}, None),
    ({"duration": 3601}, ("duration", "max_duration_s", 3600)),
    ({"duration": HORIZON_S}, ("duration", "max_duration_s", 3600)),
    ({"duration": HORIZON_S + 1}, ("duration", "horizon_s", HORIZON_S)),
    ({"duration": 2**31}, ("duration", "horizon_s", HORIZON_S)),
    ({"duration": 2**63 - 1}, ("duration", None, None)),
    ({"duration": 2**63}, ("duration", None, None)),
    ({"duration": 10**18}, ("duration", None, None)),
    ({"duration": 1e308}, ("duration", None, None)),
    ({"duration": "9" * 40}, ("duration", None, None)),
    ({"duration": "99999999999999w"}, ("duration", None, None)),
    ({"quantity": 3}, None),
    ({"quantity": 4}, ("quantity", "max_quantity", 3)),
    ({"quantity": 10**6}, ("quantity", "max_quantity", 3)),
    ({"quantity": 10**6 + 1}, ("quantity", None, None)),
    ({"quantity": 0}, ("quantity", None, None)),
    ({"quantity": -1}, ("quantity", None, None)),
    ({"quantity": 2**31}, ("quantity", None, None)),
    ({"quantity": 2**63}, ("quantity", None, None)),
    ({"quantity": 10**18}, ("quantity", None, None)),
    ({"quantity": 1e308}, ("quantity", None, None)),
    ({"start_time": END - 60}, None),
    ({"start_time": END - 59}, ("duration", "horizon_s", HORIZON_S)),
    ({"start_time": END}, ("duration", "horizon_s", HORIZON_S)),
    ({"start_time": END + 1}, ("start_time", "horizon_s", HORIZON_S)),
    ({"start_time": 253_402_300_799}, ("start_time", "horizon_s", HORIZON_S)),
    ({"start_time": 253_402_300_800}, ("start_time", None, None)),
    ({"start_time": 2**63}, ("start_time", None, None)),
    ({"start_time": 10**18}, ("start_time", None, None)),
    ({"start_time": 1e308}, ("start_time", None, None)),
    ({"start_time": -1}, ("start_time", None, None)),
    ({"start_time": 0}, None),
    ({"start_time": "9999-12-31T23:59:59Z"}, ("start_time", "horizon_s", HORIZON_S)),
    ({"start_time": "9999-12-31T23:59:59-23:59"}, ("start_time", None, None)),
    ({"end_time": END}, None),
    ({"end_time": END + 1}, ("end_time", "horizon_s", HORIZON_S)),
    ({"end_time": 2**63}, ("end_time", None, None)),
    ({"end_time": -1}, ("end_time", None, None)),
    ({"end_time": 0}, ("end_time", None, None)),
    ({"duration": None, "start_time": NOW, "end_time": NOW + 3600}, None),
    ({"duration": None, "start_time": NOW, "end_time": NOW + 3601}, ("end_time", "max_duration_s", 3600)),
    ({"duration": None, "start_time": NOW + 1, "end_time": NOW + 60}, ("end_time", "min_duration_s", 60)),
    ({"duration": None, "start_time": END - 60, "end_time": END}, None),
    ({"name": "x" * 255}, None),
    ({"name": "x" * 256}, ("name", None, None)),
    ({"confirm": 2**63}, ("confirm", None, None)),
    ({"scheduler": "x" * 65}, ("scheduler", None, None)),
    ({"host_properties": [">=", "$vcpus", 2**63]}, ("host_properties", None, None)),
    ({"host_properties": ["<", "$vcpus", 1e308]}, ("host_properties", None, None)),
    ({"host_properties": ["<", "$vcpus", 2**53]}, None),
    ({"host_properties": [">", "$vcpus", -(2**53)]}, None),
]


@pytest.mark.parametrize(("fields", "refused"), EDGES, ids=lambda value: str(value)[:60])
def test_requests_meet_their_limits(make: Callable[..., Site], fields: dict[str, Any], refused: Any) -> None:
    """Granted up to the edge; one beyond names the field, the limit and what it allows, and nothing is held."""
    site = make()
    answer = ask(site, **fields)
    if refused is None:
        assert answer.status_int == 201, answer.text
        return
    assert answer.status_int == 400, answer.text
    details = answer.json["error"]["details"]
    assert (details["field"], details.get("limit"), details.get("allowed")) == refused
    assert refused[1] is None or str(refused[2]) in answer.json["error"]["message"]
    assert site.ask("GET", "/v1/leases").json["leases"] == []


CHANGES: list[tuple[dict[str, Any], tuple[str, str | None, int | None] | None]] = [
    ({"duration": 3600}, None),
    ({"duration": 3601}, ("duration", "max_duration_s", 3600)),
    ({"duration": 2**63}, ("duration", None, None)),
    ({"duration": HORIZON_S + 1}, ("duration", "horizon_s", HORIZON_S)),
    ({"end_time": NOW + 3600}, None),
    ({"end_time": NOW + 3601}, ("end_time", "max_duration_s", 3600)),
    ({"end_time": END + 1}, ("end_time", "horizon_s", HORIZON_S)),
    ({"end_time": 10**18}, ("end_time", None, None)),
    ({"quantity": 3}, None),
    ({"quantity": 4}, ("quantity", "max_quantity", 3)),
    ({"quantity": 10**6}, ("quantity", "max_quantity", 3)),
    ({"quantity": 10**18}, ("quantity", None, None)),
    ({"quantity": -1}, ("quantity", None, None)),
    ({"duration": 30}, None),  # below what a new one must be: whoever gives back early is welcome
    ({"quantity": 1}, None),
]


@pytest.mark.parametrize(("fields", "refused"), CHANGES, ids=lambda value: str(value)[:60])
def test_changes_meet_the_same_limits(make: Callable[..., Site], fields: dict[str, Any], refused: Any) -> None:
    """Where a lease grows."""
    site = make()
    lease = site.lease(duration=600, quantity=2)
    path = f"/v1/leases/{lease['id']}"
    answer = site.ask("PATCH", path, fields)
    if refused is None:
        assert answer.status_int == 200, answer.text
        return
    assert answer.status_int == 400, answer.text
    details = answer.json["error"]["details"]
    assert (details["field"], details.get("limit"), details.get("allowed")) == refused
    after = site.ask("GET", path).json
    assert (after["quantity"], after["end_at"]) == (lease["quantity"], lease["end_at"])


def test_a_lease_keeps_what_it_has_when_limits_shrink(make: Callable[..., Site]) -> None:
    """It can be renamed, shortened and given back, and grow no further."""
    site = make()
    path = f"/v1/leases/{site.lease(duration=3600, quantity=3)['id']}"
    own = {"max_duration_s": 60, "max_quantity": 1, "horizon_s": 60, "max_leases": 0}
    assert site.ask("PATCH", "/v1/limits/project-a", own, who="admin").status_int == 200
    assert site.ask("PATCH", path, {"name": "still mine"}).status_int == 200
    assert error(site.ask("PATCH", path, {"quantity": 4}), 400, "request.bad_field")["limit"] == "max_quantity"
    assert error(site.ask("PATCH", path, {"duration": 3601}), 400, "request.bad_field")["limit"] == "horizon_s"
    assert site.ask("PATCH", path, {"quantity": 2, "duration": 1800}).status_int == 200
    site.pass_time(1800)
    assert site.ask("GET", path).json["state"] == "ended"


def test_open_leases_are_counted(make: Callable[..., Site]) -> None:
    """Confirmed and active ones: the next is refused until one is over or given back."""
    site = make()
    first = site.lease(duration=60)
    site.lease(duration=600)
    later = site.lease(duration=600, start_time=NOW + 5000)
    site.pass_time(1)
    states = [site.ask("GET", f"/v1/leases/{one['id']}").json["state"] for one in (first, later)]
    assert states == ["active", "confirmed"]
    refused = ask(site, confirm=True)
    assert error(refused, 403, "limit.reached") == {"limit": "max_leases", "allowed": 3, "used": 3}
    assert ask(site, who="other", confirm=True).status_int == 201
    site.pass_time(60)
    assert ask(site, confirm=True).status_int == 201
    assert site.ask("DELETE", f"/v1/leases/{later['id']}").status_int == 204
    assert ask(site, confirm=True).status_int == 201
    assert ask(site, confirm=True).status_int == 403


def test_proposals_are_counted_apart(make: Callable[..., Site]) -> None:
    """They wait for their confirmation, and meet the limit of leases only then."""
    site = make()
    for _ in range(2):
        site.lease(duration=600)
    held = [ask(site, duration=600).json["id"] for _ in range(2)]
    assert error(ask(site), 403, "limit.reached") == {"limit": "max_proposals", "allowed": 2, "used": 2}
    assert site.ask("POST", f"/v1/leases/{held[0]}/confirm").status_int == 200
    refused = site.ask("POST", f"/v1/leases/{held[1]}/confirm")
    assert error(refused, 403, "limit.reached") == {"limit": "max_leases", "allowed": 3, "used": 3}
    assert site.ask("GET", f"/v1/leases/{held[1]}").json["state"] == "proposed"
    assert site.ask("POST", f"/v1/leases/{held[0]}/confirm").status_int == 200  # again is as once
    site.pass_time(300)
    assert ask(site).status_int == 201


def test_who_has_no_room_learns_nothing_of_the_calendar(make: Callable[..., Site]) -> None:
    """The same answer whether hosts like these are free or not."""
    site = make()
    for _ in range(2):
        ask(site, duration=600)
    site.lease(who="other", quantity=3, duration=600)
    answers = [ask(site, quantity=quantity) for quantity in (1, 2, 3)]
    bodies = [{**answer.json["error"], "request_id": ""} for answer in answers]
    assert bodies[0]["code"] == "climate.limit.reached"
    assert bodies == [bodies[0]] * 3


def test_a_repeated_request_is_answered_although_there_is_no_room_left(make: Callable[..., Site]) -> None:
    """It asks for nothing more."""
    site = make(max_proposals=1)
    body = {"duration": 60}
    answers = [site.ask("POST", "/v1/leases", body, headers={"Idempotency-Key": "k"}) for _ in range(2)]
    assert [answer.status_int for answer in answers] == [201, 201]
    assert answers[0].json["id"] == answers[1].json["id"]
    assert ask(site).status_int == 403


def test_withdrawn_proposals_make_one_wait(make: Callable[..., Site]) -> None:
    """Cancelled or expired: too many within the window, and the project waits until the oldest drops out."""
    site = make()
    for step in (0, 100):
        site.now = NOW + step
        assert site.ask("DELETE", f"/v1/leases/{ask(site).json['id']}").status_int == 204
    held = [ask(site).json for _ in range(2)]
    site.pass_time(300)
    assert [site.ask("GET", f"/v1/leases/{one['id']}").json["state"] for one in held] == ["expired"] * 2
    for confirm in (False, True):
        refused = ask(site, confirm=confirm)
        wait_s = NOW + 1000 - site.now
        details = error(refused, 429, "limit.withdrawn")
        assert details == {"limit": "max_withdrawn", "allowed": 4, "retry_after_s": wait_s}
        assert refused.headers["Retry-After"] == str(wait_s)
    assert ask(site, who="other").status_int == 201
    site.now = NOW + 999
    assert ask(site).headers["Retry-After"] == "1"
    site.now = NOW + 1000
    assert site.ask("DELETE", f"/v1/leases/{ask(site).json['id']}").status_int == 204
    assert ask(site).headers["Retry-After"] == "100"


def test_a_confirmed_lease_that_is_given_back_is_not_withdrawn(make: Callable[..., Site]) -> None:
    """Only proposals cost nothing to let go."""
    site = make(max_withdrawn=1)
    for _ in range(5):
        assert site.ask("DELETE", f"/v1/leases/{site.lease()['id']}").status_int == 204
    assert ask(site).status_int == 201


@pytest.mark.parametrize("name", ["max_duration_s", "max_quantity", "max_leases", "max_proposals", "max_withdrawn"])
def test_a_limit_that_is_none_refuses_nothing(make: Callable[..., Site], name: str) -> None:
    """-1, and nothing of the kind is refused any more."""
    site = make(**{name: UNLIMITED})
    if name == "max_duration_s":
        assert ask(site, duration=HORIZON_S).status_int == 201
    elif name == "max_quantity":
        assert ask(site, quantity=6).status_int == 201
        assert ask(site, quantity=7).status_int == 409
    elif name == "max_withdrawn":
        for _ in range(12):
            assert site.ask("DELETE", f"/v1/leases/{ask(site).json['id']}").status_int == 204
    else:
        confirm = name == "max_leases"
        assert [ask(site, confirm=confirm).status_int for _ in range(6)] == [201] * 6
        assert ask(site, confirm=confirm).status_int == 409


def test_none_at_all_may_be_allowed(make: Callable[..., Site]) -> None:
    """A project that may hold no proposals books at once, or one that may have no leases not at all."""
    site = make(max_proposals=0)
    assert error(ask(site), 403, "limit.reached") == {"limit": "max_proposals", "allowed": 0, "used": 0}
    assert ask(site, confirm=True).status_int == 201
    site.ask("PATCH", "/v1/limits/project-b", {"max_leases": 0}, who="admin")
    assert error(ask(site, who="other", confirm=True), 403, "limit.reached")["allowed"] == 0


def test_each_project_sees_its_limits_and_what_it_uses(make: Callable[..., Site]) -> None:
    """All of them by name, with the site's values; used where that is counted."""
    site = make()
    site.lease()
    ask(site)
    site.ask("DELETE", f"/v1/leases/{ask(site).json['id']}")
    site.lease(who="other")
    shown = site.ask("GET", "/v1/limits", who="reader").json
    assert shown["project_id"] == "project-a"
    assert list(shown["limits"]) == [limit.name for limit in LIMITS]
    assert shown["limits"]["max_leases"] == {"value": 3, "default": 3, "used": 1}
    assert shown["limits"]["max_proposals"] == {"value": 2, "default": 2, "used": 1}
    assert shown["limits"]["max_withdrawn"] == {"value": 4, "default": 4, "used": 1}
    assert shown["limits"]["horizon_s"] == {"value": HORIZON_S, "default": HORIZON_S}
    assert site.ask("GET", "/v1/limits/project-a").json == shown
    assert site.ask("GET", "/v1/limits/project-a", who="admin").json == shown
    site.pass_time(1001)
    assert site.ask("GET", "/v1/limits").json["limits"]["max_withdrawn"]["used"] == 1  # the one that expired


def test_an_administrator_gives_a_project_limits_of_its_own(make: Callable[..., Site]) -> None:
    """They count at once, for that project only; null and DELETE give it the site's again."""
    site = make()
    path = "/v1/limits/project-a"
    shown = site.ask("PATCH", path, {"max_proposals": 4, "max_quantity": 1}, who="admin").json
    assert shown["limits"]["max_proposals"] == {"value": 4, "default": 2, "used": 0}
    assert [ask(site).status_int for _ in range(5)] == [201] * 4 + [403]
    assert error(ask(site, quantity=2), 403, "limit.reached")["limit"] == "max_proposals"
    assert [ask(site, who="other").status_int for _ in range(3)] == [201] * 2 + [403]
    shown = site.ask("PATCH", path, {"max_proposals": None}, who="admin").json
    assert shown["limits"]["max_proposals"] == {"value": 2, "default": 2, "used": 4}
    assert shown["limits"]["max_quantity"]["value"] == 1
    assert site.ask("DELETE", path, who="admin").status_int == 204
    assert site.ask("DELETE", path, who="admin").status_int == 204
    assert site.ask("GET", "/v1/limits").json["limits"]["max_quantity"] == {"value": 3, "default": 3}


def test_projects_with_limits_of_their_own_are_listed(make: Callable[..., Site]) -> None:
    """By id, a page at a time, for administrators."""
    site = make()
    assert site.ask("GET", "/v1/limits?all_projects=true", who="admin").json["projects"] == []
    names = [f"project-{letter}" for letter in "abcde"]
    for number, name in enumerate(names):
        site.ask("PATCH", f"/v1/limits/{name}", {"max_leases": number}, who="admin")
    path, found = "/v1/limits?all_projects=true&limit=2", []
    while path:
        page = site.ask("GET", path, who="admin").json
        found += page["projects"]
        path = page["links"].get("next", "").removeprefix("http://localhost")
    assert [one["project_id"] for one in found] == names
    assert [one["limits"]["max_leases"] for one in found] == [{"value": n, "default": 3} for n in range(5)]
    assert site.ask("GET", "/v1/limits?all_projects=false", who="admin").json["project_id"] == "project-admin"


@pytest.mark.parametrize("who", ["member", "reader"])
def test_a_member_sees_and_sets_nothing_of_others(make: Callable[..., Site], who: str) -> None:
    """Nor limits of their own project; the answer is the same whether the other has its own, or exists."""
    site = make()
    site.ask("PATCH", "/v1/limits/project-b", {"max_leases": 77}, who="admin")
    bodies = []
    for project in ("project-b", "no-such-project", "x" * 300, "%00"):
        refused = site.ask("GET", f"/v1/limits/{project}", who=who)
        error(refused, 403, "auth.forbidden")
        bodies.append({**refused.json["error"], "request_id": ""})
        error(site.ask("PATCH", f"/v1/limits/{project}", {"max_leases": 1}, who=who), 403, "auth.forbidden")
        error(site.ask("DELETE", f"/v1/limits/{project}", who=who), 403, "auth.forbidden")
    assert bodies == [bodies[0]] * 4
    error(site.ask("PATCH", "/v1/limits/project-a", {"max_leases": 1}, who=who), 403, "auth.forbidden")
    error(site.ask("DELETE", "/v1/limits/project-a", who=who), 403, "auth.forbidden")
    error(site.ask("GET", "/v1/limits?all_projects=true", who=who), 403, "auth.forbidden")
    assert site.ask("GET", "/v1/limits/project-b", who="other").json["limits"]["max_leases"]["value"] == 77


EXTREMES = [2**63, 2**63 - 1, -(2**63), -2, 10**18, 10**400, 1e308, 1.5, "5", True, [1], {"value": 1}, ""]


@pytest.mark.parametrize("name", [limit.name for limit in LIMITS])
def test_a_limit_takes_no_value_that_it_cannot_have(make: Callable[..., Site], name: str) -> None:
    """None of them is a 500, and nothing is changed."""
    site = make()
    before = site.ask("GET", "/v1/limits/project-a", who="admin").json
    limit = next(one for one in LIMITS if one.name == name)
    wrong = [*EXTREMES, limit.least - 1 if limit.least - 1 != UNLIMITED or not limit.endless else -2, limit.most + 1]
    for value in wrong:
        other = {"max_leases": 5} if name != "max_leases" else {"max_proposals": 5}
        refused = site.ask("PATCH", "/v1/limits/project-a", {**other, name: value}, who="admin")
        assert error(refused, 400, "request.bad_field")["field"] == name, value
    assert site.ask("GET", "/v1/limits/project-a", who="admin").json == before
    for value in (limit.least, limit.most, None, *([UNLIMITED] if limit.endless else [])):
        if (name, value) != ("max_duration_s", limit.least):  # below the site's min_duration_s
            assert site.ask("PATCH", "/v1/limits/project-a", {name: value}, who="admin").status_int in (200, 400)


BAD: list[tuple[str, str, Any, str]] = [
    ("PATCH", "/v1/limits/project-a", {}, "body"),
    ("PATCH", "/v1/limits/project-a", [], "body"),
    ("PATCH", "/v1/limits/project-a", {"max_lease": 5}, "max_lease"),
    ("PATCH", "/v1/limits/project-a", {"project_id": "x"}, "project_id"),
    ("PATCH", "/v1/limits/project-a", {"min_duration_s": 4000}, "min_duration_s"),
    ("PATCH", "/v1/limits/project-a", {"max_duration_s": 59}, "max_duration_s"),
    ("PATCH", f"/v1/limits/{'x' * 65}", {"max_leases": 5}, "project_id"),
    ("PATCH", "/v1/limits/a%00b", {"max_leases": 5}, "project_id"),
    ("PATCH", "/v1/limits/a%0Ab", {"max_leases": 5}, "project_id"),
    ("DELETE", f"/v1/limits/{'x' * 65}", None, "project_id"),
    ("GET", f"/v1/limits/{'x' * 65}", None, "project_id"),
    ("GET", "/v1/limits/project-a?detail=true", None, "detail"),
    ("GET", "/v1/limits?all_projects=maybe", None, "all_projects"),
    ("GET", "/v1/limits?limit=5", None, "limit"),
    ("GET", "/v1/limits?marker=project-a", None, "marker"),
    ("GET", "/v1/limits?all_projects=true&limit=0", None, "limit"),
    ("GET", "/v1/limits?all_projects=true&limit=9223372036854775808", None, "limit"),
    ("GET", "/v1/limits?all_projects=true&marker=", None, "marker"),
]


@pytest.mark.parametrize(("method", "path", "body", "field"), BAD, ids=lambda value: str(value)[:50])
def test_bad_requests_name_the_field(make: Callable[..., Site], method: str, path: str, body: Any, field: str) -> None:
    site = make()
    assert error(site.ask(method, path, body, who="admin"), 400, "request.bad_field")["field"] == field
    assert site.ask("GET", "/v1/limits?all_projects=true", who="admin").json["projects"] == []


def test_an_unknown_limit_gets_the_names_there_are(make: Callable[..., Site]) -> None:
    refused = make().ask("PATCH", "/v1/limits/project-a", {"max_lease": 5}, who="admin")
    assert "max_leases" in refused.json["error"]["message"]


def test_limits_of_a_project_may_have_any_id_that_keystone_gives(make: Callable[..., Site]) -> None:
    """Up to 64 characters."""
    site = make()
    for project in ("3c1f0c8e2a5b4a7f8c5d1e2f3a4b5c6d", "x" * 64, "a%20b", "%C3%A9"):
        answer = site.ask("PATCH", f"/v1/limits/{project}", {"max_leases": 5}, who="admin")
        assert answer.status_int == 200, answer.text
    found = site.ask("GET", "/v1/limits?all_projects=true", who="admin").json["projects"]
    assert [one["project_id"] for one in found] == sorted(["3c1f0c8e2a5b4a7f8c5d1e2f3a4b5c6d", "x" * 64, "a b", "é"])

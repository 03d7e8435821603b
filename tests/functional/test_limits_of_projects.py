# SPDX-License-Identifier: Apache-2.0
"""``/v1/limits``: projects see theirs, administrators set anybody's, and nobody else either."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from climate.core.limits import LIMITS, UNLIMITED
from tests.functional.site import Site
from tests.functional.tight import HORIZON_S, ask, error, tight_site


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Site]:
    """Makes the site; its limits may be changed."""
    return partial(tight_site, tmp_path)


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

# SPDX-License-Identifier: Apache-2.0
"""The table of routes is the truth: resources, slashes, queries, labels and roles agree with it."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from climate.api import app, routes
from climate.api.routes import ALIASES, ROUTES, Route, Who
from climate.chassis.web import health, metrics
from climate.chassis.web.policy import Policies
from climate.chassis.web.resource import Resource
from tests.functional.site import NOW, WHO, Site

OUTSIDE = {health.ALIVE, health.READY, metrics.PATH}  # answered before any resource
ALL = list(routes.with_aliases())
BODIES: dict[tuple[str, str], Any] = {
    ("POST", "/v1/leases"): {"duration": 60},
    ("PATCH", "/v1/leases/{lease_id}"): {"name": "renamed"},
    ("PATCH", "/v1/hosts/{host_id}"): {"disabled": False},
    ("POST", "/v1/hosts/evacuate"): {"hosts": ["node-1"], "dry_run": True},
    ("PATCH", "/v1/properties/{name}"): {"description": "how it sounds"},
    ("PATCH", "/v1/limits/{project_id}"): {"max_leases": 900},
}
ALLOWED = {
    Who.ANYONE: {"member", "reader", "other", "admin", "nova", "nobody", ""},
    Who.OPERATOR: {"member", "reader", "other", "admin", "nova", "nobody", ""},
    Who.READER: {"member", "reader", "other", "admin"},
    Who.MEMBER: {"member", "other", "admin"},
    Who.ADMIN: {"admin"},
    Who.SERVICE: {"admin", "nova"},
}


def named(route: Route) -> str:
    return f"{route.method} {route.path}"


def walked(resource: Resource, path: str) -> Iterator[str]:
    """Every method of every resource from here on, with its path as the table writes it."""
    for method in resource.methods():
        yield f"{method} {path or '/'}"
    for word, part in resource.parts.items():
        yield from walked(part, f"{path}/{word}")
    item = getattr(resource, "item", None)
    if item is not None:
        below = resource.part("x")
        assert below is not None
        yield from walked(below, f"{path}/{{{item}}}")


def concrete(site: Site, route: Route, owner: str = "member") -> tuple[str, Any]:
    """An address of the route that has something at it, and a body that is good for it."""
    path = route.path
    if "{lease_id}" in path:
        path = path.replace("{lease_id}", site.lease(who=owner, start_time=NOW)["id"])
    canonical = next((route.path.replace(name, to, 1) for name, to in ALIASES.items() if path.startswith(name)), None)
    path = path.replace("{project_id}", WHO[owner][0])
    if (route.method, canonical or route.path) == ("POST", "/v1/properties"):
        return path, {"name": f"p{uuid.uuid4().hex}", "type": "text"}
    if "{name}" in path:
        path = path.replace("{name}", _property(site))
    return path.replace("{host_id}", "node-1"), BODIES.get((route.method, canonical or route.path))


def _property(site: Site) -> str:
    name = f"p{uuid.uuid4().hex}"
    made = site.ask("POST", "/v1/properties", {"name": name, "type": "text"}, who="admin")
    assert made.status_int == 201, made.text
    return name


def test_the_table_names_each_resource_once(site: Site) -> None:
    """Nothing stands at an address that the table does not name, and the other way round."""
    found = sorted(walked(app.tree(site.needs, Policies(site.needs.enforcer)), ""))
    assert found == sorted(named(route) for route in ALL if route.path not in OUTSIDE)


@pytest.mark.parametrize("route", ALL, ids=named)
def test_a_slash_at_the_end_makes_no_difference(site: Site, route: Route) -> None:
    """The same status and the same kind of answer, and never a redirect."""
    answers = []
    for slash in ("", "/"):
        path, body = concrete(site, route, "admin")
        answer = site.ask(route.method, path if path == "/" else path + slash, body, who="admin")
        assert answer.status_int == route.success, answer.text
        assert "Location" not in answer.headers or route.success == 201
        is_json = answer.content_type == "application/json"
        answers.append((answer.status_int, answer.content_type, sorted(answer.json) if is_json else None))
    assert answers[0] == answers[1]


@pytest.mark.parametrize("route", [route for route in ALL if route.method == "GET"], ids=named)
def test_every_get_answers_head(site: Site, route: Route) -> None:
    """With the same status and no body."""
    path, _ = concrete(site, route, "admin")
    assert site.ask("HEAD", path, who="admin").status_int == 200


@pytest.mark.parametrize("route", [route for route in ROUTES if route.method == "GET" and not route.is_open], ids=named)
def test_the_queries_are_those_of_the_table(site: Site, route: Route) -> None:
    """A name that is not in the table is refused, with the names that are."""
    path, _ = concrete(site, route, "admin")
    answer = site.ask("GET", f"{path}?no_such_name=1", who="admin")
    assert answer.status_int == 400
    error = answer.json["error"]
    assert error["details"] == {"field": "no_such_name"}
    there_are = re.search(r"there are: (.*)\.", error["message"])
    known = there_are[1].split(", ") if there_are else []
    assert known == sorted(parameter.name for parameter in route.query)


@pytest.mark.parametrize("route", ALL, ids=named)
def test_each_route_lets_in_whom_the_table_says(site: Site, route: Route) -> None:
    """Everybody else is told 401 or 403."""
    for who in ("member", "reader", "other", "admin", "nova", "nobody", ""):
        path, body = concrete(site, route, "other" if who == "other" else "member")
        answer = site.ask(route.method, path, body, who=who)
        expected = route.success if who in ALLOWED[route.who] else 403 if who else 401
        assert answer.status_int == expected, (who, answer.text)


def test_labels_of_metrics_are_templates() -> None:
    """However many ids there are, a route is one label; what is not in the table is one, too."""
    for route in ALL:
        path = re.sub(r"\{\w+\}", "0b9e6c1e", route.path)
        assert {routes.label({"PATH_INFO": path}), routes.label({"PATH_INFO": f"{path}/"})} <= {route.path, "unknown"}
        assert routes.label({"PATH_INFO": path}) == route.path
    assert routes.label({"PATH_INFO": "/v1/leases/a/b/c"}) == "unknown"
    assert routes.label({}) == "/"


def test_attributes_of_resources_are_no_addresses(site: Site) -> None:
    """Pecan looks addresses up as attributes; ours do not let it."""
    for path in ("/v1/parts", "/respond", "/v1/leases/get/confirm/post", "/__class__", "/v1/_route", "/index"):
        assert site.ask("GET", path).status_int == 404
    assert site.ask("GET", "/v1/hosts/get", who="admin").json["error"]["code"] == "climate.host.not_found"
    assert site.ask("GET", "/v1//leases").status_int == 404

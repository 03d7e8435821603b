# SPDX-License-Identifier: Apache-2.0
"""The OpenAPI document is sound, has every route, and every answer is what it says."""

from __future__ import annotations

from typing import Any

import openapi_spec_validator
import pytest
from jsonschema import Draft202012Validator

from climate.api.routes import ROUTES, errors_of
from climate.chassis.web import faults
from tests.functional.site import NOW, WHO, Site

JSON = "application/json"


@pytest.fixture
def document(site: Site) -> dict[str, Any]:
    answer: dict[str, Any] = site.ask("GET", "/v1/openapi.json", who="").json
    return answer


def checked(document: dict[str, Any], schema: dict[str, Any], value: Any) -> None:
    """Hold a value against a schema of the document."""
    Draft202012Validator({**schema, "components": document["components"]}).validate(value)


def test_the_document_is_valid(document: dict[str, Any]) -> None:
    """Its own validator says so."""
    openapi_spec_validator.validate(document)
    assert document["openapi"] == "3.1.0"


def test_it_has_every_route_and_every_error(document: dict[str, Any]) -> None:
    """With the statuses of the one table."""
    found = {f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods}
    assert found == {f"{route.method} {route.path}" for route in ROUTES}
    for route in ROUTES:
        responses = document["paths"][route.path][route.method.lower()]["responses"]
        expected = {str(route.success), *(str(faults.STATUS[error.kind]) for error in errors_of(route))}
        assert set(responses) - {"304"} == expected
    ids = [one["operationId"] for methods in document["paths"].values() for one in methods.values()]
    assert len(ids) == len(set(ids))


def test_its_examples_fit_their_schemas(document: dict[str, Any]) -> None:
    """Each that a schema shows."""
    examples = [
        (name, example)
        for name, schema in document["components"]["schemas"].items()
        for example in schema.get("examples", [])
    ]
    assert {"LeaseRequest", "LeasePatch", "HostPatch", "LimitsPatch", "Lease", "Error"} <= {
        name for name, _ in examples
    }
    for name, example in examples:
        checked(document, {"$ref": f"#/components/schemas/{name}"}, example)


def test_the_request_of_the_document_gets_a_lease(site: Site, document: dict[str, Any]) -> None:
    """Its example can be sent as it is."""
    example = document["components"]["schemas"]["LeaseRequest"]["examples"][0]
    site.now = NOW - 30 * 86_400
    assert site.ask("POST", "/v1/leases", example).status_int == 201


@pytest.mark.parametrize("who", ["member", "admin"])
def test_answers_are_what_the_document_says(site: Site, document: dict[str, Any], who: str) -> None:
    """Every route that gives JSON, for those who see hosts and those who do not."""
    lease_id = site.lease(who=who, name="first", quantity=2)["id"]
    site.lease(who=who, start_time=NOW, duration="1d", confirm=False)
    site.ask("PATCH", f"/v1/leases/{lease_id}", {"quantity": 1}, who=who)
    site.pass_time(5)
    requests = [
        ("POST", "/v1/leases", {"duration": 60}),
        ("PATCH", "/v1/leases/{lease_id}", {"name": "second"}),
        ("POST", "/v1/leases/{lease_id}/confirm", {}),
        *(("GET", route.path, None) for route in ROUTES if route.method == "GET" and route.path != "/metrics"),
        ("GET", "/v1/properties?detail=true", None),
        ("PATCH", "/v1/properties/{name}", {"rules": [{"where": ["=", "$vcpus", 16], "value": "r7"}]}),
        ("POST", "/v1/hosts/evacuate", {"hosts": ["node-1"]}),
        ("PATCH", "/v1/hosts/{host_id}", {"properties": {"rack": "r8"}}),
        ("POST", "/v1/properties", {"name": "noise", "type": "number", "unit": "dB", "hidden": True}),
        ("GET", "/v1/properties/{name}", None),
        ("GET", "/v1/properties?detail=true&sort=type", None),
        ("PATCH", "/v1/hosts/{host_id}", {"disabled": True, "reason": "repair"}),
        ("PATCH", "/v1/limits/{project_id}", {"max_leases": 900, "horizon_s": None}),
        ("GET", "/v1/limits?all_projects=true", None),
        ("GET", "/v1/leases/{lease_id}/nothing", None),
    ]
    for method, path, body in requests:
        address = path.format(lease_id=lease_id, host_id="node-1", project_id=WHO[who][0], name="rack")
        answer = site.ask(method, address, body, who=who)
        operation = document["paths"].get(path.partition("?")[0], {}).get(method.lower())
        if answer.status_int >= 400:
            checked(document, {"$ref": "#/components/schemas/Error"}, answer.json)
            assert operation is None or str(answer.status_int) in operation["responses"]
            continue
        schema = operation["responses"][str(answer.status_int)]["content"][JSON].get("schema")
        if schema:
            checked(document, schema, answer.json)


def test_what_the_document_refuses_the_service_refuses(site: Site, document: dict[str, Any]) -> None:
    """And what it allows is allowed: the two are made of one thing."""
    schema = {"$ref": "#/components/schemas/LeaseRequest", "components": document["components"]}
    validator = Draft202012Validator(schema)
    for fields, good in (
        ({"quantity": 1}, True),
        ({"quantity": 0}, False),
        ({"quantity": None}, True),
        ({"confirm": 1}, False),
        ({"name": "x" * 255}, True),
        ({"name": "x" * 256}, False),
        ({"host_properties": {}}, False),
        ({"host_properties": "[]"}, True),
        ({"unknown": 1}, False),
        ({"duration": 0}, False),
    ):
        body = {"duration": 60, "start_time": NOW, **fields}
        assert validator.is_valid(body) is good, fields
        assert (site.ask("POST", "/v1/leases", body).status_int == 201) is good, fields

# SPDX-License-Identifier: Apache-2.0
"""Bad input gets an error that names the field and the fix, in one form, and changes nothing."""

from __future__ import annotations

import http.client
import json
from typing import Any

import pytest
import webob

from climate.chassis.web import faults
from climate.chassis.web.server import WebServer
from climate.errors import ClimateError, Kind, ServiceUnavailable
from tests.functional.site import NOW, Site

LEASE = "a lease"  # stands for the address of one
BIG = 10**30
DEEP = ["and"]
for _ in range(40):
    DEEP = ["and", DEEP]

# who, method, path, body, the field that the error names
BAD_FIELDS: list[tuple[str, str, str, Any, str]] = [
    *(
        ("member", "POST", "/v1/leases", {"duration": 3600, **fields}, next(iter(fields)))
        for fields in (
            {"start_time": "tomorrow"},
            {"start_time": "2030-03-18T10:00:00"},
            {"start_time": True},
            {"start_time": 1.5},
            {"start_time": -1},
            {"start_time": BIG},
            {"start_time": [NOW]},
            {"start_time": {"at": NOW}},
            {"start_time": NOW + 400 * 86_400},
            {"end_time": "never"},
            {"end_time": "2030-13-01T00:00:00Z"},
            {"end_time": False},
            {"end_time": NOW - 1},
            {"end_time": NOW},
            {"end_time": NOW + 3599},
            {"end_time": NOW + 400 * 86_400},
            {"end_time": str(BIG)},
            {"duration": 0},
            {"duration": -60},
            {"duration": "a while"},
            {"duration": "1 month"},
            {"duration": "P1M"},
            {"duration": 1.5},
            {"duration": True},
            {"duration": BIG},
            {"duration": []},
            {"duration": 400 * 86_400},
            {"duration": None},
            {"quantity": 0},
            {"quantity": -1},
            {"quantity": "2"},
            {"quantity": 1.0},
            {"quantity": True},
            {"quantity": BIG},
            {"quantity": 10**7},
            {"quantity": [1]},
            {"host_properties": {"vcpus": 16}},
            {"host_properties": 16},
            {"host_properties": True},
            {"host_properties": "not json"},
            {"host_properties": '{"vcpus": 16}'},
            {"host_properties": ["=", "$vcpus"]},
            {"host_properties": ["~", "$vcpus", 1]},
            {"host_properties": ["=", "$no_such_property", 1]},
            {"host_properties": ["=", "$vcpus", "many"]},
            {"host_properties": ["=", "$name", "node-1"]},
            {"host_properties": ["or", ["homogeneous", "$rack"], [">", "$vcpus", 1]]},
            {"host_properties": DEEP},
            {"host_properties": ["=", "$vcpus", 10**400]},
            {"host_properties": "[" * 5000},
            {"host_properties": '["and", ' * 300 + "[]" + "]" * 300},
            {"host_properties": f'["=", "$vcpus", {10**400}]'},
            {"host_properties": '["=", "$rack", "\\u0000"]'},
            {"host_properties": '["=", "$rack", "\\ud800"]'},
            {"name": 5},
            {"name": ["a"]},
            {"name": "x" * 256},
            {"name": "two\nlines"},
            {"name": "nul\x00"},
            {"name": "half \ud800"},
            {"confirm": 1},
            {"confirm": "yes"},
            {"confirm": []},
            {"scheduler": 3},
            {"scheduler": "x" * 65},
            {"state": "active"},
            {"hosts": ["node-1"]},
            {"": 1},
        )
    ),
    ("admin", "POST", "/v1/leases", {"duration": 60, "scheduler": "no-such"}, "scheduler"),
    ("member", "POST", "/v1/leases", {}, "duration"),
    ("member", "POST", "/v1/leases", {"start_time": NOW + 60}, "duration"),
    ("member", "POST", "/v1/leases", {"start_time": NOW + 90, "end_time": NOW + 60}, "end_time"),
    ("member", "POST", "/v1/leases", [], "body"),
    ("member", "POST", "/v1/leases", "text", "body"),
    ("member", "POST", "/v1/leases", None, "body"),
    ("member", "PATCH", LEASE, {}, "body"),
    ("member", "PATCH", LEASE, {"name": None}, "body"),
    ("member", "PATCH", LEASE, {"quantity": 0}, "quantity"),
    ("member", "PATCH", LEASE, {"quantity": "3"}, "quantity"),
    ("member", "PATCH", LEASE, {"end_time": NOW - 5}, "end_time"),
    ("member", "PATCH", LEASE, {"end_time": "soon"}, "end_time"),
    ("member", "PATCH", LEASE, {"end_time": NOW + 7200, "duration": 7200}, "duration"),
    ("member", "PATCH", LEASE, {"duration": "long"}, "duration"),
    ("member", "PATCH", LEASE, {"duration": 400 * 86_400}, "duration"),
    ("member", "PATCH", LEASE, {"start_time": NOW}, "start_time"),
    ("member", "PATCH", LEASE, {"host_properties": []}, "host_properties"),
    ("member", "PATCH", LEASE, {"state": "ended"}, "state"),
    ("member", "PATCH", LEASE, {"name": 7}, "name"),
    ("member", "POST", f"{LEASE}/confirm", {"really": True}, "really"),
    ("admin", "PATCH", "/v1/hosts/node-1", {}, "disabled"),
    ("admin", "PATCH", "/v1/hosts/node-1", {"reason": "repair"}, "disabled"),
    ("admin", "PATCH", "/v1/hosts/node-1", {"disabled": "true"}, "disabled"),
    ("admin", "PATCH", "/v1/hosts/node-1", {"disabled": True, "reason": 4}, "reason"),
    ("admin", "PATCH", "/v1/hosts/node-1", {"disabled": True, "name": "other"}, "name"),
]
BAD_QUERIES = [
    ("/v1/leases?limit=0", "limit"),
    ("/v1/leases?limit=-1", "limit"),
    ("/v1/leases?limit=many", "limit"),
    ("/v1/leases?limit=1001", "limit"),
    ("/v1/leases?limit=1e2", "limit"),
    ("/v1/leases?limit=%D9%A3", "limit"),
    ("/v1/leases?limit=1&limit=2", "limit"),
    ("/v1/leases?marker=", "marker"),
    ("/v1/leases?marker=" + "x" * 300, "marker"),
    ("/v1/leases?marker=11111111-2222-3333-4444-555555555555", "marker"),
    ("/v1/leases?state=sleeping", "state"),
    ("/v1/leases?state=active,", "state"),
    ("/v1/leases?at=noon", "at"),
    ("/v1/leases?start=2030-03-18T10:00:00+01:00", "start"),  # the + was not quoted
    ("/v1/leases?start=2030-03-18", "start"),
    ("/v1/leases?start=5&end=5", "end"),
    ("/v1/leases?all_projects=maybe", "all_projects"),
    ("/v1/leases?all_projects", "all_projects"),
    ("/v1/leases?name=%00", "name"),
    ("/v1/leases?Name=x", "Name"),
    ("/v1/calendar?start=later", "start"),
    ("/v1/calendar?end=5", "end"),
    ("/v1/calendar?limit=x", "limit"),
    ("/v1/calendar?marker=nothing", "marker"),
    ("/v1/properties?detail=full", "detail"),
    ("/v1/schedulers?name=earliest", "name"),
]
BAD_BODIES = [
    (b"{", "body"),
    (b"{'duration': 60}", "body"),
    (b'{"duration": 60} {}', "body"),
    (b'{"duration": NaN}', "duration"),
    (b'{"duration": 1e999}', "duration"),
    (b'{"duration": 60, "duration": 90}', "duration"),
    (b'{"duration": 60, "name": "\\ud800"}', "name"),
    (b'{"duration": 60, "name": "\xff"}', "body"),
    (b"\xef\xbb\xbf{}", "body"),
    (b"[" * 50_000, "body"),
    (b'{"a":' * 10_000, "body"),
    (b'{"duration": ' + b"9" * 5000 + b"}", "duration"),
    (b'{"name": {"a": 1, "a": 2}}', "name"),
    (b'{"a\\u0000": 1}', "body"),
]
BAD_HEADERS = [
    ({"Content-Type": "text/plain"}, "Content-Type"),
    ({"Content-Type": "application/x-www-form-urlencoded"}, "Content-Type"),
    ({"Content-Type": "multipart/form-data; boundary=x"}, "Content-Type"),
    ({"Content-Type": "multipart/form-data"}, "Content-Type"),
    ({"Content-Type": "application/xml"}, "Content-Type"),
    ({"Content-Encoding": "gzip"}, "Content-Encoding"),
    ({"Idempotency-Key": ""}, "Idempotency-Key"),
    ({"Idempotency-Key": "k" * 256}, "Idempotency-Key"),
    ({"Idempotency-Key": "tab\there"}, "Idempotency-Key"),
    ({"Idempotency-Key": "\xe9"}, "Idempotency-Key"),
]


def error_of(answer: webob.Response, status: int) -> dict[str, Any]:
    """The error in an answer, whose form is checked."""
    assert answer.status_int == status, answer.text
    assert answer.content_type == "application/json"
    assert "Traceback" not in answer.text
    assert "climate/" not in answer.text
    error: dict[str, Any] = answer.json["error"]
    assert list(answer.json) == ["error"]
    assert sorted(error) == ["code", "details", "message", "request_id"]
    assert error["code"].startswith("climate.")
    assert error["message"].endswith((".", "?"))
    assert error["request_id"] == answer.headers["x-openstack-request-id"]
    return error


def state_of(site: Site) -> tuple[Any, Any]:
    """All leases and hosts."""
    leases = site.ask("GET", "/v1/leases?all_projects=true", who="admin").json["leases"]
    return leases, site.ask("GET", "/v1/hosts", who="admin").json["hosts"]


def test_a_wrong_field_is_named_and_changes_nothing(site: Site) -> None:
    """A table of requests that cannot be."""
    lease = f"/v1/leases/{site.lease()['id']}"
    before = state_of(site)
    wrong = []
    for who, method, path, body, field in BAD_FIELDS:
        raw = json.dumps(body).encode()
        answer = site.ask(method, path.replace(LEASE, lease), who=who, raw=raw)
        error = error_of(answer, 400)
        if error["details"].get("field") != field:
            wrong.append(f"{body} names {error['details']}: {error['message']}")
    assert wrong == []
    assert state_of(site) == before
    assert len(BAD_FIELDS) >= 60


@pytest.mark.parametrize(("path", "field"), BAD_QUERIES)
def test_a_wrong_query_is_named(site: Site, path: str, field: str) -> None:
    """The parameter is the field."""
    error = error_of(site.ask("GET", path), 400)
    assert error["details"]["field"] == field
    assert field in error["message"]


@pytest.mark.parametrize(("raw", "field"), BAD_BODIES, ids=lambda value: repr(value[:30]))
def test_what_is_no_sound_json_is_refused(site: Site, raw: bytes, field: str) -> None:
    """Before anything else looks at it."""
    assert error_of(site.ask("POST", "/v1/leases", raw=raw), 400)["details"]["field"] == field


@pytest.mark.parametrize(("headers", "field"), BAD_HEADERS, ids=str)
def test_a_wrong_header_is_named(site: Site, headers: dict[str, str], field: str) -> None:
    """The header is the field."""
    answer = site.ask("POST", "/v1/leases", {"duration": 60}, headers=headers)
    assert error_of(answer, 400)["details"]["field"] == field


@pytest.mark.parametrize(
    "path", ["/v1/leases/%FF", "/%FF", "/v1/leases?%FF=1", "/v1/leases?name=%FF", "/v1/hosts/%ED%A0%80"]
)
def test_addresses_that_are_no_utf8(site: Site, path: str) -> None:
    """A 400 as well, whatever library notices it."""
    error_of(site.ask("GET", path, who="admin"), 400)


@pytest.mark.parametrize("lease_id", ["x", "11111111-2222-3333-4444-55555555555", "%00", "..", "'; DROP TABLE lease"])
def test_what_is_no_id_is_not_found(site: Site, lease_id: str) -> None:
    """With the very answer that an unknown id gets."""
    unknown = error_of(site.ask("GET", "/v1/leases/11111111-2222-3333-4444-555555555555"), 404)
    for method, tail, body in (
        ("GET", "", None),
        ("DELETE", "", None),
        ("PATCH", "", {"name": "a"}),
        ("POST", "/confirm", {}),
    ):
        error = error_of(site.ask(method, f"/v1/leases/{lease_id}{tail}", body), 404)
        assert {**error, "request_id": ""} == {**unknown, "request_id": ""}


def test_an_id_may_be_written_in_capitals(site: Site) -> None:
    """It is the same id."""
    lease_id = site.lease()["id"]
    assert site.ask("GET", f"/v1/leases/{lease_id.upper()}").json["id"] == lease_id


def test_what_was_not_foreseen_stays_inside(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    """The log has the traceback and the request's id; the answer has the id."""

    def fail(method: str) -> None:
        raise RuntimeError("the password is hunter2")

    site.planning.before = fail
    answer = site.ask("GET", "/v1/leases")
    error = error_of(answer, 500)
    assert error["code"] == "climate.internal"
    assert error["details"] == {}
    assert "hunter2" not in answer.text
    assert error["request_id"] in caplog.text
    assert "hunter2" in caplog.text


def test_an_error_of_the_inside_shows_nothing_either(site: Site) -> None:
    """A ClimateError of kind INTERNAL is for the operator."""

    def fail(method: str) -> None:
        raise ClimateError("table lease is gone", table="lease")

    site.planning.before = fail
    error = error_of(site.ask("GET", "/v1/leases"), 500)
    assert (error["message"], error["details"]) == (ClimateError.default_message, {})


def test_a_service_out_of_reach_is_503(site: Site) -> None:
    """With a word on when to come again."""

    def fail(method: str) -> None:
        raise ServiceUnavailable("The planning service did not answer in time.", service="climate-planning")

    site.planning.before = fail
    answer = site.ask("POST", "/v1/leases", {"duration": 60})
    assert error_of(answer, 503)["code"] == "climate.service.unavailable"
    assert int(answer.headers["Retry-After"]) > 0


def test_every_kind_of_error_has_a_status() -> None:
    """And no two of them are lost in one but by intent."""
    assert set(faults.STATUS) == set(Kind)
    assert set(faults.STATUS.values()) == {400, 401, 403, 404, 409, 413, 422, 429, 500, 503}


@pytest.mark.parametrize(
    ("status", "code", "ours"),
    [
        ("401 Unauthorized", "climate.auth.required", 401),
        ("403 Forbidden", "climate.auth.forbidden", 403),
        ("404 Not Found", "climate.route.not_found", 404),
        ("405 Method Not Allowed", "climate.route.method_not_allowed", 404),
        ("406 Not Acceptable", "climate.request.bad_field", 400),
        ("413 Too Large", "climate.request.too_large", 413),
        ("502 Bad Gateway", "climate.internal", 500),
        ("503 Unavailable", "climate.service.unavailable", 503),
    ],
)
def test_errors_of_libraries_take_our_form(status: str, code: str, ours: int) -> None:
    """What a client needs of their headers stays, their text goes."""

    def library(environ: Any, start_response: Any) -> list[bytes]:
        start_response(status, [("Content-Type", "text/html"), ("Allow", "GET"), ("X-Powered-By", "magic")])
        return [b"<h1>Traceback</h1>"]

    request = webob.Request.blank("/", environ={faults.REQUEST_ID: "req-1"})
    answer = request.get_response(faults.Faults(library))
    assert (answer.status_int, answer.json["error"]["code"]) == (ours, code)
    assert answer.headers["Allow"] == "GET"
    assert "X-Powered-By" not in answer.headers


def test_a_body_that_is_too_large_is_refused(site: Site) -> None:
    """By its length if that is told, and by counting if not."""
    body = json.dumps({"duration": 60, "name": "x" * 70_000}).encode()
    assert error_of(site.ask("POST", "/v1/leases", raw=body), 413)["code"] == "climate.request.too_large"
    server = WebServer(site.app, "127.0.0.1", 0, 2, "test")
    server.start()
    try:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        headers = {"X-Auth-Token": "member", "Content-Type": "application/json"}
        chunks = (body[i : i + 5000] for i in range(0, len(body), 5000))
        connection.request("POST", "/v1/leases", chunks, headers, encode_chunked=True)
        answer = connection.getresponse()
        assert answer.status == 413
        assert json.loads(answer.read())["error"]["code"] == "climate.request.too_large"
        connection.close()
        # The same, small enough.
        connection.request("POST", "/v1/leases", iter([b'{"duration"', b": 60}"]), headers, encode_chunked=True)
        assert connection.getresponse().status == 201
        connection.close()
    finally:
        server.stop()
        server.wait()

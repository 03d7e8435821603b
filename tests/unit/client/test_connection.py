# SPDX-License-Identifier: Apache-2.0
"""What goes over the wire, and what comes of the answers."""

from __future__ import annotations

import socket

import pytest
from keystoneauth1.adapter import Adapter
from keystoneauth1.session import Session
from keystoneauth1.token_endpoint import Token

from climate import errors
from climate.client import Client, with_token
from climate.client.faults import CLASSES
from tests.unit.client.conftest import TOKEN, Script


@pytest.mark.parametrize("ending", ["", "/", "/v1", "/v1/"])
def test_the_endpoint_may_end_in_the_version_or_not(ending: str, script: Script, url: str) -> None:
    """A catalogue may name the endpoint in four ways; the address asked is one."""
    script.say({"schedulers": []})
    assert with_token(url + ending, TOKEN).schedulers.list() == []
    assert script.asked[0].path == "/v1/schedulers"


def test_the_token_goes_into_its_header(client: Client, script: Script) -> None:
    """keystoneauth brings the token."""
    script.say({"schedulers": []})
    client.schedulers.list()
    assert script.asked[0].headers["X-Auth-Token"] == TOKEN


def test_an_adapter_may_be_handed_in(script: Script, url: str) -> None:
    """Whoever chooses region and interface brings an adapter."""
    script.say({"schedulers": []})
    adapter = Adapter(Session(auth=Token("http://nowhere.invalid", TOKEN)), endpoint_override=url)
    assert Client(adapter).schedulers.list() == []


@pytest.mark.parametrize("kind", sorted(CLASSES.values(), key=lambda kind: kind.error_code))
def test_each_code_is_raised_as_its_class(kind: type[errors.ClimateError], client: Client, script: Script) -> None:
    """With the message, the details and the request's id of the answer."""
    script.refuse(409, kind.error_code, "Because.", {"field": "quantity", "message": "a detail", "self": 3})
    with pytest.raises(errors.ClimateError) as raised:
        client.leases.get("x")
    assert type(raised.value) is kind
    assert raised.value.message == "Because."
    assert raised.value.details == {"field": "quantity", "message": "a detail", "self": 3}
    assert raised.value.request_id == "req-7"


def test_an_unknown_code_is_a_climate_error(client: Client, script: Script) -> None:
    """A newer service may know more errors than this client."""
    script.refuse(418, "climate.teapot.short", "I am.", {"size": "s"})
    with pytest.raises(errors.ClimateError) as raised:
        client.leases.get("x")
    assert type(raised.value) is errors.ClimateError
    assert raised.value.message == "I am."
    assert raised.value.details == {"size": "s", "code": "climate.teapot.short"}


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, {"error": {"code": 401, "message": "no", "title": "Unauthorized"}}, errors.NotAuthenticated),
        (413, None, errors.RequestTooLarge),
        (502, None, errors.ServiceUnavailable),
        (503, ["busy"], errors.ServiceUnavailable),
        (504, {"error": "late"}, errors.ServiceUnavailable),
        (500, {"error": {"code": {}, "message": 1}}, errors.ClimateError),
        (404, {"error": {"code": "NOT_FOUND", "message": "x"}}, errors.ClimateError),
    ],
)
def test_a_foreign_answer_is_told_by_its_status(
    status: int, body: object, kind: type[errors.ClimateError], client: Client, script: Script
) -> None:
    """A proxy's or a middleware's answer is no error of the API's form."""
    for _ in range(2):  # keystoneauth asks again after a 401
        script.say(body, status)
    with pytest.raises(errors.ClimateError) as raised:
        client.leases.get("x")
    assert type(raised.value) is kind
    assert raised.value.details["status"] == status


def test_nobody_at_the_endpoint_is_service_unavailable() -> None:
    """A refused connection is an error of ours, too."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: refused for sure
        port = taken.getsockname()[1]
        with pytest.raises(errors.ServiceUnavailable, match=str(port)):
            with_token(f"http://127.0.0.1:{port}", TOKEN).schedulers.list()


def test_ids_are_quoted(client: Client, script: Script) -> None:
    """An id cannot leave its place in the address."""
    script.say({"id": "?"})
    client.hosts.get("../leases?x=1")
    assert script.asked[0].environ["REQUEST_URI"] == "/v1/hosts/..%2Fleases%3Fx%3D1"

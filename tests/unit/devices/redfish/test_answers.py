# SPDX-License-Identifier: Apache-2.0
"""What answers mean: links stay within the service, bodies are resources, and a wish to rest is understood."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from climate.devices.redfish import answers
from climate.devices.redfish.connection import Address, Answer, RedfishError

HERE = Address.of("https://bmc-1.example.org")


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("/redfish/v1/Chassis/1", "/redfish/v1/Chassis/1"),
        ("/redfish/v1/Chassis/1/Power#/PowerControl/0", "/redfish/v1/Chassis/1/Power"),
        ("/redfish/v1/Sensors?$skip=50", "/redfish/v1/Sensors?$skip=50"),
        ("https://bmc-1.example.org/redfish/v1/", "/redfish/v1/"),
        ("https://bmc-1.example.org:443/redfish/v1/", "/redfish/v1/"),
    ],
)
def test_links_within_the_service_are_followed(link: str, expected: str) -> None:
    assert answers.local(link, HERE) == expected


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example.org/redfish/v1/",
        "http://bmc-1.example.org/redfish/v1/",
        "//evil.example.org/x",
        "https://bmc-1.example.org:8443/",
        "https://[::1",
        "file:///etc/passwd",
        "",
        "redfish/v1",
        "/a b",
        "/a\r\nX-Auth-Token: x",
        "/é",
    ],
)
def test_links_that_lead_away_are_refused(link: str) -> None:
    with pytest.raises(RedfishError):
        answers.local(link, HERE)


@given(st.binary() | st.recursive(st.none() | st.integers(), st.lists).map(lambda each: json.dumps(each).encode()))
def test_what_is_no_resource_is_refused(body: bytes) -> None:
    try:
        assert isinstance(answers.decoded("x", body), dict)
    except RedfishError as error:
        assert str(error).startswith("x ")  # noqa: PT017 - most bytes are refused, some may be an object


@pytest.mark.parametrize("body", [b'{"a": NaN}', b'{"a": 1', b"<html>", b"[" * 100_000, b""])
def test_half_a_resource_is_none(body: bytes) -> None:
    with pytest.raises(RedfishError):
        answers.decoded("x", body)


def test_a_resource_is_the_one_that_was_asked_for() -> None:
    for own in ("/redfish/v1/Chassis/1", "/redfish/v1/chassis/1/", "/redfish/v1/Chassis/1#x"):
        assert answers.of_uri("/redfish/v1/Chassis/1?$expand=.", {"@odata.id": own})
    assert answers.of_uri("/redfish/v1/Chassis/1", {}) == {}
    with pytest.raises(RedfishError, match="another"):
        answers.of_uri("/redfish/v1/Chassis/1", {"@odata.id": "/redfish/v1/Chassis/2"})


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "120"}, 120.0),
        ({"retry-after": "999999999999"}, answers.LONGEST_REST_S),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "Thu, 01 Jan 2026 00:01:00 GMT", "date": "Thu, 01 Jan 2026 00:00:00 GMT"}, 60.0),
        ({"retry-after": "Thu, 01 Jan 2026 00:01:00 GMT"}, None),
    ],
)
def test_a_service_says_for_how_long_it_rests(headers: dict[str, str], seconds: float | None) -> None:
    """A date counts by the service's own clock."""
    assert answers.retry_after(headers) == seconds


@pytest.mark.parametrize("name", ["Base.1.15.SessionLimitExceeded", "IDRAC.2.4.RAC0218"])
def test_it_is_known_that_no_session_is_left(name: str) -> None:
    body = json.dumps({"error": {"@Message.ExtendedInfo": [{"MessageId": name}]}}).encode()
    assert answers.none_left(Answer(503, {}, body))
    assert not answers.none_left(Answer(503, {}, b"busy"))
    assert not answers.none_left(Answer(503, {}, b'{"error": {"@Message.ExtendedInfo": [3, {"MessageId": null}]}}'))


def test_a_session_is_deleted_here_whatever_name_the_service_gives_itself() -> None:
    headers = {"x-auth-token": "secret", "location": "https://10.0.0.7/redfish/v1/SessionService/Sessions/9"}
    session = answers.session_of(Answer(201, headers, b""), HERE)
    assert session.uri == "/redfish/v1/SessionService/Sessions/9"
    assert "secret" not in repr(session)


def test_a_session_may_name_itself_in_its_body() -> None:
    body = b'{"@odata.id": "/redfish/v1/SessionService/Sessions/9"}'
    assert answers.session_of(Answer(201, {"x-auth-token": "t"}, body), HERE).uri is not None
    with pytest.raises(RedfishError, match="token"):
        answers.session_of(Answer(201, {}, body), HERE)

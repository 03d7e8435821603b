# SPDX-License-Identifier: Apache-2.0
"""What is asked about probes, and of whom."""

from __future__ import annotations

import pytest
from keystoneauth1.adapter import Adapter
from keystoneauth1.exceptions import EndpointNotFound
from keystoneauth1.session import Session
from keystoneauth1.token_endpoint import Token

from climate.client import Client, with_token
from climate.errors import ProbeNotFound
from tests.unit.client.conftest import TOKEN, Script


@pytest.mark.parametrize("end", ["", "/v1", "/v1/"])
def test_probes_are_asked_of_kwapi_api(url: str, script: Script, end: str) -> None:
    """With the same token; the endpoint may end in the version, as the catalogue's does."""
    client = with_token("http://127.0.0.1:9", TOKEN, energy_endpoint=f"{url}{end}")
    for _ in range(2):
        script.say({"probes": {"lyon/1": {"w": 7.0}}})
    assert client.probes.list() == client.probes.list("lyon/") == {"lyon/1": {"w": 7.0}}
    assert [asked.path_qs for asked in script.asked] == ["/v1/probes/", "/v1/probes/?prefix=lyon%2F"]
    assert {asked.headers["X-Auth-Token"] for asked in script.asked} == {TOKEN}


def test_a_probe_is_named_with_all_its_parts(url: str, script: Script) -> None:
    """Whatever letters they have."""
    client = with_token(url, TOKEN, energy_endpoint=url)
    script.say({"lyon/pdu?/é#1": {"w": 7.0, "flags": []}})
    assert client.probes.get("lyon/pdu?/é#1")["w"] == 7.0
    assert script.asked[0].path_info == "/v1/probes/lyon/pdu?/é#1/"


def test_a_history_is_asked_for_with_what_was_said_and_no_more(url: str, script: Script) -> None:
    """Names with commas between them, or a prefix; what was left out is kwapi-api's to choose."""
    client = with_token(url, TOKEN, energy_endpoint=url)
    for _ in range(2):
        script.say({"start": 0, "end": 60, "step_s": 60, "at": [0], "series": []})
    assert client.probes.history(["a/1", "a/2"], start=0, end=60.5)["step_s"] == 60
    client.probes.history(prefix="", step_s=1, together=True)
    assert [asked.path_qs for asked in script.asked] == [
        "/v1/history?probes=a%2F1%2Ca%2F2&start=0&end=60.5",
        "/v1/history?prefix=&step=1&sum=true",
    ]


@pytest.mark.parametrize(
    ("name", "answer"), [("lyon/1/w", {"lyon/1": {"w": 7.0}}), ("", {"probes": {}}), ("lyon/1/", {"lyon/1": {}})]
)
def test_what_is_no_probe_is_not_taken_for_one(url: str, script: Script, name: str, answer: object) -> None:
    """Below a probe's address are those of its meters, above it the list."""
    script.say(answer)
    with pytest.raises(ProbeNotFound):
        with_token(url, TOKEN, energy_endpoint=url).probes.get(name)


def test_who_has_no_way_to_kwapi_api_is_told_when_they_ask(url: str) -> None:
    """Not before: everything else works without it."""
    client = with_token(url, TOKEN)
    with pytest.raises(EndpointNotFound, match="energy"):
        _ = client.probes
    with pytest.raises(EndpointNotFound):
        _ = Client(Adapter(Session(auth=Token(url, TOKEN)), service_type="reservation")).probes


def test_a_session_is_enough(url: str, script: Script) -> None:
    """The catalogue says where the service of the type energy is; here it names one address for all."""
    script.say({"probes": {}})
    assert Client(Session(auth=Token(url, TOKEN))).probes.list() == {}

# SPDX-License-Identifier: Apache-2.0
"""What each call on hosts sends, and the one that costs nothing while nothing changed."""

from __future__ import annotations

from climate.client import Client
from tests.unit.client.conftest import Script


def test_set_sends_the_reason_if_there_is_one(client: Client, script: Script) -> None:
    """A host is disabled for a reason and enabled without one."""
    script.say({"disabled": True})
    script.say({"disabled": False})
    client.hosts.set("n1", disabled=True, reason="new memory")
    client.hosts.set("n1", disabled=False)
    assert [asked.json for asked in script.asked] == [{"disabled": True, "reason": "new memory"}, {"disabled": False}]


def test_availability_is_none_while_its_etag_is_true(client: Client, script: Script) -> None:
    """304 brings no body; the ETag goes on."""
    script.say({"sequence": 4, "hosts": []}, ETag='"4"')
    script.say(None, 304, ETag='"4"')
    first, etag = client.hosts.availability()
    assert (first, etag) == ({"sequence": 4, "hosts": []}, '"4"')
    assert client.hosts.availability(etag) == (None, '"4"')
    assert script.asked[1].headers["If-None-Match"] == '"4"'


def test_properties_ask_for_detail_only_when_wanted(client: Client, script: Script) -> None:
    """The query is empty otherwise."""
    script.say({"properties": []})
    script.say({"properties": []})
    script.say({"properties": []})
    client.properties.list()
    client.properties.list(detail=True)
    client.properties.list(sort="hosts", hidden=False)
    assert [asked.query_string for asked in script.asked] == ["", "detail=true", "sort=hosts&hidden=false"]


def test_what_is_not_said_of_a_property_is_not_sent(client: Client, script: Script) -> None:
    """Empty text and empty rules are something that is said."""
    for _ in range(3):
        script.say({})
    client.properties.add("noise", "text", rules=[{"where": [], "value": "low"}])
    client.properties.set("cpu_info.model", hidden=False, unit="", rules=())
    client.hosts.set("n1", properties={"noise": None})
    assert [(asked.path, asked.json) for asked in script.asked] == [
        ("/v1/properties", {"name": "noise", "type": "text", "rules": [{"where": [], "value": "low"}]}),
        ("/v1/properties/cpu_info.model", {"hidden": False, "unit": "", "rules": []}),
        ("/v1/hosts/n1", {"properties": {"noise": None}}),
    ]


def test_the_calendar_gives_its_entries(client: Client, script: Script) -> None:
    """A page has entries, not leases: a lease may have several."""
    script.say({"entries": [{"lease_id": "x"}], "next_marker": None})
    assert list(client.calendar.list(start="2030-01-01T00:00:00Z")) == [{"lease_id": "x"}]

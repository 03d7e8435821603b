# SPDX-License-Identifier: Apache-2.0
"""What each call on leases sends, pages, and waiting."""

from __future__ import annotations

import pytest

from climate import errors
from climate.client import Client
from climate.client.connection import Connection
from climate.client.leases import OVER, Lease, Leases
from climate.core.lifecycle import LIVE, State
from tests.unit.client.conftest import Script


def test_over_is_what_the_lifecycle_calls_final() -> None:
    """The client imports no core, so its own list is compared here."""
    assert {str(state) for state in State if state not in LIVE} == OVER


def test_create_sends_what_is_given_and_nothing_else(client: Client, script: Script) -> None:
    """What is left out is not sent as null."""
    script.say({"id": "x"}, 201)
    assert client.leases.create(quantity=2, duration="1h", confirm=False, idempotency_key="k1") == {"id": "x"}
    asked = script.asked[0]
    assert (asked.method, asked.path) == ("POST", "/v1/leases")
    assert asked.json == {"quantity": 2, "duration": "1h", "confirm": False}
    assert asked.headers["Idempotency-Key"] == "k1"


def test_update_confirm_and_cancel_have_their_addresses(client: Client, script: Script) -> None:
    """PATCH, POST and DELETE."""
    script.say({"id": "x", "quantity": 3})
    script.say({"id": "x", "state": "confirmed"})
    script.say(None, 204)
    assert client.leases.update("x", quantity=3)["quantity"] == 3
    assert client.leases.confirm("x")["state"] == "confirmed"
    client.leases.cancel("x")
    assert [(asked.method, asked.path) for asked in script.asked] == [
        ("PATCH", "/v1/leases/x"),
        ("POST", "/v1/leases/x/confirm"),
        ("DELETE", "/v1/leases/x"),
    ]


def test_a_list_follows_its_pages_as_it_is_read(client: Client, script: Script) -> None:
    """The second page is asked for when the first is used up, with the same filters."""
    script.say({"leases": [{"id": "a"}, {"id": "b"}], "links": {}, "next_marker": "b"})
    script.say({"leases": [{"id": "c"}], "links": {}, "next_marker": None})
    listed = client.leases.list(state=["active", "ended"], name=None, limit=2)
    assert [next(listed)["id"], next(listed)["id"]] == ["a", "b"]
    assert len(script.asked) == 1
    assert [lease["id"] for lease in listed] == ["c"]
    assert script.asked[0].query_string == "state=active&state=ended&limit=2"
    assert script.asked[1].query_string == "state=active&state=ended&limit=2&marker=b"


class Told:
    """A connection on which a lease goes through states, one a look; time passes only while one sleeps."""

    def __init__(self, *states: str) -> None:
        self.states = list(states)
        self.now = 0.0

    def json(self, method: str, path: str) -> Lease:
        return {"id": "x", "state": self.states.pop(0) if len(self.states) > 1 else self.states[0]}  # type: ignore[typeddict-item]

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def leases(told: Told) -> Leases:
    connection: Connection = told  # type: ignore[assignment]
    return Leases(connection, clock=lambda: told.now, sleep=told.sleep)


def test_waiting_tells_each_new_state_once() -> None:
    """The first look counts as a change."""
    seen: list[str] = []
    told = Told("proposed", "proposed", "confirmed", "confirmed", "active")
    lease = leases(told).wait_for("x", "active", 10, lambda lease: seen.append(lease["state"]))
    assert lease["state"] == "active"
    assert seen == ["proposed", "confirmed", "active"]
    assert told.now == 4


def test_waiting_for_what_cannot_come_ends_at_once() -> None:
    """A cancelled lease never becomes active."""
    with pytest.raises(errors.WrongState, match="cancelled"):
        leases(Told("confirmed", "cancelled")).wait_for("x", "active", 10)


def test_waiting_ends_when_its_time_is_over() -> None:
    """It looks once more at the end."""
    told = Told("confirmed")
    with pytest.raises(TimeoutError, match="still confirmed"):
        leases(told).wait_for("x", "active", 3, interval_s=2)
    assert told.now == 4

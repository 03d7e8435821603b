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
    """States are plain text for scripts, so the list is the client's own, and compared here."""
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

    def __init__(self, *states: str | Exception) -> None:
        self.states = list(states)
        self.now = 0.0

    def json(self, method: str, path: str) -> Lease:
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        if isinstance(state, Exception):
            raise state
        return {"id": "x", "state": state}  # type: ignore[typeddict-item]

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


@pytest.mark.parametrize(("wanted", "found"), [("proposed", "confirmed"), ("confirmed", "active")])
def test_a_state_that_was_passed_between_two_looks_was_reached(wanted: str, found: str) -> None:
    """Who waits for a confirmation does not miss it because the lease began at once."""
    assert leases(Told(found)).wait_for("x", wanted, 10)["state"] == found


def test_waiting_outlives_a_service_that_is_away() -> None:
    """It asks again, and as late as it is told; what else is refused ends it."""
    busy = errors.ClimateError(retry_after_s=5)
    busy.kind = errors.Kind.TOO_MANY  # type: ignore[misc]
    told = Told("confirmed", errors.ServiceUnavailable(), busy, "active")
    assert leases(told).wait_for("x", "active", 60)["state"] == "active"
    assert told.now == 1 + 1 + 5
    with pytest.raises(errors.LeaseNotFound):
        leases(Told("confirmed", errors.LeaseNotFound())).wait_for("x", "active", 60)


def test_waiting_for_a_service_that_stays_away_ends() -> None:
    """With what it said last; a service that never answered is not waited for at all."""
    away = Told("confirmed", errors.ServiceUnavailable())
    with pytest.raises(errors.ServiceUnavailable):
        leases(away).wait_for("x", "active", 10)
    assert away.now == 10
    never = Told(errors.ServiceUnavailable())
    with pytest.raises(errors.ServiceUnavailable):
        leases(never).wait_for("x", "active", None)
    assert never.now == 0


def test_a_pause_stands_for_the_sleep_between_two_looks() -> None:
    """It is given the lease, to show it and to choose how long."""
    told = Told("proposed", "confirmed", "active")
    shown: list[str] = []
    leases(told).wait_for("x", "active", None, pause=lambda lease: shown.append(lease["state"]))
    assert shown == ["proposed", "confirmed"]
    assert told.now == 0

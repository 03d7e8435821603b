# SPDX-License-Identifier: Apache-2.0
"""The services as real processes over RabbitMQ and PostgreSQL, and what users see when parts of them die."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tools.servers import PostgreSQL, RabbitMQ
from tools.suite import Suite

CLONE = Path(__file__).parents[2]
HOSTS = CLONE / "climate" / "sandbox" / "data" / "hosts.yaml"
RPC_TIMEOUT_S = 5


@pytest.fixture(scope="module")
def broker(rabbitmq: RabbitMQ) -> Iterator[RabbitMQ]:
    """A broker of this file's own, because a test kills it; where the shared one may not be missing, nor may this."""
    with RabbitMQ() as server:
        yield server


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory, broker: RabbitMQ, postgresql: PostgreSQL) -> Iterator[Suite]:
    """One suite for all tests of this file."""
    running = Suite(
        tmp_path_factory.mktemp("suite"),
        database_url=postgresql.fresh_database().url,
        transport_url=broker.url,
        hosts=HOSTS,
        settings={"api": {"rpc_timeout_s": RPC_TIMEOUT_S}},
    )
    with running:
        running.wait_for_hosts(12, timeout_s=60)
        yield running


def call(suite: Suite, method: str, path: str, token: str | None = None, **arguments: Any) -> requests.Response:
    """One request, as the member unless ``token`` says otherwise."""
    headers = {"X-Auth-Token": token or suite.member_token()}
    return requests.request(method, f"{suite.url}{path}", headers=headers, timeout=120, **arguments)


def eventually(condition: Callable[[], bool], timeout_s: float = 120) -> None:
    """Return once ``condition`` holds."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"not so after {timeout_s:g} s"
        time.sleep(0.1)


def state_of(suite: Suite, lease_id: str) -> str:
    state: str = call(suite, "GET", f"/v1/leases/{lease_id}").json()["state"]
    return state


def test_a_lease_lives_through_real_processes(suite: Suite) -> None:
    """Proposed, confirmed, active, extended, ended: seen by the tenant, each in its time."""
    made = call(suite, "POST", "/v1/leases", json={"duration": 3, "quantity": 2})
    assert made.status_code == 201, made.text
    lease_id = made.json()["id"]
    assert call(suite, "POST", f"/v1/leases/{lease_id}/confirm").status_code == 200
    eventually(lambda: state_of(suite, lease_id) == "active")
    longer = call(suite, "PATCH", f"/v1/leases/{lease_id}", json={"duration": 6})
    assert longer.status_code == 200, longer.text
    assert longer.json()["duration"] == 6
    eventually(lambda: state_of(suite, lease_id) == "ended")


def test_a_planner_that_hangs_is_a_503_and_books_nothing_later(suite: Suite) -> None:
    """A request that its asker gave up is not carried out when the planner wakes."""
    before = call(suite, "GET", "/v1/leases", token=suite.admin_token, params={"all_projects": "true"}).json()
    planner = suite.planners[0]
    os.kill(planner.pid, signal.SIGSTOP)
    try:
        answer = call(suite, "POST", "/v1/leases", json={"duration": 60, "confirm": True})
        assert answer.status_code == 503, answer.text
        assert answer.json()["error"]["code"] == "climate.service.unavailable"
        assert "Retry-After" in answer.headers
    finally:
        os.kill(planner.pid, signal.SIGCONT)
    # A later request is answered after the one that waited in the queue.
    eventually(lambda: call(suite, "GET", "/v1/schedulers").status_code == 200)
    after = call(suite, "GET", "/v1/leases", token=suite.admin_token, params={"all_projects": "true"}).json()
    assert [lease["id"] for lease in after["leases"]] == [lease["id"] for lease in before["leases"]]


def test_a_planner_killed_in_a_lease_is_caught_up(suite: Suite) -> None:
    """The lease starts and ends while nobody plans; the next planner makes both transitions, late, once."""
    made = call(suite, "POST", "/v1/leases", json={"duration": 2, "confirm": True})
    assert made.status_code == 201, made.text
    for planner in suite.planners:
        planner.kill()
    suite.planners.clear()
    time.sleep(3)  # the time in which nobody plans is the point
    suite.start_planner()
    eventually(lambda: call(suite, "GET", "/v1/schedulers").status_code == 200)
    eventually(lambda: state_of(suite, made.json()["id"]) == "ended")


def test_the_broker_may_die(suite: Suite, broker: RabbitMQ) -> None:
    """Without a broker requests are 503; once it is back everything works again, with nothing restarted."""
    made = call(suite, "POST", "/v1/leases", json={"duration": 3600, "confirm": True})
    assert made.status_code == 201, made.text
    broker.wait_written("climate-planning")
    broker.kill()
    answer = call(suite, "GET", "/v1/schedulers")
    assert answer.status_code == 503, answer.text
    broker.restart()
    eventually(lambda: call(suite, "GET", "/v1/schedulers").status_code == 200)
    eventually(lambda: call(suite, "GET", f"/v1/leases/{made.json()['id']}").status_code == 200)
    assert state_of(suite, made.json()["id"]) in ("confirmed", "active")
    assert call(suite, "DELETE", f"/v1/leases/{made.json()['id']}").status_code == 204


def test_a_repeated_request_is_one_lease(suite: Suite) -> None:
    """The same Idempotency-Key gives the same lease; with another body it is a 422."""
    headers = {"X-Auth-Token": suite.member_token(), "Idempotency-Key": "once"}
    ids = set()
    for _ in range(3):
        answer = requests.post(f"{suite.url}/v1/leases", json={"duration": 60}, headers=headers, timeout=120)
        assert answer.status_code == 201, answer.text
        ids.add(answer.json()["id"])
    assert len(ids) == 1
    other = requests.post(f"{suite.url}/v1/leases", json={"duration": 61}, headers=headers, timeout=120)
    assert other.status_code == 422
    assert call(suite, "DELETE", f"/v1/leases/{ids.pop()}").status_code == 204

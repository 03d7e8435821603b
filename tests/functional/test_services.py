# SPDX-License-Identifier: Apache-2.0
"""What the API asks of the services, and what it does while they do not answer."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pytest
import webob

from climate.api.insight import Insight
from climate.chassis.web.metrics import Metrics
from climate.errors import BadField, ConfigError, ServiceUnavailable
from tests.functional.recorder import Recorder
from tests.functional.site import DAY, NOW, Site, host


def test_a_lease_is_two_questions_and_one_for_its_answer(site: Site) -> None:
    """Match, then plan, then what the hosts have in common; and planning is told until when the answer is of use."""
    inventory, planning = Recorder(site.inventory), Recorder(site.planning)
    site.lease(quantity=2, host_properties=["=", "$vcpus", 16])
    assert inventory.methods == ["get_hosts", "get_common"]
    assert inventory.calls[0][1] == {"properties": ["=", "$vcpus", 16], "sees_hosts": False}
    assert planning.methods == ["take_requests", "make_proposal"]
    assert planning.calls[1][1]["answer_by"] == NOW + int(site.conf.api.rpc_timeout_s)


def test_only_more_hosts_are_looked_for(site: Site) -> None:
    """Extending and giving back ask planning alone."""
    lease = site.lease(quantity=2)
    path = f"/v1/leases/{lease['id']}"
    inventory = Recorder(site.inventory)
    for body, asked in (({"duration": "2h"}, 0), ({"quantity": 1}, 0), ({"quantity": 1}, 0), ({"quantity": 3}, 1)):
        assert site.ask("PATCH", path, body).status_int == 200
        assert inventory.methods.count("get_hosts") == asked


def test_hosts_that_join_are_like_those_held(site: Site) -> None:
    """The lease's own filter is asked again, and homogeneity holds."""
    lease = site.lease(quantity=1, host_properties=["homogeneous", "$cpu_info.model"])
    path = f"/v1/leases/{lease['id']}"
    assert site.ask("PATCH", path, {"quantity": 2}).json["alike"] == lease["alike"]
    assert site.ask("PATCH", path, {"quantity": 3}).json["error"]["code"] == "climate.lease.nothing_fits"


def test_a_repeated_request_is_answered_even_when_hosts_are_gone(site: Site) -> None:
    """The first answer stands."""
    first = site.ask("POST", "/v1/leases", {"duration": 60}, headers={"Idempotency-Key": "k"}).json
    for number in range(1, 5):
        site.ask("PATCH", f"/v1/hosts/node-{number}", {"disabled": True}, who="admin")
    again = site.ask("POST", "/v1/leases", {"duration": 60}, headers={"Idempotency-Key": "k"})
    assert (again.status_int, again.json["id"]) == (201, first["id"])
    assert site.ask("POST", "/v1/leases", {"duration": 60}).status_int == 409


def test_a_lease_begins_and_ends_by_itself(site: Site) -> None:
    """What the tenant sees of it as time goes by."""
    path = f"/v1/leases/{site.lease(start_time=NOW + 60, duration=600)['id']}"
    site.pass_time(60)
    assert site.ask("GET", path).json["state"] == "active"
    site.pass_time(600)
    over = site.ask("GET", path).json
    assert (over["state"], over["closed_at"]) == ("ended", over["end_at"])
    assert site.ask("PATCH", path, {"duration": "2h"}).json["error"]["code"] == "climate.lease.wrong_state"
    assert site.ask("DELETE", path).json["error"]["code"] == "climate.lease.wrong_state"


def test_a_proposal_that_nobody_confirms_expires(site: Site) -> None:
    """And can then not be confirmed."""
    path = f"/v1/leases/{site.lease(confirm=False)['id']}"
    site.pass_time(301)
    assert site.ask("GET", path).json["state"] == "expired"
    assert site.ask("POST", f"{path}/confirm", {}).status_int == 409


def test_names_of_hosts_are_asked_for_once(site: Site) -> None:
    """A host keeps its name; only one that is not known yet is asked for."""
    path = f"/v1/leases/{site.lease()['id']}"
    inventory = Recorder(site.inventory)
    (one,) = site.ask("GET", path, who="admin").json["hosts"]
    assert one["name"].startswith("node-")
    site.pass_time(DAY)
    assert site.ask("GET", path, who="admin").json["hosts"] == [one]
    assert inventory.methods.count("get_names") == 1


@pytest.mark.parametrize("service", ["inventory", "planning"])
def test_a_service_that_does_not_answer_makes_the_api_unready(site: Site, service: str) -> None:
    """And it says which; that it is alive stays true."""

    def fail(method: str) -> None:
        raise ServiceUnavailable()

    getattr(site, service).before = fail
    answer = site.ask("GET", "/readyz", who="")
    parts = {"inventory": "ready", "planning": "ready", service: "out of reach"}
    assert (answer.status_int, answer.json["error"]["details"]) == (503, {"parts": parts})
    assert "Retry-After" in answer.headers
    assert site.ask("GET", "/healthz", who="").status_int == 200


def test_a_lease_can_be_read_and_confirmed_while_the_inventory_is_away(site: Site) -> None:
    """Without what only the inventory knows; it is not asked again at once, since each question would take long."""
    properties = ["homogeneous", "$rack"]
    lease = site.lease(confirm=False, host_properties=properties)
    path = f"/v1/leases/{lease['id']}"
    assert lease["common_properties"]["rack"] == lease["alike"]["rack"]
    asked: list[str] = []

    def fail(method: str) -> None:
        asked.append(method)
        raise ServiceUnavailable()

    site.inventory.before = fail
    seen = site.ask("GET", path).json
    assert seen == {**lease, "common_properties": None, "host_properties": None, "alike": {}}
    assert site.ask("POST", f"{path}/confirm", {}).json["state"] == "confirmed"
    (listed,) = site.ask("GET", "/v1/leases").json["leases"]
    assert (listed["state"], listed["host_properties"]) == ("confirmed", None)
    assert asked == ["get_common"]


def test_what_was_booked_is_told_though_the_inventory_went_away_meanwhile(site: Site) -> None:
    """The lease is there: whoever asked for it must hear of it."""

    def fail(method: str) -> None:
        if method == "get_common":
            raise ServiceUnavailable()

    site.inventory.before = fail
    assert site.lease()["common_properties"] is None


def test_the_inventory_is_asked_again_after_a_while(site: Site) -> None:
    now = [0.0]
    insight = Insight(site.needs.inventory, lambda: now[0])
    value = site.needs.planning.get_proposal_details("r", lease_id=site.lease()["id"], project_id=None)

    def fail(method: str) -> None:
        raise ServiceUnavailable()

    site.inventory.before = fail
    assert insight.common("r", value, False) is None
    site.inventory.before = lambda method: None
    assert insight.common("r", value, False) is None
    now[0] = 15.0
    found = insight.common("r", value, False)
    assert found is not None
    assert "vcpus" in found.properties


def test_readiness_does_not_wait_for_ever_nor_ask_twice(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """A service that hangs is out of reach, and is not asked again before it answers."""
    monkeypatch.setattr("climate.chassis.web.health.LIMIT_S", 0.3)
    asked = []
    hanging = threading.Event()

    def hang(method: str) -> None:
        asked.append(method)
        hanging.wait(60)

    site.planning.before = hang
    began = time.monotonic()
    assert [site.ask("GET", "/readyz").status_int for _ in range(2)] == [503, 503]
    assert time.monotonic() - began < 50
    assert len(asked) == 1
    hanging.set()
    while site.ask("GET", "/readyz").status_int != 200:
        assert time.monotonic() - began < 120


def test_an_answer_that_comes_too_late_books_nothing(site: Site) -> None:
    """Planning hears until when somebody listens."""

    def late(method: str) -> None:
        site.now += 1000

    site.planning.before = late
    answer = site.ask("POST", "/v1/leases", {"duration": 5000})
    assert answer.status_int == 503
    site.planning.before = lambda method: None
    assert site.ask("GET", "/v1/leases").json["leases"] == []


def test_what_an_error_says_survives_the_wire(site: Site) -> None:
    """The message, not the text of the exception."""

    def fail(method: str) -> None:
        error = BadField("start_time is odd.", field="start_time")
        error.args = ("start_time is odd.\nTraceback (most recent call last): ...",)
        raise error

    site.planning.before = fail
    error = site.ask("POST", "/v1/leases", {"duration": 60}).json["error"]
    assert (error["message"], error["details"]) == ("start_time is odd.", {"field": "start_time"})


@pytest.mark.parametrize("networks", [["everywhere"], ["10.0.0.1/8"]])
def test_networks_of_metrics_must_be_networks(tmp_path: Path, networks: list[str]) -> None:
    """Or the process does not start."""
    with pytest.raises(ConfigError, match="metrics_from"):
        Site(tmp_path, [], metrics_from=networks)


def test_metrics_are_for_the_operator_s_machines(tmp_path: Path) -> None:
    """This one by default, others by name."""
    site = Site(tmp_path, [], metrics_from=["192.0.2.0/24"])
    assert site.ask("GET", "/metrics", REMOTE_ADDR="192.0.2.9").status_int == 200
    assert site.ask("GET", "/metrics", REMOTE_ADDR="127.0.0.1").status_int == 403
    assert site.ask("GET", "/metrics", REMOTE_ADDR="192.0.2.9", HTTP_X_FORWARDED_FOR="10.0.0.1").status_int == 403


def test_strange_methods_and_addresses_are_one_label() -> None:
    """Clients cannot fill the memory with labels."""
    metrics = Metrics(lambda environ: "unknown")

    def app(environ: Any, start_response: Any) -> list[bytes]:
        start_response("404 Not Found", [])
        return []

    for number in range(20):
        webob.Request.blank(f"/{number}", method=f"M{number}").get_response(metrics.counted(app))
    page = metrics.page().decode()
    assert 'http_requests_total{method="other",route="unknown",status="404"} 20.0' in page


def test_pages_end_where_the_list_ends(tmp_path: Path) -> None:
    """Each entry once, whatever the size of a page; a full last page names no next one."""
    site = Site(tmp_path, [host(1)])
    ids = {site.lease(start_time=NOW, duration=60 + number)["id"] for number in range(6)}
    for path, noun, name in (("/v1/leases", "leases", "id"), ("/v1/calendar", "entries", "lease_id")):
        for limit in (1, 2, 3, 4, 6, 100):
            url, found = f"{path}?limit={limit}", []
            while url:
                page = site.ask("GET", url).json
                found += [entry[name] for entry in page[noun]]
                url = page["links"].get("next")
                assert (page["next_marker"] is None) == (url is None)
            assert set(found) == ids
            assert len(found) == len(ids)


def test_filters_stay_on_the_next_page(site: Site) -> None:
    """Repeated ones, too."""
    for _ in range(3):
        site.lease(start_time=NOW, duration=60)
    page = site.ask("GET", "/v1/leases?state=confirmed&state=proposed&limit=2&name=").json
    assert "state=confirmed&state=proposed" in page["links"]["next"]
    assert "name=" in page["links"]["next"]
    assert len(site.ask("GET", page["links"]["next"]).json["leases"]) == 1

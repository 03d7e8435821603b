# SPDX-License-Identifier: Apache-2.0
"""The application behind a real socket, and in several processes."""

from __future__ import annotations

import concurrent.futures
import http.client
import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from climate.chassis.web.server import WebServer
from climate.errors import ConfigError
from tests.functional.site import NOW, Site

COUNTING = """
import sys, webob
from climate.chassis.web.metrics import Metrics
metrics = Metrics(lambda environ: "/v1/leases")
def app(environ, start_response):
    start_response("200 OK", [])
    return [b""]
webob.Request.blank("/v1/leases").get_response(metrics.counted(app))
sys.stdout.write(metrics.page().decode())
"""


@pytest.fixture
def server(site: Site) -> Iterator[WebServer]:
    made = WebServer(site.app, "127.0.0.1", 0, 8, "climate-api")
    made.start()
    yield made
    made.stop()
    made.wait()


def test_a_connection_serves_many_requests(server: WebServer) -> None:
    """Also after errors, and after a request whose body nobody read."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    headers = {"X-Auth-Token": "member", "Content-Type": "application/json"}
    statuses = []
    for method, path, body in (
        ("POST", "/v1/leases/", json.dumps({"duration": 60})),
        ("GET", "/v1/leases", None),
        ("POST", "/v1/nothing", json.dumps({"duration": 60})),
        ("HEAD", "/v1/leases", None),
        ("DELETE", "/v1/leases/x", None),
        ("GET", "/healthz", None),
    ):
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        answer.read()
        statuses.append(answer.status)
    connection.close()
    assert statuses == [201, 200, 404, 200, 404, 200]


def test_requests_at_once_do_not_mix(server: WebServer, site: Site) -> None:
    """Each gets its own identity, id and answer."""

    def ask(number: int) -> tuple[str, str]:
        who, project = (("member", "project-a"), ("other", "project-b"))[number % 2]
        body = json.dumps({"duration": 60 + number, "start_time": NOW}).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{server.port}/v1/leases",
            body,
            {"X-Auth-Token": who, "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            lease = json.loads(answer.read())
            assert lease["duration"] == 60 + number
            assert lease["project_id"] == project
            return lease["id"], answer.headers["x-openstack-request-id"]

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(32)))
    assert len({lease for lease, _ in answers}) == len({request for _, request in answers}) == 32
    assert len(site.ask("GET", "/v1/leases").json["leases"]) == 16


def test_a_port_that_is_taken_is_told(server: WebServer) -> None:
    """As a configuration to change."""
    second = WebServer(lambda environ, start_response: [], "127.0.0.1", server.port, 1, "second")
    with pytest.raises(ConfigError, match=str(server.port)):
        second.start()


def test_metrics_of_several_processes_are_summed(tmp_path: Path) -> None:
    """As under uWSGI or gunicorn."""
    env = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    pages = [
        subprocess.run(
            [sys.executable, "-c", COUNTING], env=env, capture_output=True, text=True, check=True, timeout=300
        ).stdout
        for _ in range(2)
    ]
    line = 'http_requests_total{method="GET",route="/v1/leases",status="200"}'
    assert [f"{line} {count}.0" in page for page, count in zip(pages, (1, 2), strict=True)] == [True, True]

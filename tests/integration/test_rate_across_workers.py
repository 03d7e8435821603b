# SPDX-License-Identifier: Apache-2.0
"""Several API processes and planners hold one rate together, however fast a project asks."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from tools.servers import PostgreSQL, RabbitMQ
from tools.servers.process import Process, free_port
from tools.suite import Suite

pytestmark = [pytest.mark.servers, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
HOSTS = ROOT / "climate" / "sandbox" / "data" / "hosts.yaml"
GUNICORN = Path(sys.executable).with_name("gunicorn")
WORKERS = 4
CLIENTS = 8
PER_S, BURST = 20, 30
LENGTH_S = 8.0
PATIENCE_S = 180


@dataclass(frozen=True)
class Served:
    """The API under several processes, which write their id and each answer's status into ``log``."""

    suite: Suite
    url: str
    log: Path

    def get(self, project: str) -> requests.Response:
        """A request over a connection of its own, so that any process may answer."""
        headers = {"X-Auth-Token": self.suite.member_token(project)}
        return requests.get(f"{self.url}/v1/leases", headers=headers, timeout=PATIENCE_S)

    def answered(self, status: int) -> dict[str, int]:
        """How many requests each process answered so."""
        lines = [line.split() for line in self.log.read_text().splitlines()]
        found = [process for process, its_status in lines if its_status == str(status)]
        return {process: found.count(process) for process in set(found)}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, rabbitmq: RabbitMQ, postgresql: PostgreSQL) -> Iterator[Served]:
    """Two planners, four API processes, and a low rate."""
    directory = tmp_path_factory.mktemp("rate")
    suite = Suite(
        directory,
        database_url=postgresql.fresh_database().url,
        transport_url=rabbitmq.url,
        hosts=HOSTS,
        planners=2,
        projects=("greedy", "modest"),
        settings={"limits": {"requests_per_s": PER_S, "requests_burst": BURST}},
    )
    port, log = free_port(), directory / "access.log"
    with suite:
        command = [
            *(GUNICORN, "climate.cmd.api:application()", "--bind", f"127.0.0.1:{port}"),
            *("--workers", str(WORKERS), "--threads", "4"),
            *("--access-logfile", log, "--access-logformat", "%(p)s %(s)s"),
        ]
        env = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "CLIMATE_CONFIG_FILE": str(suite.config)}
        process = Process(command, log=directory / "gunicorn.log", env=env, cwd=directory)
        made = Served(suite, f"http://127.0.0.1:{port}", log)
        try:
            process.wait_until(lambda: _ready(made.url), PATIENCE_S)
            yield made
        finally:
            process.stop()


def _ready(url: str) -> bool:
    try:
        return requests.get(f"{url}/readyz", timeout=PATIENCE_S).status_code == 200
    except requests.ConnectionError:
        return False


@dataclass(frozen=True)
class Asked:
    """When a request was sent and answered, and how."""

    sent_at: float
    answered_at: float
    status: int
    retry_after: str | None
    code: str | None


def ask(served: Served, project: str) -> Asked:
    sent_at = time.monotonic()
    answer = served.get(project)
    code = None if answer.status_code == 200 else answer.json()["error"]["code"]
    return Asked(sent_at, time.monotonic(), answer.status_code, answer.headers.get("Retry-After"), code)


def test_all_workers_hold_one_rate(served: Served) -> None:
    """In every window; the others hear 429 with Retry-After, and after that a request passes."""
    until = time.monotonic() + LENGTH_S

    def client(_: int) -> list[Asked]:
        made = []
        while time.monotonic() < until:
            made.append(ask(served, "greedy"))
        return made

    with ThreadPoolExecutor(CLIENTS) as clients:
        asked = [one for made in clients.map(client, range(CLIENTS)) for one in made]
    passed = [one for one in asked if one.status == 200]
    refused = [one for one in asked if one.status != 200]
    assert {(one.status, one.code, one.retry_after) for one in refused} == {(429, "climate.limit.requests", "1")}
    assert len(served.answered(200)) > 1, served.answered(200)

    starts, ends = sorted({one.sent_at for one in passed}), sorted({one.answered_at for one in passed})
    for start in starts[:: max(1, len(starts) // 40)]:
        for end in ends[:: max(1, len(ends) // 40)]:
            inside = sum(start <= one.sent_at and one.answered_at <= end for one in passed)
            assert inside <= max(0, BURST + PER_S * (end - start + 1))
    assert len(passed) >= 0.6 * (BURST + PER_S * LENGTH_S)

    last = ask(served, "greedy")
    while last.status == 200:
        last = ask(served, "greedy")
    assert last.retry_after is not None
    time.sleep(int(last.retry_after))
    assert ask(served, "greedy").status == 200


def test_who_keeps_to_the_rate_does_not_notice(served: Served) -> None:
    """Another project, at half of the rate, while the greedy one goes on."""
    until = time.monotonic() + LENGTH_S / 2

    def greedy(_: int) -> None:
        while time.monotonic() < until:
            served.get("greedy")

    with ThreadPoolExecutor(CLIENTS) as clients:
        running = [clients.submit(greedy, number) for number in range(CLIENTS)]
        statuses = []
        while time.monotonic() < until:
            due = time.monotonic() + 2 / PER_S
            statuses.append(ask(served, "modest").status)
            time.sleep(max(0.0, due - time.monotonic()))
        for one in running:
            one.result(PATIENCE_S)
    assert set(statuses) == {200}

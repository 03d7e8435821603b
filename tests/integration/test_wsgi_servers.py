# SPDX-License-Identifier: Apache-2.0
"""The API in several worker processes under gunicorn and uWSGI, started as the manual says."""

from __future__ import annotations

import re
import shlex
import sys
import textwrap
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
import requests

from tools.servers import PostgreSQL, RabbitMQ
from tools.servers.process import Process, free_port
from tools.suite import Suite

ROOT = Path(__file__).parents[2]
HOSTS = ROOT / "climate" / "sandbox" / "data" / "hosts.yaml"
MANUAL = ROOT / "docs" / "admin" / "install.rst"
PROGRAMS = Path(sys.executable).parent
WORKERS = 4
PATIENCE_S = 180


@dataclass(frozen=True)
class Served:
    """The API under another server, at ``url``; its processes count in ``counts``."""

    process: Process
    url: str
    counts: Path
    headers: dict[str, str]

    def get(self, path: str) -> requests.Response:
        """A request over a connection of its own, so that any worker may answer."""
        return requests.get(f"{self.url}{path}", headers=self.headers, timeout=PATIENCE_S)

    def get_or_drop(self, path: str) -> requests.Response | None:
        """As :meth:`get`; ``None`` where the server dropped the connection, as gunicorn does with a slow client."""
        try:
            return self.get(path)
        except requests.ConnectionError as error:
            if isinstance(error, requests.Timeout):
                raise
            return None

    def get_from_every_worker(self, path: str) -> list[requests.Response | None]:
        """What as many requests as it takes until each worker has answered one were answered; none of them dies."""
        answers: list[requests.Response | None] = []
        before = self.workers()
        deadline = time.monotonic() + PATIENCE_S
        with ThreadPoolExecutor(16) as pool:
            while len(self._counting()) < WORKERS:
                assert time.monotonic() < deadline, f"only {self._counting()} of {self.workers()} answered"
                answers += pool.map(self.get_or_drop, [path] * 32)
        assert before <= self.workers(), self.process.log_tail()
        assert self._counting() <= self.workers()
        return answers

    def workers(self) -> set[int]:
        """The processes that answer requests."""
        return {child.pid for child in psutil.Process(self.process.pid).children()}

    def _counting(self) -> set[int]:
        return {int(path.stem.removeprefix("counter_")) for path in self.counts.glob("counter_*.db")}


def examples() -> list[str]:
    """The manual's code blocks."""
    blocks = re.findall(
        r"^\.\. code-block:: \w+\n\n((?:   .*\n|\n)+)", MANUAL.read_text(encoding="utf-8"), re.MULTILINE
    )
    return [textwrap.dedent(block) for block in blocks]


def gunicorn() -> str:
    """The manual's script."""
    (command,) = [text for text in examples() if text.startswith("gunicorn ")]
    return command


def uwsgi() -> str:
    """A script that starts it on the manual's file."""
    (options,) = [text for text in examples() if text.startswith("[uwsgi]")]
    return f"cat > climate-api.ini <<'END'\n{options}END\nuwsgi --ini climate-api.ini\n"


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory, rabbitmq: RabbitMQ, postgresql: PostgreSQL) -> Iterator[Suite]:
    """The services behind the API."""
    running = Suite(
        tmp_path_factory.mktemp("wsgi"),
        database_url=postgresql.fresh_database().url,
        transport_url=rabbitmq.url,
        hosts=HOSTS,
    )
    with running:
        running.wait_for_hosts(12)
        yield running


@pytest.fixture(params=[gunicorn, uwsgi], ids=["gunicorn", "uwsgi"])
def served(request: pytest.FixtureRequest, suite: Suite, tmp_path: Path) -> Iterator[Served]:
    """Started by the manual's example; only the paths and the port are others."""
    name = request.param.__name__
    if not (PROGRAMS / name).exists():
        pytest.skip(f"{name} cannot be had for this platform")
    counts = tmp_path / "counts"
    counts.mkdir()
    port = free_port()
    (variables,) = [text for text in examples() if text.startswith("export CLIMATE_CONFIG_FILE")]
    script = tmp_path / "run.sh"
    script.write_text(
        (variables + request.param())
        .replace("/etc/climate/climate.conf", shlex.quote(str(suite.config)))
        .replace("/run/climate-api", shlex.quote(str(counts)))
        .replace("127.0.0.1:9393", f"127.0.0.1:{port}")
        .replace(f"\n{name} ", f"\nexec {name} ")  # so that it gets the signals
    )
    env = {"PATH": f"{PROGRAMS}:/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": str(tmp_path)}
    process = Process(["sh", script], log=tmp_path / "log", env=env, cwd=tmp_path)
    made = Served(process, f"http://127.0.0.1:{port}", counts, {"X-Auth-Token": suite.member_token()})
    try:
        process.wait_until(lambda: _ready(made))
        yield made
    finally:
        process.stop()


def _ready(served: Served) -> bool:
    try:
        return served.get("/readyz").status_code == 200
    except requests.ConnectionError:
        return False


def test_every_worker_sees_a_lease(served: Served) -> None:
    """Made through one of them, it is found through each; and each shows the sum of all counts."""
    made = requests.post(
        f"{served.url}/v1/leases", json={"duration": 60, "confirm": True}, headers=served.headers, timeout=60
    )
    assert made.status_code == 201, made.text
    asked = served.get_from_every_worker(f"/v1/leases/{made.json()['id']}")
    answers = [answer for answer in asked if answer is not None]
    assert {answer.json()["name"] for answer in answers} == {made.json()["name"]}
    assert len(answers) > 0.9 * len(asked)
    page = served.get("/metrics").text
    counted = re.search(
        r'^http_requests_total\{method="GET",route="/v1/leases/\{lease_id\}",status="200"\} (\S+)', page, re.M
    )
    assert counted is not None, page
    assert len(answers) <= float(counted[1]) <= len(asked)


def test_a_refused_request_hears_why(served: Served) -> None:
    """In our form, however little of the request was read, and however long its token."""
    for token, size, status, code in (
        ("guessed", 60_000, 401, "climate.auth.required"),
        (served.headers["X-Auth-Token"], 2_000_000, 413, "climate.request.too_large"),
        ("x" * 6_000, 100, 401, "climate.auth.required"),
    ):
        for _ in range(10):
            headers = {"X-Auth-Token": token}
            answer = requests.post(f"{served.url}/v1/leases", data=b" " * size, headers=headers, timeout=PATIENCE_S)
            assert answer.status_code == status
            assert answer.json()["error"]["code"] == code


def test_sigterm_ends_all_of_it(served: Served) -> None:
    """The master and its workers, soon and with status 0."""
    served.get_from_every_worker("/healthz")
    processes = [psutil.Process(pid) for pid in {served.process.pid, *served.workers()}]
    psutil.Process(served.process.pid).terminate()
    assert served.process.wait(60) == 0
    assert psutil.wait_procs(processes, timeout=PATIENCE_S)[1] == []

# SPDX-License-Identifier: Apache-2.0
"""Requests made from a real cluster's log, on real hosts, through REST, RabbitMQ and PostgreSQL."""

from __future__ import annotations

import json
import lzma
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
import sqlalchemy as sa

from tools.servers import PostgreSQL, RabbitMQ
from tools.suite import Suite

CLONE = Path(__file__).parents[2]
DATA = CLONE.parent / "shared" / "data"
HOSTS = DATA / "hosts" / "g5k_nodes.csv"
LOG = DATA / "workloads" / "KTH-SP2.swf.xz"
COLUMNS = "name=host, site, cluster, node_model, microarchitecture, vcpus=threads, memory_mb=ram_bytes/1048576"
REQUESTS = 3200
HOST_COUNT = 520
WINDOW_S = 7 * 86_400
PROJECTS = tuple(f"project-{i}" for i in range(4))
OVERLAPS = """
SELECT count(*) FROM planning_allocation AS one JOIN planning_allocation AS other
  ON one.host_number = other.host_number AND one.id < other.id
  AND one.start_at < other.blocked_until AND other.start_at < one.blocked_until
WHERE one.released_at IS NULL AND other.released_at IS NULL
"""


@dataclass(frozen=True, slots=True)
class Job:
    """A line of the log: when it came (seconds from the first), how many processors, for how long it asked."""

    submitted_s: int
    processors: int
    requested_s: int


def read_jobs(path: Path, count: int) -> list[Job]:
    """The first ``count`` jobs of a log in the Standard Workload Format that say what they want."""
    jobs: list[Job] = []
    with lzma.open(path, "rt", encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if line.startswith(";") or not line.strip():
                continue
            fields = line.split()
            submitted, processors, requested = int(fields[1]), int(fields[7]), int(fields[8])
            if processors > 0 and requested > 0:
                jobs.append(Job(submitted, processors, requested))
            if len(jobs) == count:
                break
    return jobs


FILTERS: tuple[list[object], ...] = (
    [">=", "$vcpus", 8],
    ["=", "$cluster", "gros"],
    ["and", [">=", "$memory_mb", 60_000], ["homogeneous", "$cluster"]],
)


def body(number: int, job: Job, begin: int, first_s: int) -> dict[str, object]:
    """The request that a job becomes: processors are hosts, the window is a week from its submission.

    Three kinds of wishes take turns: any good host, one cluster by name, hosts alike.
    """
    start = begin + job.submitted_s - first_s
    return {
        "name": f"job at {job.submitted_s}",
        "start_time": start,
        "end_time": start + WINDOW_S,
        "duration": job.requested_s,
        "quantity": job.processors,
        "host_properties": FILTERS[number % len(FILTERS)],
        "confirm": True,
    }


@pytest.mark.slow
@pytest.mark.skipif(not (HOSTS.exists() and LOG.exists()), reason=f"needs the real hosts and logs in {DATA}")
def test_a_real_log_on_real_hosts_never_books_a_host_twice(
    tmp_path: Path, rabbitmq: RabbitMQ, postgresql: PostgreSQL
) -> None:
    """Every request is answered with a lease or with 'nothing fits', and no two leases share a host."""
    database = postgresql.fresh_database()
    jobs = read_jobs(LOG, REQUESTS)
    assert len(jobs) == REQUESTS
    settings = {"inventory_file": {"columns": COLUMNS}}
    with Suite(
        tmp_path,
        database_url=database.url,
        transport_url=rabbitmq.url,
        hosts=HOSTS,
        planners=2,
        projects=PROJECTS,
        settings=settings,
    ) as suite:
        suite.wait_for_hosts(HOST_COUNT)
        begin = int(time.time()) + 3600
        sessions = [requests.Session() for _ in PROJECTS]
        for session, project in zip(sessions, PROJECTS, strict=True):
            session.headers["X-Auth-Token"] = suite.member_token(project)

        def ask(number: int) -> tuple[int, float]:
            started = time.perf_counter()
            job = jobs[number]
            answer = sessions[number % len(sessions)].post(
                f"{suite.url}/v1/leases", json=body(number, job, begin, jobs[0].submitted_s), timeout=120
            )
            return answer.status_code, (time.perf_counter() - started) * 1000

        with ThreadPoolExecutor(len(sessions)) as pool:
            answers = list(pool.map(ask, range(len(jobs))))

    statuses = [status for status, _ in answers]
    took = sorted(ms for _, ms in answers)
    accepted = statuses.count(201)
    report = {
        "requests": len(answers),
        "accepted": accepted,
        "nothing_fits": statuses.count(409),
        "hosts": HOST_COUNT,
        "request_ms_median": round(statistics.median(took), 1),
        "request_ms_p95": round(took[int(len(took) * 0.95)], 1),
        "request_ms_max": round(took[-1], 1),
    }
    results = CLONE / "build" / "real-requests.json"
    results.parent.mkdir(exist_ok=True)
    results.write_text(json.dumps({**report, "ms": [round(ms, 1) for _, ms in answers]}))
    print(json.dumps(report))  # noqa: T201 - shown with -s and when it fails

    assert set(statuses) <= {201, 409}, f"other answers: {sorted(set(statuses))}"
    assert accepted > REQUESTS * 0.5
    engine = sa.create_engine(database.url)
    with engine.connect() as connection:
        assert connection.execute(sa.text(OVERLAPS)).scalar_one() == 0
        confirmed = connection.execute(sa.text("SELECT count(*) FROM planning_lease WHERE state = 'confirmed'"))
        assert confirmed.scalar_one() == accepted
        hosts = connection.execute(sa.text("SELECT count(*) FROM planning_allocation")).scalar_one()
        booked = sum(job.processors for job, status in zip(jobs, statuses, strict=True) if status == 201)
        assert hosts == booked
    engine.dispose()

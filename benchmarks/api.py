# SPDX-License-Identifier: Apache-2.0
"""How long a tenant waits: creating a lease and listing a page, through everything that stands in a real site.

HTTP with keystonemiddleware before a real Keystone (its token cached, as
after the first request of a client), climate-api, RabbitMQ with quorum queues,
climate-inventory and climate-planning, PostgreSQL with durable commits; each a
process of its own. A tenth of the leases that were booked before are the
asker's. Requests and leases are counted against the project's limits, as a
tenant's are; the limits are high enough to refuse none. The peer of the same run
is the floor beneath a creation: three bare RPC round trips over a quorum queue
(which hosts match, book them, what they have in common) and one bare commit;
beneath getting a lease it is two.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests
from oslo_config import cfg

from benchmarks.parts import bare, timing
from benchmarks.parts.timing import times_ms
from climate.chassis import rpc, sql
from climate.core.booking import Rules, propose
from climate.core.lease import Owner, Terms, Wish
from climate.planning.store.sql import SqlStore
from tools.servers import PostgreSQL, RabbitMQ
from tools.servers.keystone import PASSWORD, Keystone
from tools.servers.process import new_directory
from tools.suite import Suite

DAY_S = 86_400
PROJECTS = 10
LIMITS = {"requests_per_s": 1000, "requests_burst": 1000, "max_leases": 100_000, "max_withdrawn": 200}


def arguments(parser: argparse.ArgumentParser) -> None:
    """How large the site is, and how often to ask."""
    parser.add_argument("--hosts", type=int, default=1000)
    parser.add_argument("--leases", type=int, default=10_000, help="leases booked before, one host each")
    parser.add_argument("--requests", type=int, default=200, help="requests of each kind that are timed")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Start everything, book ``leases`` leases, time the requests."""
    directory = new_directory("climate-benchmark-")
    hosts = directory / "hosts.json"
    hosts.write_text(json.dumps([_host(number) for number in range(args.hosts)]))
    with RabbitMQ() as rabbitmq, PostgreSQL(durable=True) as postgresql, Keystone() as keystone:
        database = postgresql.fresh_database()
        suite = Suite(
            directory,
            database_url=database.url,
            transport_url=rabbitmq.url,
            hosts=hosts,
            settings={
                "api": {"auth_strategy": "keystone"},
                "keystone_authtoken": keystone.middleware_settings(),
                "limits": LIMITS,
                "oslo_policy": {"policy_file": _nobody_is_exempt(directory)},
            },
        )
        token, project, user = _sign_in(keystone)
        suite.admin_token = token
        with suite:
            suite.wait_for_hosts(args.hosts)
            session = requests.Session()
            session.headers["X-Auth-Token"] = token
            _create(session, suite, 1)  # the first request makes planning know all hosts
            _book(SqlStore(sql.engine(database.url)), Owner(project_id=project, user_id=user), args)
            timed = {
                "create_ms": times_ms(args.requests, lambda: _create(session, suite, 1)),
                "create_16_hosts_ms": times_ms(args.requests, lambda: _create(session, suite, 16)),
                "list_page_ms": times_ms(args.requests, _pages(session, suite)),
                "get_ms": times_ms(args.requests, _getting(session, suite)),
            }
        cfg.CONF(["--config-file", str(suite.config)], project="benchmark")
        with bare.calls(rpc.transport(cfg.CONF)) as call:
            timed["rpc_ms"] = times_ms(args.requests, lambda: call(5))
        with bare.commits(database.url) as commit:
            timed["commit_ms"] = times_ms(args.requests, commit)
    figures: dict[str, Any] = {}
    for name, times in timed.items():
        figures |= timing.figures(name, times)
    rpc_ms = figures["rpc_ms_median"]
    floor = 3 * rpc_ms + figures["commit_ms_median"]
    figures["floor_ms"] = round(floor, 2)
    figures["ratio_to_floor"] = round(figures["create_ms_median"] / floor, 2)
    figures["get_ratio_to_floor"] = round(figures["get_ms_median"] / (2 * rpc_ms), 2)
    return figures


def _host(number: int) -> dict[str, Any]:
    kind = number % 4
    return {
        "name": f"node-{number:05d}",
        "id": str(number),
        "vcpus": 16 * (kind + 1),
        "memory_mb": 65_536 * (kind + 1),
        "cluster": f"cluster-{kind}",
        "rack": f"rack-{number // 32}",
    }


def _nobody_is_exempt(directory: Path) -> Path:
    """Rules by which an administrator's requests are counted, too."""
    path = directory / "policy.yaml"
    path.write_text('"climate:limits:exempt": "!"\n')
    return path


def _sign_in(keystone: Keystone) -> tuple[str, str, str]:
    user = {"name": "admin", "domain": {"id": "default"}, "password": PASSWORD}
    body = {
        "auth": {
            "identity": {"methods": ["password"], "password": {"user": user}},
            "scope": {"project": {"name": "admin", "domain": {"id": "default"}}},
        }
    }
    answer = requests.post(f"{keystone.url}/auth/tokens", json=body, timeout=60)
    answer.raise_for_status()
    token = answer.json()["token"]
    return answer.headers["X-Subject-Token"], token["project"]["id"], token["user"]["id"]


def _book(store: SqlStore, owner: Owner, args: argparse.Namespace) -> None:
    """Leases of one host and one day each, evenly over all hosts and projects, straight into the store."""
    now = int(time.time())
    owners = [owner, *(dataclasses.replace(owner, project_id=f"project-{number}") for number in range(1, PROJECTS))]
    for number in range(args.leases):
        start = now + DAY_S * (40 + number // args.hosts)
        decision = propose(
            lease_id=str(uuid.uuid4()),
            owner=owners[number % PROJECTS],
            wish=Wish(start_time=start, duration_s=DAY_S),
            terms=Terms(name=f"booked-{number}"),
            alike={},
            hosts=[number % args.hosts],
            span=(start, start + DAY_S),
            now=now,
            rules=Rules(),
            confirmed=True,
        )
        store.commit(decision)


def _create(session: requests.Session, suite: Suite, quantity: int) -> str:
    body = {"start_time": int(time.time()) + 3600, "duration": "2h", "quantity": quantity, "confirm": True}
    answer = session.post(f"{suite.url}/v1/leases", json=body, timeout=60)
    if answer.status_code != 201:
        raise RuntimeError(f"{answer.status_code}: {answer.text}")
    lease_id: str = answer.json()["id"]
    return lease_id


def _pages(session: requests.Session, suite: Suite) -> Callable[[], None]:
    """A function that gets the next page of 100 leases at each call, starting again after the last."""
    first = f"{suite.url}/v1/leases?limit=100"
    following = first

    def get() -> None:
        nonlocal following
        answer = session.get(following, timeout=60)
        answer.raise_for_status()
        following = answer.json().get("links", {}).get("next") or first

    return get


def _getting(session: requests.Session, suite: Suite) -> Callable[[], None]:
    lease_id = _create(session, suite, 1)

    def get() -> None:
        session.get(f"{suite.url}/v1/leases/{lease_id}", timeout=60).raise_for_status()

    return get

# SPDX-License-Identifier: Apache-2.0
"""Many clients ask for the only free host at the same instant; one of them gets it, in every round.

Planner processes behind RabbitMQ share one database. In a round all clients
are let go at once; then the database is asked who holds the host, and the
winner gives it back. The peer of the same run is one client that asks alone.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from threading import Barrier
from typing import Any

import sqlalchemy as sa
from oslo_config import cfg

from benchmarks import positive
from climate.chassis import rpc
from climate.core.candidates import Candidates, Group, pack
from climate.core.lease import Lease, Owner, Terms
from climate.errors import HostsTaken, NothingFits
from climate.rpcapi import planning
from tools.servers import MariaDB, PostgreSQL, RabbitMQ
from tools.servers.process import new_directory
from tools.suite import PROGRAMS, Suite

READY_WITHIN_S = 120
ANSWER_WITHIN_S = 60
HOLDERS = """
SELECT lease_id FROM planning_allocation WHERE released_at IS NULL AND start_at < :until AND blocked_until > :start
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Which database, and how many ask how often."""
    parser.add_argument("--database", choices=["sqlite", "postgresql", "mariadb"], default="postgresql")
    parser.add_argument("--rounds", type=positive, default=200)
    parser.add_argument("--clients", type=positive, default=8)
    parser.add_argument("--planners", type=positive, default=4)


@dataclass(frozen=True, slots=True)
class Round:
    """What came of one round: who was told to have won, who holds the host, and how long the slowest waited."""

    won: tuple[str, ...]
    holding: tuple[str, ...]
    took_ms: float


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Start broker, database and planners; race; count."""
    directory = new_directory("climate-race-")
    with ExitStack() as stack:
        rabbitmq = stack.enter_context(RabbitMQ())
        url = _database_url(args.database, directory, stack)
        suite = Suite(directory, database_url=url, transport_url=rabbitmq.url, hosts=directory / "none.json")
        upgrade: list[str | Path] = [PROGRAMS / "climate-manage", "--config-file", suite.config, "db", "upgrade"]
        subprocess.run(upgrade, check=True, timeout=READY_WITHIN_S)
        stack.callback(suite.stop)
        planners = [suite.start_planner() for _ in range(args.planners)]
        rabbitmq.wait_consumers(planning.TOPIC, planners, READY_WITHIN_S)
        cfg.CONF(["--config-file", str(suite.config)], project="benchmark")
        api = planning.PlanningAPI(rpc.Caller(rpc.transport(cfg.CONF), planning.TOPIC, ANSWER_WITHIN_S))
        engine = sa.create_engine(url)
        stack.callback(engine.dispose)
        race = Race(api, engine, args.clients)
        with ThreadPoolExecutor(args.clients) as clients:
            rounds = [race.round(clients) for _ in range(args.rounds)]
        alone = [race.alone() for _ in range(min(args.rounds, 50))]
    return _figures(rounds, alone)


class Race:
    """One host, wanted by all for the same hour."""

    def __init__(self, api: planning.PlanningAPI, engine: sa.Engine, clients: int) -> None:
        self._api = api
        self._engine = engine
        self._clients = clients
        self._start = int(time.time()) + 86_400
        self._host = Candidates((Group({}, pack([str(uuid.uuid4())])),))

    def round(self, clients: ThreadPoolExecutor) -> Round:
        """All ask at once; the winner gives the host back."""
        line = Barrier(self._clients)

        def ask(_: int) -> tuple[Lease | None, float]:
            line.wait()
            started = time.perf_counter()
            return self._ask(), (time.perf_counter() - started) * 1000

        answers = list(clients.map(ask, range(self._clients)))
        won = tuple(lease.lease_id for lease, _ in answers if lease is not None)
        with self._engine.connect() as connection:
            found = connection.execute(sa.text(HOLDERS), {"start": self._start, "until": self._start + 3600})
            holding = tuple(row.lease_id for row in found)
        for lease_id in {*won, *holding}:
            self._api.cancel_proposal("race", lease_id=lease_id, project_id=None)
        return Round(won, holding, max(ms for _, ms in answers))

    def alone(self) -> float:
        """Milliseconds that one client waits whom nobody disputes the host."""
        started = time.perf_counter()
        lease = self._ask()
        took_ms = (time.perf_counter() - started) * 1000
        if lease is None:
            raise RuntimeError("the host was not free although nobody held it")
        self._api.cancel_proposal("race", lease_id=lease.lease_id, project_id=None)
        return took_ms

    def _ask(self) -> Lease | None:
        try:
            return self._api.make_proposal(
                "race",
                hosts=self._host,
                start_time=self._start,
                end_time=self._start + 3600,
                duration=3600,
                quantity=1,
                owner=Owner(project_id="race", user_id="race"),
                terms=Terms(),
                confirm=True,
            )
        except (NothingFits, HostsTaken):
            return None


def _database_url(kind: str, directory: Path, stack: ExitStack) -> str:
    if kind == "postgresql":
        return stack.enter_context(PostgreSQL(durable=True)).fresh_database().url
    if kind == "mariadb":
        return stack.enter_context(MariaDB(durable=True)).fresh_database().url
    return f"sqlite:///{directory}/climate.db"


def _figures(rounds: list[Round], alone: list[float]) -> dict[str, Any]:
    took = sorted(one.took_ms for one in rounds)
    figures: dict[str, Any] = {
        "winners": sum(len(one.won) for one in rounds),
        "double": sum(len(one.won) > 1 or len(one.holding) > 1 for one in rounds),
        "lost": sum(not one.won or set(one.won) != set(one.holding) for one in rounds),
        "round_ms_median": round(statistics.median(took), 2),
        "round_ms_p95": round(took[int(len(took) * 0.95)], 2),
        "alone_ms_median": round(statistics.median(alone), 2),
    }
    figures["ratio_to_alone"] = round(figures["round_ms_median"] / figures["alone_ms_median"], 2)
    return figures

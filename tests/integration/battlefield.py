# SPDX-License-Identifier: Apache-2.0
"""Real planners that many clients ask at once, and a record of all that these were promised."""

from __future__ import annotations

import random
import subprocess
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import oslo_messaging as messaging

from climate.chassis import rpc
from climate.core.candidates import Candidates, Group, pack
from climate.core.lease import Lease, LeaseChange, Owner, Terms
from climate.core.lifecycle import State
from climate.errors import (
    BadField,
    ClimateError,
    HostsTaken,
    LeaseChanged,
    NothingFits,
    ServiceUnavailable,
    WrongState,
)
from climate.rpcapi.planning import TOPIC, PlanningAPI
from tests import configuration
from tools.servers import RabbitMQ
from tools.servers.process import Process
from tools.suite import PROGRAMS, Suite

ANSWER_WITHIN_S = 5
WINDOW_S = 6
REFUSALS = (NothingFits, HostsTaken, LeaseChanged, WrongState, BadField)
OWNER = Owner(project_id="fight", user_id="fighter")


class Battlefield:
    """``planners`` processes over one database, the hosts they plan, and their notifications as they come."""

    def __init__(self, directory: Path, database_url: str, broker: RabbitMQ, *, hosts: int, planners: int) -> None:
        self.broker = broker
        self.hosts = [str(uuid.uuid4()) for _ in range(hosts)]
        self.heard: list[dict[str, Any]] = []
        self.topic = f"notifications-{uuid.uuid4().hex}"
        self._count = planners
        notices = {"oslo_messaging_notifications": {"topics": self.topic}}
        rules = {
            "transition_interval_s": 0.2,
            "proposal_ttl_s": 2,
            "ends_soon_s": 1,
            "margin_after_s": 1,
            "effect_claim_s": 5,
        }
        self._suite = Suite(
            directory,
            database_url=database_url,
            transport_url=broker.url,
            hosts=directory / "none.json",
            settings=notices | {"planning": rules},
        )
        (directory / "client").mkdir()
        self._conf = configuration.private(directory / "client", notices | {"DEFAULT": {"transport_url": broker.url}})
        self.api = PlanningAPI(rpc.Caller(rpc.transport(self._conf), TOPIC, ANSWER_WITHIN_S))

    @property
    def planners(self) -> list[Process]:
        """The processes, the oldest first; those that were killed too."""
        return self._suite.planners

    @property
    def everywhere(self) -> Candidates:
        return Candidates((Group({}, pack(self.hosts)),))

    @contextmanager
    def open(self) -> Iterator[Battlefield]:
        """With the schema at head and all planners answering."""
        upgrade = [PROGRAMS / "climate-manage", "--config-file", self._suite.config, "db", "upgrade"]
        subprocess.run(upgrade, check=True, timeout=120)
        listener = self._listener()
        listener.start(override_pool_size=1)  # several threads would hear things in any order
        try:
            for _ in range(self._count):
                self._suite.start_planner()
            self.broker.wait_consumers(TOPIC, self.planners)
            yield self
        finally:
            with ThreadPoolExecutor() as threads:  # each takes some seconds to leave its broker
                list(threads.map(Process.stop, self.planners))
            listener.stop()
            listener.wait()

    def kill_a_planner(self) -> None:
        """The oldest one, as a crash would end it; another one is started."""
        self.planners[0].kill()
        self._suite.start_planner()

    def fight(self, fighters: int, seconds: float, *incidents: tuple[float, Callable[[], object]]) -> list[Fighter]:
        """Let ``fighters`` ask for so long; each incident happens at its second."""
        began = time.monotonic()
        all_of_them = [Fighter(self, number, began + seconds) for number in range(fighters)]
        for fighter in all_of_them:
            fighter.start()
        for second, happen in incidents:
            time.sleep(max(0.0, began + second - time.monotonic()))  # the fight goes on meanwhile
            happen()
        for fighter in all_of_them:
            fighter.join(seconds + 120)
            assert not fighter.is_alive(), "a client waits for ever"
        return all_of_them

    def ask(self, **wish: Any) -> Lease:
        """A lease of some hosts; ``wish`` as in the contract."""
        arguments: dict[str, Any] = {
            "hosts": self.everywhere,
            "start_time": None,
            "end_time": None,
            "duration": 1,
            "quantity": 1,
            "owner": OWNER,
            "terms": Terms(),
            "confirm": True,
            "answer_by": int(time.time()) + ANSWER_WITHIN_S,
        }
        return self.api.make_proposal("fight", **(arguments | wish))

    def _listener(self) -> Any:
        heard = self.heard

        class Listener:
            def info(self, context: Any, publisher: str, event: str, payload: Any, metadata: Any) -> None:
                heard.append(payload)

        return messaging.get_notification_listener(
            messaging.get_notification_transport(self._conf),
            [messaging.Target(topic=self.topic)],
            [Listener()],
            executor="threading",
        )


@dataclass
class Promise:
    """A lease as its client was told last. ``unsure`` after a request about it that was never answered."""

    lease: Lease
    unsure: bool = False

    @property
    def confirmed(self) -> bool:
        return self.lease.confirmed_at is not None

    @property
    def cancelled(self) -> bool:
        return self.lease.state is State.CANCELLED


class Fighter(threading.Thread):
    """A client that asks for hosts, changes its mind, and remembers what it was told."""

    def __init__(self, field: Battlefield, number: int, until: float) -> None:
        super().__init__(name=f"fighter-{number}", daemon=True)
        self._field = field
        self._random = random.Random(number)
        self._until = until
        self.promises: list[Promise] = []
        self.answers: dict[str, int] = {}
        self.failures: list[str] = []

    def run(self) -> None:
        """Ask until the time is over."""
        acts = [self._propose] * 6 + [self._confirm, self._confirm, self._cancel, self._extend, self._resize]
        while time.monotonic() < self._until:
            try:
                self._random.choice(acts)()
            except Exception as error:  # noqa: BLE001 - told by the test in its own thread
                self.failures.append(repr(error))

    def _propose(self) -> None:
        now = int(time.time())
        wish: dict[str, Any] = {"duration": self._random.randrange(1, 4), "quantity": self._random.randrange(1, 4)}
        if self._random.random() < 0.7:
            wish |= {"start_time": now, "end_time": now + self._random.randrange(4, WINDOW_S)}
        made = self._told(lambda: self._field.ask(confirm=self._random.random() < 0.5, **wish))
        if made is not None:
            self.promises.append(Promise(made))

    def _confirm(self) -> None:
        self._about(
            [one for one in self.promises if one.lease.state is State.PROPOSED],
            lambda lease: self._field.api.confirm_proposal("fight", lease_id=lease.lease_id, project_id="fight"),
        )

    def _cancel(self) -> None:
        self._about(
            self._running(),
            lambda lease: self._field.api.cancel_proposal("fight", lease_id=lease.lease_id, project_id="fight"),
        )

    def _extend(self) -> None:
        more = self._random.choice([1, 1, 2, -1])
        self._change(lambda lease: LeaseChange(end_time=lease.end_at + more))

    def _resize(self) -> None:
        more = self._random.choice([1, -1])
        self._change(lambda lease: LeaseChange(quantity=lease.quantity + more))

    def _change(self, wanted: Callable[[Lease], LeaseChange]) -> None:
        self._about(
            self._running(),
            lambda lease: self._field.api.change_lease(
                "fight",
                lease_id=lease.lease_id,
                project_id="fight",
                change=wanted(lease),
                hosts=self._field.everywhere,
                answer_by=int(time.time()) + ANSWER_WITHIN_S,
            ),
        )

    def _running(self) -> list[Promise]:
        """Those that are not over, the newest ones."""
        return [one for one in self.promises[-5:] if not one.cancelled and one.lease.end_at > time.time()]

    def _about(self, promises: list[Promise], act: Callable[[Lease], Lease]) -> None:
        if not promises:
            return
        promise = self._random.choice(promises)
        told = self._told(lambda: act(promise.lease), promise)
        if told is not None:
            promise.lease = told

    def _told(self, act: Callable[[], Lease], promise: Promise | None = None) -> Lease | None:
        """What the planners answered; ``None`` for a refusal, and for silence, after which nobody can be sure."""
        try:
            answer = act()
        except REFUSALS as refusal:
            self._count(type(refusal).__name__.removesuffix("_Remote"))
            return None
        except ServiceUnavailable:
            self._count("ServiceUnavailable")
            if promise is not None:
                promise.unsure = True
            return None
        except ClimateError as error:
            self.failures.append(f"{type(error).__name__}: {error.message}")
            return None
        self._count("done")
        return answer

    def _count(self, answer: str) -> None:
        self.answers[answer] = self.answers.get(answer, 0) + 1

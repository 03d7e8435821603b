# SPDX-License-Identifier: Apache-2.0
"""The whole of climate-planning in this process: built as its command builds it, asked through its contract."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import oslo_messaging as messaging
import pytest
from oslo_config import cfg

from climate.chassis import rpc, sql
from climate.chassis.process import Process
from climate.cmd import planning as command
from climate.core.candidates import Candidates, Group, pack, unpack
from climate.core.lease import Lease, LeaseChange, LeaseQuery, Owner, RepeatKey, Terms
from climate.core.lifecycle import State
from climate.errors import BadField, ConfigError, LeaseNotFound, NothingFits
from climate.manage import database
from climate.rpcapi.inventory import TOPIC as INVENTORY
from climate.rpcapi.planning import TOPIC, PlanningAPI
from tests import configuration

HOSTS = [str(uuid.UUID(int=number + 1)) for number in range(4)]
EVERYWHERE = Candidates((Group({}, pack(HOSTS)),))


@dataclass
class Service:
    api: PlanningAPI
    process: Process
    heard: list[tuple[str, str]]
    now: list[int]

    def make(self, **given: Any) -> Lease:
        """A confirmed lease of one host for 100 s from now."""
        arguments: dict[str, Any] = {
            "hosts": EVERYWHERE,
            "start_time": None,
            "end_time": None,
            "duration": 100,
            "quantity": 1,
            "owner": Owner(project_id="p", user_id="u"),
            "terms": Terms(name="n", host_properties=["=", "$x", 1.5]),
            "confirm": True,
        }
        return self.api.make_proposal("req-1", **(arguments | given))

    def get(self, lease: Lease) -> Lease:
        return self.api.get_proposal_details("req-1", lease_id=lease.lease_id, project_id="p")

    def events(self, lease: Lease) -> list[str]:
        return [event for event, lease_id in self.heard if lease_id == lease.lease_id]


def configured(directory: Path, **planning: object) -> cfg.ConfigOpts:
    settings = {
        "DEFAULT": {"transport_url": "fake://"},
        "database": {"connection": f"sqlite:///{directory}/climate.db"},
        "planning": {
            "transition_interval_s": 0.05,
            "eviction_finish_s": 10,
            "starts_soon_s": 100,
            "ends_soon_s": 20,
            "margin_after_s": 10,
        }
        | planning,
        "oslo_messaging_notifications": {"topics": f"notifications-{uuid.uuid4().hex}"},
    }
    return configuration.private(directory, settings, command.OPTIONS)


def migrated(conf: cfg.ConfigOpts) -> cfg.ConfigOpts:
    engine = sql.engine(conf.database.connection)
    database.upgrade(engine)
    engine.dispose()
    return conf


class Inventory:
    """An inventory of which all hosts may be booked."""

    @rpc.exposed
    def get_hosts(self, context: dict[str, Any], *, properties: list[Any], sees_hosts: bool) -> Candidates:
        return EVERYWHERE


@pytest.fixture
def conf(tmp_path: Path) -> Iterator[cfg.ConfigOpts]:
    """A configuration with a database, and the inventory that planning asks: it would wait for it when it stops."""
    conf = migrated(configured(tmp_path))
    inventory = rpc.server(rpc.transport(conf), INVENTORY, "inventory", Inventory())
    inventory.start()
    yield conf
    inventory.stop()
    inventory.wait()


@pytest.fixture
def service(conf: cfg.ConfigOpts) -> Iterator[Service]:
    now, heard = [1_000], []

    class Listener:
        def info(self, context: Any, publisher: str, event: str, payload: Any, metadata: Any) -> None:
            heard.append((event, payload["lease_id"]))

    process = command.build(conf, lambda: now[0])
    topic = conf.oslo_messaging_notifications.topics[0]
    listener = messaging.get_notification_listener(
        messaging.get_notification_transport(conf), [messaging.Target(topic=topic)], [Listener()], executor="threading"
    )
    listener.start(override_pool_size=1)  # several threads would hear things in any order
    process.start()
    yield Service(PlanningAPI(rpc.Caller(rpc.transport(conf), TOPIC, 30)), process, heard, now)
    process.stop()
    listener.stop()
    listener.wait()


def eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_lease_lives_and_everybody_hears_of_it(service: Service) -> None:
    """Made, extended, begun, announced, ended, released: by the service's own loops, as its clock goes on."""
    made = service.make(start_time=1_500, end_time=1_700)
    assert (made.state, made.start_at, made.hosts) == (State.CONFIRMED, 1_500, (HOSTS[0],))
    longer = service.api.change_lease(
        "req-2", lease_id=made.lease_id, project_id="p", change=LeaseChange(duration_s=150, name="m")
    )
    assert (longer.end_at, longer.terms.name) == (1_650, "m")
    events = ["lease.confirmed", "lease.changed"]
    happening = (
        (1_400, "starts_soon"),
        (1_500, "started"),
        (1_630, "ends_soon"),
        (1_650, "ended"),
        (1_660, "released"),
    )
    for now, event in happening:
        eventually(lambda: service.events(made) == events)
        service.now[0] = now
        events.append(f"lease.{event}")
    eventually(lambda: service.events(made) == events)
    assert service.get(made).state is State.ENDED
    assert service.process.failures == 0


def test_every_question_has_its_answer(service: Service) -> None:
    """Each method of the contract once, through the transport."""
    one = service.make()
    other = service.make(confirm=False, repeat=RepeatKey(key="k", fingerprint="f"))
    again = service.make(confirm=False, repeat=RepeatKey(key="k", fingerprint="f"))
    assert again.lease_id == other.lease_id
    assert service.api.confirm_proposal("r", lease_id=other.lease_id, project_id="p").state in (
        State.CONFIRMED,
        State.ACTIVE,
    )
    listed = service.api.list_leases("r", query=LeaseQuery(project_id="p"))
    assert {lease.lease_id for lease in listed} == {one.lease_id, other.lease_id}
    assert [info.name for info in service.api.get_schedulers("r") if info.default] == ["earliest"]
    available = service.api.get_availability("r")
    assert available is not None
    assert available.lease_ids[:2] == (one.lease_id, other.lease_id)
    assert unpack(available.hosts) == HOSTS
    eventually(lambda: service.get(other).state is State.ACTIVE)
    entries = service.api.get_calendar("r", start=0, end=5_000, project_id=None, limit=10, marker=None)
    assert {entry.lease_id for entry in entries} == {one.lease_id, other.lease_id}
    followed = service.api.changes_since("r", sequence=0)
    assert [change.sequence for change in followed.changes] == list(range(1, followed.latest + 1))
    assert service.api.cancel_proposal("r", lease_id=one.lease_id, project_id=None).state is State.CANCELLED


def test_errors_arrive_as_what_they_are(service: Service) -> None:
    with pytest.raises(NothingFits):
        service.make(quantity=5)
    with pytest.raises(BadField) as refused:
        service.make(duration=None)
    assert refused.value.details["field"] == "duration"
    with pytest.raises(LeaseNotFound):
        service.api.confirm_proposal("r", lease_id="nobody's", project_id="p")


def test_a_planner_takes_up_what_another_left(conf: cfg.ConfigOpts) -> None:
    """Stopped in a lease, started again later: the transitions are made then, in order."""
    now = [1_000]
    first = command.build(conf, lambda: now[0])
    first.start()
    service = Service(PlanningAPI(rpc.Caller(rpc.transport(conf), TOPIC, 30)), first, [], now)
    made = service.make(start_time=1_500, end_time=1_600)
    first.stop()
    now[0] = 2_000
    second = command.build(conf, lambda: now[0])
    second.start()
    try:
        eventually(lambda: service.get(made).state is State.ENDED)
        followed = service.api.changes_since("r", sequence=0)
        assert [change.event for change in followed.changes] == ["confirmed", "started", "ended"]
    finally:
        second.stop()


def test_a_database_of_another_release_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        command.build(configured(tmp_path))
    assert "climate-manage db upgrade" in refused.value.message


def test_a_scheduler_that_is_not_installed_is_refused_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        command.build(migrated(configured(tmp_path, default_scheduler="cheapest")))
    assert "default_scheduler" in refused.value.message

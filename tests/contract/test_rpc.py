# SPDX-License-Identifier: Apache-2.0
"""Calls between services, in one process and over RabbitMQ: values, errors and silence arrive as what they are."""

from __future__ import annotations

import contextlib
import inspect
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import amqp
import oslo_messaging as messaging
import pytest
from oslo_config import cfg

from climate import errors
from climate.chassis import rpc
from climate.chassis.rpc import Caller, exposed
from climate.core.candidates import Candidates, Group
from climate.core.lifecycle import State
from climate.errors import BadField, ClimateError, LeaseNotFound, ServiceUnavailable
from tests import configuration
from tools.servers import RabbitMQ

TIMEOUT_S = 30.0
ERRORS = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, ClimateError) and kind is not ClimateError
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """All kinds of values that cross a process."""

    state: State
    candidates: Candidates
    spans: tuple[tuple[int, int] | None, ...]
    facts: dict[str, str | int | float | bool]
    nothing: int | None = None


class Private(Exception):
    """No error of ours; its text is nobody's business."""


class Endpoint:
    """What the tests call."""

    def __init__(self) -> None:
        self.reached: list[str] = []
        self.release = threading.Event()

    @exposed
    def echo(self, context: dict[str, Any], *, parcel: Parcel) -> Parcel:
        assert isinstance(parcel.state, State)
        return parcel

    @exposed
    def add(self, context: dict[str, Any], *, one: int, other: int = 1) -> int:
        self.reached.append("add")
        return one + other

    @exposed
    def request_id(self, context: dict[str, Any]) -> str:
        found: str = context["request_id"]
        return found

    @exposed
    def fail(self, context: dict[str, Any], *, name: str, message: str | None, details: dict[str, Any]) -> None:
        raise getattr(errors, name)(message, **details)

    @exposed
    def break_down(self, context: dict[str, Any], *, name: str) -> None:
        raise {"private": Private, "key": KeyError, "value": ValueError, "type": TypeError, "name": NameError}[name](
            "secret"
        )

    @exposed
    def wait(self, context: dict[str, Any]) -> None:
        self.release.wait(60)

    def hidden(self, context: dict[str, Any]) -> int:
        self.reached.append("hidden")
        return 1


@pytest.fixture(scope="module", params=["fake", pytest.param("rabbitmq", marks=pytest.mark.servers)])
def conf(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> cfg.ConfigOpts:
    """A configuration of its own that names the transport."""
    url = "fake://" if request.param == "fake" else request.getfixturevalue("rabbitmq").url
    return private_conf(tmp_path_factory.mktemp("rpc"), url)


def private_conf(directory: Path, url: str, topic: str = "notifications") -> cfg.ConfigOpts:
    """As a process reads it from a file."""
    messages = {"DEFAULT": {"transport_url": url}, "oslo_messaging_notifications": {"topics": topic}}
    return configuration.private(directory, messages)


@dataclass
class Line:
    """A server's endpoint and somebody who calls it."""

    endpoint: Endpoint
    caller: Caller
    transport: messaging.Transport
    topic: str

    def ask(self, method: str, returns: Any, **arguments: Any) -> Any:
        return self.caller.call("req-1", method, returns, **arguments)


@pytest.fixture(scope="module")
def served(conf: cfg.ConfigOpts) -> Iterator[Line]:
    """A server that answers; stopping one takes a second."""
    transport = rpc.transport(conf)
    topic = f"climate-test-{uuid.uuid4().hex}"
    endpoint = Endpoint()
    server = rpc.server(transport, topic, "host", endpoint)
    server.start()
    yield Line(endpoint, Caller(transport, topic, TIMEOUT_S), transport, topic)
    server.stop()
    server.wait()
    transport.cleanup()


@pytest.fixture
def line(served: Line) -> Iterator[Line]:
    """The server, which nobody has called yet."""
    served.endpoint.reached.clear()
    served.endpoint.release.clear()
    yield served
    served.endpoint.release.set()


def test_values_arrive_as_their_types(line: Line) -> None:
    """Bytes, enums, tuples, unions and None, there and back."""
    parcel = Parcel(
        state=State.ACTIVE,
        candidates=Candidates((Group({"cpu": "é", "n": 2}, bytes(range(256)), b"a" * 16), Group({}, b""))),
        spans=((1, 2**40), None),
        facts={"text": "90", "number": 90, "float": 1.5, "true": True},
    )
    back = line.ask("echo", Parcel, parcel=parcel)
    assert back == parcel
    assert [type(value) for value in back.facts.values()] == [str, int, float, bool]


def test_a_call_carries_its_request_id(line: Line) -> None:
    assert line.ask("request_id", str) == "req-1"


@pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: kind.__name__)
def test_every_error_of_ours_arrives_as_itself(line: Line, kind: type[ClimateError]) -> None:
    """With its class, its sentence, its code and its details, and with nothing of the server's insides."""
    details = {"field": "x", "limit": 5, "place": [1, None]}
    with pytest.raises(kind) as failed:
        line.ask("fail", None, name=kind.__name__, message="Not like this: ä.", details=details)
    assert failed.value.message == "Not like this: ä."
    assert failed.value.details == details
    assert (failed.value.error_code, failed.value.kind) == (kind.error_code, kind.kind)


def test_an_error_without_a_sentence_has_that_of_its_class(line: Line) -> None:
    with pytest.raises(LeaseNotFound) as failed:
        line.ask("fail", None, name="LeaseNotFound", message=None, details={})
    assert failed.value.message == LeaseNotFound.default_message
    assert failed.value.details == {}


@pytest.mark.parametrize("name", ["private", "key", "value", "type", "name"])
def test_what_broke_inside_a_service_stays_inside(line: Line, name: str) -> None:
    """The caller gets an internal error of ours, also for Python's own exceptions, and no text of it."""
    with pytest.raises(ClimateError) as failed:
        line.ask("break_down", None, name=name)
    assert type(failed.value) is ClimateError
    assert failed.value.message == ClimateError.default_message
    assert "secret" not in str(failed.value)


@pytest.mark.parametrize(
    "arguments", [{}, {"one": "1"}, {"one": None}, {"one": 1, "third": 3}, {"one": 1.5}, {"one": [1]}]
)
def test_arguments_that_do_not_fit_are_a_bad_field(line: Line, arguments: dict[str, Any]) -> None:
    """Missing, unknown, of another type: the method is not entered."""
    with pytest.raises(BadField) as failed:
        line.ask("add", int, **arguments)
    assert "add" in failed.value.message
    assert line.endpoint.reached == []


def test_arguments_with_a_default_may_be_left_out(line: Line) -> None:
    assert line.ask("add", int, one=1) == 2


@pytest.mark.parametrize("method", ["hidden", "no_such_method", "__init__", "_private"])
def test_what_is_not_exposed_cannot_be_reached(line: Line, method: str) -> None:
    with pytest.raises(ClimateError):
        line.ask(method, int)
    assert line.endpoint.reached == []


def test_a_service_that_does_not_answer_is_unavailable(line: Line) -> None:
    """After the caller's time and not much later."""
    hasty = Caller(line.transport, line.topic, 1.0)
    began = time.monotonic()
    with pytest.raises(ServiceUnavailable) as failed:
        hasty.call("req-1", "wait", None)
    assert time.monotonic() - began < 20
    assert failed.value.details == {"service": line.topic}
    assert line.ask("add", int, one=1) == 2


def test_a_service_that_is_not_there_is_unavailable(line: Line) -> None:
    """Its queue does not exist, or nobody reads it."""
    lonely = Caller(line.transport, f"climate-nobody-{uuid.uuid4().hex}", 1.0)
    with pytest.raises(ServiceUnavailable):
        lonely.call("req-1", "add", int, one=1)


def test_answers_go_to_who_asked(line: Line) -> None:
    """Many at a time, on one connection."""
    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(lambda n: line.ask("add", int, one=n, other=0), range(100)))
    assert answers == list(range(100))


def test_a_slow_call_does_not_hold_up_others(line: Line) -> None:
    with ThreadPoolExecutor(4) as threads:
        slow = [threads.submit(line.ask, "wait", None) for _ in range(4)]
        assert line.ask("add", int, one=1) == 2
        line.endpoint.release.set()
        assert [one.result() for one in slow] == [None] * 4


def test_notifications_are_sent_in_order(conf: cfg.ConfigOpts, tmp_path: Path) -> None:
    """To whoever listens, under their names."""
    topic = f"notifications-{uuid.uuid4().hex}"
    own = private_conf(tmp_path, rpc.transport(conf).conf.transport_url, topic)
    heard: list[tuple[str, dict[str, Any]]] = []
    send = rpc.notifier(own, "climate.test")
    with listening(own, topic, heard):
        for number in range(20):
            send("lease.started", {"number": number})
        deadline = time.monotonic() + 60
        while len(heard) < 20 and time.monotonic() < deadline:
            time.sleep(0.02)
    assert heard == [("lease.started", {"number": number}) for number in range(20)]


@contextlib.contextmanager
def listening(conf: cfg.ConfigOpts, topic: str, heard: list[tuple[str, dict[str, Any]]]) -> Iterator[None]:
    class Listener:
        def info(self, context: Any, publisher: str, event: str, payload: Any, metadata: Any) -> None:
            heard.append((event, payload))

    listener = messaging.get_notification_listener(
        messaging.get_notification_transport(conf), [messaging.Target(topic=topic)], [Listener()], executor="threading"
    )
    listener.start(override_pool_size=1)  # several threads would hear things in any order
    yield
    listener.stop()
    listener.wait()


@pytest.mark.servers
def test_queues_survive_the_loss_of_a_node(rabbitmq: RabbitMQ, tmp_path: Path) -> None:
    """Calls and notifications alike stand in quorum queues; RabbitMQ refuses to call another kind one."""
    notices, calls = (f"{name}-{uuid.uuid4().hex}" for name in ("notifications", "climate-test"))
    conf = private_conf(tmp_path, rabbitmq.url, notices)
    rpc.notifier(conf, "climate.test")("lease.started", {})
    server = rpc.server(rpc.transport(conf), calls, "host", Endpoint())
    server.start()
    try:
        with amqp.Connection(f"127.0.0.1:{rabbitmq.port}") as connection:
            for queue in (calls, f"{notices}.info"):
                channel = connection.channel()
                channel.queue_declare(queue, passive=True)  # it exists
                channel.queue_declare(queue, durable=True, auto_delete=False, arguments={"x-queue-type": "quorum"})
    finally:
        server.stop()
        server.wait()


@pytest.mark.servers
def test_a_notification_that_the_broker_refuses_is_not_taken_for_sent(rabbitmq: RabbitMQ, tmp_path: Path) -> None:
    """A queue of that name but of another kind is there before us; once it is gone, so is the trouble."""
    topic = f"notifications-{uuid.uuid4().hex}"
    send = rpc.notifier(private_conf(tmp_path, rabbitmq.url, topic), "climate.test")
    with amqp.Connection(f"127.0.0.1:{rabbitmq.port}") as connection:
        channel = connection.channel()
        channel.queue_declare(f"{topic}.info", durable=True, auto_delete=False)
        for _ in range(2):
            with pytest.raises(ServiceUnavailable):
                send("lease.started", {})
        channel.queue_delete(f"{topic}.info")
    send("lease.started", {})

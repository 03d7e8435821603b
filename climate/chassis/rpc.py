# SPDX-License-Identifier: Apache-2.0
"""RPC over oslo.messaging: typed calls, typed answers, errors that keep their class.

Values travel as plain JSON (msgspec turns dataclasses into builtins and back
by the hints of the two signatures). A call that gets no answer in time is
``ServiceUnavailable``; errors of ``climate.errors`` arrive as themselves.
"""

from __future__ import annotations

import functools
import inspect
import logging
import threading
import time
import typing
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

import msgspec
import oslo_messaging as messaging
from oslo_config import cfg
from oslo_messaging import opts as messaging_opts

from climate.errors import BadField, ClimateError, ServiceUnavailable

LOG = logging.getLogger(__name__)
T = TypeVar("T")

ERRORS_MODULE = "climate.errors"
EXCHANGE = "climate"
_RABBIT = "oslo_messaging_rabbit"
_RETRIES = 2  # to reconnect; oslo.messaging's own default is for ever
_CALLS_AT_A_TIME = 64


def transport(conf: cfg.ConfigOpts, url: str | None = None) -> messaging.Transport:
    """The transport that ``transport_url`` names; remote errors of ours are re-created, others are not.

    Queues are quorum queues unless the operator says otherwise: they survive
    the loss of a broker node.
    """
    _set_defaults(conf)
    return messaging.get_rpc_transport(conf, url=url, allowed_remote_exmods=[ERRORS_MODULE])


def _set_defaults(conf: cfg.ConfigOpts) -> None:
    """What every transport must agree on, or RabbitMQ refuses the second one; before a transport is made."""
    messaging.set_transport_defaults(EXCHANGE)
    conf.register_opts(dict(messaging_opts.list_opts())[_RABBIT], group=_RABBIT)
    conf.set_default("rabbit_quorum_queue", True, group=_RABBIT)


class Caller:
    """Calls one service. ``timeout_s`` is how long an answer may take, a broker that is away included.

    oslo.messaging waits for a broker without limit when a first call makes the
    queue for answers. So, until one was answered, calls are made on threads
    that neither the caller nor the process's end need wait for; after that
    on the caller's own, which is a fifth quicker.
    """

    def __init__(self, transport: messaging.Transport, topic: str, timeout_s: float) -> None:
        target = messaging.Target(exchange=EXCHANGE, topic=topic, version="1.0")
        self._topic = topic
        self._timeout_s = timeout_s
        self._client = messaging.get_rpc_client(transport, target, timeout=timeout_s, retry=_RETRIES)
        self._under_way = threading.BoundedSemaphore(_CALLS_AT_A_TIME)
        self._reached = False

    def call(self, request_id: str, method: str, returns: Any, /, **arguments: Any) -> Any:
        """Ask and wait; the answer has the type ``returns``.

        :raises ClimateError: as the service raised it.
        :raises ServiceUnavailable: no answer in time, or the broker is out of reach.
        """
        plain = {name: msgspec.to_builtins(value) for name, value in arguments.items()}
        try:
            answer = self._answer({"request_id": request_id}, method, plain)
        except (TimeoutError, messaging.MessagingTimeout):
            LOG.warning("%s no answer from %s to %s", request_id, self._topic, method)
            raise ServiceUnavailable(
                f"The {self._topic.removeprefix('climate-')} service did not answer in time.", service=self._topic
            ) from None
        except messaging.MessageDeliveryFailure as error:
            LOG.warning("%s cannot reach the broker for %s: %s", request_id, self._topic, error)
            raise ServiceUnavailable("The message broker is out of reach.", service=self._topic) from None
        except ClimateError:
            raise
        except Exception as error:  # noqa: BLE001 - all of them mean the same to the caller
            # The service's own mistake. Python's exceptions arrive as themselves, with its traceback as their text.
            kind = error.exc_type if isinstance(error, messaging.RemoteError) else type(error).__name__
            LOG.error("%s %s failed in %s: %s", request_id, self._topic, method, kind)
            raise ClimateError() from None
        return msgspec.convert(answer, returns)

    def _answer(self, context: dict[str, str], method: str, arguments: dict[str, Any]) -> Any:
        if not self._reached:
            answer = self._answer_on_a_thread(context, method, arguments)
            self._reached = True
            return answer
        return self._client.call(context, method, **arguments)

    def _answer_on_a_thread(self, context: dict[str, str], method: str, arguments: dict[str, Any]) -> Any:
        answered: Future[Any] = Future()
        deadline = time.monotonic() + self._timeout_s

        def ask() -> None:
            try:
                answered.set_result(self._client.call(context, method, **arguments))
            except BaseException as error:  # noqa: BLE001 - raised again where the answer is waited for
                answered.set_exception(error)
            finally:
                self._under_way.release()

        if not self._under_way.acquire(timeout=self._timeout_s):
            raise TimeoutError
        threading.Thread(target=ask, name=f"call-{self._topic}", daemon=True).start()
        return answered.result(max(0.0, deadline - time.monotonic()))


def exposed(method: Callable[..., T]) -> Callable[..., T]:
    """Mark an endpoint's method as callable over RPC.

    Its arguments are checked and converted by its hints, its answer is made
    plain, and errors of ours are expected (sent back without being logged as
    failures of the server).
    """
    signature = inspect.signature(method)
    hints: dict[str, Any] = {}

    def converted(self: Any, context: dict[str, Any], **arguments: Any) -> Any:
        if not hints:
            hints.update(typing.get_type_hints(method))
        try:
            typed = {name: msgspec.convert(value, hints[name]) for name, value in arguments.items()}
            signature.bind(self, context, **typed)
        except (KeyError, TypeError, msgspec.ValidationError) as error:
            raise BadField(f"{method.__name__} cannot be called like this: {error}") from None
        return msgspec.to_builtins(method(self, context, **typed))

    guarded = functools.update_wrapper(messaging.expected_exceptions(ClimateError)(converted), method)
    guarded.exposed = True  # type: ignore[attr-defined]
    return typing.cast("Callable[..., T]", guarded)


class OnlyExposed(messaging.RPCAccessPolicyBase):
    """Lets callers reach methods marked with :func:`exposed`, and no others."""

    def is_allowed(self, endpoint: Any, method: str) -> bool:
        return getattr(getattr(endpoint, method, None), "exposed", False)


def server(transport: messaging.Transport, topic: str, host: str, endpoint: Any) -> messaging.MessageHandlingServer:
    """An RPC server for ``endpoint``, not started yet; calls go to any server of the topic.

    ``host`` must be the same at every start: it names a durable queue, and a
    name made anew would leave one behind each time. Copies may share it.

    ``executor_thread_pool_size`` says how many it works on at a time. Its
    default here fits the database's pool; oslo.messaging's own, 64, does not.
    """
    target = messaging.Target(exchange=EXCHANGE, topic=topic, server=host)
    made = messaging.get_rpc_server(transport, target, [endpoint], access_policy=OnlyExposed)
    transport.conf.set_default("executor_thread_pool_size", 16)
    return made


def notifier(conf: cfg.ConfigOpts, publisher: str) -> Callable[[str, dict[str, Any]], None]:
    """A function that sends a notification (event, payload), returning when the broker has it.

    It waits for a broker that is away. Notifications are on unless the
    operator sets ``[oslo_messaging_notifications] driver`` to something else.
    The function raises ``ServiceUnavailable`` where the broker refuses: a
    queue of that name, but of another kind, is the usual reason.
    """
    _set_defaults(conf)
    transport = messaging.get_notification_transport(conf)
    last = _watched(transport)
    conf.set_default("driver", ["messagingv2"], group="oslo_messaging_notifications")
    sender = messaging.Notifier(transport, publisher_id=f"{publisher}.{conf.host}", retry=-1)

    def send(event: str, payload: dict[str, Any]) -> None:
        last.failure = None
        sender.info({}, event, payload)
        if last.failure is not None:
            raise ServiceUnavailable("The message broker refused a notification.", service="broker") from last.failure

    return send


def _watched(transport: messaging.Transport) -> threading.local:
    """Keeps as ``failure`` why this thread's last notification failed: oslo.messaging logs it, and tells no caller."""
    last = threading.local()
    send = transport._send_notification

    def watched(*arguments: Any, **keywords: Any) -> None:
        try:
            send(*arguments, **keywords)
        except Exception as error:
            last.failure = error
            raise

    transport._send_notification = watched
    return last

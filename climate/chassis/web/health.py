# SPDX-License-Identifier: Apache-2.0
"""Is the process alive, and can it do its work? ``/healthz`` and ``/readyz``, which need no token."""

from __future__ import annotations

import concurrent.futures
import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

import msgspec

from climate.errors import ServiceUnavailable

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

LOG = logging.getLogger(__name__)

ALIVE = "/healthz"
READY = "/readyz"
LIMIT_S = 2.0
Probe = Callable[[], object]


class Health:
    """Middleware that answers the two addresses and passes the rest on.

    A probe that returns says that its part is in reach, one that raises or
    takes longer than :data:`LIMIT_S` says that it is not.
    """

    def __init__(self, app: WSGIApplication, probes: Mapping[str, Probe]) -> None:
        self._app = app
        self._probes = dict(probes)
        self._lock = threading.Lock()
        self._running: dict[str, concurrent.futures.Future[object]] = {}

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer about the process, or pass on.

        :raises ServiceUnavailable: a part is out of reach; ``parts`` says which.
        """
        path = environ.get("PATH_INFO", "").rstrip("/")
        if path == ALIVE:
            return _answered({"status": "alive"}, start_response)
        if path != READY:
            return self._app(environ, start_response)
        parts = self._asked()
        if any(state != "ready" for state in parts.values()):
            raise ServiceUnavailable("A part of the service is out of reach.", parts=parts)
        return _answered({"status": "ready", "parts": parts}, start_response)

    def _asked(self) -> dict[str, str]:
        asked = {name: self._ask(name) for name in self._probes}
        concurrent.futures.wait(asked.values(), LIMIT_S)
        return {
            name: "ready" if probe.done() and probe.exception() is None else "out of reach"
            for name, probe in asked.items()
        }

    def _ask(self, name: str) -> concurrent.futures.Future[object]:
        """The probe under way, or a new one: however many ask, a part is asked once at a time."""
        with self._lock:
            probe = self._running.get(name)
            if probe is None or probe.done():
                probe = self._running[name] = concurrent.futures.Future()
                threading.Thread(target=self._run, args=(name, probe), name=f"ready-{name}", daemon=True).start()
            return probe

    def _run(self, name: str, probe: concurrent.futures.Future[object]) -> None:
        try:
            probe.set_result(self._probes[name]())
        except Exception as error:  # noqa: BLE001 - whatever is wrong with the part, it is not ready
            LOG.warning("%s is out of reach: %s", name, type(error).__name__)
            probe.set_exception(error)


def _answered(body: Mapping[str, object], start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "application/json"), ("Cache-Control", "no-store")])
    return [msgspec.json.encode(body)]

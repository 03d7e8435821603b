# SPDX-License-Identifier: Apache-2.0
"""How many requests, and how long they took: ``/metrics`` for Prometheus.

Where several processes share a port (uWSGI, gunicorn), set
``PROMETHEUS_MULTIPROC_DIR`` to an empty directory: then any of them shows the
sum of all.
"""

from __future__ import annotations

import ipaddress
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import prometheus_client
from oslo_config import cfg
from prometheus_client import multiprocess

from climate.chassis.web import peers
from climate.errors import ConfigError, Forbidden

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PATH = "/metrics"
Label = Callable[[Mapping[str, Any]], str]
ExcInfo = "tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None] | None"

OPTS = [
    cfg.ListOpt(
        "metrics_from",
        default=["127.0.0.0/8", "::1/128"],
        help="Networks whose machines may read /metrics. It needs no token, and shows how much the service is used. "
        "Requests that a proxy passes on are refused.",
    ),
]
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Metrics:
    """Counts requests by method, route and status; each object has a registry of its own."""

    def __init__(self, label: Label) -> None:
        self._label = label
        self.registry = prometheus_client.CollectorRegistry()
        self._requests = prometheus_client.Counter(
            "http_requests", "Requests answered.", ["method", "route", "status"], registry=self.registry
        )
        self._seconds = prometheus_client.Histogram(
            "http_request_duration_seconds", "Time to an answer.", ["method", "route"], registry=self.registry
        )

    def counted(self, app: WSGIApplication) -> WSGIApplication:
        """``app``, each of its answers counted."""

        def counting(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            statuses: list[str] = []

            def note(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
                statuses.append(status[:3])
                return start_response(status, headers, exc_info)

            began = time.monotonic()
            try:
                return app(environ, note)
            finally:
                # Free text as a label would let clients fill the memory.
                method = environ["REQUEST_METHOD"] if environ["REQUEST_METHOD"] in _METHODS else "other"
                route = self._label(environ)
                self._seconds.labels(method, route).observe(time.monotonic() - began)
                self._requests.labels(method, route, statuses[-1] if statuses else "500").inc()

        return counting

    def page(self) -> bytes:
        """All numbers in Prometheus's text format, of all processes where they share a directory."""
        registry = self.registry
        if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
            registry = prometheus_client.CollectorRegistry()
            multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return prometheus_client.generate_latest(registry)


class MetricsPage:
    """Middleware that answers ``/metrics`` to machines of ``networks``, and passes the rest on.

    :raises ConfigError: what is given is no network.
    """

    def __init__(self, app: WSGIApplication, metrics: Metrics, networks: Sequence[str]) -> None:
        self._app = app
        self._metrics = metrics
        try:
            self._networks = [ipaddress.ip_network(network) for network in networks]
        except ValueError as error:
            raise ConfigError(f"metrics_from: {error}.", option="metrics_from") from None

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer with the numbers, or pass on.

        :raises Forbidden: the machine is not among those that may read them.
        """
        if environ.get("PATH_INFO", "").rstrip("/") != PATH:
            return self._app(environ, start_response)
        if not (peers.is_direct(environ) and peers.comes_from(environ.get("REMOTE_ADDR", ""), self._networks)):
            raise Forbidden("/metrics is for the machines that the operator names in metrics_from.")
        start_response("200 OK", [("Content-Type", prometheus_client.CONTENT_TYPE_LATEST)])
        return [self._metrics.page()]

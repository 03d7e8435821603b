# SPDX-License-Identifier: Apache-2.0
"""kwapi-api as one WSGI application, from its collaborators."""

from __future__ import annotations

import importlib.resources
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from oslo_config import cfg
from oslo_policy import policy
from prometheus_client.registry import Collector

from climate.chassis.web import health, resource, static, wsgi
from climate.chassis.web.policy import Policies
from climate.chassis.web.resource import Answer, Call, Resource
from kwapi.api import sign_in
from kwapi.api.events import Events
from kwapi.api.history import Histories, ManyHistories
from kwapi.api.listing import Listing
from kwapi.api.options import GROUP
from kwapi.api.v1 import HISTORY, ProbeIds, Probes
from kwapi.consumers.devices import Devices
from kwapi.consumers.history import History
from kwapi.consumers.live import Live

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

SERVICE_TYPE = "energy"
"""What Keystone's catalogue calls it."""
_OPEN = ("", "/v1", sign_in.PATH)
_PAGE = "power/index.html"
_ROUTES = frozenset(
    {*_OPEN, "/v1/probes", "/v1/probe-ids", "/v1/history", "/v1/events", "/healthz", "/readyz", "/metrics"}
)


class Root(Resource):
    """The service itself."""

    def get(self, call: Call) -> Answer:
        """The versions."""
        return Answer({"versions": [_version(call)]})


class Version(Resource):
    """Version 1."""

    def get(self, call: Call) -> Answer:
        """The version."""
        return Answer({"version": _version(call)})


def build(
    conf: cfg.ConfigOpts,
    live: Live,
    enforcer: policy.Enforcer,
    clock_ns: Callable[[], int],
    *,
    bind_host: str = "",
    probes: Mapping[str, health.Probe] | None = None,
    collectors: Iterable[Collector] = (),
    history: History | None = None,
    devices: Devices | None = None,
    closing: threading.Event | None = None,
) -> WSGIApplication:
    """The whole stack. ``bind_host`` is where the server listens; ``closing`` is set when it stops. Without ``devices``
    all are well.

    :raises ConfigError: an option cannot be used.
    """
    options = conf[GROUP]
    listing = Listing(live, clock_ns, options.stale_after_s)
    rights = Policies(enforcer)
    histories = None if history is None else Histories(history, live, rights, clock_ns)
    if devices is None:
        devices = Devices(clock_ns, options.forget_after_s)
    listed = Probes(live, devices, listing, rights, options.max_limit, histories)
    events = Events(live, listing, rights, options.listeners, closing or threading.Event())
    parts: dict[str, Resource] = {"probes": listed, "probe-ids": ProbeIds(listed), "events": events}
    if histories is not None:
        parts[HISTORY] = ManyHistories(histories)
    root = Root({"v1": Version(parts), sign_in.PATH.lstrip("/"): sign_in.SignIn(conf, GROUP)})
    site = wsgi.build(
        resource.application(root),
        conf,
        group=GROUP,
        bind_host=bind_host,
        open_paths=_OPEN,
        service_type=SERVICE_TYPE,
        label=_label,
        probes=probes or {},
        collectors=collectors,
    )
    return static.StaticFiles(site, importlib.resources.files("climate.console"), "/static/", _PAGE)


def _label(environ: Mapping[str, Any]) -> str:
    path = environ.get("PATH_INFO", "").rstrip("/")
    if path in _ROUTES:
        return path or "/"
    if path.startswith("/v1/probes/") and path.endswith(f"/{HISTORY}"):
        return "/v1/probes/{probe_id}/history"
    return "/v1/probes/{probe_id}" if path.startswith("/v1/probes/") else "unknown"


def _version(call: Call) -> dict[str, object]:
    return {"id": "v1.0", "status": "CURRENT", "links": [{"rel": "self", "href": call.link("/v1/")}]}

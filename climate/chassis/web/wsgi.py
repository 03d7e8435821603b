# SPDX-License-Identifier: Apache-2.0
"""The order in which a request meets what stands around an application, in one function."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING

from oslo_config import cfg
from oslo_middleware import http_proxy_to_wsgi, request_id, sizelimit
from prometheus_client.registry import Collector

from climate.chassis.web import faults, health, metrics, tokens

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

OPTS = [
    cfg.IntOpt(
        "max_body_kb",
        default=64,
        min=1,
        max=10_240,
        help="The largest request body, in units of 1,024 bytes.",
    ),
]


def build(
    app: WSGIApplication,
    conf: cfg.ConfigOpts,
    *,
    group: str,
    bind_host: str,
    open_paths: Collection[str],
    service_type: str = "",
    label: metrics.Label,
    probes: Mapping[str, health.Probe],
    collectors: Iterable[Collector] = (),
) -> WSGIApplication:
    """``app`` with everything around it; ``group`` names the options' group in ``conf``.

    ``open_paths`` need no token; ``service_type`` is the service's in
    Keystone's catalogue; ``label`` gives a request's route for the
    metrics; ``probes`` ask the parts that ``app`` cannot work without;
    ``collectors`` have further numbers for the metrics.

    :raises ConfigError: an option cannot be used.
    """
    counts = metrics.Metrics(label)
    for collector in collectors:
        counts.registry.register(collector)
    # Read from the bottom: the last to be put around the application is the first to see a request.
    app = tokens.protected(app, conf, group, bind_host, open_paths, service_type)
    # Monitoring brings no token, so it is answered before one is asked for.
    app = metrics.MetricsPage(app, counts, conf[group].metrics_from)
    app = health.Health(app, probes)
    # Before anything reads a body, the token check's plug-ins included.
    app = sizelimit.RequestBodySizeLimiter(app, conf)
    conf.set_override("max_request_body_size", conf[group].max_body_kb * 1024, group="oslo_middleware")
    # Before anything makes a link or looks at an address; does nothing unless the operator trusts a proxy.
    app = http_proxy_to_wsgi.HTTPProxyToWSGI(app, conf)
    # Around all that may fail or refuse, so that every error has the one form.
    app = faults.Faults(app)
    # Around the errors, so that they count too.
    app = counts.counted(app)
    # First of all: whatever happens next carries an id, in the answer and in the log.
    return request_id.RequestId(app, conf)

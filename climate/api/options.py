# SPDX-License-Identifier: Apache-2.0
"""The options of climate-api."""

from __future__ import annotations

from oslo_config import cfg

from climate.api import endings, rate
from climate.api.v1 import schedulers
from climate.chassis.web import metrics, paging, server, tokens, wsgi

GROUP = "api"
DEFAULT_PORT = 9393
OPTS = [
    *server.options(DEFAULT_PORT),
    *tokens.OPTS,
    *wsgi.OPTS,
    *paging.OPTS,
    *metrics.OPTS,
    *rate.OPTS,
    *schedulers.OPTS,
    *endings.OPTS,
    cfg.FloatOpt(
        "rpc_timeout_s",
        default=20.0,
        min=2.0,
        max=600.0,
        help="How long a service may take to answer, in seconds. After that the request is answered 503, "
        "and planning books nothing for it any more.",
    ),
]


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    """The options of the group [api]."""
    return [(GROUP, OPTS)]

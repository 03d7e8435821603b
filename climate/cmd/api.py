# SPDX-License-Identifier: Apache-2.0
"""climate-api: the REST API, with a server of its own or under uWSGI or gunicorn. Any number of copies may run."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from oslo_config import cfg

from climate.api import app, options, policies
from climate.chassis import rpc
from climate.chassis.process import Process
from climate.chassis.web.server import WebServer
from climate.cmd import main as common
from climate.rpcapi import inventory, planning

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

PROGRAM = "climate-api"
OPTIONS = (options.list_opts,)
CONFIG_VARIABLE = "CLIMATE_CONFIG_FILE"


def build(conf: cfg.ConfigOpts, clock: Callable[[], int] = common.clock) -> Process:
    """An API process that listens itself; ``clock`` gives epoch seconds."""
    group = conf[options.GROUP]
    server = WebServer(_stack(conf, clock, group.host), group.host, group.port, group.threads, PROGRAM)
    return Process(PROGRAM, servers=[server], drain_timeout_s=conf.drain_timeout_s)


def application() -> WSGIApplication:
    """The API for another server: ``gunicorn 'climate.cmd.api:application()'``, ``uwsgi --module`` likewise.

    The environment variable ``CLIMATE_CONFIG_FILE`` names the configuration;
    without it the usual places are looked at.

    :raises ConfigError: the configuration cannot be used.
    """
    path = os.environ.get(CONFIG_VARIABLE)
    common.load(PROGRAM, ["--config-file", path] if path else [], OPTIONS)
    return _stack(cfg.CONF, common.clock, bind_host="")


def _stack(conf: cfg.ConfigOpts, clock: Callable[[], int], bind_host: str) -> WSGIApplication:
    transport = rpc.transport(conf)
    timeout_s, soon_s = conf[options.GROUP].rpc_timeout_s, conf[options.GROUP].limit_timeout_s
    needs = app.Collaborators(
        inventory=inventory.InventoryAPI(rpc.Caller(transport, inventory.TOPIC, timeout_s)),
        planning=planning.PlanningAPI(rpc.Caller(transport, planning.TOPIC, timeout_s)),
        counting=planning.PlanningAPI(rpc.Caller(transport, planning.TOPIC, soon_s)),
        enforcer=policies.enforcer(conf),
        clock=clock,
        conf=conf,
    )
    return app.build(needs, bind_host)


def main() -> int:
    """Run climate-api."""
    return common.run(PROGRAM, OPTIONS, build)

# SPDX-License-Identifier: Apache-2.0
"""kwapi-api: what every probe says now and has counted. Any number of copies may run, each with its own checkpoint."""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path

from oslo_config import cfg

from climate.chassis import conf as configuration
from climate.chassis.process import Loop, Process
from climate.chassis.web.server import WebServer
from climate.errors import ConfigError
from kwapi.api import app, policies
from kwapi.api import options as api_options
from kwapi.api.events import Closing
from kwapi.api.following import CatchUp, Following
from kwapi.api.numbers import BusNumbers
from kwapi.bus import options as bus_options
from kwapi.cmd import main as common
from kwapi.consumers.checkpoint import CheckpointFile
from kwapi.consumers.devices import Devices
from kwapi.consumers.history import History
from kwapi.consumers.history_files import HistoryFiles
from kwapi.consumers.live import Live, Probe
from kwapi.core.energy import NS, Rules
from kwapi.core.history import TIERS

PROGRAM = "kwapi-api"
_BUS_PAUSE_S = 0.1
_SYNC_S = 60.0
_SWITCH_S = 0.001


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    """The options of kwapi-api."""
    listening = [*bus_options.LISTENING_OPTS, *bus_options.CONSUMER_OPTS, *bus_options.SECURITY_OPTS]
    return [*configuration.list_opts(), *api_options.list_opts(), (bus_options.GROUP, listening)]


def build(conf: cfg.ConfigOpts) -> Process:
    """A kwapi-api process that listens itself."""
    group = conf[api_options.GROUP]
    rules = Rules(gap_ns=int(group.gap_s * NS), min_watts=group.min_watts, max_watts=group.max_watts)
    file = CheckpointFile(Path(group.checkpoint), dict[str, Probe]) if group.checkpoint else None
    checkpoint = file.read() if file is not None else None
    generation = checkpoint.generation if checkpoint is not None else 0
    history = _history(group, generation)
    live = Live(
        lambda probe_id: rules, time.time_ns, group.forget_after_s, history.record if history is not None else None
    )
    if checkpoint is not None:
        live.restore(checkpoint.state)
    sockets = bus_options.sockets(conf)
    positions = dict(checkpoint.positions) if checkpoint is not None else None
    devices = Devices(time.time_ns, group.forget_after_s)
    subscriber = bus_options.subscriber(conf, sockets, time.time_ns, positions, group.patience_s, devices.take)
    following = Following(subscriber, live, file, group.checkpoint_interval_s, history, generation)
    waiting = [CatchUp(following, group.catch_up_s)] if checkpoint is not None else []
    closing = threading.Event()
    wsgi = app.build(
        conf,
        live,
        policies.enforcer(conf),
        time.time_ns,
        bind_host=group.host,
        collectors=[BusNumbers(subscriber, live, devices)],
        history=history,
        devices=devices,
        closing=closing,
    )
    server = WebServer(wsgi, group.host, group.port, group.threads + group.listeners, PROGRAM)

    def close() -> None:
        following.write()
        sockets.close()

    return Process(
        PROGRAM,
        servers=[*waiting, Closing(closing), server],
        loops=[
            Loop("bus", following.step, _BUS_PAUSE_S),
            *([Loop("history", history.sync, _SYNC_S)] if history is not None else []),
        ],
        close=close,
        drain_timeout_s=conf.drain_timeout_s,
    )


def _history(group: cfg.ConfigOpts.GroupAttr, generation: int) -> History | None:
    if not group.history_dir:
        return None
    if not group.checkpoint:
        raise ConfigError("[kwapi] history_dir needs a checkpoint beside it.", option="checkpoint")
    return History(HistoryFiles(Path(group.history_dir), TIERS, generation), TIERS)


def main() -> int:
    """Run kwapi-api."""
    # A request need not wait for Python's usual 5 ms while readings are counted.
    sys.setswitchinterval(_SWITCH_S)
    return common.run(PROGRAM, (list_opts,), build)

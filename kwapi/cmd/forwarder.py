# SPDX-License-Identifier: Apache-2.0
"""kwapi-forwarder: one copy of each frame from here to there. It keeps nothing; more of them may follow each other."""

from __future__ import annotations

from oslo_config import cfg

from climate.chassis import conf as configuration
from climate.chassis.process import Process
from kwapi.bus import options
from kwapi.cmd import main as common

PROGRAM = "kwapi-forwarder"


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    """The options of a forwarder."""
    options_of_bus = [*options.SERVING_OPTS, *options.LISTENING_OPTS, *options.SECURITY_OPTS]
    return [*configuration.list_opts(), (options.GROUP, options_of_bus)]


def build(conf: cfg.ConfigOpts) -> Process:
    """A forwarder process."""
    sockets = options.sockets(conf, conf[options.GROUP].high_water)
    return Process(
        PROGRAM,
        servers=[options.forwarder(conf, sockets)],
        close=sockets.close,
        drain_timeout_s=conf.drain_timeout_s,
    )


def main() -> int:
    """Run kwapi-forwarder."""
    return common.run(PROGRAM, (list_opts,), build)

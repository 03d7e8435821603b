# SPDX-License-Identifier: Apache-2.0
"""kwapi-drivers: a thread for each wattmeter, and what they say goes to the bus. SIGHUP reads the sections anew."""

from __future__ import annotations

import sys
import time

import prometheus_client
from oslo_config import cfg

from climate.chassis import conf as process_options
from climate.chassis.process import Loop, Process
from climate.devices.snmp.agent import open_session
from climate.errors import ClimateError, ConfigError
from kwapi.bus import options as bus
from kwapi.bus.numbers import SourceNumbers
from kwapi.cmd import main as common
from kwapi.manager import check, configuration, discovery
from kwapi.manager import options as manager_options
from kwapi.manager.metrics import DeviceCollector
from kwapi.manager.supervision import Manager

PROGRAM = "kwapi-drivers"
CHECK = cfg.BoolOpt("check", default=False, help="Say whether the configuration is right, and end.")
DISCOVER = cfg.StrOpt(
    "discover",
    metavar="HOST[:PORT]",
    help="Look at what a device measures, by SNMP, and print a section that reads it. With --help: how it is asked.",
)
METRICS_OPTS = [
    cfg.HostAddressOpt("metrics_host", default="127.0.0.1", help="Where /metrics is shown for Prometheus."),
    cfg.PortOpt("metrics_port", help="The port of /metrics. Left out: it is not shown."),
]
RESERVED = frozenset({bus.GROUP})
"""Sections that are no wattmeter's."""
_SYNC_S = 1.0
_INTERRUPTED = 130
"""As a shell has it for SIGINT."""
_SWITCH_S = 0.001


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    """The options of kwapi-drivers, but those of the wattmeters' sections."""
    group, options = bus.GROUP, [*bus.SERVING_OPTS, *bus.SOURCE_OPTS, *bus.SECURITY_OPTS]
    return [*process_options.list_opts(), *manager_options.list_opts(), ("DEFAULT", METRICS_OPTS), (group, options)]


def build(conf: cfg.ConfigOpts) -> Process:
    """A kwapi-drivers process."""
    sockets = bus.sockets(conf, conf[bus.GROUP].high_water)
    speaking = bus.speaking(conf, sockets, time.time_ns)
    manager = Manager(
        wattmeters(conf),
        speaking.publisher.publish,
        longest_pause_s=conf.longest_pause_s,
        hung_drivers=conf.hung_drivers,
        stop_timeout_s=conf.stop_timeout_s,
    )
    speaking.answering.tell_of(manager.conditions)
    registry = prometheus_client.CollectorRegistry()
    registry.register(DeviceCollector(manager.status))
    registry.register(SourceNumbers(speaking.publisher, speaking.spool))
    if conf.metrics_port:
        _show(conf, registry)
    spool = speaking.spool

    def close() -> None:
        if spool is not None:
            spool.close()
        sockets.close()

    return Process(
        PROGRAM,
        servers=[manager, speaking.answering],
        loops=[Loop("spool", spool.sync, _SYNC_S)] if spool is not None else [],
        close=close,
        drain_timeout_s=conf.drain_timeout_s,
        reload=lambda: manager.reload(wattmeters(conf)),
    )


def wattmeters(conf: cfg.ConfigOpts) -> configuration.Configuration:
    """The wattmeters of the operator's files, as these are now.

    :raises ConfigError: a file cannot be read.
    """
    return configuration.read(configuration.paths(conf), reserved=RESERVED)


def main() -> int:
    """Run kwapi-drivers, or check its configuration, or look at a device for it."""
    # Whoever asks for what was missed need not wait for Python's usual 5 ms at each step.
    sys.setswitchinterval(_SWITCH_S)
    cfg.CONF.register_cli_opts([CHECK, DISCOVER])
    if any(word.partition("=")[0] == "--discover" for word in sys.argv[1:]):
        try:
            return discovery.run(PROGRAM, sys.argv[1:], open_session, sys.stdout, sys.stderr)
        except KeyboardInterrupt:
            return _INTERRUPTED
    if "--check" in sys.argv[1:]:
        return _check()
    return common.run(PROGRAM, (list_opts,), build)


def _check() -> int:
    try:
        common.load(PROGRAM, sys.argv[1:], (list_opts,))
        lines, status = check.check(wattmeters(cfg.CONF), time.time_ns)
    except ClimateError as error:
        sys.stderr.write(f"{PROGRAM}: {error.message}\n")
        return check.WRONG
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return status


def _show(conf: cfg.ConfigOpts, registry: prometheus_client.CollectorRegistry) -> None:
    try:
        prometheus_client.start_http_server(conf.metrics_port, conf.metrics_host, registry)
    except OSError as error:
        raise ConfigError(
            f"Cannot listen on {conf.metrics_host} port {conf.metrics_port}: {error}.", option="metrics_port"
        ) from None

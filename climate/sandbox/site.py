# SPDX-License-Identifier: Apache-2.0
"""All processes of the suite in this one, over in-process RPC, a bus of local sockets and one SQLite file."""

from __future__ import annotations

import importlib.metadata
import socket
from collections.abc import Callable
from contextlib import closing

from oslo_config import cfg

from climate.chassis import conf as configuration
from climate.chassis import sql
from climate.chassis.process import Process
from climate.cmd import api, inventory, main, planning
from climate.manage import database
from climate.sandbox import energy
from climate.sandbox.folder import Folder

PREFERRED_PORT = 9393
_NEXT_PORTS = 100
OPTIONS = (*inventory.OPTIONS, *planning.OPTIONS, *api.OPTIONS)
# In the order in which they may ask each other, so that whoever starts finds those it asks.
BUILDERS: tuple[Callable[[cfg.ConfigOpts, Callable[[], int]], Process], ...] = (
    inventory.build,
    planning.build,
    api.build,
)


def free_port(preferred: int) -> int:
    """``preferred`` if nobody listens there, else one of the next, else any free port of the loopback address.

    Any one is the last choice: connections take such a port between now and
    the moment when somebody listens there.
    """
    for port in (*(range(preferred, preferred + _NEXT_PORTS) if preferred else ()), 0):
        with closing(socket.socket()) as candidate:
            candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                candidate.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(candidate.getsockname()[1])
    raise OSError("the loopback address has no free port")


class Site:
    """The processes, started in order and stopped in reverse."""

    def __init__(self, folder: Folder) -> None:
        """Read the folder's configuration, bring its database to this release, build everything.

        :raises ConfigError: the configuration cannot be used.
        """
        conf = cfg.CONF
        version = importlib.metadata.version("climate")
        configuration.load(conf, ["--config-file", str(folder.conf)], "climate-sandbox", OPTIONS, version)
        engine = sql.engine(conf.database.connection)
        database.upgrade(engine)
        engine.dispose()
        self._processes = [*(build(conf, main.clock) for build in BUILDERS), *energy.processes(folder)]
        self._started: list[Process] = []

    def start(self) -> None:
        """Start everything.

        :raises ConfigError: an address cannot be had.
        """
        for process in self._processes:
            process.start()
            self._started.append(process)

    def stop(self) -> None:
        """Stop what was started."""
        while self._started:
            self._started.pop().stop()

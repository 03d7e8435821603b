# SPDX-License-Identifier: Apache-2.0
"""A private RabbitMQ node with its own name server (epmd)."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Sequence
from pathlib import Path

import amqp

from tools.servers.process import Process, free_port
from tools.servers.server import Availability, Server

# Not the wrapper in sbin: that one changes to the system's user and node.
PROGRAM = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
CONFIGURATION = """\
vm_memory_high_watermark.absolute = 1GB
disk_free_limit.absolute = 50MB
log.file = false
log.console = true
log.console.level = warning
"""
ERLANG_ARGUMENTS = (
    "-kernel inet_dist_use_interface {127,0,0,1} "
    "+sbwt none +sbwtdcpu none +sbwtdio none"  # idle schedulers must not spin beside the tests
)


class RabbitMQ(Server):
    """User guest, password guest, as RabbitMQ allows on the loopback; durable queues survive ``kill()``."""

    def __init__(self) -> None:
        super().__init__()
        self._epmd: Process | None = None
        self._epmd_port = 0
        self._distribution_port = 0

    @classmethod
    def available(cls) -> Availability:
        if not os.access(PROGRAM, os.X_OK) or shutil.which("epmd") is None:
            return Availability("RabbitMQ is not installed (Debian package rabbitmq-server; make deps)")
        return Availability()

    @property
    def url(self) -> str:
        """oslo.messaging's ``transport_url``."""
        return f"rabbit://guest:guest@127.0.0.1:{self.port}/"

    def wait_written(self, queue: str) -> None:
        """Return once a new quorum queue is on disk; before that (some seconds), a crash loses it with its messages."""

        def written() -> bool:
            for names in (self.directory / "mnesia").glob("*/quorum/*/names.dets"):
                # Names map to directories, and the second file has each directory's term.
                terms = names.with_name("meta.dets").read_bytes()
                directories = [path.name for path in names.parent.iterdir() if path.is_dir()]
                if f"%2F_{queue}".encode() in names.read_bytes():
                    return all(directory.encode() in terms for directory in directories)
            return False

        self._main.wait_until(written)

    def wait_consumers(self, queue: str, readers: Sequence[Process], timeout_s: float = 120) -> None:
        """Return once each of ``readers``, which must stay alive meanwhile, reads from ``queue``."""
        for reader in readers:
            reader.wait_until(lambda: self.consumers(queue) >= len(readers), timeout_s)

    def consumers(self, queue: str) -> int:
        """How many read from ``queue``; 0 where there is none."""
        with amqp.Connection(f"127.0.0.1:{self.port}", "guest", "guest", connect_timeout=5) as connection:
            try:
                return int(connection.channel().queue_declare(queue, passive=True).consumer_count)
            except amqp.NotFound:
                return 0

    def close(self) -> None:
        super().close()
        if self._epmd:
            self._epmd.stop()
            self._epmd = None

    def _prepare(self) -> None:
        self._epmd_port = free_port()
        self._distribution_port = free_port()
        for name in ("home", "mnesia", "logs"):
            (self.directory / name).mkdir()
        (self.directory / "rabbitmq.conf").write_text(f"listeners.tcp.default = 127.0.0.1:{self.port}\n{CONFIGURATION}")
        (self.directory / "enabled_plugins").write_text("[].\n")
        (self.directory / "rabbitmq-env.conf").write_text("")
        # Left to itself RabbitMQ starts an epmd on all addresses that nobody ever ends.
        self._epmd = Process(
            ["epmd", "-address", "127.0.0.1", "-port", str(self._epmd_port)], log=self.directory / "epmd.log"
        )
        self._epmd.wait_until(self._epmd_listens)

    def _spawn(self) -> Process:
        # The settings of a node that the operator runs must not reach the private node.
        env = {name: value for name, value in os.environ.items() if not name.startswith(("RABBITMQ_", "ERL_"))}
        env |= {
            "HOME": str(self.directory / "home"),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(self._epmd_port),
            "RABBITMQ_NODENAME": f"climate{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(self._distribution_port),
            "RABBITMQ_MNESIA_BASE": str(self.directory / "mnesia"),
            "RABBITMQ_LOG_BASE": str(self.directory / "logs"),
            "RABBITMQ_CONFIG_FILE": str(self.directory / "rabbitmq.conf"),
            "RABBITMQ_CONF_ENV_FILE": str(self.directory / "rabbitmq-env.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.directory / "enabled_plugins"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": ERLANG_ARGUMENTS,
        }
        return Process([PROGRAM], log=self.log, env=env, cwd=self.directory)

    def _ready(self) -> bool:
        connection = amqp.Connection(f"127.0.0.1:{self.port}", "guest", "guest", connect_timeout=5, read_timeout=5)
        try:
            connection.connect()
            connection.close()
        except (OSError, amqp.AMQPError):
            return False
        return True

    def _epmd_listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self._epmd_port)) == 0

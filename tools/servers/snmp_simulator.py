# SPDX-License-Identifier: Apache-2.0
"""snmpsim: captures of devices served over UDP, each under a community (SNMPv3: a context) that is its file's name."""

from __future__ import annotations

import importlib.util
import random
import shutil
import socket
import sys
from collections.abc import Iterable
from pathlib import Path

from tools.servers.process import PORTS, Process, ServerFailed
from tools.servers.server import Availability, Server, is_root

_PROGRAM = "snmpsim-command-responder"
_ANSWER_WITHIN_S = 0.5


class SnmpSimulator(Server):
    """Serves captures (``*.snmprec``), changed in no way.

    With ``user`` it also speaks SNMPv3 to that user, whose requests are signed
    by SHA with ``auth_key`` and encrypted by AES with ``priv_key``; keys have
    eight signs at least.
    """

    def __init__(
        self, captures: Iterable[Path], user: str | None = None, auth_key: str = "", priv_key: str = ""
    ) -> None:
        super().__init__()
        self._captures = list(captures)
        self._users: list[str] = []
        if user is not None:
            self._users = [f"--v3-user={user}"]
            if auth_key:
                self._users += [f"--v3-auth-key={auth_key}", "--v3-auth-proto=SHA"]
            if priv_key:
                self._users += [f"--v3-priv-key={priv_key}", "--v3-priv-proto=AES"]

    @classmethod
    def available(cls) -> Availability:
        """Whether snmpsim is installed, with what it needs."""
        missing = [name for name in ("snmpsim", "pysmi") if importlib.util.find_spec(name) is None]
        return Availability(f"{' and '.join(missing)} is not installed (the extra 'test')" if missing else "")

    @property
    def url(self) -> str:
        """The address and port."""
        return f"127.0.0.1:{self.port}"

    @property
    def names(self) -> list[str]:
        """The communities."""
        return [capture.stem for capture in self._captures]

    def _prepare(self) -> None:
        # TCP's free ports say nothing of UDP's.
        self.port = free_udp_port()
        (self.directory / "cache").mkdir()
        data = self.directory / "data"
        data.mkdir()
        for capture in self._captures:
            shutil.copyfile(capture, data / capture.name)

    def _spawn(self) -> Process:
        # As another user it could not import what lies in root's own home.
        root = ["--process-user=root", "--process-group=root"] if is_root() else []
        argv: list[str | Path] = [
            Path(sys.executable).with_name(_PROGRAM),
            f"--data-dir={self.directory / 'data'}",
            f"--cache-dir={self.directory / 'cache'}",
            *self._users,
            f"--agent-udpv4-endpoint={self.url}",
            *root,
            "--logging-method=stderr",
            "--log-level=error",
        ]
        return Process(argv, log=self.log)

    def _ready(self) -> bool:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.settimeout(_ANSWER_WITHIN_S)
            asking.connect(("127.0.0.1", self.port))
            try:
                asking.send(_question(self.names[0]))
                return bool(asking.recv(65536))
            except OSError:
                return False


def free_udp_port() -> int:
    """A UDP port of 127.0.0.1 which nobody has now."""
    for port in random.sample(PORTS, 200):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise ServerFailed("no free UDP port found on 127.0.0.1")


def _question(community: str) -> bytes:
    """An SNMPv2c request for sysObjectID, in BER."""
    name = _ber(0x30, _ber(0x06, bytes([0x2B, 6, 1, 2, 1, 1, 2, 0])) + _ber(0x05, b""))
    request = _ber(0x02, b"\1") + _ber(0x02, b"\0") * 2 + _ber(0x30, name)
    return _ber(0x30, _ber(0x02, b"\1") + _ber(0x04, community.encode()) + _ber(0xA0, request))


def _ber(tag: int, content: bytes) -> bytes:
    if len(content) > 127:
        raise ValueError("longer than a length in one byte can tell")
    return bytes([tag, len(content)]) + content

# SPDX-License-Identifier: Apache-2.0
"""Debian's snmpd (net-snmp) with objects that somebody gives it, for versions 1, 2c and 3."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tools.servers.process import Process
from tools.servers.server import Availability, Server
from tools.servers.snmp_simulator import free_udp_port

COMMUNITY = "rack-r12"
_TYPES = {int: "integer", str: "octet_str"}


@dataclass(frozen=True, slots=True)
class NetUser:
    """A user of version 3, by net-snmp's words for protocols: MD5, SHA, SHA-256; DES, AES, AES-256."""

    name: str
    auth_protocol: str = "SHA"
    auth_key: str = ""
    priv_protocol: str = "AES"
    priv_key: str = ""

    @property
    def level(self) -> str:
        """What it must do at least."""
        return "authPriv" if self.priv_key else "authNoPriv" if self.auth_key else "noAuthNoPriv"


class SnmpAgent(Server):
    """``objects`` are values by their identifiers in dotted numbers. Nobody but :data:`COMMUNITY` and ``users`` asks.

    It begins anew with each :meth:`restart`, as a device that was switched off.
    """

    def __init__(self, objects: Mapping[str, int | str], users: Iterable[NetUser] = (), address: str = "") -> None:
        super().__init__()
        self._objects = objects
        self._users = list(users)
        self._address = address or "127.0.0.1"

    @classmethod
    def available(cls) -> Availability:
        """Whether it is installed."""
        return Availability("" if _program() else "snmpd is not installed (apt install snmpd)")

    @property
    def url(self) -> str:
        """The address and port."""
        return f"{self._address}:{self.port}"

    @property
    def conf(self) -> Path:
        """What it was told."""
        return self.directory / "snmpd.conf"

    def _prepare(self) -> None:
        self.port = free_udp_port()
        kind = "udp6" if ":" in self._address else "udp"
        where = f"[{self._address}]" if ":" in self._address else self._address
        community = "rocommunity6" if ":" in self._address else "rocommunity"
        lines = [f"agentaddress {kind}:{where}:{self.port}", f"{community} {COMMUNITY}"]
        for user in self._users:
            auth = f" {user.auth_protocol} {user.auth_key}" if user.auth_key else ""
            priv = f" {user.priv_protocol} {user.priv_key}" if user.priv_key else ""
            lines += [f"createUser {user.name}{auth}{priv}", f"rouser {user.name} {_LEVELS[user.level]}"]
        lines += [f"override {oid} {_TYPES[type(value)]} {_quoted(value)}" for oid, value in self._objects.items()]
        self.conf.touch(mode=0o600)
        self.conf.write_text("".join(f"{line}\n" for line in lines))
        (self.directory / "state").mkdir()

    def _spawn(self) -> Process:
        state = {"SNMP_PERSISTENT_DIR": str(self.directory / "state"), "MIBS": "", "PATH": "/usr/sbin:/usr/bin"}
        program = _program() or "snmpd"
        return Process([program, "-f", "-C", "-Lo", "-c", self.conf, "-I", "-smux"], log=self.log, env=state)

    def _ready(self) -> bool:
        family = socket.AF_INET6 if ":" in self._address else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            try:
                probe.bind((self._address, self.port))
            except OSError:
                return "NET-SNMP version" in self.log.read_text(errors="replace")
        return False


_LEVELS = {"authPriv": "priv", "authNoPriv": "auth", "noAuthNoPriv": "noauth"}


def _program() -> str | None:
    return shutil.which("snmpd", path="/usr/sbin:/sbin:/usr/bin")


def _quoted(value: int | str) -> str:
    return str(value) if isinstance(value, int) else f'"{value}"'


def version() -> str:
    """What is installed."""
    told = subprocess.run([_program() or "snmpd", "-v"], capture_output=True, text=True, check=True).stdout
    return " ".join(told.split()[:3])

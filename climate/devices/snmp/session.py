# SPDX-License-Identifier: Apache-2.0
"""What one may ask an SNMP agent, and what may go wrong; who answers is somebody else's matter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from climate.devices.snmp.oid import Oid, Value


class SnmpError(Exception):
    """An agent did not answer, or not as it should; the text says what to look at, without any secret."""


@dataclass(frozen=True, slots=True)
class Community:
    """Who asks by SNMPv1 (``version`` 1) or v2c (2)."""

    name: str
    version: int = 2

    def __repr__(self) -> str:
        return f"Community(***, version={self.version})"


@dataclass(frozen=True, slots=True)
class User:
    """Who asks by SNMPv3. Without keys: noAuthNoPriv; with the first: authNoPriv; with both: authPriv."""

    name: str
    auth_protocol: str = "sha"
    auth_key: str | None = None
    priv_protocol: str = "aes"
    priv_key: str | None = None
    context: str = ""

    def __repr__(self) -> str:
        return f"User({self.name!r}, keys=***)"


class Session(Protocol):
    """A way to one agent; used by one thread at a time. All raise SnmpError, and none waits much longer than told."""

    def get(self, oids: Sequence[Oid]) -> dict[Oid, Value]:
        """The values of instances, in as many requests as the agent needs; what it does not have is left out."""

    def following(self, oids: Sequence[Oid]) -> dict[Oid, Oid]:
        """For each the first object behind it; left out where there is none."""

    def walk(self, root: Oid) -> dict[Oid, Value]:
        """All below an object, in bulk; an instance gives itself. An agent that goes in circles is an error."""

    def rows(self, first: Sequence[Oid], columns: Sequence[Oid], count: int) -> dict[Oid, Value]:
        """In one request: the instances ``first``, and of each column the ``count`` objects behind the one given.

        What an agent leaves out of a long answer is missing.
        """

    def close(self) -> None:
        """Let it go; again, and nothing happens. Another thread may call it, and whoever waits comes back."""

# SPDX-License-Identifier: Apache-2.0
"""The strategies that a request may name."""

from __future__ import annotations

from typing import TypedDict

from climate.client.connection import Connection


class Scheduler(TypedDict):
    """A strategy; ``default``: it serves requests that name none."""

    name: str
    description: str
    default: bool


class Schedulers:
    """The strategies that you may name."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def list(self) -> list[Scheduler]:
        """Those that you may name, by name."""
        return self._connection.json("GET", "/schedulers")["schedulers"]

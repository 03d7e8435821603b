# SPDX-License-Identifier: Apache-2.0
"""The strategies that a request may name."""

from __future__ import annotations

from typing import TypedDict

from climate.client.connection import Connection


class Scheduler(TypedDict):
    """A strategy; ``default``: it serves requests that name none; ``may_choose``: the asker may name it."""

    name: str
    description: str
    default: bool
    may_choose: bool


class Schedulers:
    """The strategies of the site."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def list(self) -> list[Scheduler]:
        """All strategies, by name."""
        return self._connection.json("GET", "/schedulers")["schedulers"]

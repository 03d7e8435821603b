# SPDX-License-Identifier: Apache-2.0
"""The facts of hosts by which a request may choose."""

from __future__ import annotations

from typing import Any, NotRequired, TypedDict

from climate.client.connection import Connection


class Property(TypedDict):
    """A fact. With detail, ``values`` are those in use, or ``minimum`` and ``maximum`` where they are numbers;
    operators also see how many ``hosts`` have it."""

    name: str
    type: str
    unit: str | None
    description: str | None
    values: NotRequired[list[Any]]
    minimum: NotRequired[float | None]
    maximum: NotRequired[float | None]
    hosts: NotRequired[int]


class Properties:
    """The catalogue of properties."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def list(self, *, detail: bool = False) -> list[Property]:
        """All properties by name; with ``detail`` the values in use, too."""
        return self._connection.json("GET", "/properties", query={"detail": "true" if detail else None})["properties"]

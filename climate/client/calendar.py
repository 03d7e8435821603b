# SPDX-License-Identifier: Apache-2.0
"""Leases in time, for drawing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NotRequired, TypedDict

from climate.client.connection import Connection
from climate.client.leases import LeaseHost


class Entry(TypedDict):
    """A lease's time; operators also see its hosts."""

    lease_id: str
    project_id: str
    name: str
    state: str
    start_at: str
    end_at: str
    quantity: int
    hosts: NotRequired[list[LeaseHost]]


class Calendar:
    """Who has what when: one's own project, or the whole site for operators."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def list(self, **filters: Any) -> Iterator[Entry]:
        """Leases that hold hosts, by their start; ``filters`` are the query arguments of ``GET /v1/calendar``."""
        return self._connection.pages("/calendar", "entries", filters)

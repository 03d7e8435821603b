# SPDX-License-Identifier: Apache-2.0
"""Which hosts match a filter, and which properties one may filter by: answered from memory."""

from __future__ import annotations

import threading
from typing import Any

from climate.core.candidates import Candidates
from climate.core.host_properties.catalogue import Property
from climate.core.host_properties.describe import describe
from climate.core.host_properties.grammar import parse
from climate.core.host_properties.match import match
from climate.core.host_properties.table import HostTable
from climate.inventory.store.protocol import Store


class Matching:
    """Keeps the hosts that are not retired as a table, as long as the store says that no host changed."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._table = HostTable(())
        self._generation: int | None = None

    def candidates(self, properties: list[Any], sees_hosts: bool) -> Candidates:
        """Bookable hosts that match.

        :raises BadProperties: the filter cannot be understood.
        """
        clause = parse(properties)
        return match(self._current(), clause, sees_hosts)

    def properties(self, sees_hosts: bool) -> list[Property]:
        """The properties that hosts have, by name."""
        return describe(self._current(), sees_hosts)

    def _current(self) -> HostTable:
        generation = self._store.generation()
        with self._lock:
            # A thread that read the number early must not put an older table back.
            if self._generation is None or generation > self._generation:
                known = self._store.load()
                self._table = HostTable(host for host in known.hosts if host.retired_at is None)
                self._generation = known.generation
            return self._table

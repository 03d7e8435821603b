# SPDX-License-Identifier: Apache-2.0
"""Which hosts match a filter, and how hosts are called: answered from memory."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

from climate.core.candidates import Candidates, pack
from climate.core.host_properties.effective import InEffect, in_effect
from climate.core.host_properties.grammar import parse
from climate.core.host_properties.match import match
from climate.inventory.refresh_plan import Known
from climate.inventory.store.protocol import Store
from climate.rpcapi.inventory import HostNames


@dataclass(frozen=True, slots=True)
class Copy:
    """What is kept of one generation: all that is known, the facts in effect of hosts that are not retired, names."""

    known: Known
    effect: InEffect
    names: HostNames


class Matching:
    """Keeps what it reads of the hosts as long as the store says that no host changed."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._kept: Copy | None = None

    def candidates(self, properties: list[Any], sees_hosts: bool) -> Candidates:
        """Bookable hosts that match.

        :raises BadProperties: the filter cannot be understood.
        """
        clause = parse(properties)
        return match(self.current().effect.table, clause, sees_hosts)

    def names(self, known_generation: int | None) -> HostNames | None:
        """How all hosts are called; ``None`` while no host changed since ``known_generation``."""
        names = self.current().names
        return None if names.generation == known_generation else names

    def current(self) -> Copy:
        """All that is known now."""
        generation = self._store.generation()
        with self._lock:
            # A thread that read the number early must not put an older table back.
            if self._kept is None or generation > self._kept.names.generation:
                self._kept = _copy_of(self._store.load())
            return self._kept


def _copy_of(known: Known) -> Copy:
    names = HostNames(
        generation=known.generation,
        hosts=pack(host.host_id for host in known.hosts),
        names=tuple(host.name for host in known.hosts),
        service_hosts=tuple(host.service_host for host in known.hosts),
        retired=tuple(host.retired_at is not None for host in known.hosts),
    )
    live = (host for host in known.hosts if host.retired_at is None)
    return Copy(known, in_effect(live, known.definitions), names)

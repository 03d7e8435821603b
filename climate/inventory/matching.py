# SPDX-License-Identifier: Apache-2.0
"""Which hosts match a filter, and how hosts are called: answered from memory."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

from climate.core.candidates import Candidates, pack
from climate.core.host import Host
from climate.core.host_properties.effective import InEffect, in_effect
from climate.core.host_properties.grammar import parse
from climate.core.host_properties.match import match
from climate.inventory.refresh_plan import Known
from climate.inventory.store.protocol import Store
from climate.rpcapi.inventory import HostNames


@dataclass(frozen=True, slots=True)
class Copy:
    """What is kept of one generation: all that is known, the facts in effect of hosts that are not retired, names.

    When a host was last seen may have been later.
    """

    known: Known
    effect: InEffect
    names: HostNames


class Matching:
    """Keeps what it reads of the hosts, and reads what changed as soon as the store says that something did."""

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
        """How all hosts are called; ``None`` while that is what it was at ``known_generation``."""
        copy = self.current()
        names = copy.names
        still_true = known_generation is not None and names.generation <= known_generation <= copy.known.generation
        return None if still_true else names

    def current(self) -> Copy:
        """All that is known now."""
        generation = self._store.generation()
        with self._lock:
            # A thread that read the number early must not put an older table back.
            if self._kept is None:
                self._kept = _copy_of(self._store.load())
            elif generation > self._kept.known.generation:
                news = self._store.load(after=self._kept.known.generation)
                self._kept = _copy_of(self._kept.known.updated(news), self._kept)
            return self._kept


def _copy_of(known: Known, before: Copy | None = None) -> Copy:
    live = (host for host in known.hosts if host.retired_at is None)
    effect = in_effect(live, known.definitions, None if before is None else before.effect)
    if before is not None and [*map(_called, before.known.hosts)] == [*map(_called, known.hosts)]:
        return Copy(known, effect, before.names)
    names = HostNames(
        generation=known.generation,
        hosts=pack(host.host_id for host in known.hosts),
        names=tuple(host.name for host in known.hosts),
        service_hosts=tuple(host.service_host for host in known.hosts),
        retired=tuple(host.retired_at is not None for host in known.hosts),
    )
    return Copy(known, effect, names)


def _called(host: Host) -> tuple[str, str, str, bool]:
    return host.host_id, host.name, host.service_host, host.retired_at is not None

# SPDX-License-Identifier: Apache-2.0
"""The twin in memory of the store of limits, beside that of leases."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping

from climate.core import rate as rates
from climate.core.lifecycle import State
from climate.core.rate import Bucket, Rate, Taken
from climate.planning.store.limits_protocol import Standing
from climate.planning.store.memory import MemoryStore


class MemoryLimits:
    """Limits in dictionaries (see :class:`climate.planning.store.limits_protocol.LimitStore`)."""

    def __init__(self, leases: MemoryStore) -> None:
        self._leases = leases
        self._lock = threading.Lock()
        self._own: dict[str, dict[str, int]] = {}
        self._buckets: dict[str, Bucket] = {}

    def own(self, project_id: str) -> dict[str, int]:
        """A project's own limits by name."""
        with self._lock:
            return dict(self._own.get(project_id, {}))

    def standing(self, project_id: str) -> Standing:
        """A project's own limits and its live leases."""
        live = Counter(lease.state for lease in self._leases.of_project(project_id) if lease.live)
        return Standing(self.own(project_id), live)

    def set(self, project_id: str, values: Mapping[str, int | None]) -> None:
        """Write some of a project's own limits; ``None`` forgets one."""
        with self._lock:
            own = {**self._own.get(project_id, {}), **values}
            kept = {name: value for name, value in own.items() if value is not None}
            if kept:
                self._own[project_id] = kept
            else:
                self._own.pop(project_id, None)

    def listed(self, limit: int, marker: str | None) -> list[tuple[str, dict[str, int]]]:
        """Up to ``limit`` projects with own limits, by id, those after ``marker``."""
        with self._lock:
            found = sorted((project_id, dict(own)) for project_id, own in self._own.items())
        return [one for one in found if marker is None or one[0] > marker][:limit]

    def withdrawn(self, project_id: str, since: int) -> int:
        """How many of a project's proposals were cancelled or expired after an instant."""
        return len(self._withdrawn_at(project_id, since))

    def nth_withdrawn(self, project_id: str, since: int, nth: int) -> int | None:
        """When the ``nth`` of those was, counted from the newest, from 1; ``None`` if there are fewer."""
        newest = self._withdrawn_at(project_id, since)
        return newest[nth - 1] if len(newest) >= nth else None

    def take_requests(self, project_id: str, wanted: int, rate: Rate, now_us: int) -> Taken:
        """Take up to ``wanted`` requests out of the project's bucket."""
        with self._lock:
            taken = rates.take(self._buckets.get(project_id), wanted, rate, now_us)
            self._buckets[project_id] = taken.bucket
        return taken

    def _withdrawn_at(self, project_id: str, since: int) -> list[int]:
        closed = [
            lease.closed_at
            for lease in self._leases.of_project(project_id)
            if lease.state in (State.CANCELLED, State.EXPIRED)
            and lease.confirmed_at is None
            and lease.closed_at is not None
        ]
        return sorted((at for at in closed if at > since), reverse=True)

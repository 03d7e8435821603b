# SPDX-License-Identifier: Apache-2.0
"""What planning asks of the store of limits; one contract suite runs over every implementation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from climate.core.lifecycle import State
from climate.core.rate import Rate, Taken


@dataclass(frozen=True, slots=True)
class Standing:
    """A project's own limits, and how many leases it has in each live state (a state without any may be missing)."""

    own: Mapping[str, int]
    live: Mapping[State, int]


class LimitStore(Protocol):
    """Every method is one transaction of its own."""

    def own(self, project_id: str) -> dict[str, int]:
        """A project's own limits by name; ``{}`` where the site's are meant."""

    def standing(self, project_id: str) -> Standing:
        """A project's own limits and its live leases."""

    def set(self, project_id: str, values: Mapping[str, int | None]) -> None:
        """Write some of a project's own limits; ``None`` forgets one."""

    def listed(self, limit: int, marker: str | None) -> list[tuple[str, dict[str, int]]]:
        """Up to ``limit`` projects with own limits, by id, those after ``marker``."""

    def withdrawn(self, project_id: str, since: int) -> int:
        """How many of a project's proposals were cancelled or expired after an instant."""

    def nth_withdrawn(self, project_id: str, since: int, nth: int) -> int | None:
        """When the ``nth`` of those was, counted from the newest, from 1; ``None`` if there are fewer."""

    def take_requests(self, project_id: str, wanted: int, rate: Rate, now_us: int) -> Taken:
        """Take up to ``wanted`` requests out of the project's bucket (see :func:`climate.core.rate.take`)."""

# SPDX-License-Identifier: Apache-2.0
"""Sources and hosts for the inventory's tests."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Callable, Iterable

from climate.core.host import PropertyValue, SourceHost


def told(name: str, **properties: PropertyValue) -> SourceHost:
    """A host as a source tells it."""
    return SourceHost(name=name, service_host=f"compute-{name}", external_id=f"x-{name}", properties=properties)


def numbered_ids() -> Callable[[], str]:
    """Ids 1, 2, 3, ..."""
    numbers = itertools.count(1)
    return lambda: str(uuid.UUID(int=next(numbers)))


class ListSource:
    """Tells what a test puts into ``hosts``, or raises what it puts into ``error``."""

    def __init__(self, name: str, hosts: Iterable[SourceHost] = ()) -> None:
        self.name = name
        self.hosts = list(hosts)
        self.error: Exception | None = None
        self.fetches = 0

    def fetch(self) -> list[SourceHost]:
        """What the test wants."""
        self.fetches += 1
        if self.error is not None:
            raise self.error
        return list(self.hosts)

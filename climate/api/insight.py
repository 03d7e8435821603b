# SPDX-License-Identifier: Apache-2.0
"""What the inventory adds to a lease that is shown: what its hosts have in common, and what is hidden from whom.

A lease can be read while the inventory is away: then what only the inventory
knows is left out, and nothing is shown that it might hide.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import TypeVar

from climate.api.disclosure import names_in
from climate.core.candidates import pack
from climate.core.lease import Lease
from climate.errors import ServiceUnavailable
from climate.rpcapi.inventory import Common, InventoryAPI

T = TypeVar("T")

_AWAY_S = 15.0


class Insight:
    """Asks the inventory; once it did not answer, not again for ``_AWAY_S``, since each such question takes long."""

    def __init__(self, inventory: InventoryAPI, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._inventory = inventory
        self._monotonic = monotonic
        self._ask_from = -_AWAY_S

    def common(self, request_id: str, lease: Lease, sees_hosts: bool) -> Common | None:
        """What a lease's hosts have in common, and which names in it the asker may know; ``None``: nobody knows."""
        hosts, names = pack(lease.hosts), names_in(lease)
        return self._asked(
            lambda: self._inventory.get_common(request_id, hosts=hosts, names=names, sees_hosts=sees_hosts)
        )

    def visible(self, request_id: str, leases: Iterable[Lease], sees_hosts: bool) -> frozenset[str]:
        """Which names of properties in these leases the asker may know; none while the inventory is away."""
        names = list(dict.fromkeys(name for lease in leases for name in names_in(lease)))
        if not names:
            return frozenset()
        asked = self._asked(lambda: self._inventory.get_visible(request_id, names=names, sees_hosts=sees_hosts))
        return frozenset() if asked is None else asked

    def _asked(self, ask: Callable[[], T]) -> T | None:
        if self._monotonic() < self._ask_from:
            return None
        try:
            return ask()
        except ServiceUnavailable:
            self._ask_from = self._monotonic() + _AWAY_S
            return None

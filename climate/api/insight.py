# SPDX-License-Identifier: Apache-2.0
"""What the inventory adds to a lease that is shown: what its hosts have in common, and what is hidden from whom.

A lease can be read while the inventory is away: then what only the inventory
knows is left out, and nothing is shown that it might hide.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import TypeVar

from climate.core.candidates import pack
from climate.core.host_properties.visibility import Visibility
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

    def common(self, request_id: str, hosts: Iterable[str], sees_hosts: bool) -> Common | None:
        """What hosts have in common, as far as the asker may name it; ``None`` while the inventory is away."""
        packed = pack(hosts)
        return self._asked(lambda: self._inventory.get_common(request_id, hosts=packed, sees_hosts=sees_hosts))

    def visibility(self, request_id: str) -> Visibility | None:
        """What is hidden from whom; ``None`` while the inventory is away."""
        return self._asked(lambda: self._inventory.get_visibility(request_id))

    def _asked(self, ask: Callable[[], T]) -> T | None:
        if self._monotonic() < self._ask_from:
            return None
        try:
            return ask()
        except ServiceUnavailable:
            self._ask_from = self._monotonic() + _AWAY_S
            return None

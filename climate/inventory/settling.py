# SPDX-License-Identifier: Apache-2.0
"""An admin's decision brought into the store: made anew where others changed hosts or properties in between."""

from __future__ import annotations

from collections.abc import Callable

from climate.core.host_properties.effective import InEffect
from climate.errors import ServiceUnavailable
from climate.inventory.decisions import Decision
from climate.inventory.matching import Matching
from climate.inventory.refresh_plan import Known
from climate.inventory.store.protocol import Store

_ATTEMPTS = 10


def settle(store: Store, matching: Matching, decide: Callable[[Known, InEffect], Decision]) -> None:
    """Carry out what ``decide`` makes of the newest state; what it raises passes through.

    :raises ServiceUnavailable: others change the store again and again.
    """
    for _ in range(_ATTEMPTS):
        copy = matching.current()
        if store.settle(decide(copy.known, copy.effect)):
            return
    raise ServiceUnavailable("The inventory is changed by others again and again; nothing was changed.")

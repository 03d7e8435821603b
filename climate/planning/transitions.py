# SPDX-License-Identifier: Apache-2.0
"""What the calendar does by itself when the time comes: start, announce the end, end, expire, release.

Any number of workers may run this; each transition is one conditional write,
so it happens once, and late rather than never after an outage.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable

from climate.core import booking
from climate.errors import LeaseChanged
from climate.planning.effects import caused
from climate.planning.store.protocol import Store

LOG = logging.getLogger(__name__)

_BATCH = 200


class Transitions:
    """Carries out what is due. ``clock`` gives epoch seconds."""

    def __init__(self, store: Store, clock: Callable[[], int], randomness: random.Random) -> None:
        self._store = store
        self._clock = clock
        self._randomness = randomness

    def run_due(self) -> int:
        """Do all that is due now and return how many transitions this worker made.

        A lease for which several are due (after an outage) makes them one
        after the other, in order.
        """
        made = 0
        while lease_ids := self._store.due(self._clock(), _BATCH):
            # Workers that wake at the same instant start at different ends of the list.
            self._randomness.shuffle(lease_ids)
            advanced = sum(self._advance(lease_id) for lease_id in lease_ids)
            made += advanced
            if not advanced:
                break
        return made

    def _advance(self, lease_id: str) -> bool:
        try:
            lease = self._store.get_lease(lease_id)
            decision = booking.advance(lease, self._store.get_held(lease_id), self._clock())
            if decision is None:
                return False
            self._store.commit(decision, caused.by(decision))
        except LeaseChanged:
            return False
        except Exception:
            # Whatever is wrong with this lease, the others are due too.
            LOG.exception("lease %s is due and could not be moved", lease_id)
            return False
        LOG.info("lease %s of project %s %s", lease_id, lease.owner.project_id, decision.event)
        return True

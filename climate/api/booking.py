# SPDX-License-Identifier: Apache-2.0
"""Match, then plan: what one request asks of the services, in which order."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import msgspec

from climate.core.candidates import Candidates
from climate.core.lease import Lease, LeaseChange, Owner, RepeatKey, Terms, Wish
from climate.errors import BadField, BadProperties
from climate.rpcapi.inventory import InventoryAPI
from climate.rpcapi.planning import PlanningAPI

REPEAT_HEADER = "Idempotency-Key"
_LONGEST_KEY = 255


class Booking:
    """Makes and changes leases with the inventory's hosts and planning's calendar.

    ``clock`` gives epoch seconds; ``timeout_s`` is how long each service may
    take. What planning has not booked by then it does not book any more,
    since nobody would hear of it.
    """

    def __init__(
        self, inventory: InventoryAPI, planning: PlanningAPI, clock: Callable[[], int], timeout_s: float
    ) -> None:
        self._inventory = inventory
        self._planning = planning
        self._clock = clock
        self._timeout_s = timeout_s

    def book(
        self,
        request_id: str,
        *,
        owner: Owner,
        wish: Wish,
        terms: Terms,
        quantity: int,
        confirm: bool,
        repeat: RepeatKey | None,
        sees_hosts: bool,
    ) -> Lease:
        """A new lease, held or, with ``confirm``, promised.

        Planning is asked even if no host matches: it knows whether the same
        request was answered before, and a window that cannot be is told first.

        :raises BadField: see :meth:`climate.rpcapi.planning.PlanningAPI.make_proposal`.
        :raises BadProperties: the filter cannot be understood.
        :raises NothingFits: no such hosts are free; also where none match at all.
        """
        hosts = self._inventory.get_hosts(request_id, properties=terms.host_properties, sees_hosts=sees_hosts)
        return self._planning.make_proposal(
            request_id,
            hosts=hosts,
            start_time=wish.start_time,
            end_time=wish.end_time,
            duration=wish.duration_s,
            quantity=quantity,
            owner=owner,
            terms=terms,
            confirm=confirm,
            repeat=repeat,
            answer_by=self._answer_by(),
        )

    def change(
        self,
        request_id: str,
        lease_id: str,
        project_id: str | None,
        change: LeaseChange,
        *,
        sees_hosts: bool,
    ) -> Lease:
        """A lease made different; hosts that join match the lease's own filter.

        :raises LeaseNotFound: none in this scope.
        :raises BadProperties: hosts shall join, and the filter speaks of what no host has any more.
        :raises NothingFits: the extension collides, or no more such hosts are free.
        """
        hosts: Candidates | None = None
        if change.quantity is not None:
            lease = self._planning.get_proposal_details(request_id, lease_id=lease_id, project_id=project_id)
            if change.quantity > lease.quantity:
                hosts = self._more(request_id, lease.terms.host_properties, sees_hosts)
        return self._planning.change_lease(
            request_id,
            lease_id=lease_id,
            project_id=project_id,
            change=change,
            hosts=hosts,
            answer_by=self._answer_by(),
        )

    def _more(self, request_id: str, host_properties: list[Any], sees_hosts: bool) -> Candidates:
        """Hosts for a lease that exists. Whoever made it was allowed its filter; who changes it names nothing."""
        try:
            return self._inventory.get_hosts(request_id, properties=host_properties, sees_hosts=True)
        except BadProperties:
            if sees_hosts:
                raise
            # Its filter may be hidden from the asker, and so may be the names that are like those in it.
            raise BadProperties(
                "The lease was made for properties of hosts that there are no more: no host can be added to it.",
                field="quantity",
                clause="",
                place="",
                near=[],
            ) from None

    def _answer_by(self) -> int:
        return self._clock() + int(self._timeout_s)


def repeat_key(header: str | None, *request: object) -> RepeatKey | None:
    """The Idempotency-Key of a request, with a fingerprint of what was asked; ``None`` without the header.

    :raises BadField: a key that is empty, too long, or no printable ASCII.
    """
    if header is None:
        return None
    if not (0 < len(header) <= _LONGEST_KEY and header.isascii() and header.isprintable()):
        raise BadField(f"{REPEAT_HEADER} must be 1 to {_LONGEST_KEY} printable ASCII characters.", field=REPEAT_HEADER)
    fingerprint = hashlib.sha256(msgspec.json.encode(request, order="sorted")).hexdigest()
    return RepeatKey(key=header, fingerprint=fingerprint)

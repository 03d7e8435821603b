# SPDX-License-Identifier: Apache-2.0
"""``/v1/hosts/availability``: one call for a whole scheduling round, and almost nothing while nothing changed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from climate.api import disclosure, policies
from climate.api.occupancy import FREE, HostNames, Named, Occupancy, Uses
from climate.chassis.web.policy import Policies
from climate.chassis.web.resource import Answer, Call, Resource
from climate.core.period import format_instant

_CACHING = "private, no-cache"
_DIGEST_DIGITS = 16


@dataclass(frozen=True, slots=True)
class _Listing:
    """The answer made of two copies; ``tag`` goes into its ETag."""

    uses: Uses
    named: Named
    tag: str
    body: disclosure.JSON


class Availability(Resource):
    """Every host: the lease now, until when, and the next."""

    def __init__(self, occupancy: Occupancy, names: HostNames, policies: Policies) -> None:
        super().__init__()
        self._occupancy = occupancy
        self._names = names
        self._policies = policies
        self._kept: _Listing | None = None

    def get(self, call: Call) -> Answer:
        """All hosts; 304 to whoever has this answer already.

        Whoever reads it later compares its instants with the clock.
        """
        self._policies.require(call.identity(), policies.AVAILABILITY)
        call.query()
        # A host that has a lease is in the inventory before: in this order none is missed.
        listing = self._listing(self._occupancy.uses(call.request_id), self._names.all(call.request_id))
        headers = {"ETag": f'"{listing.tag}"', "Cache-Control": _CACHING}
        if listing.tag in call.request.if_none_match:
            return Answer(status=304, headers=headers)
        return Answer(listing.body, headers=headers)

    def _listing(self, uses: Uses, named: Named) -> _Listing:
        kept = self._kept
        if kept is None or kept.uses is not uses or kept.named is not named:
            kept = self._kept = _listing_of(uses, named)
        return kept


def _listing_of(uses: Uses, named: Named) -> _Listing:
    """All hosts that are not retired, and those that still have a lease.

    The tag is the number of the calendar's last change and a digest of how
    these hosts are called. So each copy of the API gives the same tag, and
    other facts of hosts do not change it.
    """
    listed = [(host, uses.by_host.get(host.host_id, FREE)) for host in named.by_id.values()]
    listed = [(host, use) for host, use in listed if not host.retired or use != FREE]
    called = json.dumps([(host.host_id, host.name, host.service_host) for host, _ in listed])
    digest = hashlib.sha256(called.encode()).hexdigest()[:_DIGEST_DIGITS]
    shown = [disclosure.availability(host, use) for host, use in listed]
    body = {"sequence": uses.sequence, "generated_at": format_instant(uses.at), "hosts": shown}
    return _Listing(uses, named, f"{uses.sequence}-{digest}", body)

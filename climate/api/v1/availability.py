# SPDX-License-Identifier: Apache-2.0
"""``/v1/hosts/availability``: one call for a whole scheduling round, and almost nothing while nothing changed."""

from __future__ import annotations

from climate.api import disclosure, policies
from climate.api.occupancy import HostNames, Occupancy
from climate.api.policies import Policies
from climate.chassis.web.resource import Answer, Call, Resource

_CACHING = "private, no-cache"


class Availability(Resource):
    """Every host that ever was in a lease: the lease now, until when, and the next."""

    def __init__(self, occupancy: Occupancy, names: HostNames, policies: Policies) -> None:
        super().__init__()
        self._occupancy = occupancy
        self._names = names
        self._policies = policies

    def get(self, call: Call) -> Answer:
        """All hosts; 304 to whoever has this answer already.

        The ETag is the number of the calendar's last change. The answer holds
        no time of its own, so that one number always means one answer.
        """
        self._policies.require(call.identity(), policies.AVAILABILITY)
        call.query()
        uses = self._occupancy.uses(call.request_id)
        headers = {"ETag": f'"{uses.sequence}"', "Cache-Control": _CACHING}
        if str(uses.sequence) in call.request.if_none_match:
            return Answer(status=304, headers=headers)
        names = self._names.of(call.request_id, uses.by_host)
        shown = [disclosure.availability(host_id, names[host_id], use) for host_id, use in uses.by_host.items()]
        return Answer({"sequence": uses.sequence, "hosts": shown}, headers=headers)

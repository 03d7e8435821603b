# SPDX-License-Identifier: Apache-2.0
"""``/v1/calendar``: who has how many hosts when, for drawing."""

from __future__ import annotations

import itertools
from collections.abc import Callable

from climate.api import disclosure, policies, queries
from climate.api.occupancy import HostNames
from climate.chassis.web import paging
from climate.chassis.web.policy import Policies
from climate.chassis.web.resource import Answer, Call, Resource
from climate.core.candidates import unpack
from climate.core.period import LAST_INSTANT, format_instant
from climate.rpcapi.planning import PlanningAPI

FILTERS = ("start", "end", "limit", "marker")
_DEFAULT_SPAN_S = 7 * 86_400


class Calendar(Resource):
    """Leases in time: one's own, or for administrators all with their hosts. ``clock`` gives epoch seconds."""

    def __init__(
        self, planning: PlanningAPI, names: HostNames, policies: Policies, clock: Callable[[], int], max_limit: int
    ) -> None:
        super().__init__()
        self._planning = planning
        self._names = names
        self._policies = policies
        self._clock = clock
        self._max_limit = max_limit

    def get(self, call: Call) -> Answer:
        """The entries of a page of leases, by start. A lease that changed its number of hosts has several."""
        who = call.identity()
        self._policies.require(who, policies.CALENDAR)
        given = call.query(*FILTERS)
        page = paging.page_of(given, self._max_limit)
        start, end = self._span(queries.instant(given, "start"), queries.instant(given, "end"))
        entries = self._planning.get_calendar(
            call.request_id,
            start=start,
            end=end,
            project_id=None if self._policies.may(who, policies.CALENDAR_OF_ALL) else str(who.project_id),
            limit=page.ahead,
            marker=page.marker,
        )
        leases = [list(of_lease) for _, of_lease in itertools.groupby(entries, key=lambda entry: entry.lease_id)]
        kept = [entry for of_lease in leases[: page.limit] for entry in of_lease]
        sees_hosts = self._policies.may(who, policies.SEE_HOSTS)
        host_ids = [host_id for entry in kept for host_id in unpack(entry.hosts)] if sees_hosts else []
        names = self._names.of(call.request_id, host_ids)
        return Answer(
            {
                "start": format_instant(start),
                "end": format_instant(end),
                "entries": [disclosure.calendar_entry(entry, sees_hosts=sees_hosts, names=names) for entry in kept],
                **paging.onward(
                    call.address, page, leases, [of_lease[0].lease_id for of_lease in leases[: page.limit]]
                ),
            }
        )

    def _span(self, start: int | None, end: int | None) -> tuple[int, int]:
        """The time to show: a week from now, unless the request says otherwise."""
        start = self._clock() if start is None else start
        end = min(start + _DEFAULT_SPAN_S, LAST_INSTANT) if end is None else end
        queries.span(start, end)
        return start, end

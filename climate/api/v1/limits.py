# SPDX-License-Identifier: Apache-2.0
"""``/v1/limits``: what projects may ask for and hold."""

from __future__ import annotations

from climate.api import bodies, disclosure, policies, queries
from climate.chassis.web import paging
from climate.chassis.web.policy import Policies
from climate.chassis.web.resource import Answer, Call, Resource
from climate.core.limits import LIMITS
from climate.errors import BadField
from climate.rpcapi.planning import PlanningAPI

FILTERS = ("all_projects", "limit", "marker")
_LONGEST_ID = 64


class Limits(Resource):
    """The limits of the asker's project, or of all projects that have their own."""

    item = "project_id"

    def __init__(self, planning: PlanningAPI, policies: Policies, max_limit: int) -> None:
        super().__init__()
        self._planning = planning
        self._policies = policies
        self._max_limit = max_limit

    def part(self, word: str) -> Resource:
        """The limits of the project of that id."""
        return LimitsOfOne(word, self._planning, self._policies)

    def get(self, call: Call) -> Answer:
        """The limits of the asker's project, or with ``all_projects`` a page of those that have their own."""
        who = call.identity()
        given = call.query(*FILTERS)
        if queries.flag(given, "all_projects"):
            self._policies.require(who, policies.LIST_LIMITS)
            return self._page(call, paging.page_of(given, self._max_limit))
        self._policies.require(who, policies.GET_LIMITS)
        for name in ("limit", "marker"):
            if name in given:
                raise BadField(f"{name} goes with all_projects=true.", field=name)
        found = self._planning.get_limits(call.request_id, project_id=str(who.project_id))
        return Answer(disclosure.project_limits(found))

    def _page(self, call: Call, page: paging.Page) -> Answer:
        found = self._planning.list_limits(call.request_id, limit=page.ahead, marker=page.marker)
        shown = [disclosure.project_limits(one) for one in found[: page.limit]]
        onward = paging.onward(call.address, page, found, [one["project_id"] for one in shown])
        return Answer({"projects": shown, **onward})


class LimitsOfOne(Resource):
    """The limits of one project; whether Keystone has it is not asked."""

    def __init__(self, project_id: str, planning: PlanningAPI, policies: Policies) -> None:
        super().__init__()
        self._project_id = project_id
        self._planning = planning
        self._policies = policies

    def get(self, call: Call) -> Answer:
        """All limits, each with what is used where that is counted."""
        self._policies.require(call.identity(), policies.GET_LIMITS, self._project_id)
        call.query()
        found = self._planning.get_limits(call.request_id, project_id=checked(self._project_id))
        return Answer(disclosure.project_limits(found))

    def patch(self, call: Call) -> Answer:
        """Limits of its own."""
        self._policies.require(call.identity(), policies.UPDATE_LIMITS)
        values = bodies.read(bodies.LimitsPatch, call.body).values
        found = self._planning.set_limits(call.request_id, project_id=checked(self._project_id), values=values)
        return Answer(disclosure.project_limits(found))

    def delete(self, call: Call) -> Answer:
        """The site's limits again, all of them."""
        self._policies.require(call.identity(), policies.UPDATE_LIMITS)
        values = dict.fromkeys(limit.name for limit in LIMITS)
        self._planning.set_limits(call.request_id, project_id=checked(self._project_id), values=values)
        return Answer(status=204)


def checked(project_id: str) -> str:
    """A project's id, if it can be one.

    :raises BadField: it is empty, too long, or holds characters that no id has.
    """
    if not (0 < len(project_id) <= _LONGEST_ID and project_id.isprintable()):
        raise BadField(f"project_id must be 1 to {_LONGEST_ID} printable characters.", field="project_id")
    return project_id

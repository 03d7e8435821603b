# SPDX-License-Identifier: Apache-2.0
"""``/v1/schedulers``: the strategies that choose dates and hosts."""

from __future__ import annotations

from climate.api import disclosure, policies
from climate.chassis.web.policy import Policies
from climate.chassis.web.resource import Answer, Call, Resource
from climate.rpcapi.planning import PlanningAPI


class Schedulers(Resource):
    """The installed strategies."""

    def __init__(self, planning: PlanningAPI, policies: Policies) -> None:
        super().__init__()
        self._planning = planning
        self._policies = policies

    def get(self, call: Call) -> Answer:
        """All of them, by name."""
        who = call.identity()
        self._policies.require(who, policies.SCHEDULERS)
        call.query()
        may_choose = self._policies.may(who, policies.CHOOSE_SCHEDULER)
        found = self._planning.get_schedulers(call.request_id)
        return Answer({"schedulers": [disclosure.scheduler(one, may_choose) for one in found]})

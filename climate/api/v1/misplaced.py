# SPDX-License-Identifier: Apache-2.0
"""``/v1/hosts/misplaced``: the instances that stand where they may not."""

from __future__ import annotations

from climate.api import disclosure, policies
from climate.chassis.web.policy import Policies
from climate.chassis.web.resource import Answer, Call, Resource
from climate.rpcapi.planning import PlanningAPI


class MisplacedInstances(Resource):
    """Looked up in Nova when asked."""

    def __init__(self, planning: PlanningAPI, policies: Policies) -> None:
        super().__init__()
        self._planning = planning
        self._policies = policies

    def get(self, call: Call) -> Answer:
        """All of them, by host."""
        self._policies.require(call.identity(), policies.MISPLACED)
        call.query()
        found = self._planning.get_misplaced(call.request_id)
        return Answer({"instances": [disclosure.misplaced(one) for one in found]})

# SPDX-License-Identifier: Apache-2.0
"""``/v1/hosts/evacuate``: instances moved off hosts."""

from __future__ import annotations

from climate.api import bodies, disclosure, policies
from climate.chassis.web.policy import Policies
from climate.chassis.web.resource import Answer, Call, Resource
from climate.rpcapi.planning import PlanningAPI


class Evacuating(Resource):
    """Carried out by planning, after the answer."""

    def __init__(self, planning: PlanningAPI, policies: Policies) -> None:
        super().__init__()
        self._planning = planning
        self._policies = policies

    def post(self, call: Call) -> Answer:
        """Empty hosts, or show how; again is the same as once."""
        self._policies.require(call.identity(), policies.EVACUATE)
        hosts, dry_run = bodies.read(bodies.EvacuationRequest, call.body).wanted
        found = self._planning.evacuate_hosts(call.request_id, hosts=hosts, dry_run=dry_run)
        return Answer(disclosure.evacuation(found))

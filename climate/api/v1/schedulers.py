# SPDX-License-Identifier: Apache-2.0
"""``/v1/schedulers``: the strategies that choose dates and hosts, and who may name which."""

from __future__ import annotations

from collections.abc import Sequence

from oslo_config import cfg
from oslo_context.context import RequestContext

from climate.api import disclosure, policies
from climate.chassis.web.policy import Policies
from climate.chassis.web.resource import Answer, Call, Resource
from climate.errors import Forbidden
from climate.rpcapi.planning import PlanningAPI

OPTS = [
    cfg.ListOpt(
        "allowed_schedulers",
        default=[],
        help="Schedulers that requests may name. Without one, requests get [planning] default_scheduler. "
        "Whom the rule climate:leases:choose_scheduler lets choose (administrators) may name any.",
    ),
]


class Naming:
    """Who may name which scheduler: some anyone, the others those whom a rule lets choose."""

    def __init__(self, policies: Policies, allowed: Sequence[str]) -> None:
        self._policies = policies
        self._allowed = frozenset(allowed)

    def may(self, who: RequestContext, scheduler: str) -> bool:
        """Whether somebody may name ``scheduler``, which need not exist."""
        return scheduler in self._allowed or self._policies.may(who, policies.CHOOSE_SCHEDULER)

    def require(self, who: RequestContext, scheduler: str) -> None:
        """Do nothing if they may.

        :raises Forbidden: they may not; the same whether or not there is such a scheduler.
        """
        if not self.may(who, scheduler):
            raise Forbidden(
                "You may not name this scheduler: leave scheduler out, or name one that GET /v1/schedulers lists. "
                "Administrators allow more with the option [api] allowed_schedulers.",
                field="scheduler",
                option="[api] allowed_schedulers",
                rule=policies.CHOOSE_SCHEDULER,
            )


class Schedulers(Resource):
    """The installed strategies."""

    def __init__(self, planning: PlanningAPI, policies: Policies, naming: Naming) -> None:
        super().__init__()
        self._planning = planning
        self._policies = policies
        self._naming = naming

    def get(self, call: Call) -> Answer:
        """Those that the asker may name, by name."""
        who = call.identity()
        self._policies.require(who, policies.SCHEDULERS)
        call.query()
        found = self._planning.get_schedulers(call.request_id)
        return Answer({"schedulers": [disclosure.scheduler(one) for one in found if self._naming.may(who, one.name)]})

# SPDX-License-Identifier: Apache-2.0
"""``/v1/properties``: what a request's host_properties may speak of."""

from __future__ import annotations

from climate.api import disclosure, policies, queries
from climate.api.policies import Policies
from climate.chassis.web.resource import Answer, Call, Resource
from climate.rpcapi.inventory import InventoryAPI


class Properties(Resource):
    """The catalogue of properties."""

    def __init__(self, inventory: InventoryAPI, policies: Policies) -> None:
        super().__init__()
        self._inventory = inventory
        self._policies = policies

    def get(self, call: Call) -> Answer:
        """All of them, by name; with ``detail`` the values in use."""
        who = call.identity()
        self._policies.require(who, policies.PROPERTIES)
        detail = queries.flag(call.query("detail"), "detail") or False
        sees_hosts = self._policies.may(who, policies.SEE_HOSTS)
        found = self._inventory.get_properties(call.request_id, sees_hosts=sees_hosts)
        return Answer({"properties": [disclosure.listed_property(one, detail, sees_hosts) for one in found]})

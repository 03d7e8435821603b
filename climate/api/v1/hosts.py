# SPDX-License-Identifier: Apache-2.0
"""``/v1/hosts``: the machines, for administrators."""

from __future__ import annotations

import urllib.parse

from climate.api import bodies, disclosure, policies, queries
from climate.api.occupancy import FREE, HostNames, Occupancy, Use
from climate.api.v1.availability import Availability
from climate.api.v1.evacuate import Evacuating
from climate.api.v1.misplaced import MisplacedInstances
from climate.chassis.web import paging
from climate.chassis.web.policy import Policies
from climate.chassis.web.resource import Answer, Call, Resource
from climate.core.host import Host
from climate.rpcapi.inventory import HostQuery, InventoryAPI
from climate.rpcapi.planning import PlanningAPI

PATH = "/v1/hosts"
FILTERS = ("name", "retired", "limit", "marker")


class Hosts(Resource):
    """All hosts."""

    item = "host_id"

    def __init__(
        self,
        inventory: InventoryAPI,
        planning: PlanningAPI,
        occupancy: Occupancy,
        names: HostNames,
        policies: Policies,
        max_limit: int,
    ) -> None:
        super().__init__(
            {
                "availability": Availability(occupancy, names, policies),
                "evacuate": Evacuating(planning, policies),
                "misplaced": MisplacedInstances(planning, policies),
            }
        )
        self._inventory = inventory
        self._occupancy = occupancy
        self._policies = policies
        self._max_limit = max_limit

    def part(self, word: str) -> Resource:
        """The host of that id or name, or what has an address of its own."""
        return super().part(word) or OneHost(word, self._inventory, self._occupancy, self._policies)

    def get(self, call: Call) -> Answer:
        """A page of hosts, by name, each with its lease now and next."""
        self._policies.require(call.identity(), policies.LIST_HOSTS)
        given = call.query(*FILTERS)
        page = paging.page_of(given, self._max_limit)
        query = HostQuery(
            name=given.get("name"),
            retired=queries.flag(given, "retired") or False,
            limit=page.ahead,
            marker=page.marker,
        )
        found = self._inventory.list_hosts(call.request_id, query=query)
        uses = self._occupancy.uses(call.request_id).by_host
        shown = [shown_host(call, host, uses.get(host.host_id, FREE)) for host in found[: page.limit]]
        return Answer({"hosts": shown, **paging.onward(call.address, page, found, [host["id"] for host in shown])})


class OneHost(Resource):
    """One host, by id or name."""

    def __init__(self, host_id: str, inventory: InventoryAPI, occupancy: Occupancy, policies: Policies) -> None:
        super().__init__()
        self._host_id = host_id
        self._inventory = inventory
        self._occupancy = occupancy
        self._policies = policies

    def get(self, call: Call) -> Answer:
        """The host, also when it is retired."""
        self._policies.require(call.identity(), policies.GET_HOST)
        call.query()
        return self._shown(call, self._inventory.get_host_details(call.request_id, host_id=self._host_id))

    def patch(self, call: Call) -> Answer:
        """Take the host out of new leases or let it in again, give it properties or take them back."""
        self._policies.require(call.identity(), policies.UPDATE_HOST)
        disabled, reason, properties = bodies.read(bodies.HostPatch, call.body).wanted
        host = self._inventory.set_host(
            call.request_id, host_id=self._host_id, disabled=disabled, reason=reason, properties=properties
        )
        return self._shown(call, host)

    def _shown(self, call: Call, host: Host) -> Answer:
        uses = self._occupancy.uses(call.request_id).by_host
        return Answer(shown_host(call, host, uses.get(host.host_id, FREE)))


def shown_host(call: Call, host: Host, use: Use) -> disclosure.JSON:
    """A host with the link to itself."""
    return disclosure.host(host, use, call.link(f"{PATH}/{urllib.parse.quote(host.host_id)}"))

# SPDX-License-Identifier: Apache-2.0
"""``/v1/properties``: what a request's host_properties may speak of, and what administrators say of it."""

from __future__ import annotations

import urllib.parse
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from oslo_context.context import RequestContext

from climate.api import bodies, disclosure, policies, queries
from climate.chassis.web.policy import Policies
from climate.chassis.web.resource import Answer, Call, Resource
from climate.core.host_properties.describe import Property
from climate.errors import BadField
from climate.rpcapi.inventory import InventoryAPI

PATH = "/v1/properties"
FILTERS = ("detail", "hidden", "sort")

_ORDERS: Mapping[str, Callable[[Property], Any]] = {
    "name": lambda one: one.name,
    "type": lambda one: (one.type, one.name),
    "hosts": lambda one: (-one.hosts, one.name),
}
_OF_THOSE_WHO_SEE_HOSTS = ("hosts", "hidden")


class Properties(Resource):
    """The catalogue of properties."""

    item = "name"

    def __init__(self, inventory: InventoryAPI, policies: Policies) -> None:
        super().__init__()
        self._inventory = inventory
        self._policies = policies

    def part(self, word: str) -> Resource:
        """The property of that name."""
        return OneProperty(word, self._inventory, self._policies)

    def get(self, call: Call) -> Answer:
        """All of them, by name unless ``sort`` says otherwise; with ``detail`` the values in use."""
        who = call.identity()
        self._policies.require(who, policies.PROPERTIES)
        given = call.query(*FILTERS)
        sees_hosts = self._policies.may(who, policies.SEE_HOSTS)
        detail = queries.flag(given, "detail") or False
        hidden = queries.flag(given, "hidden")
        order = _order(given.get("sort", "name"), sees_hosts)
        if hidden is not None and not sees_hosts:
            raise BadField("hidden is for administrators.", field="hidden")
        found: Iterable[Property] = self._inventory.get_properties(call.request_id, sees_hosts=sees_hosts)
        found = sorted((one for one in found if hidden in (None, one.hidden)), key=order)
        return Answer({"properties": [disclosure.listed_property(one, detail, sees_hosts) for one in found]})

    def post(self, call: Call) -> Answer:
        """A property that neither the standard nor a source knows."""
        require(self._policies, call.identity(), policies.CREATE_PROPERTY)
        definition = bodies.read(bodies.PropertyRequest, call.body).definition
        added = self._inventory.add_property(call.request_id, definition=definition)
        location = call.link(f"{PATH}/{urllib.parse.quote(added.name)}")
        return Answer(disclosure.listed_property(added, True, True), status=201, headers={"Location": location})


class OneProperty(Resource):
    """One property, by name."""

    def __init__(self, name: str, inventory: InventoryAPI, policies: Policies) -> None:
        super().__init__()
        self._name = name
        self._inventory = inventory
        self._policies = policies

    def get(self, call: Call) -> Answer:
        """The property, with the values in use."""
        who = call.identity()
        self._policies.require(who, policies.GET_PROPERTY)
        call.query()
        sees_hosts = self._policies.may(who, policies.SEE_HOSTS)
        found = self._inventory.get_property(call.request_id, name=self._name, sees_hosts=sees_hosts)
        return Answer(disclosure.listed_property(found, True, sees_hosts))

    def patch(self, call: Call) -> Answer:
        """Hide it or show it, describe it, give it rules."""
        require(self._policies, call.identity(), policies.UPDATE_PROPERTY)
        change = bodies.read(bodies.PropertyPatch, call.body).change
        changed = self._inventory.change_property(call.request_id, name=self._name, change=change)
        return Answer(disclosure.listed_property(changed, True, True))

    def delete(self, call: Call) -> Answer:
        """Forget all that was said of it, to hosts too."""
        require(self._policies, call.identity(), policies.DELETE_PROPERTY)
        self._inventory.forget_property(call.request_id, name=self._name)
        return Answer(status=204)


def require(policies_: Policies, who: RequestContext, rule: str) -> None:
    """Do nothing if somebody may do what ``rule`` says to properties, and may see them all.

    :raises Forbidden: they may not.
    """
    policies_.require(who, rule)
    policies_.require(who, policies.SEE_HOSTS)


def _order(word: str, sees_hosts: bool) -> Callable[[Property], Any]:
    """By what to sort.

    :raises BadField: by nothing that the asker could see.
    """
    if word in _ORDERS and (sees_hosts or word not in _OF_THOSE_WHO_SEE_HOSTS):
        return _ORDERS[word]
    if word in _ORDERS:
        raise BadField(f"sort={word} is for administrators; there are: name, type.", field="sort")
    there_are = [name for name in _ORDERS if sees_hosts or name not in _OF_THOSE_WHO_SEE_HOSTS]
    raise BadField(f"sort must be one of: {', '.join(there_are)}.", field="sort")

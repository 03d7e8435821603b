# SPDX-License-Identifier: Apache-2.0
"""The endpoint answers what the contract asks, in values that travel as JSON."""

from __future__ import annotations

import inspect
import json
import typing
from typing import Any

import msgspec
import pytest

from climate.core.candidates import Candidates, pack, unpack
from climate.core.host_properties.catalogue import Kind
from climate.core.host_properties.definitions import Definition, Rule
from climate.core.host_properties.describe import Origin
from climate.errors import ClimateError
from climate.inventory.endpoint import InventoryEndpoint
from climate.inventory.hosts import Hosts
from climate.inventory.matching import Matching
from climate.inventory.properties import Properties
from climate.inventory.refresh import Refresher
from climate.inventory.store.memory import MemoryStore
from climate.rpcapi.inventory import Common, HostQuery, InventoryAPI, PropertyChange
from tests.unit.inventory.fleet import ListSource, numbered_ids, told

METHODS = sorted(name for name in vars(InventoryAPI) if not name.startswith("_"))


class Wire:
    """Stands where a caller stands, and lets everything travel as JSON."""

    def __init__(self, endpoint: InventoryEndpoint) -> None:
        self._endpoint = endpoint

    def call(self, request_id: str, method: str, returns: Any, /, **arguments: Any) -> Any:
        """One call, there and back."""
        sent = json.loads(msgspec.json.encode(arguments))
        answer = getattr(self._endpoint, method)({"request_id": request_id}, **sent)
        return msgspec.convert(json.loads(json.dumps(answer)), returns)


@pytest.fixture
def inventory() -> InventoryAPI:
    store = MemoryStore()
    hosts = [told("a", vcpus=8, load=0.5, turbo=True), told("b", vcpus=16)]
    Refresher([ListSource("file", hosts)], store, lambda: True, numbered_ids()).refresh_once(7)
    matching = Matching(store)
    endpoint = InventoryEndpoint(store, matching, Hosts(store, matching), Properties(store, matching))
    return InventoryAPI(typing.cast("Any", Wire(endpoint)))


@pytest.mark.parametrize("method", METHODS)
def test_each_method_of_the_contract_has_its_twin(method: str) -> None:
    """Alike in arguments, their types and defaults, and in what comes back."""
    asked, answered = (getattr(kind, method) for kind in (InventoryAPI, InventoryEndpoint))
    assert answered.exposed
    ours, theirs = (inspect.signature(function).parameters for function in (asked, answered))
    assert list(ours)[2:] == list(theirs)[2:]
    assert all(ours[name].default == theirs[name].default for name in list(ours)[2:])
    hints, twins = (typing.get_type_hints(inspect.unwrap(function)) for function in (asked, answered))
    assert {name: hints[name] for name in [*list(ours)[2:], "return"]} == {
        name: twins[name] for name in [*list(ours)[2:], "return"]
    }


def test_nothing_else_is_exposed() -> None:
    exposed = [name for name in dir(InventoryEndpoint) if getattr(getattr(InventoryEndpoint, name), "exposed", False)]
    assert exposed == METHODS


def test_hosts_travel(inventory: InventoryAPI) -> None:
    found = inventory.get_hosts("r", properties=[">=", "$vcpus", 8], sees_hosts=False)
    assert isinstance(found, Candidates)
    host = inventory.get_host_details("r", host_id="a")
    assert unpack(found.groups[0].hosts)[0] == host.host_id
    assert host.properties == {"vcpus": 8, "load": 0.5, "turbo": True}
    page = inventory.list_hosts("r", query=HostQuery(limit=1, marker=host.host_id))
    assert [one.name for one in page] == ["b"]
    assert inventory.set_host("r", host_id="a", disabled=True, reason="x").disabled
    assert len(inventory.get_hosts("r", properties=[], sees_hosts=False)) == 1


def test_names_travel(inventory: InventoryAPI) -> None:
    names = inventory.get_names("r")
    assert names is not None
    assert (names.names, names.service_hosts, names.retired) == (("a", "b"), ("compute-a", "compute-b"), (False, False))
    assert unpack(names.hosts)[0] == inventory.get_host_details("r", host_id="a").host_id
    assert inventory.get_names("r", known_generation=names.generation) is None


def test_properties_and_sources_travel(inventory: InventoryAPI) -> None:
    described = {known.name: known for known in inventory.get_properties("r", sees_hosts=True)}
    assert described["vcpus"].values == (8, 16)
    assert described["turbo"].values == (True,)
    assert described["name"].values == ("a", "b")
    (state,) = inventory.get_sources("r")
    assert (state.name, state.refreshed_at, state.hosts, state.error) == ("file", 7, 2, "")


def test_what_admins_say_travels(inventory: InventoryAPI) -> None:
    """Rules, gifts, and what is left out."""
    rule = Rule(where=["in", "$vcpus", 8, "16"], value=2.5)
    added = inventory.add_property("r", definition=Definition(name="noise", type=Kind.NUMBER, rules=(rule,)))
    assert (added.values, added.hosts, added.source, added.rules) == ((2.5, 2.5), 2, Origin.ADDED, (rule,))
    assert inventory.get_property("r", name="noise", sees_hosts=False) == added
    assert inventory.set_host("r", host_id="a", properties={"noise": 7, "turbo": None}).given == {"noise": 7}
    changed = inventory.change_property("r", name="noise", change=PropertyChange(hidden=True))
    assert (changed.hidden, changed.values, changed.rules) == (True, (2.5, 7), (rule,))
    hosts = pack([inventory.get_host_details("r", host_id="b").host_id])
    common = inventory.get_common("r", hosts=hosts, names=["noise", "vcpus"], sees_hosts=False)
    assert common == Common(properties={"vcpus": 16}, visible=frozenset({"vcpus"}))
    assert inventory.get_visible("r", names=["noise", "vcpus", "x"], sees_hosts=True) == {"noise", "vcpus"}
    inventory.forget_property("r", name="noise")
    assert inventory.get_host_details("r", host_id="a").given == {}


def test_errors_are_expected_ones(inventory: InventoryAPI) -> None:
    """What oslo.messaging sends back without calling it a failure of the server."""
    for call in (
        lambda: inventory.get_hosts("r", properties=["=", "$id", 1], sees_hosts=False),
        lambda: inventory.get_host_details("r", host_id="nobody"),
        lambda: inventory.get_property("r", name="nothing", sees_hosts=True),
        lambda: inventory.add_property("r", definition=Definition(name="vcpus", type=Kind.NUMBER)),
        lambda: inventory.forget_property("r", name="vcpus"),
    ):
        with pytest.raises(Exception) as caught:  # noqa: PT011 - oslo.messaging's wrapper
            call()
        assert isinstance(caught.value.exc_info[1], ClimateError)

# SPDX-License-Identifier: Apache-2.0
"""Where electricity is told is found by links, in the order of preference, and in few requests."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from climate.devices.redfish.client import NotFound
from climate.devices.redfish.connection import RedfishError
from climate.devices.redfish.discovery import Measured, Plan, Source, Wanted, discover
from climate.devices.redfish.electricity import NotTold
from climate.devices.redfish.navigation import brought
from tests.redfish_trees import CHASSIS, PDU, Tree, bmc, collection, new_bmc, old_bmc, rack_pdu, sensor, whole

OUTLETS = f"{PDU}/Outlets"


class Asked:
    """A tree that is asked, and what for; it expands collections if it says so."""

    def __init__(self, tree: Tree, expands: bool = True) -> None:
        self.tree = tree
        self.expands = expands
        self.requests: list[str] = []

    def __call__(self, uri: str) -> dict[str, Any]:
        self.requests.append(uri)
        path, _, query = uri.partition("?")
        resource = self.tree.get(path.rstrip("/"))
        if resource is None:
            raise NotFound(f"{uri}: HTTP 404")
        if query.startswith("$expand") and self.expands:
            members = [self.tree[member["@odata.id"]] for member in resource["Members"]]
            return resource | {"Members": members}
        return resource


def found(tree: Tree, **wanted: Any) -> Plan:
    return discover(Wanted(taken=wanted.pop("taken", (True,)), **wanted), Asked(tree))


def watts(plan: Plan, fetch: Callable[[str], dict[str, Any]]) -> list[float | None]:
    told = {uri: each for request in plan.requests for uri, each in brought(request, fetch(request))}
    return [place.parse([told.get(uri) for uri in place.uris]).watts for place in plan.places if place is not None]


@pytest.mark.parametrize(
    ("source", "requests", "expected"),
    [
        (Source.SENSORS, [f"{CHASSIS}/Sensors/TotalPower", f"{CHASSIS}/Sensors/TotalEnergy"], 374.0),
        (Source.ENVIRONMENT, [f"{CHASSIS}/EnvironmentMetrics"], 374.0),
        (Source.POWER, [f"{CHASSIS}/Power"], 344.0),
        (
            Source.POWER_SUBSYSTEM,
            [f"{CHASSIS}/PowerSubsystem/PowerSupplies/{name}" for name in ("Bay1/Metrics", "Bay3/Metrics", "Bay2")],
            382.0,
        ),
    ],
)
def test_a_source_needs_few_requests(source: Source, requests: list[str], expected: float) -> None:
    """An empty bay is looked at as well, because one day it is not."""
    plan = found(new_bmc(), sources=(source,))
    assert plan.requests == tuple(requests)
    assert watts(plan, Asked(new_bmc())) == [expected]


def test_the_best_source_that_tells_is_taken() -> None:
    tree = new_bmc()
    assert found(tree).source is Source.SENSORS
    del tree[f"{CHASSIS}/Sensors/TotalPower"]
    assert found(tree).source is Source.ENVIRONMENT
    tree = new_bmc(watts=None)
    assert found(tree).source is Source.POWER_SUBSYSTEM
    for bay in ("Bay1", "Bay3"):
        tree[f"{CHASSIS}/PowerSubsystem/PowerSupplies/{bay}"] = {"Status": {"State": "Absent"}}
    assert found(tree).source is Source.POWER


def test_who_tells_nothing_is_named_with_all_reasons() -> None:
    with pytest.raises(NotTold, match=r"sensors: .*environment: .*power_subsystem: .*power: Power has no PowerCons"):
        found(old_bmc() | whole({f"{CHASSIS}/Power": {"PowerControl": []}}))


def test_an_old_service_is_read_by_what_its_supplies_tell() -> None:
    plan = found(old_bmc(watts=None))
    assert watts(plan, Asked(old_bmc(watts=None))) == [218.0]


def test_without_metrics_the_sensor_is_known_by_what_it_says_of_itself() -> None:
    """Those of a part, or of what comes out, are not of the whole."""
    sensors = {
        "0x01": sensor("Power", 90.0, "W") | {"PhysicalContext": "CPU"},
        "0x02": sensor("Power", 300.0, "W"),
        "0x03": sensor("Power", 270.0, "W", PhysicalSubContext="Output"),
        "energy_1": sensor("EnergyJoules", 9.0, "J"),
    }
    tree = bmc(Sensors=collection(f"{CHASSIS}/Sensors", sensors))
    tree |= whole({f"{CHASSIS}/Sensors/{name}": each for name, each in sensors.items()})
    plan = found(tree)
    assert plan.requests == (f"{CHASSIS}/Sensors/0x02", f"{CHASSIS}/Sensors/energy_1")
    tree |= whole({f"{CHASSIS}/Sensors/0x01": sensor("Power", 90.0, "W")})
    with pytest.raises(NotTold, match="0x01, 0x02"):
        found(tree)


def test_one_chassis_of_several_is_to_be_named() -> None:
    tree = old_bmc() | whole({"/redfish/v1/Chassis": collection("/redfish/v1/Chassis", ["1", "Enclosure"])})
    with pytest.raises(NotFound, match="there are: 1, Enclosure"):
        found(tree)
    assert found(tree, chassis="1").requests == (f"{CHASSIS}/Power",)
    with pytest.raises(NotFound, match="no chassis '2'"):
        found(tree, chassis="2")


@pytest.mark.parametrize("tree", [old_bmc(), new_bmc()])
def test_supplies_keep_their_places(tree: Tree) -> None:
    """The second is absent in both, and says so."""
    plan = found(tree, measured=(Measured.SUPPLIES,), taken=(True, False, True))
    assert len(watts(plan, Asked(tree))) == 2
    absent = found(tree, measured=(Measured.SUPPLIES,), taken=(False, True))
    with pytest.raises(NotTold, match="absent"):
        watts(absent, Asked(tree))


def test_all_outlets_come_in_one_request() -> None:
    plan = found(rack_pdu(), measured=(Measured.OUTLETS,), taken=(True,) * 24)
    assert plan.requests == (f"{OUTLETS}?$expand=.($levels=1)",)
    assert watts(plan, Asked(rack_pdu())) == [100.0 + number for number in range(1, 25)]


def test_few_outlets_are_asked_one_by_one() -> None:
    plan = found(rack_pdu(), measured=(Measured.OUTLETS,), taken=(False, True, False, True))
    assert plan.requests == (f"{OUTLETS}/A2", f"{OUTLETS}/A4")


@pytest.mark.parametrize("tree", [rack_pdu(expand=False), rack_pdu(expand=True)])
def test_who_cannot_expand_is_asked_one_by_one(tree: Tree) -> None:
    """Whether it admits that or not."""
    fetch = Asked(tree, expands=False)
    plan = discover(Wanted(taken=(True,) * 24, measured=(Measured.OUTLETS,)), fetch)
    assert plan.requests == tuple(f"{OUTLETS}/A{number}" for number in range(1, 25))


def test_members_say_which_probe_is_which() -> None:
    """The order of the service does not matter then."""
    members = ("A3", "A1", "A20", "A7")
    plan = found(rack_pdu(), measured=(Measured.OUTLETS,), members=members, taken=(True,) * 4)
    assert watts(plan, Asked(rack_pdu())) == [103.0, 101.0, 120.0, 107.0]
    with pytest.raises(NotFound, match="'B1' is none"):
        found(rack_pdu(), measured=(Measured.OUTLETS,), members=("B1",))


def test_kinds_follow_each_other() -> None:
    measured = (Measured.PDU, Measured.MAINS, Measured.BRANCHES, Measured.OUTLET_GROUPS)
    plan = found(rack_pdu(), measured=measured, taken=(True,) * 5)
    assert watts(plan, Asked(rack_pdu())) == [2748.0, 2748.0, 1374.0, 1374.0, 210.0]


def test_more_probes_than_outlets_are_refused() -> None:
    with pytest.raises(NotTold, match="9 probes are named, and there is less"):
        found(rack_pdu(outlets=8), measured=(Measured.OUTLETS,), taken=(True,) * 9)


def test_a_collection_in_pages_is_read_to_its_end() -> None:
    tree = rack_pdu(outlets=6, expand=False)
    members = tree[OUTLETS]["Members"]
    tree[OUTLETS] |= {"Members": members[:4], "Members@odata.nextLink": f"{PDU}/More"}
    tree[f"{PDU}/More"] = {"Members": members[4:]}
    assert len(found(tree, measured=(Measured.OUTLETS,), taken=(True,) * 6).places) == 6


def test_pages_without_end_are_given_up() -> None:
    tree = rack_pdu(outlets=6, expand=False)
    tree[OUTLETS]["Members@odata.nextLink"] = OUTLETS
    fetch = Asked(tree)
    discover(Wanted(taken=(True,), measured=(Measured.OUTLETS,)), fetch)
    assert len(fetch.requests) < 100


LINKS = st.sampled_from(["/redfish/v1/x", "/redfish/v1/y", "", "https://other.example.org/"])
LINKED = st.fixed_dictionaries({"@odata.id": LINKS | st.none() | st.integers()})
VALUES = st.none() | st.integers() | st.text(max_size=4) | LINKED | st.lists(LINKED | st.integers(), max_size=3)
KNOWN = st.sampled_from(
    ["Chassis", "Members", "PowerEquipment", "RackPDUs", "Outlets", "EnvironmentMetrics", "Sensors"]
)
PARTS = st.sampled_from(
    ["PowerSubsystem", "PowerSupplies", "Power", "PowerControl", "PowerWatts", "@odata.id", "Status"]
)
QUERIES = st.just({"ProtocolFeaturesSupported": {"ExpandQuery": {"NoLinks": True}}})


@given(
    st.lists(st.dictionaries(KNOWN | PARTS, VALUES, max_size=6) | QUERIES, min_size=1, max_size=6),
    st.sampled_from(Measured),
)
def test_in_garbage_nothing_is_found(resources: list[dict[str, Any]], measured: Measured) -> None:
    """And nothing else is raised than that."""
    answers = itertools.cycle(resources)
    seen: dict[str, dict[str, Any]] = {}

    def fetch(uri: str) -> dict[str, Any]:
        if uri not in seen:
            seen[uri] = next(answers)
        return seen[uri]

    with contextlib.suppress(RedfishError):
        plan = discover(Wanted(taken=(True,), measured=(measured,)), fetch)
        watts(plan, fetch)

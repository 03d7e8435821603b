# SPDX-License-Identifier: Apache-2.0
"""What an admin may say of properties and hosts, and what is refused before anything is written."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from climate.core.host import Host
from climate.core.host_properties.catalogue import OWN, Kind
from climate.core.host_properties.definitions import Definition, Rule
from climate.core.host_properties.effective import in_effect
from climate.errors import BadField, BadProperties, ClimateError, PropertyExists, PropertyNotFound, PropertyReported
from climate.inventory import decisions
from climate.inventory.decisions import Decision
from climate.inventory.refresh_plan import Known
from climate.rpcapi.inventory import PropertyChange


def host(number: int, given: dict[str, Any] | None = None, **facts: Any) -> Host:
    return Host(
        host_id=str(uuid.UUID(int=number)),
        name=f"node-{number}",
        service_host="",
        external_id="",
        source="file",
        properties=facts,
        given=given or {},
    )


HOSTS = (
    host(1, vcpus=8, color="red", level=1),
    host(2, {"noise": "high", "color": "blue"}, vcpus=16, level=2),
    host(3, {"noise": "low"}, hypervisor_type="QEMU"),
)
SAID = (
    Definition(name="noise", type=Kind.TEXT, rules=(Rule(where=["=", "$vcpus", 8], value="low"),)),
    Definition(name="gone", hidden=True),
    Definition(name="speed", type=Kind.NUMBER),
)
KNOWN = Known(7, HOSTS, SAID)
EFFECT = in_effect(HOSTS, SAID)


def add(**fields: Any) -> Decision:
    return decisions.addition(KNOWN, EFFECT, Definition(**{"name": "fresh", "type": Kind.TEXT, **fields}))


def change(name: str, **fields: Any) -> Definition:
    decision = decisions.change(KNOWN, EFFECT, name, PropertyChange(**fields))
    assert (decision.seen_generation, decision.forgotten, decision.hosts) == (7, None, ())
    assert decision.definition is not None
    return decision.definition


def give(number: int, properties: dict[str, Any], *, disabled: bool | None = None, reason: str = "") -> Host:
    decision = decisions.of_host(
        KNOWN, EFFECT, HOSTS[number - 1], disabled=disabled, reason=reason, properties=properties
    )
    assert (decision.seen_generation, decision.definition, decision.forgotten) == (7, None, None)
    (changed,) = decision.hosts
    return changed


def rules(*pairs: tuple[Any, Any]) -> tuple[Rule, ...]:
    return tuple(Rule(where=where, value=value) for where, value in pairs)


def test_an_addition_is_kept_as_it_is_meant() -> None:
    """A rule's value becomes one of the property's type."""
    decision = add(hidden=True, unit="dB", type=Kind.NUMBER, rules=rules((["=", "$noise", "low"], "30"), ([], 2.5)))
    assert decision.seen_generation == 7
    assert decision.definition == Definition(
        name="fresh",
        hidden=True,
        unit="dB",
        type=Kind.NUMBER,
        rules=rules((["=", "$noise", "low"], 30), ([], 2.5)),
    )


@pytest.mark.parametrize("name", ["noise", "vcpus", "gpus", "color", "gone", "id", "service.host"])
def test_there_are_no_two_properties_of_one_name(name: str) -> None:
    """Standard, told by a source, added, or only spoken of."""
    with pytest.raises(PropertyExists):
        add(name=name)


BAD_ADDITIONS: list[tuple[dict[str, Any], str]] = [
    ({"name": ""}, "name"),
    ({"name": "$x"}, "name"),
    ({"name": "a b"}, "name"),
    ({"name": "a..b"}, "name"),
    ({"name": "ä"}, "name"),
    ({"name": "x" * 129}, "name"),
    ({"type": None}, "type"),
    ({"unit": "x" * 33}, "unit"),
    ({"unit": "a\nb"}, "unit"),
    ({"description": "x" * 1025}, "description"),
    ({"description": "a\0b"}, "description"),
    ({"rules": rules(*[([], "x")] * 65)}, "rules"),
    ({"type": Kind.NUMBER, "rules": rules(([], 1), ([], "many"))}, "rules[1].value"),
    ({"type": Kind.NUMBER, "rules": rules(([], True))}, "rules[0].value"),
    ({"type": Kind.BOOLEAN, "rules": rules(([], 1))}, "rules[0].value"),
    ({"rules": rules(([], "x" * 4097))}, "rules[0].value"),
    ({"rules": rules(([], "a\0"))}, "rules[0].value"),
    ({"type": Kind.NUMBER, "rules": rules(([], float("inf")))}, "rules[0].value"),
    ({"type": Kind.NUMBER, "rules": rules(([], 2**63))}, "rules[0].value"),
    ({"rules": rules((["=", "$vcpu", 8], "x"))}, "rules[0].where"),
    ({"rules": rules((["=", "$vcpus", 8], "x"), (["and", ["=", "$vcpus", "many"]], "x"))}, "rules[1].where"),
    ({"rules": rules((["homogeneous", "$vcpus"], "x"))}, "rules[0].where"),
    ({"rules": rules((["=", "$fresh", "x"], "x"))}, "rules[0].where"),
    ({"rules": rules((["=", "$vcpus"], "x"))}, "rules[0].where"),
    ({"rules": rules((["not"] * 2 + [[]], "x"))}, "rules[0].where"),
]


@pytest.mark.parametrize(
    ("fields", "field"), BAD_ADDITIONS, ids=[f"{field}-{n}" for n, (_, field) in enumerate(BAD_ADDITIONS)]
)
def test_an_addition_that_cannot_be_is_refused_by_field(fields: dict[str, Any], field: str) -> None:
    with pytest.raises((BadField, BadProperties)) as refused:
        add(**fields)
    assert refused.value.details["field"] == field
    assert refused.value.message.startswith((field, f"{field}:", "A property can have 64 rules"))


def test_a_rules_filter_is_refused_as_any_filter_is() -> None:
    """With clause, place and near names; the field is the rule's."""
    with pytest.raises(BadProperties) as refused:
        add(rules=rules((["and", ["=", "$vcpu", 8]], "x")))
    assert refused.value.message == "rules[0].where: No host has a property $vcpu. Did you mean $vcpus?"
    assert refused.value.details == {
        "field": "rules[0].where",
        "clause": '["=", "$vcpu", 8]',
        "place": "[1][1]",
        "near": ["vcpus"],
    }
    deep: list[Any] = []
    for _ in range(20):
        deep = ["not", deep]
    with pytest.raises(BadProperties, match=r"rules\[0\].where: it is nested too deep"):
        add(rules=rules((deep, "x")))


def test_a_change_leaves_what_is_not_named() -> None:
    (noise, _, _) = SAID
    assert change("noise", hidden=True) == Definition(name="noise", type=Kind.TEXT, hidden=True, rules=noise.rules)
    assert change("noise", unit="dB", description="loud", rules=()) == Definition(
        name="noise", type=Kind.TEXT, unit="dB", description="loud"
    )
    assert change("gone", hidden=False, unit="") == Definition(name="gone", hidden=False)


def test_what_was_never_spoken_of_gets_its_first_word() -> None:
    """Standard properties, whether or not a host has them, and those of a source; they get no type."""
    assert change("vcpus", hidden=True) == Definition(name="vcpus", hidden=True)
    assert change("gpus", description="cards", rules=rules(([], "2"))) == Definition(
        name="gpus", description="cards", rules=rules(([], 2))
    )
    assert change("color", unit="nm") == Definition(name="color", unit="nm")
    assert change("host_ip", hidden=False).hidden is False


@pytest.mark.parametrize(
    ("name", "fields", "field"),
    [
        *((name, {"hidden": False}, "hidden") for name in sorted(OWN)),
        ("name", {"rules": rules(([], "x"))}, "rules"),
        ("vcpus", {"unit": "pieces"}, "unit"),
        ("vcpus", {"unit": ""}, "unit"),
        ("vcpus", {"rules": rules(([], "many"))}, "rules[0].value"),
        ("level", {"rules": rules(([], "high"))}, "rules[0].value"),
        ("speed", {"rules": rules(([], "high"))}, "rules[0].value"),
        ("color", {"unit": "x" * 33}, "unit"),
    ],
)
def test_a_change_that_cannot_be_is_refused_by_field(name: str, fields: dict[str, Any], field: str) -> None:
    """Among others: a value that would change the type of what a source tells."""
    with pytest.raises(BadField) as refused:
        change(name, **fields)
    assert refused.value.details["field"] == field


def test_how_hosts_are_called_may_be_called_hidden() -> None:
    assert change("name", hidden=True, rules=()).hidden is True


def test_forgetting_takes_back_what_hosts_were_given() -> None:
    noise = decisions.forgetting(KNOWN, EFFECT, "noise")
    assert (noise.forgotten, noise.definition) == ("noise", None)
    assert {one.name: one.given for one in noise.hosts} == {"node-2": {"color": "blue"}, "node-3": {}}
    assert decisions.forgetting(KNOWN, EFFECT, "gone").hosts == ()
    (blue,) = decisions.forgetting(KNOWN, EFFECT, "color").hosts
    assert blue.given == {"noise": "high"}


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("vcpus", PropertyReported),
        ("gpus", PropertyReported),
        ("level", PropertyReported),
        ("name", PropertyReported),
        ("nothing", PropertyNotFound),
        ("", PropertyNotFound),
    ],
)
def test_what_no_admin_spoke_of_cannot_be_forgotten(name: str, error: type[ClimateError]) -> None:
    with pytest.raises(error):
        decisions.forgetting(KNOWN, EFFECT, name)


def test_nobody_speaks_of_what_there_is_not() -> None:
    with pytest.raises(PropertyNotFound):
        change("nothing", hidden=True)


def test_a_host_is_given_values_of_the_right_type() -> None:
    """Standard, told, added; null takes back, also what was never given."""
    given = give(2, {"gpus": "2", "color": 7, "noise": None, "level": 3.5, "speed": None, "vcpus": None})
    assert given.given == {"color": "7", "gpus": 2, "level": 3.5}
    assert given.properties == HOSTS[1].properties
    assert (given.disabled, given.disabled_reason) == (False, "")


def test_a_host_is_disabled_with_what_it_is_given() -> None:
    assert give(1, {"gpus": 1}, disabled=True, reason="dust").disabled_reason == "dust"
    enabled = give(1, {"gpus": 1}, disabled=False, reason="left over")
    assert (enabled.disabled, enabled.disabled_reason) == (False, "")


@pytest.mark.parametrize(
    ("properties", "text"),
    [
        ({"gpus": "many"}, "gpus must be a number"),
        ({"level": "high"}, "level must be a number"),
        ({"speed": True}, "speed must be a number"),
        ({"noise": "x" * 4097}, "noise must be at most"),
        ({"gpus": 2**63}, "gpus must be a finite number"),
        ({"name": "other"}, "name cannot be given"),
        ({"id": None}, "id cannot be given"),
        ({"nois": "low"}, r"no property 'nois'. Did you mean noise\? POST /v1/properties adds one."),
        ({"qqqqq": None}, "no property 'qqqqq'. POST"),
        ({"": 1}, "no property ''"),
        ({f"x{'y' * 500}": 1}, "no property"),
    ],
)
def test_what_a_host_cannot_be_given_is_refused_by_name(properties: dict[str, Any], text: str) -> None:
    with pytest.raises(BadField, match=text) as refused:
        give(2, {"color": "green", **properties})
    assert refused.value.details["field"] == "properties"
    assert refused.value.details["property"] == next(iter(properties))[:128]


def test_what_was_given_can_always_be_taken_back() -> None:
    """Also when nobody knows the property any more."""
    left = host(9, {"left over": 1})
    decision = decisions.of_host(
        Known(7, (left,)), in_effect((), ()), left, disabled=None, reason="", properties={"left over": None}
    )
    assert decision.hosts[0].given == {}


def test_a_host_is_given_no_endless_list() -> None:
    said = tuple(Definition(name=f"p{number}", type=Kind.NUMBER) for number in range(257))
    with pytest.raises(BadField, match="256"):
        decisions.of_host(
            Known(7, HOSTS, said),
            in_effect(HOSTS, said),
            HOSTS[0],
            disabled=None,
            reason="",
            properties={one.name: 1 for one in said},
        )

# SPDX-License-Identifier: Apache-2.0
"""Which properties are for everybody, in lists, in filters, and in what hosts have in common."""

from __future__ import annotations

import uuid

import pytest

from climate.core.candidates import pack
from climate.core.host import Host, PropertyValue
from climate.core.host_properties.catalogue import OWN, STANDARD, Kind
from climate.core.host_properties.definitions import Definition, Rule, visibility_of
from climate.core.host_properties.describe import Origin, describe, describe_one
from climate.core.host_properties.effective import in_effect
from climate.core.host_properties.grammar import parse
from climate.core.host_properties.match import match
from climate.core.host_properties.shared import shared_facts
from climate.core.host_properties.table import HostTable
from climate.core.host_properties.visibility import Visibility
from climate.errors import BadProperties


def host(number: int, **facts: PropertyValue) -> Host:
    return Host(
        host_id=str(uuid.UUID(int=number)),
        name=f"node-{number}",
        service_host=f"compute-{number}",
        external_id=str(number),
        source="file",
        properties={name.replace("__", "."): value for name, value in facts.items()},
    )


HIDDEN = (
    "id", "host_id", "name", "hypervisor_hostname", "service.host", "external_id", "host_ip", "service.binary",
    "probes",
)  # fmt: skip


@pytest.mark.parametrize("name", HIDDEN)
def test_what_names_a_host_is_hidden_by_default(name: str) -> None:
    assert Visibility().hides(name)
    assert Visibility().may_name(name, True)


def test_everything_else_is_shown_by_default() -> None:
    shown = [name for name in STANDARD if not Visibility().hides(name)]
    assert set(STANDARD) - set(shown) == {name for name in HIDDEN if name in STANDARD}
    assert not Visibility().hides("services")


@pytest.mark.parametrize("name", [*HIDDEN, "vcpus", "color"])
def test_an_admin_hides_and_shows_all_but_how_hosts_are_called(name: str) -> None:
    """What is a host's own name or id stays hidden whatever is said."""
    assert visibility_of([Definition(name=name, hidden=True)]).hides(name)
    assert visibility_of([Definition(name=name, hidden=False)]).hides(name) is (name in OWN)
    assert visibility_of([Definition(name=name)]) == Visibility()


def test_to_others_a_hidden_name_is_one_that_nobody_uses() -> None:
    """The same refusal, in every place of a filter, with the same names that are near."""
    table = HostTable(
        [host(1, secret_color="red", colour="blue", color="red")], [Definition(name="color", hidden=True)]
    )
    for clause in (
        ["=", "$NAME", "red"],
        ["homogeneous", "$NAME"],
        ["and", ["=", "$NAME", "red"], []],
        ["in", "red", "$NAME"],
        ["=", "$colour", "$NAME"],
    ):
        refusals = []
        for name in ("color", "colur"):  # as near to the other names as each other
            written = parse(
                [part.replace("NAME", name) if isinstance(part, str) else _named(part, name) for part in clause]
            )
            with pytest.raises(BadProperties) as refused:
                match(table, written, False)
            shown = str((refused.value.message, refused.value.details))
            refusals.append(shown.replace(f"${name}", "$NAME"))
        assert refusals[0] == refusals[1]
        assert "'near': ['colour'" in refusals[0]
    assert len(match(table, parse(["=", "$color", "red"]), True)) == 1


def _named(part: object, name: str) -> object:
    return (
        [one.replace("NAME", name) if isinstance(one, str) else one for one in part] if isinstance(part, list) else part
    )


def test_the_catalogue_is_as_wide_as_what_one_may_name() -> None:
    """Those who see hosts also get what an admin spoke of and no host has."""
    definitions = [
        Definition(name="color", hidden=True),
        Definition(name="noise", type=Kind.NUMBER, unit="dB"),
        Definition(name="gone", hidden=False),
        Definition(name="gpus", description="cards"),
    ]
    table = HostTable([host(1, vcpus=8, color="red", host_ip="10.0.0.1")], definitions)
    assert [one.name for one in describe(table, False)] == ["noise", "vcpus"]
    names = [one.name for one in describe(table, True)]
    assert names == sorted([*OWN, "color", "gone", "gpus", "host_ip", "noise", "vcpus"])


@pytest.mark.parametrize(
    ("name", "member", "admin"),
    [
        ("vcpus", True, True),
        ("gpus", True, True),
        ("noise", True, True),
        ("color", False, True),
        ("name", False, True),
        ("gone", False, True),
        ("nothing", False, False),
    ],
)
def test_one_property_is_described_to_whom_could_name_it(name: str, member: bool, admin: bool) -> None:
    """Also a standard one that no host has; what was spoken of and is gone, to the admin alone."""
    definitions = [Definition(name="color", hidden=True), Definition(name="noise", type=Kind.TEXT)]
    table = HostTable([host(1, vcpus=8, color="red")], [*definitions, Definition(name="gone", hidden=False)])
    assert (describe_one(table, name, False) is not None) is member
    assert (describe_one(table, name, True) is not None) is admin


def test_a_description_says_who_has_the_property_from() -> None:
    rule = Rule(where=["=", "$nothing", 1], value=3)
    definitions = [
        Definition(name="noise", type=Kind.NUMBER, unit="dB", description="how loud", rules=(rule,)),
        Definition(name="color", unit="nm", description="of the door"),
        Definition(name="vcpus", description="threads, of which 2 are ours"),
    ]
    effect = in_effect([host(1, vcpus=8, color="red", site="x")], definitions)
    found = {one.name: one for one in describe(effect.table, False, effect.problems)}
    assert {name: one.source for name, one in found.items()} == {
        "color": Origin.REPORTED,
        "noise": Origin.ADDED,
        "site": Origin.STANDARD,
        "vcpus": Origin.STANDARD,
    }
    noise, color, vcpus = found["noise"], found["color"], found["vcpus"]
    assert (noise.unit, noise.description, noise.values, noise.hosts, noise.rules) == ("dB", "how loud", (), 0, (rule,))
    assert noise.rule_problems == ("rules[0] holds for no host: No host has a property $nothing.",)
    assert (color.unit, color.description, color.values, color.rules) == ("nm", "of the door", ("red",), ())
    assert (vcpus.unit, vcpus.description) == ("", "threads, of which 2 are ours")
    assert found["site"].description == STANDARD["site"].description


def test_hosts_share_what_all_of_them_have_with_one_value() -> None:
    """As far as the asker may name it; never what they are called."""
    hosts = [
        host(1, vcpus=8, rack="a", color="red", turbo=True, host_ip="10.0.0.1"),
        host(2, vcpus=8, rack="b", color="red", host_ip="10.0.0.1"),
    ]
    table = HostTable([*hosts, host(3, vcpus=16)], [Definition(name="color", hidden=True)])
    both = pack(one.host_id for one in hosts)
    assert shared_facts(table, both, False) == {"vcpus": 8}
    assert shared_facts(table, both, True) == {"vcpus": 8, "color": "red", "host_ip": "10.0.0.1"}
    one = pack([hosts[0].host_id])
    assert shared_facts(table, one, False) == {"vcpus": 8, "rack": "a", "turbo": True}
    assert not OWN & shared_facts(table, one, True).keys()


def test_hosts_that_are_not_known_share_nothing_with_anybody() -> None:
    table = HostTable([host(1, vcpus=8)])
    unknown = str(uuid.UUID(int=99))
    assert shared_facts(table, pack([unknown]), True) == {}
    assert shared_facts(table, b"", True) == {}
    assert shared_facts(table, pack([unknown, str(uuid.UUID(int=1))]), False) == {"vcpus": 8}

# SPDX-License-Identifier: Apache-2.0
"""Facts in effect: what a source tells, under rules, under what is given to a host."""

from __future__ import annotations

import uuid
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from climate.core.candidates import unpack
from climate.core.host import Host, PropertyValue
from climate.core.host_properties.catalogue import Kind
from climate.core.host_properties.definitions import Definition, Rule
from climate.core.host_properties.effective import InEffect, in_effect
from climate.core.host_properties.grammar import parse
from climate.core.host_properties.match import match
from tests.examples import many


def host(number: int, given: dict[str, PropertyValue] | None = None, **facts: PropertyValue) -> Host:
    return Host(
        host_id=str(uuid.UUID(int=number)),
        name=f"node-{number}",
        service_host="",
        external_id="",
        source="file",
        properties=facts,
        given=given or {},
    )


def defined(name: str, *rules: tuple[list[Any], PropertyValue], **fields: Any) -> Definition:
    return Definition(name=name, rules=tuple(Rule(where=where, value=value) for where, value in rules), **fields)


def values(effect: InEffect, name: str) -> list[PropertyValue | None]:
    """The property's value of each host, as a filter meets it, held against what is shown of the host."""
    column = effect.table.column(name)
    assert column is not None
    found = [None if code < 0 else column.values[code] for code in column.codes.tolist()]
    assert found == [effect.facts(host).get(name) for host in effect.table.hosts]
    return found


def test_a_rule_is_stronger_than_the_source_and_weaker_than_what_is_given() -> None:
    hosts = [host(1, rack="a"), host(2, rack="a", given={"rack": "c"}), host(3, rack="b"), host(4)]
    effect = in_effect(hosts, [defined("rack", (["=", "$rack", "a"], "A"))])
    assert values(effect, "rack") == ["A", "c", "b", None]
    assert values(effect, "rack") == [effect.facts(one).get("rack") for one in hosts]


def test_of_the_rules_of_a_property_the_first_that_holds_counts() -> None:
    hosts = [host(1, vcpus=8), host(2, vcpus=16), host(3, vcpus=32)]
    rules = [([">=", "$vcpus", 32], "big"), ([">=", "$vcpus", 16], "middle"), ([], "small")]
    effect = in_effect(hosts, [defined("size", *rules, type=Kind.TEXT)])
    assert values(effect, "size") == ["small", "middle", "big"]
    assert [len(group.hosts) // 16 for group in match(effect.table, parse(["homogeneous", "$size"]), False).groups] == [
        1,
        1,
        1,
    ]


def test_a_rule_sees_what_is_told_and_given_and_no_other_rule() -> None:
    """So rules have no order among properties, and make no circle."""
    hosts = [host(1, given={"a": 1}), host(2)]
    one = defined("a", (["=", "$b", 1], 2), type=Kind.NUMBER)
    other = defined("b", (["=", "$a", 1], 1), type=Kind.NUMBER)
    for definitions in ([one, other], [other, one]):
        effect = in_effect(hosts, definitions)
        assert values(effect, "a") == [1, None]
        assert values(effect, "b") == [1, None]


def test_an_added_property_has_its_type_before_any_host_has_it() -> None:
    effect = in_effect([host(1)], [Definition(name="noise", type=Kind.NUMBER)])
    assert len(match(effect.table, parse([">", "$noise", 1]), False)) == 0
    assert values(effect, "noise") == [None]


def test_what_a_source_tells_of_an_added_property_is_read_by_its_type() -> None:
    """What cannot be is left out, from the table and from what is shown."""
    hosts = [host(1, noise="30"), host(2, noise="loud"), host(3, noise=40)]
    effect = in_effect(hosts, [Definition(name="noise", type=Kind.NUMBER)])
    assert values(effect, "noise") == [30, None, 40]


def test_a_rule_that_names_what_is_gone_holds_for_no_host_and_says_so() -> None:
    hosts = [host(1, vcpus=8)]
    definition = defined("size", (["=", "$gone", 1], "x"), (["=", "$vcpus", "many"], "y"), ([], "z"), type=Kind.TEXT)
    effect = in_effect(hosts, [definition])
    assert values(effect, "size") == ["z"]
    first, second = effect.problems["size"]
    assert first == "rules[0] holds for no host: No host has a property $gone."
    assert second.startswith("rules[1] holds for no host: vcpus is a number, which cannot be compared")
    assert "homogeneous" in in_effect(hosts, [defined("x", (["homogeneous", "$vcpus"], 1))]).problems["x"][0]


def test_rules_may_name_what_identifies_hosts() -> None:
    effect = in_effect([host(1), host(2)], [defined("row", (["=", "$name", "node-2"], "north"))])
    assert values(effect, "row") == [None, "north"]


def test_what_is_said_of_running_instances_tells_which_hosts_are_in_use() -> None:
    hosts = [host(1, running_vms=3), host(2, running_vms=1, given={"running_vms": 0}), host(3)]
    table = in_effect(hosts, [defined("running_vms", (["=", "$name", "node-3"], 1))]).table
    (group,) = match(table, parse([]), False).groups
    assert unpack(group.in_use) == [hosts[0].host_id, hosts[2].host_id]


def test_a_host_outside_the_table_has_no_facts_by_rules() -> None:
    """A retired one: what it was told and given stays to be seen."""
    effect = in_effect([host(1)], [defined("rack", ([], "r1"))])
    assert effect.facts(host(9, rack="old", given={"color": "red"})) == {"rack": "old", "color": "red"}


FACTS = st.dictionaries(st.sampled_from("abc"), st.integers(0, 3), max_size=3)
CLAUSES = st.tuples(
    st.sampled_from(["=", "<", ">="]), st.sampled_from("abc").map(lambda name: f"${name}"), st.integers(0, 3)
)
RULES = st.lists(st.tuples(CLAUSES.map(list), st.integers(0, 9)), max_size=3)


def holds(clause: list[Any], facts: dict[str, int]) -> bool:
    """The same, said plainly, for one host."""
    operator, name, value = clause
    fact = facts.get(name[1:])
    return fact is not None and {"=": fact == value, "<": fact < value, ">=": fact >= value}[operator]


@settings(max_examples=many(200), deadline=None)
@given(st.lists(st.tuples(FACTS, FACTS), min_size=1, max_size=6), st.dictionaries(st.sampled_from("abcd"), RULES))
def test_each_host_has_what_a_plain_reading_gives_it(hosts: list[Any], rules: dict[str, list[Any]]) -> None:
    """Against an oracle that looks at one host after the other."""
    definitions = [defined(name, *rules.get(name, []), type=Kind.NUMBER) for name in "abcd"]
    fleet = [host(number, given, **told) for number, (told, given) in enumerate(hosts, 1)]
    effect = in_effect(fleet, definitions)
    for one, (told, given_) in zip(fleet, hosts, strict=True):
        facts = told | given_
        expected = dict(facts)
        for name, of_property in rules.items():
            found = next((value for clause, value in of_property if holds(clause, facts)), None)
            if found is not None and name not in given_:
                expected[name] = found
        assert effect.facts(one) == expected
    for name in "abcd":
        values(effect, name)

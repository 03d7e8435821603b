# SPDX-License-Identifier: Apache-2.0
"""A table that is renewed equals one that is built anew, and builds only what changed."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from climate.core.host import Host, PropertyValue
from climate.core.host_properties.catalogue import Kind
from climate.core.host_properties.definitions import Definition, Rule
from climate.core.host_properties.effective import InEffect, in_effect
from climate.core.host_properties.table import HostTable
from tests.examples import many

FACTS = {
    "vcpus": st.sampled_from([1, 1.0, 2]),
    "running_vms": st.integers(0, 1),
    "rack": st.sampled_from(["1", "a"]),
    "color": st.sampled_from([1, 1.0, True, "1", "red"]),
    "room": st.sampled_from(["north", "south"]),
    "cpu_info.features": st.sampled_from(["avx", "avx sse", ""]),
    "name": st.just("not looked at"),
}
DEFINITIONS = (
    Definition(name="room", type=Kind.TEXT, rules=(Rule(where=["=", "$vcpus", 1], value="west"),)),
    Definition(name="rack", rules=(Rule(where=["=", "$room", "north"], value="9"),)),
)


@st.composite
def hosts(draw: st.DrawFn, number: int) -> Host:
    return Host(
        host_id=str(uuid.UUID(int=number + 1)),
        name=f"n{number}",
        service_host=draw(st.sampled_from(["", "s", f"s{number}"])),
        external_id="",
        source="file",
        properties=draw(st.fixed_dictionaries({}, optional=FACTS)),
        given=draw(st.fixed_dictionaries({}, optional={"rack": st.just("given"), "color": st.just("blue")})),
        disabled=draw(st.booleans()),
    )


@st.composite
def news(draw: st.DrawFn) -> tuple[list[Host], list[Host]]:
    """A site before and after some of its hosts changed, came or left."""
    before = [draw(hosts(number)) for number in range(draw(st.integers(0, 5)))]
    after = [draw(hosts(number)) if draw(st.booleans()) else host for number, host in enumerate(before)]
    if draw(st.booleans()):
        after = [*after[draw(st.integers(0, 1)) :], draw(hosts(9))]
    return before, after


def content(table: HostTable) -> dict[str, object]:
    columns = {
        name: (column.kind, [*map(repr, column.values)], column.codes.tolist(), column.several, column.names)
        for name, column in table.columns().items()
    }
    holders = {name: column.holders for name, column in table.columns().items()}
    rows = (table.ids.tolist(), table.bookable.tolist(), table.in_use.tolist(), table.hosts)
    return {"columns": columns, "holders": holders, "rows": rows, "found": table.rows(table.ids.tobytes()).tolist()}


@given(news())
@settings(max_examples=many(300))
def test_a_renewed_table_equals_a_new_one(sites: tuple[list[Host], list[Host]]) -> None:
    before, after = sites
    for definitions in ((), DEFINITIONS):
        table = HostTable(before, definitions)
        kept = content(table)
        assert content(table.renewed(after)) == content(HostTable(after, definitions))
        assert content(table) == kept


@given(news(), st.sampled_from([DEFINITIONS, DEFINITIONS[:1]]))
@settings(max_examples=many(200))
def test_facts_in_effect_do_not_depend_on_what_was_before(
    sites: tuple[list[Host], list[Host]], definitions: Sequence[Definition]
) -> None:
    """Rules and given facts lie over what is new, too."""
    before, after = sites

    def told(effect: InEffect) -> object:
        facts = [effect.facts(host) for host in after]
        return content(effect.told), content(effect.table), effect.ruled, effect.problems, facts

    assert told(in_effect(after, definitions, in_effect(before, DEFINITIONS))) == told(in_effect(after, definitions))


def site(**facts: PropertyValue) -> list[Host]:
    first = Host(
        host_id=str(uuid.UUID(int=1)), name="a", service_host="sa", external_id="1", source="file", properties=facts
    )
    return [first, dataclasses.replace(first, host_id=str(uuid.UUID(int=2)), name="b", service_host="sb")]


def test_columns_in_which_nothing_changed_are_taken_over() -> None:
    before = site(vcpus=8, rack="r1", running_vms=0)
    after = [before[0], dataclasses.replace(before[1], properties={"vcpus": 8, "rack": "r1", "running_vms": 3})]
    table = HostTable(before)
    renewed = table.renewed(after)
    changed = {name for name, column in renewed.columns().items() if column is not table.columns()[name]}
    assert changed == {"running_vms"}
    assert renewed.in_use.tolist() == [False, True]


def test_a_property_that_no_host_has_any_more_is_gone() -> None:
    before = site(vcpus=8, color="red")
    after = [dataclasses.replace(host, properties={"vcpus": 8}) for host in before]
    assert "color" not in HostTable(before).renewed(after).columns()

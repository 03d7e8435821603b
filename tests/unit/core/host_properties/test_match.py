# SPDX-License-Identifier: Apache-2.0
"""What a filter matches: types, missing facts, several names, groups, and what members may not name."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from climate.core.candidates import Candidates, unpack
from climate.core.host import Host, PropertyValue
from climate.core.host_properties.describe import describe
from climate.core.host_properties.grammar import parse
from climate.core.host_properties.match import match
from climate.core.host_properties.table import HostTable
from climate.errors import BadProperties


def host(number: int, *, disabled: bool = False, **properties: PropertyValue) -> Host:
    return Host(
        host_id=str(uuid.UUID(int=number)),
        name=f"node-{number}",
        service_host="compute" if number > 3 else f"compute-{number}",
        external_id=str(number * 10),
        source="file",
        properties={name.replace("__", "."): value for name, value in properties.items()},
        disabled=disabled,
    )


HOSTS = [
    host(1, vcpus=16, rack="7", turbo=True, clock_ghz=2.5, cpu_info__features="avx avx2", color="red", level=1),
    host(2, vcpus=32, rack="7", turbo=False, clock_ghz=2, cpu_info__features="avx avx512f", color="red", level=2.0),
    host(3, vcpus=32, rack="12", turbo=True, cpu_info__topology__cores=8, color="blue", level=3, mixed="on"),
    host(4, vcpus="64", rack=12, cpu_info__features="avx", color="blue", level=10, mixed=5),
    host(5, disabled=True, vcpus=32, rack="7", hidden_away=1),
]
TABLE = HostTable(HOSTS)


def numbers(candidates: Candidates) -> list[list[int]]:
    return [[uuid.UUID(host_id).int for host_id in unpack(group.hosts)] for group in candidates.groups]


def found(plain: list[Any] | str, sees_hosts: bool = True) -> list[int]:
    groups = numbers(match(TABLE, parse(plain), sees_hosts))
    return groups[0] if groups else []


@pytest.mark.parametrize(
    ("plain", "expected"),
    [
        ([], [1, 2, 3, 4]),
        (["=", "$vcpus", 32], [2, 3]),
        (["=", "$vcpus", "32"], [2, 3]),
        (["=", "$vcpus", " 3.2e1 "], [2, 3]),
        ([">", "$vcpus", "9"], [1, 2, 3, 4]),
        (["<", "$vcpus", 32], [1]),
        ([">=", "$vcpus", 32.5], [4]),
        ([">=", 32, "$vcpus"], [1, 2, 3]),
        (["<", 16, "$vcpus", "$level"], []),
        (["<=", "$level", "$clock_ghz"], [1, 2]),
        (["=", "$vcpus", 32, 16], []),
        (["<", "$vcpus", 64, 33], [1, 2, 3]),
        (["in", "$vcpus", 16, "64", 99], [1, 4]),
        (["in", 32, "$vcpus", "$level"], [2, 3]),
        (["in", 2, "$level", "$clock_ghz"], [2]),
        (["=", "$rack", "12"], [3, 4]),
        ([">", "$rack", "12"], [1, 2]),
        (["=", "$turbo", True], [1, 3]),
        (["=", "$turbo", "False"], [2]),
        (["in", "$turbo", True, False], [1, 2, 3]),
        (["not", ["=", "$turbo", True]], [2, 4]),
        (["not", [">", "$cpu_info.topology.cores", 4]], [1, 2, 4]),
        (["not", ["=", "$vcpus", 32], ["=", "$rack", "12"]], [1, 2, 4]),
        (["not", []], []),
        (["or", ["=", "$vcpus", 16], ["and", ["=", "$vcpus", 32], ["=", "$color", "blue"]]], [1, 3]),
        (["and", [], ["=", "$color", "red"]], [1, 2]),
        (["=", 1, 1.0], [1, 2, 3, 4]),
        (["=", "a", "a", "b"], []),
        (["in", "a", "b", "a"], [1, 2, 3, 4]),
        (["=", True, True], [1, 2, 3, 4]),
        (["=", "$mixed", "5"], [4]),
        (["=", "$mixed", "$rack"], []),
        ([">", "$gpus", 0], []),
        (["not", [">", "$gpus", 0]], [1, 2, 3, 4]),
        (["=", "$hidden_away", 1], []),
        # a property of several names equals each of them
        (["in", "avx512f", "$cpu_info.features"], [2]),
        (["in", "$cpu_info.features", "avx512f", "avx2"], [1, 2]),
        (["=", "$cpu_info.features", "avx", "avx2"], [1]),
        (["not", ["in", "avx2", "$cpu_info.features"]], [2, 3, 4]),
        # the host's own ids
        (["=", "$id", 10], [1]),
        (["=", "$id", 10.0], [1]),
        (["=", "$id", "node-2"], [2]),
        (["=", "$id", str(uuid.UUID(int=3))], [3]),
        (["=", "$id", "compute"], [4]),
        (["in", "$id", 10, "compute-2", "nobody"], [1, 2]),
        (["in", 40, "$id"], [4]),
        (["=", "$id", "$name"], [1, 2, 3, 4]),
        (["=", "$hypervisor_hostname", "node-1"], [1]),
        (["=", "$service.host", "compute-2"], [2]),
        (["=", "$external_id", "20"], [2]),
        ('["=", "$id", 10]', [1]),
    ],
)
def test_a_filter_matches(plain: list[Any], expected: list[int]) -> None:
    assert found(plain) == expected


@pytest.mark.parametrize(
    ("plain", "place", "words"),
    [
        (["=", "$vcpus", "abc"], "[2]", "number"),
        (["and", [], ["in", "$vcpus", 1, "abc"]], "[2][3]", "number"),
        (["=", "$vcpus", True], "[2]", "number"),
        (["=", "$vcpus", "1_0"], "[2]", "number"),
        (["=", "$vcpus", "nan"], "[2]", "number"),
        (["=", "$vcpus", "1e999"], "[2]", "number"),
        ([">", "x", "$vcpus"], "[1]", "number"),
        (["=", "$rack", 12], "[2]", '"12"'),
        (["=", "$rack", True], "[2]", '"true"'),
        (["in", 7, "$vcpus", "$rack"], "[1]", '"7"'),
        (["=", "$turbo", 1], "[2]", "boolean"),
        (["=", "$turbo", "yes"], "[2]", "boolean"),
        (["<", "$turbo", True], "", "order"),
        (["<", True, False], "", "order"),
        (["<", "$turbo", "$turbo"], "", "order"),
        ([">", "$cpu_info.features", "avx"], "", "order"),
        (["<", "$id", 5], "", "order"),
        (["=", "$id", True], "[2]", "text"),
        (["=", "$cpu_info.features", 5], "[2]", "text"),
        (["=", "$vcpus", "$rack"], "[2]", "compared"),
        (["=", "$vcpus", 1, "$turbo"], "[3]", "compared"),
        (["=", "90", 90], "[2]", "two types"),
        (["in", True, 1], "[2]", "two types"),
        (["=", "$gpus", "many"], "[2]", "number"),
        (["or", ["=", "$nope", 1]], "[1][1]", "$nope"),
        (["=", 1, 1, "$nope"], "[3]", "$nope"),
        (["and", ["homogeneous", "$color", "$nope"]], "[1][2]", "$nope"),
    ],
)
def test_what_cannot_be_compared_is_refused(plain: list[Any], place: str, words: str) -> None:
    """Also where no host, or an earlier clause, would make the answer plain."""
    with pytest.raises(BadProperties) as caught:
        found(plain)
    assert caught.value.details["place"] == place
    assert caught.value.details["field"] == "host_properties"
    assert words in caught.value.message


def test_a_type_error_names_the_property_and_its_type() -> None:
    with pytest.raises(BadProperties) as caught:
        found(["=", "$memory_mb", "lots"])
    assert caught.value.details["property"] == "memory_mb"
    assert caught.value.details["type"] == "number"
    assert caught.value.details["clause"] == '["=", "$memory_mb", "lots"]'


@pytest.mark.parametrize(
    "name", ["id", "host_id", "name", "hypervisor_hostname", "host_ip", "service.host", "external_id"]
)
def test_to_a_member_what_identifies_a_host_is_an_unknown_name(name: str) -> None:
    with pytest.raises(BadProperties) as hidden:
        found(["=", f"${name}", "x"], sees_hosts=False)
    with pytest.raises(BadProperties) as unknown:
        found(["=", "$zzzzzzzzz", "x"], sees_hosts=False)
    assert hidden.value.message.replace(name, "zzzzzzzzz").partition(" Did")[0] == unknown.value.message
    assert not {"id", "host_id", "name", "hypervisor_hostname"} & set(hidden.value.details["near"])
    assert hidden.value.details.keys() == unknown.value.details.keys()


def test_an_unknown_name_brings_those_like_it() -> None:
    for wrong, right in (
        ("vcpu", "vcpus"),
        ("VCPUs", "vcpus"),
        ("cores", "cpu_info.topology.cores"),
        ("colour", "color"),
    ):
        with pytest.raises(BadProperties) as caught:
            found(["=", f"${wrong}", 1])
        assert right in caught.value.details["near"]
        assert f"${right}" in caught.value.message


def test_homogeneous_splits_into_groups_the_largest_first() -> None:
    candidates = match(TABLE, parse(["homogeneous", "$vcpus"]), False)
    assert numbers(candidates) == [[2, 3], [1], [4]]
    assert [group.alike for group in candidates.groups] == [{"vcpus": 32}, {"vcpus": 16}, {"vcpus": 64}]


def test_homogeneous_on_several_properties_joins_all_clauses() -> None:
    candidates = match(TABLE, parse(["and", ["homogeneous", "$color"], ["and", ["homogeneous", "$turbo"]]]), False)
    assert [(group.alike, members) for group, members in zip(candidates.groups, numbers(candidates), strict=True)] == [
        ({"color": "blue", "turbo": True}, [3]),
        ({"color": "red", "turbo": False}, [2]),
        ({"color": "red", "turbo": True}, [1]),
    ]


def test_a_host_that_lacks_a_homogeneous_property_is_in_no_group() -> None:
    assert numbers(match(TABLE, parse(["homogeneous", "$clock_ghz"]), False)) == [[2], [1]]
    assert match(TABLE, parse(["homogeneous", "$gpu_model"]), False) == Candidates(())


def test_hosts_of_a_group_come_by_name() -> None:
    shuffled = HostTable([HOSTS[3], HOSTS[1], HOSTS[0], HOSTS[2]])
    assert numbers(match(shuffled, parse([]), False)) == [[1, 2, 3, 4]]


def test_a_site_without_hosts_answers() -> None:
    empty = HostTable([])
    assert match(empty, parse(["and", [">", "$vcpus", 1], ["homogeneous", "$rack"]]), False) == Candidates(())
    assert match(empty, parse(["in", "$id", 1]), True) == Candidates(())
    assert describe(empty, True) == []


def test_the_catalogue_shows_types_units_and_values_in_use() -> None:
    described = {known.name: known for known in describe(TABLE, False)}
    assert list(described) == sorted(described)
    assert described["vcpus"].type == "number"
    assert described["vcpus"].values == (16, 64)
    assert described["vcpus"].hosts == 5
    assert described["clock_ghz"].unit == "GHz"
    assert described["rack"].values == ("12", "7")
    assert described["turbo"].values == (False, True)
    assert described["cpu_info.features"].values == ("avx", "avx2", "avx512f")
    assert described["mixed"].type == "text"
    assert described["level"].type == "number"
    assert "id" not in described
    assert "name" not in described
    assert {"id", "name", "service.host"} <= {known.name for known in describe(TABLE, True)}


def test_the_catalogue_shows_a_hundred_values_at_most() -> None:
    table = HostTable([host(number, serial=f"x{number}") for number in range(1, 301)])
    (serial,) = describe(table, False)
    assert len(serial.values) == 100
    assert serial.hosts == 300


def test_a_group_tells_which_of_its_hosts_are_in_use() -> None:
    """By their instances; a host of which that is not known counts as unused."""
    hosts = [
        host(1, rack="r1", running_vms=0),
        host(2, rack="r1", running_vms=3),
        host(3, rack="r2"),
        host(4, rack="r2", running_vms=1),
    ]
    table = HostTable(hosts)
    (everyone,) = match(table, parse([]), False).groups
    assert unpack(everyone.in_use) == [hosts[1].host_id, hosts[3].host_id]
    by_rack = match(table, parse(["homogeneous", "$rack"]), False).groups
    assert [unpack(group.in_use) for group in by_rack] == [[hosts[1].host_id], [hosts[3].host_id]]
    (unknown,) = match(HostTable([hosts[2]]), parse([]), False).groups
    assert unknown.in_use == b""

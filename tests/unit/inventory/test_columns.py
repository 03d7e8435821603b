# SPDX-License-Identifier: Apache-2.0
"""Rules from a file's facts to the catalogue's."""

from __future__ import annotations

import pytest

from climate.core.host import PropertyValue
from climate.errors import ConfigError
from climate.inventory.sources import columns
from climate.inventory.sources.columns import CannotConvert

FACTS: dict[str, PropertyValue] = {
    "host": "a-1",
    "ram_bytes": "103079215104",
    "clock_hz": 2200000000,
    "cores": "32",
    "sockets": 2,
    "none": 0,
    "gpus": "2x Nvidia L40S",
    "turbo": True,
    "big": "1e308",
}


@pytest.mark.parametrize(
    ("rule", "made"),
    [
        ("turbo", {"turbo": True}),
        (" name = host ", {"name": "a-1"}),
        ("memory_mb=ram_bytes/1048576", {"memory_mb": 98304}),
        ("clock_ghz = clock_hz / 1e9", {"clock_ghz": 2.2}),
        ("a.b=sockets*2.5", {"a.b": 5}),
        ("cpu_info.topology.cores=cores/sockets", {"cpu_info.topology.cores": 16}),
        (r"gpus=gpus~(\d+)x", {"gpus": "2"}),
        (r"gpu_model=gpus~\d+x (.+)", {"gpu_model": "Nvidia L40S"}),
        ("maker=gpus~Nvidia|AMD", {"maker": "Nvidia"}),
        ("maker=gpus~Intel", {}),
        ("x=unheard_of", {}),
        ("x=cores/unheard_of", {}),
    ],
)
def test_a_rule_makes_a_property(rule: str, made: dict[str, PropertyValue]) -> None:
    found = columns.apply(columns.parse([rule]), FACTS)
    assert found == made
    assert [type(value) for value in found.values()] == [type(value) for value in made.values()]


def test_only_what_rules_name_is_taken() -> None:
    assert columns.apply(columns.parse(["name=host", "cores"]), FACTS) == {"name": "a-1", "cores": "32"}


@pytest.mark.parametrize(
    "texts", [["="], [""], ["a="], ["=b"], ["a=b/"], ["a=b*0"], ["a=b/0"], ["a=b~("], ["a=b=c"], ["a", "a=b"], ["a/2"]]
)
def test_what_is_no_rule_is_refused(texts: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        columns.parse(texts)
    assert "columns" in caught.value.message


@pytest.mark.parametrize(
    ("rule", "fact"), [("x=host/2", "host"), ("x=turbo*2", "turbo"), ("x=cores/none", "none"), ("x=big*100", "big")]
)
def test_arithmetic_on_what_is_no_number_is_refused(rule: str, fact: str) -> None:
    with pytest.raises(CannotConvert) as caught:
        columns.apply(columns.parse([rule]), FACTS)
    assert caught.value.fact == fact

# SPDX-License-Identifier: Apache-2.0
"""The cloud's configuration, as values and as text."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tools.openstack import configuration
from tools.openstack.beside import in_nova
from tools.openstack.hardware import CASCADE_LAKE, MACHINES
from tools.openstack.site import DATABASES, Site

SITE = Site(
    directory=Path("/nowhere"),
    keystone_url="http://127.0.0.1:1/v3",
    transport_url="rabbit://127.0.0.1:2/",
    databases={name: f"mysql://{name}" for name in DATABASES},
    ports={"placement": 3, "glance": 4, "neutron": 5, "nova": 6},
)


def test_a_list_is_an_option_said_several_times() -> None:
    assert configuration.text_of({"g": {"some": ["a", "b"], "on": True, "number": 3}}) == (
        "[g]\nsome = a\nsome = b\non = true\nnumber = 3\n"
    )


def test_what_is_said_later_counts() -> None:
    parts = {"g": {"a": 1, "b": 1}}, {"g": {"b": 2}, "h": {"c": 3}}
    assert configuration.merged(*parts) == {"g": {"a": 1, "b": 2}, "h": {"c": 3}}


def test_a_compute_knows_no_database() -> None:
    groups = configuration.nova_compute(SITE, "lake-1", CASCADE_LAKE)
    assert not [group for group in groups if "database" in group]
    assert "mysql" not in configuration.text_of(groups)


def test_nova_names_both_filters_functions_as_the_manual_says() -> None:
    text = configuration.text_of(configuration.merged(configuration.nova(SITE), in_nova(SITE)))
    assert (
        "\navailable_filters = nova.scheduler.filters.all_filters\navailable_filters = nova_ext.loader.filters\n"
        in text
    )


@pytest.mark.parametrize("make", set(MACHINES.values()), ids=lambda make: make.cpu_model)
def test_a_makes_threads_are_those_of_its_topology(make: configuration.Make) -> None:
    told = json.loads(make.cpu_info)["topology"]
    assert told["cells"] * told["sockets"] * told["cores"] * told["threads"] == make.vcpus


def test_of_one_make_there_are_enough_for_a_homogeneous_lease() -> None:
    assert len(MACHINES) >= 6
    assert max(list(MACHINES.values()).count(make) for make in MACHINES.values()) >= 3

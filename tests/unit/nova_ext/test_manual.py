# SPDX-License-Identifier: Apache-2.0
"""What the manual says of nova.conf is so: options, entry points, classes, figures."""

from __future__ import annotations

import ast
import configparser
import re
import textwrap
from importlib.metadata import entry_points
from pathlib import Path

from nova_ext import loader, options
from nova_ext.options import Settings

ROOT = Path(__file__).parents[3]
MANUAL = (ROOT / "docs" / "admin" / "nova-scheduler.rst").read_text()


def configuration() -> configparser.ConfigParser:
    """The block of nova.conf that the manual shows."""
    block = re.search(r"code-block:: ini\n\n((?:   .*\n|\n)+)", MANUAL)
    assert block is not None
    parser = configparser.ConfigParser(strict=False)
    parser.read_string(textwrap.dedent(block[1]))
    return parser


def test_the_block_of_nova_conf_names_options_that_there_are() -> None:
    known = {option.dest for _, listed in options.list_opts() for option in listed}
    assert set(configuration()["climate"]) <= known


def test_classes_and_functions_are_where_the_manual_says() -> None:
    paths = set(re.findall(r"nova_ext\.(\w+)\.(\w+)", MANUAL))
    assert {("filter", "LeaseFilter"), ("loader", "filters"), ("loader", "weighers")} <= paths
    for module, name in paths:
        tree = ast.parse((ROOT / "nova_ext" / f"{module}.py").read_text())
        assert name in {node.name for node in tree.body if isinstance(node, ast.ClassDef | ast.FunctionDef)}


def test_the_entry_points_are_those_of_the_loader() -> None:
    groups = set(re.findall(r"climate\.nova\.\w+", MANUAL))
    assert groups == {loader.FILTERS, loader.WEIGHERS}
    classes = {point.value.partition(":")[2] for group in groups for point in entry_points(group=group)}
    assert classes == {"LeaseFilter", "FreeTimeWeigher", "EfficiencyWeigher"}
    assert all(name in MANUAL for name in classes)


def test_the_options_that_the_text_names_are_there() -> None:
    named = {word for word in re.findall(r"``([a-z]+(?:_[a-z]+)+)``", MANUAL) if not word.startswith("nova_ext")}
    known = {option.dest for _, listed in options.list_opts() for option in listed}
    of_others = {"available_filters", "enabled_filters", "hypervisor_hostname", "service_host", "candidate_in_use"}
    of_others |= {"margin_after_s", "lease_id", "reservation_id"}
    assert named - of_others <= known


def test_the_figures_are_those_of_the_defaults() -> None:
    rules = Settings()
    assert f"``wait_s`` ({rules.wait_s:g} seconds" in MANUAL
    assert f"``away_after_s`` ({rules.away_after_s:g} seconds)" in MANUAL
    assert f"until the horizon, {rules.horizon_s / 86_400:g} days" in MANUAL
    assert f"{rules.free_time_weight_multiplier:,.0f}" in MANUAL
    rest = rules.efficiency_weight_multiplier + 9
    assert f"is {rest / rules.free_time_weight_multiplier * rules.horizon_s:.0f} s" in MANUAL

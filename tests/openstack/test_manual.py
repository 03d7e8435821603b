# SPDX-License-Identifier: Apache-2.0
"""What the manual tells operators to write for Nova's scheduler is what the running one reads, loads and works with."""

from __future__ import annotations

import configparser
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from climate.inventory.options import list_opts as inventory_options
from climate.planning.options import list_opts as planning_options
from tests.functional.test_docs import blocks
from tests.openstack.bench import Bench
from tools.servers.keystone import PROGRAMS

pytestmark = pytest.mark.slow

PAGE = Path(__file__).parents[2] / "docs" / "admin" / "nova-scheduler.rst"
# In the scheduler's environment: what Nova reads from its file, and which options it knows with our plug-ins loaded.
READ = """
import json, sys
import nova.conf
from oslo_config import cfg
from nova.scheduler import filters, weights
CONF = nova.conf.CONF
CONF(["--config-file", sys.argv[1]], project="nova", version="")
from keystoneauth1 import loading
found = {
    "filters": [f"{one.__module__}.{one.__name__}" for one in
        filters.HostFilterHandler().get_matching_classes(CONF.filter_scheduler.available_filters)],
    "weighers": [f"{one.__module__}.{one.__name__}" for one in
        weights.HostWeightHandler().get_matching_classes(CONF.filter_scheduler.weight_classes)],
    "enabled": CONF.filter_scheduler.enabled_filters,
    "available_filters": CONF.filter_scheduler.available_filters,
    "weight_classes": CONF.filter_scheduler.weight_classes,
    "user": type(loading.load_auth_from_conf_options(CONF, "climate")).__name__,  # which makes its options known
    "options": {name: list(CONF[name]) for name in CONF if isinstance(CONF[name], cfg.ConfigOpts.GroupAttr)},
}
from importlib.metadata import entry_points
found["points"] = {group: sorted(point.value.replace(":", ".") for point in entry_points(group=group))
    for group in ("climate.nova.filters", "climate.nova.weighers")}
print(json.dumps(found))
"""
NOT_OPTIONS = {"hypervisor_hostname", "service_host", "lease_id", "reservation_id", "nova_ext", "v1"}


@pytest.fixture(scope="module")
def read(whole_bench: Bench) -> dict[str, Any]:
    """What the running scheduler's file and environment come to."""
    file = whole_bench.openstack.configuration("nova", "nova.conf")
    done = subprocess.run(
        [PROGRAMS / "python", "-c", READ, file], capture_output=True, text=True, timeout=300, check=True
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def documented() -> dict[str, dict[str, list[str]]]:
    """The options of the page's ini blocks, by group; a repeated one has several values."""
    found: dict[str, dict[str, list[str]]] = {}
    group = ""
    for block in blocks(PAGE):
        for line in block.text.splitlines() if block.language == "ini" else []:
            if line.startswith("["):
                group = line.strip("[]")
            elif "=" in line and not line.startswith("#"):
                name, _, value = line.partition("=")
                found.setdefault(group, {}).setdefault(name.strip(), []).append(value.strip())
    return found


def literals() -> set[str]:
    """What stands between double backquotes."""
    return {" ".join(found.split()) for found in re.findall(r"``([^`]+)``", PAGE.read_text(encoding="utf-8"))}


def test_the_running_scheduler_is_configured_as_the_manual_says(read: dict[str, Any]) -> None:
    """The same sources of filters and weighers, and the same filters."""
    told = documented()["filter_scheduler"]
    assert told["available_filters"] == read["available_filters"]
    assert told["weight_classes"][0].split(",") == read["weight_classes"]
    assert told["enabled_filters"][0].split(",") == read["enabled"]
    assert "LeaseFilter" in read["enabled"]


def test_every_option_that_the_manual_names_is_one(read: dict[str, Any]) -> None:
    """Of Nova, of our plug-ins in Nova, or of the suite where its group stands before it."""
    known = read["options"]
    assert {(group, name) for group, options in documented().items() for name in options} <= {
        (group, name) for group in known for name in known[group]
    }
    ours = {group: {option.name for option in options} for group, options in planning_options() + inventory_options()}
    grouped = {tuple(one.strip("[").split("] ")) for one in literals() if re.fullmatch(r"\[\w+\] \w+", one)}
    assert grouped <= {(group, name) for group, names in ours.items() for name in names}
    words = {one for one in literals() if re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+)+", one)} - NOT_OPTIONS
    assert {"margin_s", "snapshot_file", "fail_closed"} <= words
    assert words <= {*known["climate"], *known["filter_scheduler"]}


def test_every_path_that_the_manual_names_leads_to_what_is_loaded(read: dict[str, Any]) -> None:
    """Functions, classes and entry points, in Nova's own environment, by Nova's own loaders."""
    paths = {one for one in literals() if re.fullmatch(r"nova_ext\.\w+\.\w+", one)}
    functions = {"nova_ext.loader.filters", "nova_ext.loader.weighers"}
    assert functions <= paths
    assert paths - functions <= {*read["filters"], *read["weighers"]}
    points = {one for one in literals() if one.startswith("climate.nova.")}
    assert points == set(read["points"])
    assert set(read["points"]["climate.nova.filters"]) <= set(read["filters"])
    assert set(read["points"]["climate.nova.weighers"]) <= set(read["weighers"])


def test_the_running_scheduler_works_with_our_filter(bench: Bench) -> None:
    """By its own log."""
    assert bench.boot(bench.anna).status == "ACTIVE"
    assert "Filter LeaseFilter returned" in bench.openstack.log("nova-scheduler").read_text(errors="replace")


def test_the_scheduler_signs_in_as_the_manual_says(whole_bench: Bench) -> None:
    """The group [climate] of the running file has what the manual's has, but for how the domain is named."""
    parser = configparser.RawConfigParser(strict=False)
    parser.read(whole_bench.openstack.configuration("nova", "nova.conf"))
    written = {name.replace("_domain_id", "_domain_name") for name in parser["climate"]}
    assert set(documented()["climate"]) <= written

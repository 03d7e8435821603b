# SPDX-License-Identifier: Apache-2.0
"""What DevStack's plugin writes: into a nova.conf, so that it can be undone, and for whichever services are enabled."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from oslo_config import cfg

ROOT = Path(__file__).parents[2]
SCRIPT = """
set -o errexit
ENABLED_SERVICES=n-sch NOVA_CONF=nova.conf NOVA_STATE_PATH=. REGION_NAME=RegionOne
SERVICE_HOST=127.0.0.1 SERVICE_LISTEN_ADDRESS='[::]' STACK_USER=$(id -u) DATA_DIR=$PWD/data KWAPI_CONF_DIR=$PWD/kwapi
KEYSTONE_SERVICE_URI=http://keystone.example.org/identity SERVICE_PASSWORD='pass&word\\1'
SERVICE_DOMAIN_NAME=Default SERVICE_PROJECT_NAME=service CLIMATE_CONF_DIR=.
source {root}/tests/openstack/devstack_shim.sh
source {root}/devstack/settings
source {root}/devstack/lib/climate
source {root}/devstack/lib/kwapi
source {root}/devstack/lib/nova-scheduler
"""
SETTINGS = f"source {ROOT}/devstack/settings"
CONFIGURE, CLEAN = "configure_nova_scheduler_for_climate", "cleanup_nova_scheduler_for_climate"
FILES = {
    "nothing is said": "[DEFAULT]\nhost = here\n",
    "filters are said": "[filter_scheduler]\nenabled_filters = ComputeFilter,MyFilter\n[glance]\nb = c\n",
    "another plugin has filters and weighers": (
        "[filter_scheduler]\nweight_classes = nova.scheduler.weights.all_weighers,other.Weigher\n"
        "available_filters = nova.scheduler.filters.all_filters\navailable_filters = other.filters\n"
        "enabled_filters = OtherFilter\nhost_subset_size = 2\n"
    ),
    "other groups say the like": "[q]\nenabled_filters = x\nusername = y\n[filter_scheduler]\n[z]\na = b\n",
}


def said(path: Path) -> dict[str, dict[str, list[str]]]:
    """Every option of every group that has one."""
    groups: dict[str, dict[str, list[str]]] = {}
    cfg.ConfigParser(str(path), groups).parse()
    return {group: options for group, options in groups.items() if options}


def run(directory: Path, *functions: str) -> dict[str, dict[str, list[str]]]:
    """What nova.conf says after these."""
    script = SCRIPT.format(root=ROOT) + "\n".join(functions)
    subprocess.run(["bash", "-c", script], cwd=directory, check=True, timeout=60)
    return said(directory / "nova.conf")


@pytest.mark.parametrize("text", FILES.values(), ids=FILES.keys())
def test_what_the_plugin_says_in_nova_conf_is_gone_after_clean(tmp_path: Path, text: str) -> None:
    """And everything else is as it was, though configured twice; so is a file in which the plugin never wrote."""
    path = tmp_path / "nova.conf"
    path.write_text(text)
    before = said(path)
    assert run(tmp_path, CLEAN) == before
    once = run(tmp_path, CONFIGURE)
    assert once["climate"]["password"] == ["pass&word\\1"]
    assert run(tmp_path, CONFIGURE) == once
    snapshot = tmp_path / "climate-availability.json"
    snapshot.touch()
    assert run(tmp_path, CLEAN) == before
    assert not snapshot.exists()


def test_the_filter_and_the_weighers_join_those_of_others(tmp_path: Path) -> None:
    """At the end of each list, in which what others said comes first."""
    (tmp_path / "nova.conf").write_text(FILES["another plugin has filters and weighers"])
    options = run(tmp_path, CONFIGURE)["filter_scheduler"]
    assert options == {
        "available_filters": ["nova.scheduler.filters.all_filters", "other.filters", "nova_ext.loader.filters"],
        "enabled_filters": ["OtherFilter,LeaseFilter"],
        "weight_classes": ["nova.scheduler.weights.all_weighers,other.Weigher,nova_ext.loader.weighers"],
        "host_subset_size": ["2"],
    }


def test_novas_own_lists_are_spelled_out_where_nova_conf_has_none(tmp_path: Path) -> None:
    """They would be lost otherwise, since an option that is set takes the place of its default."""
    (tmp_path / "nova.conf").write_text(FILES["nothing is said"])
    options = run(tmp_path, CONFIGURE)["filter_scheduler"]
    assert options["available_filters"] == ["nova.scheduler.filters.all_filters", "nova_ext.loader.filters"]
    assert options["weight_classes"] == ["nova.scheduler.weights.all_weighers,nova_ext.loader.weighers"]
    assert options["enabled_filters"] == [
        "ComputeFilter,ComputeCapabilitiesFilter,ImagePropertiesFilter,"
        "ServerGroupAntiAffinityFilter,ServerGroupAffinityFilter,LeaseFilter"
    ]


def test_a_nova_without_the_suite_or_the_scheduler_is_left_alone(tmp_path: Path) -> None:
    """Its nova.conf is not touched."""
    path = tmp_path / "nova.conf"
    for services in ("n-sch,kwapi-api", "climate-api,n-cpu"):
        path.write_text(FILES["nothing is said"])
        run(tmp_path, f"ENABLED_SERVICES={services}", CONFIGURE)
        assert path.read_text() == FILES["nothing is said"]


@pytest.mark.parametrize(
    ("devstacks", "ours"),
    [
        ("mysql+pymysql://u:p@h/climate?charset=utf8", "mysql+pymysql://u:p@h/climate?charset=utf8mb4"),
        (
            "mysql+pymysql://u:p@h/climate?charset=utf8&plugin=dbcounter",
            "mysql+pymysql://u:p@h/climate?charset=utf8mb4&plugin=dbcounter",
        ),
        ("mysql+pymysql://u:p@h/climate?charset=utf8mb4", "mysql+pymysql://u:p@h/climate?charset=utf8mb4"),
        ("postgresql://u:p@h/climate?client_encoding=utf8", "postgresql+psycopg://u:p@h/climate?client_encoding=utf8"),
    ],
)
def test_devstacks_database_is_spoken_to_by_our_drivers_in_all_of_unicode(
    tmp_path: Path, devstacks: str, ours: str
) -> None:
    """Whichever of its two kinds of database DevStack has."""
    (tmp_path / "nova.conf").write_text("")
    run(
        tmp_path,
        f"function database_connection_url {{ echo '{devstacks}'; }}",
        f"[[ $(climate_database_url) == '{ours}' ]]",
    )


@pytest.mark.parametrize(
    ("disabled", "upstream"),
    [
        ("", "tcp://127.0.0.1:5563|tcp://127.0.0.1:5564"),
        ("kwapi-forwarder", "tcp://127.0.0.1:5561|tcp://127.0.0.1:5562"),
    ],
)
def test_kwapi_api_listens_to_the_forwarder_where_there_is_one(tmp_path: Path, disabled: str, upstream: str) -> None:
    """Else to the drivers; a service that local.conf disables is not enabled by the plugin."""
    (tmp_path / "nova.conf").write_text("")
    run(tmp_path, f"DISABLED_SERVICES={disabled}", "ENABLED_SERVICES=n-sch", SETTINGS, "configure_kwapi")
    api = said(tmp_path / "kwapi" / "kwapi-api.conf")
    assert api["bus"]["upstream"] == [upstream]
    assert api["kwapi"]["host"] == ["::"], "an address, without the brackets that it has in a URL"


@pytest.mark.parametrize(
    ("settings", "refused"),
    [
        ("MYSQL_SERVICE_NAME=mysql", True),
        ("MYSQL_SERVICE_NAME=mariadb", False),
        ("MYSQL_SERVICE_NAME=mysql CLIMATE_DATABASE_URL=sqlite:////var/lib/climate.db", False),
    ],
)
def test_mysql_is_refused_before_anything_is_installed(tmp_path: Path, settings: str, refused: bool) -> None:
    """Its trouble would come with the tables, an hour later."""
    script = f"{SCRIPT.format(root=ROOT)}\nENABLED_SERVICES+=,mysql\n{settings}\ncheck_climate_prerequisites"
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert bool(done.returncode) is refused
    assert ("MySQL" in done.stderr) is refused

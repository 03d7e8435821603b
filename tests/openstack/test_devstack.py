# SPDX-License-Identifier: Apache-2.0
"""The plugin for DevStack, phase by phase, in a region of its own of a real OpenStack; and what it leaves: nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest
import requests
from keystoneauth1.adapter import Adapter
from keystoneauth1.session import Session
from oslo_config import cfg

from climate.client import Client
from tests.openstack.bench import WITHIN_S, Bench, Somebody, wait_until
from tests.openstack.devstack import DevStack
from tools.openstack import configuration
from tools.openstack.cloud import CATALOGUE, Cloud
from tools.openstack.identities import session
from tools.servers import RabbitMQ
from tools.servers.keystone import PASSWORD, PROGRAMS
from tools.servers.process import Process, free_port

REGION = "DevStackRegion"
PROJECT = "devstack"
USER = "climate-devstack"
DATABASE = "climate_devstack"
SERVICES = {
    *("climate-api", "climate-inventory", "climate-planning"),
    *("kwapi-drivers", "kwapi-forwarder", "kwapi-api"),
}
STACK = ("pre-install", "install", "post-config", "extra", "test-config")
# As DevStack sets them.
FILTERS = (
    "ComputeFilter,ComputeCapabilitiesFilter,ImagePropertiesFilter,ServerGroupAntiAffinityFilter,"
    "ServerGroupAffinityFilter,SameHostFilter,DifferentHostFilter"
)


def said(path: Path) -> set[tuple[str, str, str]]:
    """Every option of a file: its group, its name and one of its values."""
    groups: dict[str, dict[str, list[str]]] = {}
    cfg.ConfigParser(str(path), groups).parse()
    return {(group, name, value) for group, options in groups.items() for name, of in options.items() for value in of}


def ports(count: int) -> str:
    return " ".join(str(free_port()) for _ in range(count))


@pytest.fixture
def region(openstack: Cloud, bench: Bench) -> Iterator[None]:
    """Nova and Placement in a region to stack into, and a project for its services; gone afterwards."""
    identity = bench.admin.cloud.identity
    identity.create_region(id=REGION)
    project = identity.create_project(name=PROJECT, domain_id="default")
    for service in ("nova", "placement"):
        kind, path = CATALOGUE[service]
        (of_kind,) = identity.services(type=kind)
        url = f"{openstack.site.url(service)}{path}"
        identity.create_endpoint(service_id=of_kind.id, interface="public", url=url, region_id=REGION)
    yield
    for endpoint in list(identity.endpoints(region_id=REGION)):
        identity.delete_endpoint(endpoint)
    identity.delete_region(REGION)
    identity.delete_project(project)
    if user := identity.find_user(USER):
        identity.delete_user(user)


@pytest.fixture
def devstack(openstack: Cloud, rabbitmq: RabbitMQ, region: None, tmp_path: Path) -> Iterator[DevStack]:
    """DevStack with Nova configured and nothing of the suite."""
    database = urlsplit(openstack.mariadb.url)
    state = tmp_path / "data" / "nova"
    state.mkdir(parents=True)
    nova = {
        "filter_scheduler": {"enabled_filters": FILTERS},
        "DEFAULT": {"state_path": state},
    }
    conf = configuration.write(tmp_path / "nova.conf", configuration.merged(configuration.nova(openstack.site), nova))
    variables = {
        "ENABLED_SERVICES": "key,rabbit,mysql,placement-api,n-api,n-cond,n-cpu,n-sch",
        "MYSQL_SERVICE_NAME": "mariadb",
        "NOVA_CONF": conf,
        "NOVA_STATE_PATH": state,
        "REGION_NAME": REGION,
        "SERVICE_DOMAIN_NAME": "Default",
        "SERVICE_HOST": "127.0.0.1",
        "SERVICE_LISTEN_ADDRESS": "127.0.0.1",
        "SERVICE_PASSWORD": PASSWORD,
        "SERVICE_PROJECT_NAME": PROJECT,
        "SERVICE_TIMEOUT": 180,
        "ADMIN_PASSWORD": PASSWORD,
        "KEYSTONE_SERVICE_URI": openstack.site.keystone_url.removesuffix("/v3"),
        "DATABASE_HOST": database.hostname,
        "DATABASE_PORT": database.port,
        "DATABASE_USER": database.username,
        "DATABASE_PASSWORD": database.password,
        "RABBIT_HOST": "127.0.0.1",
        "RABBIT_PORT": rabbitmq.port,
        "RABBIT_USERID": "guest",
        "RABBIT_PASSWORD": "guest",
        "CLIMATE_USER": USER,
        "CLIMATE_DATABASE": DATABASE,
        "CLIMATE_SERVICE_PORT": free_port(),
        "KWAPI_SERVICE_PORT": free_port(),
        "KWAPI_DRIVERS_PORTS": ports(2),
        "KWAPI_FORWARDER_PORTS": ports(2),
    }
    with DevStack(tmp_path, variables) as stack:
        yield stack


@pytest.fixture
def scheduler(openstack: Cloud, bench: Bench, devstack: DevStack) -> Iterator[Callable[[], Process]]:
    """Starts nova-scheduler on DevStack's nova.conf in the place of the cloud's own, which comes back afterwards."""
    started: list[Process] = []

    def start() -> Process:
        openstack.processes["nova-scheduler"].stop()
        argv = [
            devstack.programs / "python",
            PROGRAMS / "nova-scheduler",
            "--config-file",
            devstack.directory / "nova.conf",
        ]
        started.append(Process(argv, log=devstack.directory / "nova-scheduler.log"))
        return started[0]

    yield start
    if started:
        started[0].stop()
        openstack.launch("nova-scheduler")
        bench.wake_the_scheduler()


def signed_in(bench: Bench, who: Somebody) -> Session:
    """Somebody, anew: a token keeps the catalogue that there was when it was given."""
    return session(who.person, bench.openstack.site.keystone_url)


def in_region(bench: Bench, who: Somebody) -> Client:
    """Somebody who speaks to the suite of that region, as its catalogue says."""
    signed = signed_in(bench, who)
    adapters = (Adapter(signed, service_type=kind, region_name=REGION) for kind in ("reservation", "energy"))
    return Client(*adapters)


def endpoints(bench: Bench) -> dict[str, str]:
    """The suite's addresses without paths, by type."""
    signed = signed_in(bench, bench.admin)
    found = {
        kind: signed.get_endpoint(service_type=kind, region_name=REGION, interface="public")
        for kind in ("reservation", "energy")
    }
    assert all(url.endswith("/v1") for url in found.values())
    return {kind: url.removesuffix("/v1") for kind, url in found.items()}


@pytest.mark.slow
def test_devstack_stacks_the_suite_phase_by_phase_and_leaves_nothing(
    bench: Bench, devstack: DevStack, scheduler: Callable[[], Process]
) -> None:
    """From install to clean: services that answer, Nova's hosts, a lease that Nova keeps; then no process, no file."""
    nova_conf = devstack.directory / "nova.conf"
    nova_before = said(nova_conf)
    files_before = files(devstack)

    devstack.run("stack", "pre-install")
    assert not (devstack.programs / "climate-api").exists()
    devstack.run("stack", "install")
    assert {program.name for program in devstack.programs.iterdir()} >= SERVICES

    devstack.run("stack", "post-config")
    assert devstack.units.running == {}
    group = "filter_scheduler"
    assert {
        (group, "enabled_filters", f"{FILTERS},LeaseFilter"),
        (group, "available_filters", "nova.scheduler.filters.all_filters"),
        (group, "available_filters", "nova_ext.loader.filters"),
        (group, "weight_classes", "nova.scheduler.weights.all_weighers,nova_ext.loader.weighers"),
        ("climate", "username", "nova"),
        ("climate", "region_name", REGION),
    } <= said(nova_conf)
    assert readable_by_others(devstack) == set()
    assert bench.openstack.mariadb.rows(f"SELECT COUNT(*) FROM {DATABASE}.alembic_version") == [(1,)]
    nova_scheduler = scheduler()

    devstack.run("stack", "extra")
    assert set(devstack.units.running) == SERVICES
    for url in endpoints(bench).values():
        for page in ("healthz", "readyz"):
            assert requests.get(f"{url}/{page}", timeout=60).status_code == 200
    devstack.run("stack", "test-config")
    the_suite_works(bench, devstack.directory / "data" / "nova" / "climate-availability.json")
    assert nova_scheduler.running

    processes = [psutil.Process(unit.pid) for unit in devstack.units.running.values()]
    devstack.run("unstack")
    assert devstack.units.running == {}
    assert not [process for process in processes if process.is_running()]
    nova_scheduler.stop()
    assert files(devstack) > files_before
    devstack.run("clean")
    assert files(devstack) == files_before
    assert said(nova_conf) == nova_before


def files(devstack: DevStack) -> set[Path]:
    """What there is but the environment, the units' logs, and the log of Nova."""
    paths = {path.relative_to(devstack.directory) for path in devstack.directory.rglob("*")}
    return {path for path in paths if path.parts[0] not in {"venv", "units"} and path.suffix != ".log"}


def readable_by_others(devstack: DevStack) -> set[Path]:
    """Configuration with passwords or keys that more than the owner may read."""
    return {path for path in (devstack.directory / "etc").rglob("*.*") if path.stat().st_mode & 0o077}


def the_suite_works(bench: Bench, last_answer: Path) -> None:
    """Nova's hosts come in, a member leases one, a server that names the lease is there; probes say their power."""
    admin, anna = in_region(bench, bench.admin), in_region(bench, bench.anna)
    wait_until(lambda: {host["name"] for host in admin.hosts.list()} == bench.hosts, "Nova's hosts are there")
    bench.boot(bench.otto, "first")  # the scheduler asks Climate from then on, and keeps its last answer
    lease = anna.leases.create(quantity=1, duration="1h", confirm=True)
    anna.leases.wait_for(lease["id"], "active", WITHIN_S, interval_s=0.1)
    wait_until(lambda: last_answer.exists() and lease["id"] in last_answer.read_text(), "Nova knows the lease")
    (host,) = admin.leases.get(lease["id"])["hosts"]
    inside, outside = bench.boot(bench.anna, "inside", {"lease": lease["id"]}), bench.boot(bench.otto, "outside")
    assert (inside.status, inside.host) == ("ACTIVE", host["name"])
    assert outside.status == "ACTIVE"
    assert outside.host != host["name"]
    probes = {f"devstack/dummy/{number}" for number in (1, 2, 3)}
    wait_until(lambda: set(admin.probes.list()) == probes, "the wattmeter's probes are there")
    anna.leases.cancel(lease["id"])

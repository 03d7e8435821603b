# SPDX-License-Identifier: Apache-2.0
"""The cloud's processes: what is started, in which order, and how each is told to be ready."""

from __future__ import annotations

import os
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self

from tools.openstack import configuration, contents, schemas
from tools.openstack.beside import Beside, in_nova
from tools.openstack.configuration import Groups
from tools.openstack.hardware import MACHINES, Make
from tools.openstack.identities import ADMIN, Registry, session
from tools.openstack.site import DATABASES, SHARE, Site
from tools.servers.keystone import PROGRAMS, Keystone
from tools.servers.mariadb import MariaDB
from tools.servers.process import Process, ServerFailed, free_port, new_directory, stop_all
from tools.servers.rabbitmq import RabbitMQ
from tools.servers.server import Availability, Server

ROOT = Path(__file__).parents[2]
READY_WITHIN_S = 300.0  # of each service, when all start at once on a machine that has much else to do
# By service: the module of its application, and where it looks for its configuration.
APIS = {
    "placement": ("placement.wsgi.api", {"OS_PLACEMENT_CONFIG_DIR": "placement"}),
    "glance": ("glance.wsgi.api", {"OS_GLANCE_CONFIG_DIR": "glance"}),
    "neutron": ("neutron.wsgi.api", {"OS_NEUTRON_CONFIG_DIR": "neutron", "OS_NEUTRON_CONFIG_FILES": "neutron.conf"}),
    "nova": ("nova.wsgi.osapi_compute", {"OS_NOVA_CONFIG_DIR": "nova"}),
}
CATALOGUE = {
    "placement": ("placement", ""),
    "glance": ("image", ""),
    "neutron": ("network", ""),
    "nova": ("compute", "/v2.1"),
}


def silent(step: str) -> None:
    """Progress that nobody wants to hear."""


class Cloud:
    """Keystone, Placement, Glance, Neutron without agents, and Nova with a compute for each of ``machines``.

    All of it listens on free ports of the loopback, has its files below
    ``directory``, and ends with this interpreter. ``beside`` is the suite.
    ``nova`` is added to the configuration of Nova's API, scheduler and
    conductor; ``climate_url_for_nova`` gives, for climate-api's address, the one
    under which the scheduler finds it. Use as a context manager, or call
    ``start()`` and ``close()``.
    """

    def __init__(
        self,
        *,
        machines: Mapping[str, Make] = MACHINES,
        nova: Groups | None = None,
        climate_url_for_nova: Callable[[str], str] = str,
        progress: Callable[[str], None] = silent,
    ) -> None:
        self.rabbitmq = RabbitMQ()
        self.mariadb = MariaDB()
        self.keystone = Keystone(port=free_port())  # every file of the configuration names it
        self.machines = machines
        self.processes: dict[str, Process] = {}
        self._more_of_nova = nova or {}
        self._climate_url_for_nova = climate_url_for_nova
        self._progress = progress

    @classmethod
    def available(cls) -> Availability:
        """Whether this machine and this user can run it, and if not why."""
        parts: tuple[type[Server], ...] = (RabbitMQ, MariaDB, Keystone)
        return next((answer for part in parts if not (answer := part.available())), Availability())

    def start(self) -> Self:
        """From nothing to a cloud that boots servers."""
        self.directory = new_directory("climate-openstack-")
        for name in ("logs", "locks", "images", "nova-state", *(f"compute-{host}" for host in self.machines)):
            (self.directory / name).mkdir()
        try:
            with ThreadPoolExecutor(max_workers=8) as pool:
                self._lay_foundations(pool)
                self._progress("Placement, Glance, Neutron, Nova and the suite start")
                self._start_services()
                suite = pool.submit(self.beside.start)
                self._wait_for_services()
                suite.result()
            contents.make(contents.connection(session(ADMIN, self.site.keystone_url)))
            self.beside.wait_for_hosts(len(self.machines))
            self._progress("the suite has them, too")
        except BaseException:
            self.close()
            raise
        return self

    def close(self) -> None:
        """End everything, and remove every file."""
        doomed = [*self.processes.values()]
        if hasattr(self, "beside"):
            doomed += [*self.beside.suite.others.values(), *self.beside.suite.planners]
        stop_all(doomed, grace_s=10)
        if hasattr(self, "beside"):
            self.beside.stop()
        for server in (self.keystone, self.rabbitmq, self.mariadb):
            server.close()
        shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def addresses(self) -> dict[str, str]:
        """Where the APIs are, by what they are for."""
        return {
            "identity": self.site.keystone_url,
            **{kind: f"{self.site.url(service)}{path}" for service, (kind, path) in CATALOGUE.items()},
            "reservation": f"{self.beside.suite.url}/v1",
            "energy": f"{self.beside.metering.url}/v1",
        }

    def log(self, name: str) -> Path:
        """What a process wrote: an API, ``nova-scheduler``, ``nova-conductor``, ``nova-compute-HOST``."""
        return self.directory / "logs" / f"{name}.log"

    def deciding_processes(self) -> list[Process]:
        """Those that say where a server goes, and whose a host is."""
        nova = [self.processes[name] for name in ("nova-conductor", "nova-scheduler")]
        return [*nova, *self.beside.suite.others.values(), *self.beside.suite.planners]

    def configuration(self, service: str, file: str) -> Path:
        """A file of the configuration."""
        return self.directory / "etc" / service / file

    def restart(self, name: str) -> None:
        """End a process, whatever it does, and start it again; returns at once."""
        self.processes[name].kill()
        self.launch(name)

    def launch(self, name: str) -> Process:
        """Start a process that does not run."""
        kind, _, host = name.partition("nova-compute-")
        if host:
            arguments: list[str | Path] = [PROGRAMS / "python", "-m", "tools.openstack.inside.compute"]
            arguments += ["--config-file", self.configuration("nova", f"{host}.conf")]
        elif kind in APIS:
            module = APIS[kind][0]
            arguments = [PROGRAMS / "python", "-m", "tools.openstack.inside.serve", module, str(self.site.ports[kind])]
        else:
            arguments = [PROGRAMS / kind, "--config-file", self.configuration("nova", "nova.conf")]
        process = Process(arguments, log=self.log(name), env=self._environment(kind), cwd=self.directory)
        self.processes[name] = process
        return process

    def _lay_foundations(self, pool: ThreadPoolExecutor) -> None:
        """RabbitMQ; MariaDB and everybody's tables; Keystone, who there is, and the catalogue: side by side."""
        self._progress("RabbitMQ, MariaDB and Keystone start")
        rabbitmq, keystone = pool.submit(self.rabbitmq.start), pool.submit(self.keystone.start)
        self.mariadb.start()
        databases = {name: self.mariadb.fresh_database(name).url for name in DATABASES}
        rabbitmq.result()
        self.site = Site(
            directory=self.directory,
            keystone_url=self.keystone.url,
            transport_url=self.rabbitmq.url,
            databases=databases,
            ports={name: free_port() for name in APIS},
        )
        self.beside = Beside(self.site, self._climate_url_for_nova)
        self._write_configuration()
        self._progress("the databases get their tables")
        tables: list[Future[None]] = [
            pool.submit(schemas.make, service, ordered, self.directory)
            for service, ordered in schemas.commands(self.site, self.directory / "etc").items()
        ]
        keystone.result()
        self._enter_identities()
        self.beside.register()
        for each in tables:
            each.result()

    def _write_configuration(self) -> None:
        write, site = configuration.write, self.site
        write(self.configuration("placement", "placement.conf"), configuration.placement(site))
        write(self.configuration("glance", "glance-api.conf"), configuration.glance(site))
        write(self.configuration("neutron", "neutron.conf"), configuration.neutron(site))
        nova = configuration.merged(configuration.nova(site), in_nova(site), self._more_of_nova)
        write(self.configuration("nova", "nova.conf"), nova)
        shutil.copy(SHARE / "nova" / "api-paste.ini", self.configuration("nova", "api-paste.ini"))
        for host, make in self.machines.items():
            write(self.configuration("nova", f"{host}.conf"), configuration.nova_compute(site, host, make))

    def _enter_identities(self) -> None:
        self._progress("Keystone learns who there is")
        self.registry = Registry(self.site.keystone_url)
        self.registry.enter_users()
        self.registry.enter_services(
            {kind: (service, f"{self.site.url(service)}{path}") for service, (kind, path) in CATALOGUE.items()}
        )

    def _start_services(self) -> None:
        for name in (*APIS, "nova-conductor", "nova-scheduler", *(f"nova-compute-{host}" for host in self.machines)):
            self.launch(name)

    def _wait_for_services(self) -> None:
        self.wait_until(lambda: all(answers(self.site.url(name)) for name in APIS))
        self._progress("the APIs answer")
        self.wait_until(lambda: self.mapped_hosts() == len(self.machines))
        self._progress(f"Nova has its {len(self.machines)} computes")

    def wait_until(self, ready: Callable[[], bool], timeout_s: float = READY_WITHIN_S, poll_s: float = 0.2) -> None:
        """Return once ``ready()`` holds; ServerFailed if one of the processes ends or the time is up before."""
        deadline = time.monotonic() + timeout_s
        while not ready():
            for name, process in self.processes.items():
                if not process.running:
                    raise ServerFailed(f"{name} has ended:\n{process.log_tail()}")
            if time.monotonic() > deadline:
                raise ServerFailed(f"the cloud was not ready after {timeout_s:g} s")
            time.sleep(poll_s)

    def mapped_hosts(self) -> int:
        """How many computes Nova may send servers to."""
        return int(self.mariadb.rows("SELECT COUNT(*) FROM nova_api.host_mappings")[0][0])

    def _environment(self, kind: str) -> dict[str, str]:
        variables = {**os.environ, "PYTHONPATH": str(ROOT)}
        if kind in APIS:
            found = APIS[kind][1]
            folder = str(self.directory / "etc" / kind)
            variables |= {name: folder if name.endswith("_DIR") else file for name, file in found.items()}
        return variables


def answers(url: str) -> bool:
    """Whether something speaks HTTP there, whatever it says."""
    try:
        urllib.request.urlopen(url, timeout=10).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True

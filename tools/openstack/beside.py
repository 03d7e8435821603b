# SPDX-License-Identifier: Apache-2.0
"""The suite beside the cloud: its services over the cloud's RabbitMQ, MariaDB and Keystone, with Nova's hosts."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

from tools.metering import Metering, dummies
from tools.openstack.configuration import Groups
from tools.openstack.identities import ADMIN, session
from tools.openstack.site import REGION, SERVICE_PROJECT, Site
from tools.servers.keystone import PROGRAMS
from tools.servers.process import ServerFailed
from tools.suite import Suite

USER = "climate"
REGISTER_WITHIN_S = 120


def in_nova(site: Site) -> Groups:
    """What nova.conf of the scheduler says so that Climate has a say in where servers go."""
    return {
        "filter_scheduler": {
            "available_filters": ["nova.scheduler.filters.all_filters", "nova_ext.loader.filters"],
            "enabled_filters": "ComputeFilter,ComputeCapabilitiesFilter,ImagePropertiesFilter,"
            "ServerGroupAntiAffinityFilter,ServerGroupAffinityFilter,LeaseFilter",
            "weight_classes": "nova.scheduler.weights.all_weighers,nova_ext.loader.weighers",
        },
        "climate": site.signing_in("nova"),
    }


class Beside:
    """climate-api, climate-inventory, climate-planning; kwapi-drivers with wattmeters that are none, and kwapi-api.

    ``url_for_nova`` gives, for climate-api's address, the one under which Nova finds it.
    """

    def __init__(self, site: Site, url_for_nova: Callable[[str], str] = str) -> None:
        self._site = site
        for name in ("climate", "kwapi"):
            (site.directory / name).mkdir()
        checking = site.checking_tokens(USER)
        self.suite = Suite(
            site.directory / "climate",
            database_url=site.databases["climate"],
            transport_url=site.transport_url,
            settings={
                "inventory": {"sources": "nova"},
                "keystone": site.signing_in(USER),
                "api": {"auth_strategy": "keystone"},
                # Tests of placement see to instances themselves; those of eviction say what they want.
                "planning": {"eviction": "none", "on_lease_end": "leave"},
                "keystone_authtoken": checking,
            },
            programs=PROGRAMS,
        )
        self.metering = Metering(site.directory / "kwapi", dummies(2, 3, 1.0), programs=PROGRAMS)
        self.metering.replace("api", "auth_strategy = static", "auth_strategy = keystone")
        lines = "".join(f"{name} = {value}\n" for name, value in checking.items())
        self.metering.add("api", f"[keystone_authtoken]\n{lines}")
        self._nova_url = url_for_nova(self.suite.url)

    def register(self) -> None:
        """Put the services into Keystone's catalogue, as the manual says.

        :raises ServerFailed: with what the command said.
        """
        done = subprocess.run(
            [
                *(PROGRAMS / "climate-manage", "--config-file", self.suite.config, "register", "--region", REGION),
                *("--reservation-url", f"{self.suite.url}/v1", "--reservation-internal-url", f"{self._nova_url}/v1"),
                *("--energy-url", f"{self.metering.url}/v1"),
                *("--project", SERVICE_PROJECT, "--user", USER, "--user", "nova"),
            ],
            capture_output=True,
            text=True,
            timeout=REGISTER_WITHIN_S,
            check=False,
        )
        if done.returncode:
            raise ServerFailed(f"climate-manage register failed:\n{done.stdout}{done.stderr}")

    def start(self) -> None:
        """All services; returns when both APIs answer. Hosts come as Nova gets them."""
        self.suite.start()
        self.metering.start("drivers", "api")

    def wait_for_hosts(self, count: int) -> None:
        """Return once the inventory has so many hosts."""
        self.suite.admin_token = str(session(ADMIN, self._site.keystone_url).get_token())
        self.suite.wait_for_hosts(count)

    def stop(self) -> None:
        """End them."""
        self.suite.stop()
        self.metering.stop()

# SPDX-License-Identifier: Apache-2.0
"""Where one cloud's services are, and as whom they sign in: what every configuration file is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tools.servers.keystone import ENVIRONMENT, PASSWORD

REGION = "RegionOne"
SERVICE_PROJECT = "service"
DATABASES = ("placement", "glance", "neutron", "nova_api", "nova", "nova_cell0", "climate")
SHARE = ENVIRONMENT / "etc"  # files that come with the services


@dataclass(frozen=True, slots=True)
class Site:
    """``databases`` has SQLAlchemy's URL of each of DATABASES; ``ports`` those of the APIs, by service."""

    directory: Path
    keystone_url: str
    transport_url: str
    databases: Mapping[str, str]
    ports: Mapping[str, int]

    def url(self, service: str) -> str:
        """The address of an API, without its path."""
        return f"http://127.0.0.1:{self.ports[service]}"

    def signing_in(self, user: str) -> dict[str, str]:
        """The options of keystoneauth's plugin for one of the services' users."""
        return {
            "auth_type": "password",
            "auth_url": self.keystone_url,
            "username": user,
            "password": PASSWORD,
            "project_name": SERVICE_PROJECT,
            "user_domain_id": "default",
            "project_domain_id": "default",
            "region_name": REGION,
        }

    def checking_tokens(self, user: str) -> dict[str, str]:
        """The group [keystone_authtoken] of a service."""
        return {
            "www_authenticate_uri": self.keystone_url,
            "service_token_roles_required": "true",
            **self.signing_in(user),
        }

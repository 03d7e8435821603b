# SPDX-License-Identifier: Apache-2.0
"""What OpenStackClient wants of a plug-in: ``openstack climate ...`` has the commands of ``climate``.

It imports this module at each start, so nothing here takes long to import.
"""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from climate.client import Client

DEFAULT_API_VERSION = "1"
API_VERSION_OPTION = "os_climate_api_version"
API_NAME = "climate"
API_VERSIONS = ("1",)
ENERGY_OVERRIDE = "energy_endpoint_override"
"""What the address of the energy service is called in clouds.yaml."""


def make_client(instance: Any) -> Client:
    """The client, over the session of OpenStackClient's manager of clients."""
    from keystoneauth1.adapter import Adapter

    from climate.client import Client
    from climate.client.entry import ENERGY_TYPE, SERVICE_TYPE

    reservation, energy = (
        Adapter(
            instance.session,
            service_type=service_type,
            region_name=instance.region_name or None,
            interface=instance.interface or "public",
            endpoint_override=override,
        )
        for service_type, override in (
            (SERVICE_TYPE, None),
            (ENERGY_TYPE, instance.get_configuration().get(ENERGY_OVERRIDE)),
        )
    )
    return Client(reservation, energy)


def build_option_parser(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Add the options for the version of the API and for the address of kwapi-api."""
    parser.add_argument(
        "--os-climate-api-version",
        metavar="<climate-api-version>",
        default=os.environ.get("OS_CLIMATE_API_VERSION"),
        help=f"Reservation API version, default={DEFAULT_API_VERSION} (Env: OS_CLIMATE_API_VERSION)",
    )
    parser.add_argument(
        "--energy-endpoint",
        metavar="<url>",
        dest=ENERGY_OVERRIDE,
        default=os.environ.get("CLIMATE_ENERGY_ENDPOINT"),
        help="Address of kwapi-api, for probes, if not as the catalogue says (Env: CLIMATE_ENERGY_ENDPOINT)",
    )
    return parser

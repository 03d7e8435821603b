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


def make_client(instance: Any) -> Client:
    """The client, over the session of OpenStackClient's manager of clients."""
    from keystoneauth1.adapter import Adapter

    from climate.client import Client
    from climate.client.entry import SERVICE_TYPE

    adapter = Adapter(
        instance.session,
        service_type=SERVICE_TYPE,
        region_name=instance.region_name or None,
        interface=instance.interface or "public",
    )
    return Client(adapter)


def build_option_parser(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Add the option for the version of the API."""
    parser.add_argument(
        "--os-climate-api-version",
        metavar="<climate-api-version>",
        default=os.environ.get("OS_CLIMATE_API_VERSION"),
        help=f"Reservation API version, default={DEFAULT_API_VERSION} (Env: OS_CLIMATE_API_VERSION)",
    )
    return parser

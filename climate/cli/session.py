# SPDX-License-Identifier: Apache-2.0
"""How the program ``climate`` finds the service and signs in: with a token that it is given, or as clouds.yaml says."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from keystoneauth1 import exceptions as keystone

from climate.cli.failures import Unusable

if TYPE_CHECKING:
    from climate.client import Client

ENDPOINT: Final = "CLIMATE_ENDPOINT"
ENERGY_ENDPOINT: Final = "CLIMATE_ENERGY_ENDPOINT"
TOKEN: Final = "CLIMATE_TOKEN"  # noqa: S105 - the name of a variable
TIMEOUT_S: Final = 120.0


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of ``climate`` that say whom to ask, and as whom."""
    group = parser.add_argument_group("signing in")
    group.add_argument("--os-cloud", metavar="NAME", help="the cloud of that name in clouds.yaml (env: OS_CLOUD)")
    group.add_argument("--os-region-name", metavar="NAME", help="the region (env: OS_REGION_NAME)")
    group.add_argument("--os-interface", metavar="KIND", help="the kind of endpoint (env: OS_INTERFACE)")
    group.add_argument("--endpoint", metavar="URL", help=f"the service's address (env: {ENDPOINT})")
    group.add_argument(
        "--energy-endpoint", metavar="URL", help=f"the address of kwapi-api, for probes (env: {ENERGY_ENDPOINT})"
    )
    group.add_argument("--token", metavar="TOKEN", help=f"a token, to be used as it is (env: {TOKEN})")
    group.add_argument("--os-cacert", metavar="FILE", help="trust the certificates of this file (env: OS_CACERT)")
    group.add_argument("--insecure", action="store_true", help="trust any certificate")


def connect(options: argparse.Namespace, environment: Mapping[str, str]) -> Client:
    """A client, from the options of :func:`add_options` and the variables of the environment.

    A cloud that is named on the command line is stronger than an endpoint
    and a token in the environment.

    :raises Unusable: nothing says whom to ask.
    """
    fallback: Mapping[str, str] = {} if options.os_cloud else environment
    endpoint = options.endpoint or fallback.get(ENDPOINT)
    energy = options.energy_endpoint or fallback.get(ENERGY_ENDPOINT)
    token = options.token or fallback.get(TOKEN)
    if not token:
        return _signed_in(options, endpoint, energy)
    if not (endpoint or energy):
        raise Unusable(f"There is a token, but no address to bring it to: give --endpoint, or set {ENDPOINT}.")
    from climate.client import with_token  # not before: --help and complete would wait for it

    verify = not options.insecure and (options.os_cacert or environment.get("OS_CACERT") or True)
    return with_token(endpoint or "", token, energy_endpoint=energy, verify=verify, timeout=TIMEOUT_S)


def _signed_in(options: argparse.Namespace, endpoint: str | None, energy_endpoint: str | None) -> Client:
    """A client over the session that clouds.yaml, or variables named OS_*, describe."""
    from keystoneauth1.adapter import Adapter

    # It takes longer to import than everything else together, and whoever has a token needs none of it.
    from openstack import config, exceptions

    from climate.client import Client
    from climate.client.entry import ENERGY_TYPE, SERVICE_TYPE

    chosen: dict[str, Any] = {"region_name": options.os_region_name, "interface": options.os_interface}
    if options.insecure or options.os_cacert:
        chosen |= {"verify": not options.insecure, "cacert": options.os_cacert}
    try:
        cloud = config.OpenStackConfig(app_name="climate").get_one(
            options.os_cloud, **{name: value for name, value in chosen.items() if value is not None}
        )
        session = cloud.get_session()
    except (exceptions.ConfigException, keystone.AuthPluginException) as error:
        raise Unusable(
            f"{error}\nName a cloud of your clouds.yaml with --os-cloud or OS_CLOUD, or set OS_AUTH_URL and the like, "
            f"or {ENDPOINT} and {TOKEN}."
        ) from None
    session.timeout = session.timeout or TIMEOUT_S
    reservation, energy = (
        Adapter(
            session,
            service_type=service_type,
            region_name=cloud.region_name or None,
            interface=cloud.get_interface(service_type) or "public",
            endpoint_override=override or cloud.get_endpoint(service_type),
        )
        for service_type, override in ((SERVICE_TYPE, endpoint), (ENERGY_TYPE, energy_endpoint))
    )
    return Client(reservation, energy)

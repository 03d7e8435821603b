# SPDX-License-Identifier: Apache-2.0
"""Placement as an administrator sees it: what a resource provider has, and its traits."""

from __future__ import annotations

import urllib.parse
from typing import Any

from keystoneauth1.adapter import Adapter
from oslo_config import cfg

from climate.errors import ServiceUnavailable
from climate.openstack.keystone import Cloud, refused, speaking_to

GROUP = "placement"
OPTS: list[cfg.Opt] = [
    cfg.StrOpt("endpoint_override", help="Placement's address, instead of that in Keystone's catalogue."),
]

SERVICE = "Placement"
_MICROVERSION = "1.6"  # the first with traits; every Placement of its own has it


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    """The options of the group [placement]."""
    return [(GROUP, OPTS)]


class Placement:
    """One cloud's Placement. Its methods raise ServiceUnavailable and ConfigError, as Nova's do."""

    def __init__(self, cloud: Cloud, endpoint_override: str | None = None) -> None:
        self._adapter = Adapter(
            service_type="placement",
            interface=list(cloud.interfaces),
            endpoint_override=endpoint_override,
            default_microversion=_MICROVERSION,
            **cloud.adapter_arguments(),
        )

    @classmethod
    def from_conf(cls, conf: cfg.ConfigOpts, cloud: Cloud) -> Placement:
        """Placement as [placement] describes it."""
        conf.register_opts(OPTS, group=GROUP)
        return cls(cloud, conf[GROUP].endpoint_override)

    def traits(self, provider_id: str) -> list[str]:
        """The names of a provider's traits; none where there is no such provider."""
        found = self._get(provider_id, "traits", [])
        return [trait for trait in found if isinstance(trait, str)] if isinstance(found, list) else []

    def totals(self, provider_id: str) -> dict[str, int]:
        """How much of each class of resources (VCPU, MEMORY_MB, ...) a provider has; none where there is none."""
        found = self._get(provider_id, "inventories", {})
        if not isinstance(found, dict):
            return {}
        totals = {name: inventory.get("total") for name, inventory in found.items() if isinstance(inventory, dict)}
        return {name: total for name, total in totals.items() if type(total) is int}

    def _get(self, provider_id: str, what: str, nothing: Any) -> Any:
        """One answer about one provider: of the body the part that is called as the address's end."""
        with speaking_to(SERVICE):
            answer = self._adapter.get(
                f"/resource_providers/{urllib.parse.quote(provider_id, safe='')}/{what}", raise_exc=False
            )
        if answer.status_code == 404:
            return nothing
        if answer.status_code >= 400:
            raise refused(SERVICE, answer.status_code)
        try:
            return answer.json()[what]
        except (KeyError, TypeError, ValueError):
            raise ServiceUnavailable(
                "Placement's answer cannot be understood: is there something else at its address?"
            ) from None

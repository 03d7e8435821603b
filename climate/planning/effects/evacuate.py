# SPDX-License-Identifier: Apache-2.0
"""Empty one host, as an administrator said: one call is one look and the next step for each instance.

Hosts that are emptied together are packed together, and none of them takes
what leaves another. An instance that can be moved in no way stays.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, Protocol

from climate.chassis.outbox import Effect
from climate.core.clearing import Act, Eviction, EvictionRule
from climate.core.evacuation import Evacuation
from climate.errors import ClimateError
from climate.openstack.nova_servers import Server
from climate.planning.instances import Servers
from climate.planning.moving import Mover, unconfirmed

LOG = logging.getLogger(__name__)

TOPIC = "evacuate"
_LOOK_S = 2
_RULE = EvictionRule(eviction=Eviction.MIGRATE, fallback=Eviction.NONE, lead_s=0, finish_s=0, tries=2)


def effect(host_id: str, together: Sequence[str], now: int) -> Effect:
    """Empty a host, one of some that are emptied ``together``."""
    return Effect(topic=TOPIC, key=key(host_id), payload={"host_id": host_id, "together": list(together), "since": now})


def key(host_id: str) -> str:
    """Whose effect it is: one evacuation of a host comes after the other."""
    return f"evacuate:{host_id}"


class Plans(Protocol):
    """What is to be done (:class:`climate.planning.evacuations.NovaEvacuations`)."""

    def names(self, host_ids: Sequence[str]) -> list[str]:
        """Nova's names of those hosts that there are still."""

    def look(self, hosts: Sequence[str]) -> tuple[Evacuation, dict[str, Server]]:
        """What there is to do on hosts, with the instances by their ids."""


class Evacuate:
    """The outbox's handler."""

    def __init__(self, evacuations: Plans, servers: Servers) -> None:
        self._evacuations = evacuations
        self._servers = servers
        self._mover = Mover(servers, _RULE)

    def __call__(self, effect_id: int, payload: dict[str, Any]) -> int | None:
        """One look at the host."""
        try:
            return self._look(payload["host_id"], payload["together"], payload["since"])
        except ClimateError as error:
            LOG.warning("host %s cannot be evacuated now: %s", payload["host_id"], error.message)
            return _LOOK_S

    def _look(self, host_id: str, together: list[str], since: int) -> int | None:
        host = next(iter(self._evacuations.names([host_id])), None)
        if host is None:
            LOG.warning("host %s is gone, and with it its evacuation", host_id)
            return None
        found, servers = self._evacuations.look(self._evacuations.names(together))
        moves = self._servers.migrations(host, since)
        self._mover.confirm(moves)
        acts = []
        for step in found.instances:
            if step.source != host:
                continue
            if step.under_way:
                acts.append(Act.WAIT)
            elif not step.reason:
                server = servers[step.server_id]
                acts.append(self._mover.step(server, moves, since, since, "as it is evacuated", step.target))
        if any(act is not Act.STUCK for act in acts) or unconfirmed(moves):
            return _LOOK_S
        left = [step.server_id for step in found.instances if step.source == host]
        LOG.info("host %s is evacuated; instances that stay: %s", host, ", ".join(left) or "none")
        return None

# SPDX-License-Identifier: Apache-2.0
"""The API as one WSGI application, from its collaborators."""

from __future__ import annotations

import importlib.metadata
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from oslo_config import cfg
from oslo_policy import policy

from climate.api import openapi, routes
from climate.api.booking import Booking
from climate.api.endings import Endings
from climate.api.insight import Insight
from climate.api.occupancy import HostNames, Occupancy
from climate.api.options import GROUP
from climate.api.rate import Allowance, RequestRate
from climate.api.v1.calendar import Calendar
from climate.api.v1.hosts import Hosts
from climate.api.v1.leases import Leases, View
from climate.api.v1.limits import Limits
from climate.api.v1.properties import Properties
from climate.api.v1.schedulers import Naming, Schedulers
from climate.api.v1.versions import Description, Root, Version
from climate.chassis.web import resource, wsgi
from climate.chassis.web.policy import Policies
from climate.chassis.web.resource import Resource
from climate.client.entry import SERVICE_TYPE
from climate.rpcapi.inventory import InventoryAPI
from climate.rpcapi.planning import PlanningAPI

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

_PROBE = "readyz"


@dataclass(frozen=True, slots=True, kw_only=True)
class Collaborators:
    """Whom the API asks. ``clock`` gives epoch seconds; ``conf`` has :func:`climate.api.options.list_opts`.

    ``counting`` is planning, too, as one that is not waited for much longer
    than ``[api] limit_timeout_s``; ``monotonic`` gives seconds.
    """

    inventory: InventoryAPI
    planning: PlanningAPI
    counting: PlanningAPI
    enforcer: policy.Enforcer
    clock: Callable[[], int]
    conf: cfg.ConfigOpts
    monotonic: Callable[[], float] = time.monotonic


def build(needs: Collaborators, bind_host: str = "") -> WSGIApplication:
    """The whole stack. ``bind_host`` is where the server listens, ``""`` if uWSGI or the like does.

    :raises ConfigError: an option cannot be used.
    """
    policies = Policies(needs.enforcer)
    return wsgi.build(
        # Behind the token check, which says whose request it is, and before anything is done for it.
        RequestRate(resource.application(tree(needs, policies)), policies, Allowance(needs.counting, needs.monotonic)),
        needs.conf,
        group=GROUP,
        bind_host=bind_host,
        open_paths=routes.OPEN_PATHS,
        service_type=SERVICE_TYPE,
        label=routes.label,
        probes={
            "inventory": lambda: needs.inventory.get_sources(_PROBE),
            "planning": lambda: needs.planning.get_schedulers(_PROBE),
        },
    )


def tree(needs: Collaborators, policies: Policies) -> Resource:
    """All resources, each under each of its names."""
    options = needs.conf[GROUP]
    names = HostNames(needs.inventory)
    occupancy = Occupancy(needs.planning)
    booking = Booking(needs.inventory, needs.planning, needs.clock, options.rpc_timeout_s)
    view = View(policies, names, Insight(needs.inventory))
    naming = Naming(policies, options.allowed_schedulers)
    endings = Endings(options.allowed_on_lease_end)
    leases = Leases(needs.planning, booking, policies, view, naming, endings, options.max_limit)
    properties = Properties(needs.inventory, policies)
    version = Version(
        {
            "leases": leases,
            "reservations": leases,
            "schedulers": Schedulers(needs.planning, policies, naming),
            "properties": properties,
            "hosts": Hosts(needs.inventory, needs.planning, occupancy, names, policies, options.max_limit),
            "limits": Limits(needs.planning, policies, options.max_limit),
            "calendar": Calendar(needs.planning, names, policies, needs.clock, options.max_limit),
            "openapi.json": Description(openapi.document(importlib.metadata.version("climate"))),
        }
    )
    return Root({"v1": version, "reservations": leases, "properties": properties})

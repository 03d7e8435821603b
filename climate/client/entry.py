# SPDX-License-Identifier: Apache-2.0
"""Where a script begins: a client over a keystoneauth session, or over an endpoint and a token."""

from __future__ import annotations

import functools
from typing import Any

from keystoneauth1.adapter import Adapter
from keystoneauth1.exceptions import EndpointNotFound
from keystoneauth1.session import Session
from keystoneauth1.token_endpoint import Token

from climate.client.calendar import Calendar
from climate.client.connection import Connection
from climate.client.hosts import Hosts
from climate.client.leases import Leases
from climate.client.limits import Limits
from climate.client.probes import Probes
from climate.client.properties import Properties
from climate.client.schedulers import Schedulers

SERVICE_TYPE = "reservation"
ENERGY_TYPE = "energy"


class Client:
    """Speaks to one climate-api, and to the kwapi-api beside it, as one user; a noun of the REST API is an attribute.

    ``session`` is a keystoneauth session, or an adapter for whoever chooses
    region, interface or endpoint; ``energy`` is the adapter to kwapi-api.
    From a session the client takes the public endpoints of the service types
    ``reservation`` and ``energy``. Threads may share a client as far as they
    may share the session.
    """

    def __init__(self, session: Session | Adapter, energy: Adapter | None = None) -> None:
        adapter = session if isinstance(session, Adapter) else Adapter(session, service_type=SERVICE_TYPE)
        if energy is None and isinstance(session, Session):
            energy = Adapter(session, service_type=ENERGY_TYPE)
        self._energy = energy
        connection = Connection(adapter)
        self.leases = Leases(connection)
        self.hosts = Hosts(connection)
        self.schedulers = Schedulers(connection)
        self.properties = Properties(connection)
        self.calendar = Calendar(connection)
        self.limits = Limits(connection)

    @functools.cached_property
    def probes(self) -> Probes:
        """Probes, as kwapi-api tells of them.

        :raises EndpointNotFound: the client was made without a way to kwapi-api.
        """
        if self._energy is None:
            raise EndpointNotFound(f"Nothing says where the {ENERGY_TYPE} service is.")
        return Probes(Connection(self._energy))


def with_token(endpoint: str, token: str, *, energy_endpoint: str | None = None, **session: Any) -> Client:
    """A client for endpoints and a token that one has; ``session`` are arguments of keystoneauth's Session.

    ``energy_endpoint`` is kwapi-api's, for who asks about probes.
    """
    adapter = Adapter(Session(auth=Token(endpoint, token), **session), service_type=SERVICE_TYPE)
    energy = Adapter(adapter.session, endpoint_override=energy_endpoint) if energy_endpoint else None
    return Client(adapter, energy)

# SPDX-License-Identifier: Apache-2.0
"""Where a script begins: a client over a keystoneauth session, or over an endpoint and a token."""

from __future__ import annotations

from typing import Any

from keystoneauth1.adapter import Adapter
from keystoneauth1.session import Session
from keystoneauth1.token_endpoint import Token

from climate.client.calendar import Calendar
from climate.client.connection import Connection
from climate.client.hosts import Hosts
from climate.client.leases import Leases
from climate.client.limits import Limits
from climate.client.properties import Properties
from climate.client.schedulers import Schedulers

SERVICE_TYPE = "reservation"


class Client:
    """Speaks to one climate-api as one user; a noun of the REST API is an attribute.

    ``session`` is a keystoneauth session, or an adapter for whoever chooses
    region, interface or endpoint. From a session the client takes the public
    endpoint of the service type ``reservation``. Threads may share a client
    as far as they may share the session.
    """

    def __init__(self, session: Session | Adapter) -> None:
        adapter = session if isinstance(session, Adapter) else Adapter(session, service_type=SERVICE_TYPE)
        connection = Connection(adapter)
        self.leases = Leases(connection)
        self.hosts = Hosts(connection)
        self.schedulers = Schedulers(connection)
        self.properties = Properties(connection)
        self.calendar = Calendar(connection)
        self.limits = Limits(connection)


def with_token(endpoint: str, token: str, **session: Any) -> Client:
    """A client for an endpoint and a token that one has; ``session`` are arguments of keystoneauth's Session."""
    return Client(Session(auth=Token(endpoint, token), **session))

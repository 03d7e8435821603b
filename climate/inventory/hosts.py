# SPDX-License-Identifier: Apache-2.0
"""One host, pages of hosts, and taking a host out of new leases."""

from __future__ import annotations

from climate.core.host import Host
from climate.core.host_properties.catalogue import storable
from climate.errors import BadField
from climate.inventory.store.protocol import Store
from climate.rpcapi.inventory import HostQuery

LARGEST_PAGE = 10_000
LONGEST_REASON = 255


class Hosts:
    """What operators see and set."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, host: str) -> Host:
        """One host by id or name, also a retired one.

        :raises HostNotFound: there is none.
        """
        return self._store.get_host(host)

    def page(self, query: HostQuery) -> list[Host]:
        """A page of hosts, by name.

        :raises BadField: an unknown marker, or a page without a sane size.
        """
        if not 1 <= query.limit <= LARGEST_PAGE:
            raise BadField(f"limit must be from 1 to {LARGEST_PAGE}.", field="limit")
        return self._store.list_hosts(query)

    def set_disabled(self, host: str, disabled: bool, reason: str) -> Host:
        """Take a host out of new leases, or let it back in; a host that is let in has no reason any more.

        :raises HostNotFound: there is none.
        :raises BadField: a reason that is too long.
        """
        if len(reason) > LONGEST_REASON or not storable(reason):
            raise BadField(f"reason must be at most {LONGEST_REASON} ordinary characters.", field="reason")
        return self._store.set_disabled(host, disabled, reason if disabled else "")

# SPDX-License-Identifier: Apache-2.0
"""One host, pages of hosts, and what an admin says of a host."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from climate.core.host import Host, PropertyValue
from climate.core.host_properties.catalogue import storable
from climate.errors import BadField
from climate.inventory import decisions
from climate.inventory.decisions import LONGEST_REASON
from climate.inventory.matching import Matching
from climate.inventory.settling import settle
from climate.inventory.store.protocol import Store
from climate.rpcapi.inventory import HostQuery

LARGEST_PAGE = 10_000


class Hosts:
    """What operators see and set; facts are those in effect."""

    def __init__(self, store: Store, matching: Matching) -> None:
        self._store = store
        self._matching = matching

    def get(self, host: str) -> Host:
        """One host by id or name, also a retired one.

        :raises HostNotFound: there is none.
        """
        return self._in_effect([self._store.get_host(host)])[0]

    def page(self, query: HostQuery) -> list[Host]:
        """A page of hosts, by name.

        :raises BadField: an unknown marker, or a page without a sane size.
        """
        if not 1 <= query.limit <= LARGEST_PAGE:
            raise BadField(f"limit must be from 1 to {LARGEST_PAGE}.", field="limit")
        return self._in_effect(self._store.list_hosts(query))

    def set(
        self,
        host: str,
        disabled: bool | None = None,
        reason: str = "",
        properties: Mapping[str, PropertyValue | None] | None = None,
    ) -> Host:
        """Take a host out of new leases, or let it back in; give it facts, or take them back: all or nothing.

        A host that is let in has no reason any more.

        :raises HostNotFound: there is none.
        :raises BadField: a reason that is too long, or a fact that the host cannot be given.
        """
        if len(reason) > LONGEST_REASON or not storable(reason):
            raise BadField(f"reason must be at most {LONGEST_REASON} ordinary characters.", field="reason")
        if properties:
            settle(
                self._store,
                self._matching,
                lambda known, effect: decisions.of_host(
                    known,
                    effect,
                    self._store.get_host(host),
                    disabled=disabled,
                    reason=reason,
                    properties=properties,
                ),
            )
        elif disabled is not None:
            self._store.set_disabled(host, disabled, reason if disabled else "")
        return self.get(host)

    def _in_effect(self, hosts: list[Host]) -> list[Host]:
        effect = self._matching.current().effect
        return [dataclasses.replace(host, properties=effect.facts(host)) for host in hosts]

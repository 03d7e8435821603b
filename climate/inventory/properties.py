# SPDX-License-Identifier: Apache-2.0
"""The catalogue of properties: what one may filter by, and what an admin adds, hides and rules."""

from __future__ import annotations

from collections.abc import Iterable

from climate.core.host_properties.definitions import Definition
from climate.core.host_properties.describe import Property, describe, describe_one
from climate.core.host_properties.shared import shared_facts
from climate.core.host_properties.table import HostTable
from climate.errors import PropertyNotFound
from climate.inventory import decisions
from climate.inventory.matching import Matching
from climate.inventory.settling import settle
from climate.inventory.store.protocol import Store
from climate.rpcapi.inventory import Common, PropertyChange


class Properties:
    """What tenants may know of properties, and what admins say of them."""

    def __init__(self, store: Store, matching: Matching) -> None:
        self._store = store
        self._matching = matching

    def all(self, sees_hosts: bool) -> list[Property]:
        """The properties that the asker may name, by name."""
        effect = self._matching.current().effect
        return describe(effect.table, sees_hosts, effect.problems)

    def get(self, name: str, sees_hosts: bool) -> Property:
        """One property.

        :raises PropertyNotFound: there is none, or the asker may not name it.
        """
        effect = self._matching.current().effect
        found = describe_one(effect.table, name, sees_hosts, effect.problems)
        if found is None:
            raise PropertyNotFound()
        return found

    def add(self, wanted: Definition) -> Property:
        """A new property; see :func:`climate.inventory.decisions.addition`."""
        settle(self._store, self._matching, lambda known, effect: decisions.addition(known, effect, wanted))
        return self.get(wanted.name, True)

    def change(self, name: str, wanted: PropertyChange) -> Property:
        """A property made different; see :func:`climate.inventory.decisions.change`."""
        settle(self._store, self._matching, lambda known, effect: decisions.change(known, effect, name, wanted))
        return self.get(name, True)

    def forget(self, name: str) -> None:
        """All that an admin said of a property is gone; see :func:`climate.inventory.decisions.forgetting`."""
        settle(self._store, self._matching, lambda known, effect: decisions.forgetting(known, effect, name))

    def common(self, hosts: bytes, names: Iterable[str], sees_hosts: bool) -> Common:
        """What these hosts (packed ids) have in common, and which of the names the asker may know."""
        table = self._matching.current().effect.table
        return Common(properties=shared_facts(table, hosts, sees_hosts), visible=visible(table, names, sees_hosts))

    def visible(self, names: Iterable[str], sees_hosts: bool) -> frozenset[str]:
        """Which of the names are those of properties that there are, and that the asker may name."""
        return visible(self._matching.current().effect.table, names, sees_hosts)


def visible(table: HostTable, names: Iterable[str], sees_hosts: bool) -> frozenset[str]:
    """The names with a column in the table that the asker may name."""
    return frozenset(
        name for name in names if table.visibility.may_name(name, sees_hosts) and table.column(name) is not None
    )

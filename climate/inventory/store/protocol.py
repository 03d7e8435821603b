# SPDX-License-Identifier: Apache-2.0
"""What the inventory asks of its store; one contract suite runs over every implementation."""

from __future__ import annotations

from typing import Protocol

from climate.core.host import Host
from climate.inventory.decisions import Decision
from climate.inventory.refresh_plan import Known, RefreshPlan
from climate.rpcapi.inventory import HostQuery, SourceState


class Store(Protocol):
    """Every method is one transaction of its own.

    A *generation* is a number that rises with every change of any host, and
    of what an admin says of properties. A host that is not retired was last
    seen when its source last answered.
    """

    def generation(self) -> int:
        """The newest generation; 0 before the first host."""

    def load(self, after: int | None = None) -> Known:
        """All hosts, retired ones too, by name, all definitions, and the generation at which this is true.

        Of hosts only those that changed later than at the generation
        ``after``, if it is given. When a host was last seen is no change.
        """

    def apply(self, plan: RefreshPlan) -> bool:
        """Carry a plan out, whole or not at all; ``False`` if the store left the generation it was made for.

        Whether an admin disabled a host, and what an admin gave it, is left as it is.
        """

    def settle(self, decision: Decision) -> bool:
        """Carry out what an admin decided, whole or not at all; ``False`` if the store left its generation.

        What sources tell of hosts is left as it is.
        """

    def record_failure(self, source: str, at: int, error: str) -> None:
        """Remember that a source failed; its hosts stay."""

    def forget_source(self, source: str) -> None:
        """Drop the state of a source that is used no more; its hosts stay, retired."""

    def sources(self) -> list[SourceState]:
        """How fresh each source is, by name."""

    def get_host(self, host: str) -> Host:
        """One host by id or by name, also a retired one.

        :raises HostNotFound: there is none.
        """

    def list_hosts(self, query: HostQuery) -> list[Host]:
        """A page of hosts, by name.

        :raises BadField: an unknown marker.
        """

    def set_disabled(self, host: str, disabled: bool, reason: str) -> Host:
        """Take a host, by id or name, out of new leases, or let it back in; the host as it is then.

        :raises HostNotFound: there is none.
        """

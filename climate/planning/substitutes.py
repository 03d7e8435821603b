# SPDX-License-Identifier: Apache-2.0
"""Swap hosts that a lease cannot use for others like them, or say in the lease what is missing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Any

from climate.core import substitution
from climate.core.booking import Decision, Rules
from climate.core.candidates import Candidates, pack
from climate.core.lease import Lease
from climate.errors import HostsTaken, LeaseChanged, WrongState
from climate.planning.calendar import PlanningCalendar
from climate.planning.effects import notify
from climate.planning.proposals import ATTEMPTS
from climate.planning.store.protocol import Store

_NO_OTHERS = "no others like them are free."
_ASK = "ask for a substitute."


class Substitutes:
    """Swaps hosts of leases. ``matching`` gives the bookable hosts of a request's ``host_properties``; ``clock``
    gives epoch seconds."""

    def __init__(
        self,
        store: Store,
        calendar: PlanningCalendar,
        matching: Callable[[list[Any]], Candidates],
        rules: Rules,
        clock: Callable[[], int],
    ) -> None:
        self._store = store
        self._calendar = calendar
        self._matching = matching
        self._rules = rules
        self._clock = clock

    def replace(self, lease_id: str, unfit: Collection[str], project_id: str | None = None) -> Lease:
        """The lease without those of its hosts (ids) that are unfit, as far as there are others; again is as once.

        What cannot be mended stands in ``degraded_reason``, until it can.

        :raises LeaseNotFound: none in this scope.
        :raises WrongState: it is over.
        :raises LeaseChanged: it was changed by others at every attempt.
        """
        return self._decided(lease_id, unfit, project_id, swap_running=True)

    def look_after(self, lease_id: str, unfit: Collection[str]) -> Lease:
        """As :meth:`replace`, but a running lease keeps its hosts, and says that its tenant may ask for others."""
        return self._decided(lease_id, unfit, None, swap_running=False)

    def _decided(self, lease_id: str, unfit: Collection[str], project_id: str | None, swap_running: bool) -> Lease:
        for _ in range(ATTEMPTS):
            lease = self._store.get_lease(lease_id, project_id)
            now = self._clock()
            if not lease.live or lease.end_at <= now:
                raise WrongState(f"A lease that is {lease.state} has no hosts.", state=str(lease.state), event="swap")
            decide = self._swap if swap_running or lease.start_at > now else self._warn
            try:
                for decision in decide(lease, unfit):
                    self._store.commit(decision, (notify.effect(decision),))
            except (LeaseChanged, HostsTaken):
                continue
            return self._store.get_lease(lease_id, project_id)
        raise LeaseChanged()

    def _swap(self, lease: Lease, unfit: Collection[str]) -> Iterator[Decision]:
        """The swap, and what is to be said after it, each if there is any."""
        held = self._store.get_held(lease.lease_id)
        groups = self._matching(lease.terms.host_properties).groups if unfit else ()
        numbered = [(group.alike, self._calendar.group(group)) for group in groups]
        rows = frozenset(self._calendar.rows(pack(sorted(unfit))).tolist())
        with self._calendar.following() as replica:
            now = self._clock()
            swap = substitution.find(lease, held, rows, replica.calendar, numbered, now, self._rules)
        decision = None if swap is None else substitution.swapped(lease, held, swap, now, self._rules)
        if decision is not None:
            lease = decision.lease
            yield decision
        yield from _said(lease, 0 if swap is None else swap.missing, _NO_OTHERS, now)

    def _warn(self, lease: Lease, unfit: Collection[str]) -> Iterator[Decision]:
        return _said(lease, len(frozenset(unfit).intersection(lease.hosts)), _ASK, self._clock())


def _said(lease: Lease, missing: int, then: str, now: int) -> Iterator[Decision]:
    """The news about missing hosts; a lease that is degraded for another reason stays so."""
    if missing or substitution.is_about_hosts(lease.degraded_reason):
        decision = substitution.degraded(lease, substitution.missing(lease, missing, then), now)
        if decision is not None:
            yield decision

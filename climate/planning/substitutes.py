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
from climate.planning.effects import caused
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
        return self._decided(lease_id, project_id, lambda lease: self._replaced(lease, unfit))

    def look_after(self, lease_id: str, unfit: Collection[str]) -> Lease:
        """As :meth:`replace`, but a running lease keeps its hosts, and says that its tenant may ask for others."""

        def decide(lease: Lease) -> Iterator[Decision]:
            return self._replaced(lease, unfit) if lease.start_at > self._clock() else self._warned(lease, unfit)

        return self._decided(lease_id, None, decide)

    def avoid(self, lease_id: str, hosts: Collection[str]) -> Lease:
        """The lease with others for hosts that it had better not have, as far as there are; it says nothing."""

        def decide(lease: Lease) -> Iterator[Decision]:
            decision, _ = self._swap(lease, hosts)
            return iter(() if decision is None else (decision,))

        return self._decided(lease_id, None, decide)

    def exchange(self, lease_id: str, leaving: Collection[str], joining: Collection[str]) -> Lease:
        """The lease with these hosts of its kind in the place of those, if it has not begun and they are free."""

        def decide(lease: Lease) -> Iterator[Decision]:
            decision = self._exchanged(lease, leaving, joining)
            return iter(() if decision is None else (decision,))

        return self._decided(lease_id, None, decide)

    def occupied(self, lease_id: str, hosts: int) -> Lease:
        """The lease, which says on how many of its hosts others still are."""

        def decide(lease: Lease) -> Iterator[Decision]:
            if hosts or substitution.is_occupied(lease.degraded_reason):
                yield from self._said(lease, substitution.occupied(lease, hosts))

        return self._decided(lease_id, None, decide)

    def _decided(self, lease_id: str, project_id: str | None, decide: Callable[[Lease], Iterator[Decision]]) -> Lease:
        for _ in range(ATTEMPTS):
            lease = self._store.get_lease(lease_id, project_id)
            if not lease.live or lease.end_at <= self._clock():
                raise WrongState(f"A lease that is {lease.state} has no hosts.", state=str(lease.state), event="swap")
            try:
                for decision in decide(lease):
                    self._store.commit(decision, caused.by(decision))
            except (LeaseChanged, HostsTaken):
                continue
            return self._store.get_lease(lease_id, project_id)
        raise LeaseChanged()

    def _replaced(self, lease: Lease, unfit: Collection[str]) -> Iterator[Decision]:
        """The swap, and what is to be said after it, each if there is any."""
        decision, missing = self._swap(lease, unfit)
        if decision is not None:
            yield decision
            lease = decision.lease
        yield from self._unusable(lease, missing, _NO_OTHERS)

    def _warned(self, lease: Lease, unfit: Collection[str]) -> Iterator[Decision]:
        return self._unusable(lease, len(frozenset(unfit).intersection(lease.hosts)), _ASK)

    def _swap(self, lease: Lease, unfit: Collection[str]) -> tuple[Decision | None, int]:
        """The swap, and how many unfit hosts it leaves in the lease."""
        held = self._store.get_held(lease.lease_id)
        groups = self._matching(lease.terms.host_properties).groups if unfit else ()
        numbered = [(group.alike, self._calendar.group(group)) for group in groups]
        rows = frozenset(self._calendar.rows(pack(sorted(unfit))).tolist())
        with self._calendar.following() as replica:
            now = self._clock()
            swap = substitution.find(lease, held, rows, replica.calendar, numbered, now, self._rules)
        if swap is None:
            return None, 0
        return substitution.swapped(lease, held, swap, now, self._rules), swap.missing

    def _exchanged(self, lease: Lease, leaving: Collection[str], joining: Collection[str]) -> Decision | None:
        held = self._store.get_held(lease.lease_id)
        out, into = (tuple(self._calendar.rows(pack(sorted(some))).tolist()) for some in (leaving, joining))
        with self._calendar.following() as replica:
            now = self._clock()
            swap = substitution.exchange(lease, held, out, into, replica.calendar, now, self._rules)
        return None if swap is None else substitution.swapped(lease, held, swap, now, self._rules)

    def _unusable(self, lease: Lease, missing: int, then: str) -> Iterator[Decision]:
        """News about hosts that fail; a lease that is degraded for another reason stays so."""
        if missing or substitution.is_unusable(lease.degraded_reason):
            yield from self._said(lease, substitution.unusable(lease, missing, then))

    def _said(self, lease: Lease, reason: str) -> Iterator[Decision]:
        decision = substitution.degraded(lease, reason, self._clock())
        if decision is not None:
            yield decision

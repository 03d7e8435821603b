# SPDX-License-Identifier: Apache-2.0
"""Search, hold, confirm, cancel: how a request becomes a lease.

The search runs in memory on a copy of the calendar that may be stale; the
database decides. A refused booking is searched again on a fresh copy.
"""

from __future__ import annotations

import dataclasses
import logging
import random
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from climate.core import booking
from climate.core.booking import Decision, Rules
from climate.core.calendar.search import Need
from climate.core.calendar.sparing import GroupRows
from climate.core.candidates import Candidates, unpack
from climate.core.lease import Lease, Owner, RepeatKey, Terms, Wish, window_of
from climate.core.lifecycle import State
from climate.core.limits import Limits, ceiling, check_request
from climate.errors import (
    BadField,
    HostsTaken,
    LeaseChanged,
    LimitReached,
    NothingFits,
    RepeatMismatch,
    ServiceUnavailable,
)
from climate.planning.calendar import PlanningCalendar
from climate.planning.effects import caused
from climate.planning.limits import LimitsOfProjects
from climate.planning.store.protocol import RepeatTaken, Store
from climate.planning.strategies import Strategies

LOG = logging.getLogger(__name__)

ATTEMPTS = 10
_PAUSE_S = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request for a lease, with the hosts that match it."""

    hosts: Candidates
    wish: Wish
    quantity: int
    owner: Owner
    terms: Terms
    confirm: bool
    repeat: RepeatKey | None
    answer_by: int | None

    @property
    def entered(self) -> State:
        """The state in which the lease begins."""
        return State.CONFIRMED if self.confirm else State.PROPOSED

    @property
    def length_field(self) -> str:
        """The field that says how long the lease is to be."""
        return "end_time" if self.wish.duration_s is None else "duration"


class Proposals:
    """Makes proposals, confirms and cancels them.

    ``clock`` gives epoch seconds. One booking of a process is under way at a
    time: two at once would want the same best hosts, and one of them again.
    """

    def __init__(
        self,
        store: Store,
        calendar: PlanningCalendar,
        strategies: Strategies,
        rules: Rules,
        limits: LimitsOfProjects,
        clock: Callable[[], int],
        randomness: random.Random,
    ) -> None:
        self._store = store
        self._calendar = calendar
        self._strategies = strategies
        self._rules = rules
        self._limits = limits
        self._clock = clock
        self._randomness = randomness
        self._one_booking = threading.Lock()

    def make(self, request: Request) -> Lease:
        """Hold hosts for a request, or promise them at once if it says so.

        :raises BadField: the window or the quantity cannot be, or the scheduler is unknown.
        :raises LimitReached: the project has as many leases as it may.
        :raises TooManyWithdrawn: it let too many proposals go lately.
        :raises NothingFits: no such set of hosts is free.
        :raises RepeatMismatch: its key came with another request before.
        """
        known = self._answered(request)
        if known is not None:
            return known
        if request.quantity < 1:
            raise BadField("quantity must be at least 1.", field="quantity")
        for attempt in range(ATTEMPTS):
            try:
                return self._book(request, self._limits.admit(request.owner.project_id, request.entered))
            except HostsTaken:
                LOG.info("attempt %s for project %s met a taken host", attempt + 1, request.owner.project_id)
                time.sleep(self._randomness.uniform(0, _PAUSE_S * (attempt + 1)))
            except (RepeatTaken, LimitReached) as refusal:
                # The same request is being answered by another worker, or was a moment ago.
                known = self._answered(request)
                if known is not None:
                    return known
                if isinstance(refusal, LimitReached):
                    raise
        raise HostsTaken()

    def confirm(self, lease_id: str, project_id: str | None) -> Lease:
        """Promise what was held; again is the same as once.

        :raises LeaseNotFound: none in this scope.
        :raises WrongState: it expired, or is over.
        :raises LimitReached: the project has as many open leases as it may.
        """
        return self._decided(lease_id, project_id, lambda lease: booking.confirm(lease, self._clock()))

    def cancel(self, lease_id: str, project_id: str | None) -> Lease:
        """Give everything back; again is the same as once.

        :raises LeaseNotFound: none in this scope.
        :raises WrongState: it is over already.
        """

        def decide(lease: Lease) -> Decision | None:
            return booking.cancel(lease, self._store.get_held(lease_id), self._clock())

        return self._decided(lease_id, project_id, decide)

    def _answered(self, request: Request) -> Lease | None:
        if request.repeat is None:
            return None
        known = self._store.repeated(request.owner.project_id, request.repeat.key)
        if known is None:
            return None
        fingerprint, lease_id = known
        if fingerprint != request.repeat.fingerprint:
            raise RepeatMismatch()
        return self._store.get_lease(lease_id)

    def _book(self, request: Request, limits: Limits) -> Lease:
        groups = [self._calendar.group(group) for group in request.hosts.groups]
        with self._one_booking:
            decision = self._decision(request, groups, limits)
            if request.answer_by is not None and self._clock() >= request.answer_by:
                raise ServiceUnavailable("Planning is too busy; nothing was booked. Try again.", service="planning")
            most = ceiling(limits, request.entered)
            self._store.commit(decision, caused.by(decision), request.repeat, most)
        hosts = unpack(self._calendar.host_ids(decision.bookings[0].block.hosts))
        return dataclasses.replace(decision.lease, hosts=tuple(hosts))

    def _decision(self, request: Request, groups: list[GroupRows], limits: Limits) -> Decision:
        with self._calendar.following() as replica:
            # After the copy: what was given back until then lies in the past, and the lease begins behind it.
            now = self._clock()
            window = window_of(request.wish, now, limits.horizon_s)
            check_request(limits, window, request.quantity, request.length_field)
            need = Need(request.quantity, window, self._rules.margin_s)
            choice = self._strategies.choose(request.terms.scheduler, replica.calendar, groups, need, now)
        if choice is None:
            raise NothingFits()
        return booking.propose(
            lease_id=str(uuid.uuid4()),
            owner=request.owner,
            wish=request.wish,
            terms=request.terms,
            alike=request.hosts.groups[choice.group].alike,
            hosts=choice.rows.tolist(),
            span=(choice.start_at, choice.start_at + window.duration_s),
            now=now,
            rules=self._rules,
            confirmed=request.confirm,
        )

    def _decided(self, lease_id: str, project_id: str | None, decide: Callable[[Lease], Decision | None]) -> Lease:
        return decided(self._store, self._limits, lease_id, project_id, decide)


def decided(
    store: Store,
    limits: LimitsOfProjects,
    lease_id: str,
    project_id: str | None,
    decide: Callable[[Lease], Decision | None],
) -> Lease:
    """Read a lease, decide, write; again from the start while others change it in between.

    ``decide`` returns ``None`` where nothing is left to do.

    :raises LeaseNotFound: none in this scope.
    :raises LimitReached: it would be one more in its new state than the project may have.
    :raises LeaseChanged: it was changed by others at every attempt.
    """
    for _ in range(ATTEMPTS):
        lease = store.get_lease(lease_id, project_id)
        decision = decide(lease)
        if decision is None:
            return lease
        try:
            store.commit(decision, caused.by(decision), ceiling=limits.ceiling(decision.lease))
        except LeaseChanged:
            continue
        return store.get_lease(lease_id, project_id)
    raise LeaseChanged()

# SPDX-License-Identifier: Apache-2.0
"""Extend, shorten, add hosts, give hosts back, rename: a lease that exists becomes another, or stays as it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from climate.core import changes
from climate.core.booking import Decision, Held, Rules
from climate.core.calendar.gaps import Calendar, NotBooked
from climate.core.calendar.search import Need
from climate.core.candidates import Candidates, Group, pack
from climate.core.changes import Target
from climate.core.journal import Span
from climate.core.lease import Lease, LeaseChange, Window
from climate.core.limits import check_growth
from climate.errors import BadField, HostsTaken, LeaseChanged, NothingFits, ServiceUnavailable
from climate.planning.calendar import PlanningCalendar
from climate.planning.effects import caused
from climate.planning.limits import LimitsOfProjects
from climate.planning.proposals import ATTEMPTS
from climate.planning.store.protocol import Store
from climate.planning.strategies import Strategies


class Changes:
    """Changes leases, whole or not at all. ``clock`` gives epoch seconds."""

    def __init__(
        self,
        store: Store,
        calendar: PlanningCalendar,
        strategies: Strategies,
        rules: Rules,
        limits: LimitsOfProjects,
        clock: Callable[[], int],
    ) -> None:
        self._store = store
        self._calendar = calendar
        self._strategies = strategies
        self._rules = rules
        self._limits = limits
        self._clock = clock

    def change(
        self,
        lease_id: str,
        project_id: str | None,
        change: LeaseChange,
        hosts: Candidates | None,
        answer_by: int | None,
    ) -> Lease:
        """Carry a PATCH out; hosts that join come from ``hosts`` and are alike to those held.

        :raises LeaseNotFound: none in this scope.
        :raises BadField: an end that cannot be, a quantity below 1, no hosts to add from.
        :raises WrongState: the lease is over.
        :raises NothingFits: the extension collides, or no more such hosts are free.
        """
        for _ in range(ATTEMPTS):
            lease = self._store.get_lease(lease_id, project_id)
            try:
                decision = self._decision(lease, change, hosts)
            except NotBooked:
                continue  # the copy of the calendar is newer than the lease that was read
            if decision is None:
                return lease
            if answer_by is not None and self._clock() >= answer_by:
                raise ServiceUnavailable("Planning is too busy; nothing was changed. Try again.", service="planning")
            try:
                self._store.commit(decision, caused.by(decision))
            except (LeaseChanged, HostsTaken):
                continue
            return self._store.get_lease(lease_id, project_id)
        raise LeaseChanged()

    def _decision(self, lease: Lease, change: LeaseChange, hosts: Candidates | None) -> Decision | None:
        held = self._store.get_held(lease.lease_id)
        limits = self._limits.of(lease.owner.project_id)
        own = [one for one in held if not one.given_back]
        with self._calendar.following() as replica:
            # After the copy: what was given back until then lies in the past, and hosts join behind it.
            now = self._clock()
            wanted = changes.target(lease, change, now, limits.horizon_s)
            length_field = "duration" if change.end_time is None else "end_time"
            check_growth(limits, lease, wanted.end_at, wanted.quantity, length_field)
            missing = wanted.quantity - lease.quantity
            back = changes.to_return(own, -missing)
            if wanted.end_at > lease.end_at:
                _check_extension(replica.calendar, [one for one in own if one.host not in back], wanted.end_at)
            added = self._found(replica.calendar, lease, wanted, missing, hosts, now) if missing > 0 else ()
        return changes.change(lease, held, wanted, now, self._rules, added=added, returned=back)

    def _found(
        self, calendar: Calendar, lease: Lease, wanted: Target, quantity: int, hosts: Candidates | None, now: int
    ) -> tuple[int, ...]:
        if hosts is None:
            raise BadField("Say which hosts match, so that some can be added.", field="quantity")
        group = next((group for group in hosts.groups if group.alike == lease.alike), Group({}, pack(())))
        rows = self._calendar.group(group)
        calendar.grow(int(rows.rows.max(initial=-1)) + 1)
        window = Window(wanted.add_from, wanted.end_at, wanted.end_at - wanted.add_from)
        need = Need(quantity, window, self._rules.margin_s)
        choice = self._strategies.choose(lease.terms.scheduler, calendar, [rows], need, now)
        if choice is None:
            raise NothingFits("No more hosts like these are free until the end of this lease.")
        return tuple(choice.rows.tolist())


def _check_extension(calendar: Calendar, own: Sequence[Held], end_at: int) -> None:
    moves: dict[tuple[Span, Span], list[int]] = {}
    for one in own:
        then = one.ending(end_at)
        spans = ((one.start_at, one.blocked_until), (then.start_at, then.blocked_until))
        moves.setdefault(spans, []).append(one.host)
    for (was, now), hosts in moves.items():
        if not calendar.can_move(hosts, was, now).all():
            raise NothingFits("The hosts of this lease are promised to others after its present end.")

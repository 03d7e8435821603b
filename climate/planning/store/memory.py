# SPDX-License-Identifier: Apache-2.0
"""The store's twin in memory: for tests and trials, held to the same contract suite. Gone with its process."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Iterable
from dataclasses import dataclass

from climate.chassis.outbox import Effect
from climate.core.booking import Booking, Decision, Held, due_at
from climate.core.calendar.replica import Fact
from climate.core.journal import Change, Span
from climate.core.lease import Lease, LeaseQuery, RepeatKey
from climate.core.limits import Ceiling
from climate.errors import BadField, HostsTaken, LeaseChanged, LeaseNotFound
from climate.planning.store import rows
from climate.planning.store.protocol import RepeatTaken, Snapshot, Stretch


@dataclass(frozen=True, slots=True)
class _Allocation:
    lease_id: str
    held: Held
    released_at: int | None = None

    @property
    def used_until(self) -> int:
        return self.held.end_at if self.released_at is None else min(self.held.end_at, self.released_at)


class MemoryStore:
    """Planning's store in dictionaries (see :class:`climate.planning.store.protocol.Store`).

    ``effects`` lists what was written to the outbox, oldest first.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._hosts: list[str] = []
        self._leases: dict[str, Lease] = {}
        self._allocations: list[_Allocation] = []
        self._repeats: dict[tuple[str, str], tuple[str, str, int]] = {}
        self._journal: list[Change] = []
        self.effects: list[Effect] = []

    def register_hosts(self, host_ids: Iterable[str]) -> None:
        """Give numbers to hosts that have none yet."""
        with self._lock:
            self._hosts.extend(host_id for host_id in dict.fromkeys(host_ids) if host_id not in self._hosts)

    def hosts_from(self, number: int) -> list[str]:
        """The ids of all hosts from ``number`` on, in the order of their numbers."""
        with self._lock:
            return self._hosts[number:]

    def commit(
        self,
        decision: Decision,
        effects: tuple[Effect, ...] = (),
        repeat: RepeatKey | None = None,
        ceiling: Ceiling | None = None,
    ) -> int:
        """Carry a decision out, whole or not at all; returns its journal number."""
        lease = decision.lease
        with self._lock:
            seen = self._leases.get(lease.lease_id)
            if (seen.version if seen else None) != decision.seen_version:
                raise LeaseChanged()
            if repeat is not None and (lease.owner.project_id, repeat.key) in self._repeats:
                raise RepeatTaken(repeat.key)
            if ceiling is not None:
                others = [one for one in self.of_project(lease.owner.project_id) if one.lease_id != lease.lease_id]
                ceiling.check(sum(one.state in ceiling.states for one in others))
            allocations = list(self._allocations)
            for booking in decision.bookings:
                for host in booking.block.hosts:
                    _rewrite(allocations, decision, booking, host)
            self._allocations = allocations
            self._leases[lease.lease_id] = dataclasses.replace(lease, hosts=())
            if repeat is not None:
                value = (repeat.fingerprint, lease.lease_id, decision.at)
                self._repeats[lease.owner.project_id, repeat.key] = value
            self.effects.extend(effects)
            self._journal.append(
                Change(
                    sequence=len(self._journal) + 1,
                    at=decision.at,
                    event=decision.event,
                    lease_id=lease.lease_id,
                    project_id=lease.owner.project_id,
                    state=lease.state,
                    start_at=lease.start_at,
                    end_at=lease.end_at,
                    blocks=tuple(booking.block for booking in decision.bookings),
                )
            )
            return len(self._journal)

    def write_effects(self, effects: tuple[Effect, ...], now: int) -> None:
        """Write effects that belong to no decision about a lease to the outbox."""
        with self._lock:
            self.effects.extend(effects)

    def has_effects(self, topic: str, keys: Iterable[str]) -> bool:
        """Whether effects of one of these keys are still to be done."""
        wanted = frozenset(keys)
        with self._lock:
            return any(effect.topic == topic and effect.key in wanted for effect in self.effects)

    def repeated(self, project_id: str, key: str) -> tuple[str, str] | None:
        """The fingerprint and lease id that an Idempotency-Key came with before."""
        with self._lock:
            known = self._repeats.get((project_id, key))
        return None if known is None else known[:2]

    def forget_repeats(self, before: int) -> int:
        """Drop Idempotency-Keys written before an instant; returns how many."""
        with self._lock:
            old = [key for key, value in self._repeats.items() if value[2] < before]
            for key in old:
                del self._repeats[key]
        return len(old)

    def get_lease(self, lease_id: str, project_id: str | None = None) -> Lease:
        """One lease with its hosts' ids."""
        with self._lock:
            lease = self._leases.get(lease_id)
            if lease is None or project_id not in (None, lease.owner.project_id):
                raise LeaseNotFound()
            numbers = sorted(
                one.held.host for one in self._allocations if one.lease_id == lease_id and not one.held.given_back
            )
            return dataclasses.replace(lease, hosts=tuple(self._hosts[number] for number in numbers))

    def of_project(self, project_id: str) -> list[Lease]:
        """All leases that a project ever had, without their hosts."""
        with self._lock:
            return [lease for lease in self._leases.values() if lease.owner.project_id == project_id]

    def get_held(self, lease_id: str) -> list[Held]:
        """The live allocations of a lease, by host number."""
        with self._lock:
            mine = [one.held for one in self._allocations if one.lease_id == lease_id and one.released_at is None]
        return sorted(mine, key=lambda held: held.host)

    def list_leases(self, query: LeaseQuery) -> list[Lease]:
        """A page of leases, newest first, without their hosts."""
        with self._lock:
            found = sorted(self._leases.values(), key=lambda lease: (lease.created_at, lease.lease_id), reverse=True)
            found = [lease for lease in found if query.project_id in (None, lease.owner.project_id)]
            found = _after_marker(found, query.marker)
        return [lease for lease in found if _listed(lease, query)][: query.limit]

    def stretches(self, start: int, end: int, project_id: str | None, limit: int, marker: str | None) -> list[Stretch]:
        """How the hosts of up to ``limit`` leases are used in ``[start, end)``; leases by start, then id."""
        with self._lock:
            found = sorted(self._leases.values(), key=lambda lease: (lease.start_at, lease.lease_id))
            found = [lease for lease in found if project_id in (None, lease.owner.project_id)]
            found = _after_marker(found, marker)
            by_lease: dict[str, list[Stretch]] = {}
            for lease in found:
                for one in sorted(self._allocations, key=lambda one: one.held.host):
                    used = one.held.start_at < min(end, one.used_until) and one.used_until > start
                    if one.lease_id == lease.lease_id and used and lease.end_at > start and lease.start_at < end:
                        stretch = Stretch(
                            lease=lease, host=one.held.host, start_at=one.held.start_at, end_at=one.used_until
                        )
                        by_lease.setdefault(lease.lease_id, []).append(stretch)
        return [stretch for stretches in list(by_lease.values())[:limit] for stretch in stretches]

    def due(self, now: int, limit: int) -> list[str]:
        """Leases to which the calendar itself has something to do, the longest due first."""
        with self._lock:
            timed = [(due_at(lease), lease.lease_id) for lease in self._leases.values()]
        return [lease_id for at, lease_id in sorted((at, i) for at, i in timed if at is not None and at <= now)][:limit]

    def snapshot(self) -> Snapshot:
        """The live calendar and the journal number at which it is true."""
        with self._lock:
            facts = {
                lease.lease_id: Fact(lease.state, lease.owner.project_id, lease.start_at, lease.end_at)
                for lease in self._leases.values()
                if lease.holds_until is not None
            }
            live = [
                (one.held.host, one.held.start_at, one.held.blocked_until, one.lease_id)
                for one in self._allocations
                if one.released_at is None
            ]
            return Snapshot(len(self._journal), len(self._hosts), rows.columns_of(live), facts)

    def changes_since(self, sequence: int, limit: int) -> list[Change]:
        """Journal entries after ``sequence``, in order."""
        with self._lock:
            return self._journal[sequence : sequence + limit]

    def latest_sequence(self) -> int:
        """The newest journal number; 0 before the first."""
        with self._lock:
            return len(self._journal)


def _rewrite(allocations: list[_Allocation], decision: Decision, booking: Booking, host: int) -> None:
    was, now = booking.block.was, booking.block.now
    lease_id = decision.lease.lease_id
    if was is not None:
        place = next(
            i
            for i, one in enumerate(allocations)
            if (one.lease_id, one.held.host, one.held.start_at) == (lease_id, host, was[0]) and one.released_at is None
        )
        old = allocations.pop(place)
        if now is None:
            held = dataclasses.replace(old.held, end_at=booking.end_at, given_back=booking.given_back)
            allocations.append(_Allocation(lease_id, held, decision.at))
            return
    if now is not None:
        if _blocked(allocations, host, now) or (booking.taken and _was_had(allocations, host, booking.taken)):
            raise HostsTaken()
        held = Held(host, now[0], booking.end_at, now[1], booking.given_back)
        allocations.append(_Allocation(lease_id, held))


def _blocked(allocations: list[_Allocation], host: int, span: Span) -> bool:
    return any(
        one.released_at is None
        and one.held.host == host
        and _overlap((one.held.start_at, one.held.blocked_until), span)
        for one in allocations
    )


def _was_had(allocations: list[_Allocation], host: int, span: Span) -> bool:
    return any(
        one.released_at is not None
        and one.held.host == host
        and _overlap((one.held.start_at, min(one.held.blocked_until, one.released_at)), span)
        for one in allocations
    )


def _overlap(one: Span, other: Span) -> bool:
    return max(one[0], other[0]) < min(one[1], other[1])


def _after_marker(leases: list[Lease], marker: str | None) -> list[Lease]:
    if marker is None:
        return leases
    for i, lease in enumerate(leases):
        if lease.lease_id == marker:
            return leases[i + 1 :]
    raise BadField("marker is no lease of this list; start again without one.", field="marker")


def _listed(lease: Lease, query: LeaseQuery) -> bool:
    return (
        (not query.states or lease.state in query.states)
        and query.name in (None, lease.terms.name)
        and (query.at is None or lease.start_at <= query.at < lease.end_at)
        and (query.start is None or lease.end_at > query.start)
        and (query.end is None or lease.start_at < query.end)
    )

# SPDX-License-Identifier: Apache-2.0
"""What planning asks of its store; one contract suite runs over every implementation."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from climate.chassis.outbox import Effect
from climate.core.booking import Decision, Held
from climate.core.calendar.gaps import Columns
from climate.core.calendar.replica import Fact
from climate.core.journal import Change
from climate.core.lease import Lease, LeaseQuery, RepeatKey
from climate.core.limits import Ceiling


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The live calendar at one journal number: blocked time (the keys are lease ids), and the leases' facts."""

    sequence: int
    host_count: int
    columns: Columns
    facts: dict[str, Fact]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A lease's time on one host, as it was or will be used."""

    lease: Lease
    host: int
    start_at: int
    end_at: int


class Store(Protocol):
    """Every method is one transaction of its own. Host numbers are dense, from 0."""

    def register_hosts(self, host_ids: Iterable[str]) -> None:
        """Give numbers to hosts that have none yet."""

    def hosts_from(self, number: int) -> list[str]:
        """The ids of all hosts from ``number`` on, in the order of their numbers."""

    def commit(
        self,
        decision: Decision,
        effects: tuple[Effect, ...] = (),
        repeat: RepeatKey | None = None,
        ceiling: Ceiling | None = None,
    ) -> int:
        """Carry a decision out, whole or not at all; returns its journal number.

        With a ``ceiling``, only while the lease's project has fewer other
        leases in its states, however many are committed at the same time.

        :raises HostsTaken: a host is blocked by another lease in this time, or was until it was released.
        :raises LeaseChanged: the lease is not at ``decision.seen_version`` any more.
        :raises LimitReached: the project has as many leases as the ceiling allows.
        :raises RepeatTaken: a new lease came with this key before (see :meth:`repeated`).
        """

    def write_effects(self, effects: tuple[Effect, ...], now: int) -> None:
        """Write effects that belong to no decision about a lease to the outbox."""

    def has_effects(self, topic: str, keys: Iterable[str]) -> bool:
        """Whether effects of one of these keys are still to be done."""

    def repeated(self, project_id: str, key: str) -> tuple[str, str] | None:
        """The fingerprint and lease id that an Idempotency-Key came with before."""

    def forget_repeats(self, before: int) -> int:
        """Drop Idempotency-Keys written before an instant; returns how many."""

    def get_lease(self, lease_id: str, project_id: str | None = None) -> Lease:
        """One lease with its hosts' ids.

        :raises LeaseNotFound: none, or none of this project.
        """

    def get_held(self, lease_id: str) -> list[Held]:
        """The live allocations of a lease, by host number."""

    def list_leases(self, query: LeaseQuery) -> list[Lease]:
        """A page of leases, newest first, without their hosts.

        :raises BadField: an unknown marker.
        """

    def stretches(self, start: int, end: int, project_id: str | None, limit: int, marker: str | None) -> list[Stretch]:
        """How the hosts of up to ``limit`` leases are used in ``[start, end)``; leases by start, then id.

        :raises BadField: an unknown marker.
        """

    def due(self, now: int, limit: int) -> list[str]:
        """Leases to which the calendar itself has something to do, the longest due first."""

    def snapshot(self) -> Snapshot:
        """The live calendar and the journal number at which it is true."""

    def changes_since(self, sequence: int, limit: int) -> list[Change]:
        """Journal entries after ``sequence``, in order."""

    def latest_sequence(self) -> int:
        """The newest journal number; 0 before the first."""


class RepeatTaken(Exception):
    """An Idempotency-Key is in use; never leaves planning."""

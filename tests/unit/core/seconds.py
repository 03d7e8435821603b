# SPDX-License-Identifier: Apache-2.0
"""One lease told twice: by the decisions of the core, and second by second as the design says it.

:class:`History` carries decisions out on rows, and refuses one that does not
fit them. :class:`Seconds` knows no decision and no row: for each host it keeps
the sets of seconds in which the host is used and blocked.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from climate.core.booking import Decision, Held
from climate.core.lease import Lease, Owner, Terms, Wish
from climate.core.lifecycle import State

OWNER = Owner(project_id="p", user_id="u")


def lease(**fields: object) -> Lease:
    """A proposal of two hosts over [100, 200), with ``fields`` replaced."""
    given: dict[str, object] = {
        "lease_id": "l",
        "owner": OWNER,
        "state": State.PROPOSED,
        "start_at": 100,
        "end_at": 200,
        "quantity": 2,
        "wish": Wish(duration_s=100),
        "terms": Terms(),
        "created_at": 50,
        "updated_at": 50,
        "expires_at": 90,
        "ends_soon_at": 190,
        "holds_until": 210,
    }
    return Lease(**(given | fields))  # type: ignore[arg-type]


@dataclass
class History:
    """A lease, the rows of its hosts, and every decision that made them."""

    lease: Lease
    rows: dict[tuple[int, int], Held] = field(default_factory=dict)
    decisions: list[Decision] = field(default_factory=list)

    @classmethod
    def of(cls, decision: Decision) -> History:
        """The history that a proposal begins."""
        assert decision.seen_version is None
        begun = cls(decision.lease)
        begun._book(decision)
        return begun

    @property
    def held(self) -> list[Held]:
        """As a store would give them."""
        return sorted(self.rows.values(), key=lambda one: (one.host, one.start_at))

    @property
    def own(self) -> list[Held]:
        """Of the hosts that belong to the lease now."""
        return [one for one in self.held if not one.given_back]

    @property
    def events(self) -> list[str]:
        return [decision.event for decision in self.decisions]

    def carry_out(self, decision: Decision | None) -> Decision | None:
        """Take a decision over; it must have been made for what the history has now."""
        if decision is not None:
            assert decision.seen_version == self.lease.version
            assert decision.lease.version == self.lease.version + 1
            self._book(decision)
            self.lease = decision.lease
        return decision

    def _book(self, decision: Decision) -> None:
        for booking in decision.bookings:
            block = booking.block
            assert list(block.hosts) == sorted(set(block.hosts))
            assert block.was != block.now
            for host in block.hosts:
                if block.was is not None:
                    old = self.rows.pop((host, block.was[0]))
                    assert (old.start_at, old.blocked_until) == block.was
                if block.now is not None:
                    assert (host, block.now[0]) not in self.rows
                    row = Held(host, block.now[0], booking.end_at, block.now[1], booking.given_back)
                    assert row.start_at < row.blocked_until
                    assert row.end_at <= row.blocked_until
                    self.rows[host, block.now[0]] = row
        self.decisions.append(decision)

    def blocked_from(self, at: int) -> dict[int, set[int]]:
        """The seconds from ``at`` on in which each host is blocked."""
        return _spread([(one.host, one.start_at, one.blocked_until) for one in self.held], at)

    def used_from(self, at: int) -> dict[int, set[int]]:
        """The seconds from ``at`` on in which each host is used."""
        return _spread([(one.host, one.start_at, one.end_at) for one in self.held], at)


def _spread(spans: list[tuple[int, int, int]], at: int) -> dict[int, set[int]]:
    found: dict[int, set[int]] = {}
    for host, start, end in spans:
        seconds = set(range(max(start, at), end))
        assert not seconds & found.get(host, set()), "a host is held twice by one lease"
        if seconds:
            found.setdefault(host, set()).update(seconds)
    return found


@dataclass
class Seconds:
    """The same lease by sets of seconds. ``own`` maps each host of the lease to when it joined, and its margin."""

    used: dict[int, set[int]] = field(default_factory=dict)
    blocked: dict[int, set[int]] = field(default_factory=dict)
    own: dict[int, tuple[int, int]] = field(default_factory=dict)

    def give(self, hosts: Iterable[int], start: int, end: int, margin_s: int) -> None:
        """Hosts join the lease over ``[start, end)``."""
        for host in hosts:
            self.own[host] = (start, margin_s)
            self.used.setdefault(host, set()).update(range(start, end))
            self.blocked.setdefault(host, set()).update(range(start, end + margin_s))

    def take_back(self, hosts: Iterable[int], now: int, promised: bool) -> None:
        """Hosts leave the lease: free at once, or after their clean-up where a promised host was in use."""
        for host in list(hosts):
            start, margin_s = self.own.pop(host)
            until = now + margin_s if promised and start < now else now
            self.used[host] = {second for second in self.used[host] if second < now}
            self.blocked[host] = {second for second in self.blocked[host] if second < until}

    def end_at(self, end: int) -> None:
        """The lease ends at another instant; each host keeps its margin."""
        for host, (start, margin_s) in self.own.items():
            self.used[host] = {second for second in self.used[host] if second < start} | set(range(start, end))
            before = {second for second in self.blocked[host] if second < start}
            self.blocked[host] = before | set(range(start, end + margin_s))

    def blocked_from(self, at: int) -> dict[int, set[int]]:
        """The seconds from ``at`` on in which each host is blocked."""
        return _from(self.blocked, at)

    def used_from(self, at: int) -> dict[int, set[int]]:
        """The seconds from ``at`` on in which each host is used."""
        return _from(self.used, at)


def _from(seconds: dict[int, set[int]], at: int) -> dict[int, set[int]]:
    later = {host: {second for second in some if second >= at} for host, some in seconds.items()}
    return {host: some for host, some in later.items() if some}

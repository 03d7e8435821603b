# SPDX-License-Identifier: Apache-2.0
"""Which hosts a request may have: a function of the last answer, the request, the instant and the operator's rules.

Asks nobody and knows no Nova; a host is whatever has ``host`` and ``nodename``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from nova_ext.options import FailClosed, Settings
from nova_ext.request import NotALease, OfLease, Wish
from nova_ext.snapshot import HostUse, Snapshot

_BEGUN = frozenset({"confirmed", "active"})
"""States in which a lease is its project's, once its start has come; Climate writes ``active`` a moment after."""

_MANY_NODES = "ironic"


class Placed(Protocol):
    """What Nova knows of a host."""

    @property
    def host(self) -> str: ...

    @property
    def nodename(self) -> str: ...


H = TypeVar("H", bound=Placed)


@dataclass(frozen=True, slots=True)
class Moment:
    """Now in epoch seconds, and how old the last answer is (s)."""

    now: float
    age_s: float


@dataclass(frozen=True, slots=True)
class Verdict(Generic[H]):
    """The hosts that pass, and where none can, why (for the operator alone).

    ``news_may_help`` says that a fresh answer might open what this one does not.
    """

    hosts: list[H]
    refusal: str = ""
    news_may_help: bool = False


def decide(
    snapshot: Snapshot | None,
    wish: Wish,
    project_id: str | None,
    hosts: Iterable[H],
    moment: Moment,
    rules: Settings,
) -> Verdict[H]:
    """The hosts that a request of this project may have now."""
    if isinstance(wish, NotALease):
        return Verdict([], wish.reason)
    if snapshot is None:
        return Verdict([], "Climate has not answered since this scheduler started", news_may_help=True)
    away = moment.age_s > rules.away_after_s
    if away and (isinstance(wish, OfLease) or rules.fail_closed is FailClosed.ALL):
        return Verdict([], f"Climate has not answered for {moment.age_s:.0f} s", news_may_help=True)
    if isinstance(wish, OfLease):
        return _of_lease(snapshot, wish.lease_id, project_id, hosts, moment.now)
    soon = moment.now + rules.margin_s + moment.age_s
    return Verdict([host for host in hosts if _open(use_of(snapshot, host), moment.now, soon, away)])


def use_of(snapshot: Snapshot, host: Placed) -> HostUse | None:
    """What Climate says of one of Nova's hosts; ``None`` where it does not know it.

    The node's name decides. Lists of hosts written by hand may know the name
    of the compute service alone; it tells nothing where one service has many
    nodes, as Ironic's have.
    """
    use = snapshot.by_name.get(host.nodename)
    if use is None and getattr(host, "hypervisor_type", None) != _MANY_NODES:
        return snapshot.by_service.get(host.host) or snapshot.by_name.get(host.host)
    return use


def _open(use: HostUse | None, now: float, soon: float, away: bool) -> bool:
    """Whether anybody's instance may come; a host that Climate does not know cannot be leased.

    While Climate is away a lease that should have ended may have been
    extended: the last answer does not show its host free.
    """
    if use is None:
        return True
    if use.next_start is not None and use.next_start <= soon:
        return False
    return use.until is None or (use.until <= now and not away)


def _of_lease(snapshot: Snapshot, lease_id: str, project_id: str | None, hosts: Iterable[H], now: float) -> Verdict[H]:
    named = snapshot.by_lease.get(lease_id, ())
    passing = []
    if named and project_id is not None:
        for host in hosts:
            use = use_of(snapshot, host)
            if use is not None and _has(lease_id, project_id, use, now):
                passing.append(host)
    if passing:
        return Verdict(passing)
    if project_id is not None and any(_has(lease_id, project_id, use, now) for use in named):
        return Verdict([], f"no host of lease {lease_id} is among those that other filters leave")
    return Verdict([], _why_not(named, lease_id, project_id, now), news_may_help=True)


def _has(lease_id: str, project_id: str, use: HostUse, now: float) -> bool:
    """Whether the lease is the project's and has the host now."""
    if use.next_start is not None and use.next_start <= now:
        return use.next_lease_id == lease_id and use.next_project_id == project_id and use.next_state in _BEGUN
    return use.lease_id == lease_id and use.project_id == project_id and use.state in _BEGUN and now < use.used_until


def _why_not(named: tuple[HostUse, ...], lease_id: str, project_id: str | None, now: float) -> str:
    """Why no host is open to the lease's instances. ``named`` are the hosts that have it now or next."""
    if not named:
        return f"lease {lease_id} is unknown, over, or begins after others on its hosts"
    use = min(named, key=lambda use: use.lease_id != lease_id)
    current = use.lease_id == lease_id
    owner, state = (use.project_id, use.state) if current else (use.next_project_id, use.next_state)
    if project_id is None or owner != project_id:
        return f"lease {lease_id} belongs to project {owner}"
    if not current and use.next_start is not None and use.next_start > now:
        return f"lease {lease_id} begins in {use.next_start - now:.0f} s"
    if state not in _BEGUN:
        return f"lease {lease_id} is {state or 'not known to be confirmed'}"
    return f"lease {lease_id} is over"

# SPDX-License-Identifier: Apache-2.0
"""Notices hosts that leases cannot use, such as broken or disabled ones, and has them swapped before the start.

A host is unfit when the inventory does not offer it any more, and went on
not to for a while: a restart of its compute service is no failure. A running
lease keeps its hosts, since instances may be on them; it says that one fails,
and its tenant may ask for another.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable
from dataclasses import dataclass

from climate.core.calendar.replica import Replica
from climate.core.candidates import chunks, pack, unpack
from climate.core.lease import Lease, LeaseQuery
from climate.core.lifecycle import State
from climate.core.substitution import is_unusable
from climate.errors import ServiceUnavailable, WrongState
from climate.planning.calendar import PlanningCalendar
from climate.planning.store.protocol import Store
from climate.planning.substitutes import Substitutes

LOG = logging.getLogger(__name__)

_PAGE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureRule:
    """Hosts of leases that begin within ``ahead_s`` are swapped once they were unfit for ``patience_s`` seconds."""

    patience_s: int = 60
    ahead_s: int = 24 * 3600


class Failures:
    """Looks after the hosts of leases. ``bookable`` gives the packed ids of the hosts that may be booked now;
    ``clock`` gives epoch seconds."""

    def __init__(
        self,
        store: Store,
        calendar: PlanningCalendar,
        substitutes: Substitutes,
        bookable: Callable[[], bytes],
        rule: FailureRule,
        clock: Callable[[], int],
    ) -> None:
        self._store = store
        self._calendar = calendar
        self._substitutes = substitutes
        self._bookable = bookable
        self._rule = rule
        self._clock = clock
        self._unfit_since: dict[int, int] = {}
        self._degraded: set[str] | None = None

    def look(self) -> int:
        """Look once at all hosts of leases that run or begin soon; how many leases had unfit ones."""
        try:
            packed = self._bookable()
        except ServiceUnavailable as error:
            LOG.warning("which hosts fail is not known now: %s", error.message)
            return 0
        bookable = frozenset(self._calendar.rows(packed).tolist())
        now = self._clock()
        with self._calendar.following() as replica:
            held = _held(replica, now, now + self._rule.ahead_s)
        broken = self._broken({host for hosts in held.values() for host in hosts} - bookable, now)
        unfit = {lease_id: found for lease_id, hosts in held.items() if (found := broken.intersection(hosts))}
        known = self._degraded if self._degraded is not None else self._degraded_before()
        self._degraded = set(unfit)
        for lease_id in unfit | dict.fromkeys(known):
            self._mend(lease_id, sorted(unfit.get(lease_id, ())))
        return len(unfit)

    def substitute(self, lease_id: str, project_id: str | None) -> Lease:
        """Other hosts for those of a lease that cannot be used now, running or not; none fail, nothing happens.

        :raises LeaseNotFound: none in this scope.
        :raises WrongState: it is over.
        """
        lease = self._store.get_lease(lease_id, project_id)
        bookable = frozenset(chunks(self._bookable()))
        unfit = [host for host in lease.hosts if pack([host]) not in bookable]
        return self._substitutes.replace(lease_id, unfit, project_id)

    def _broken(self, unfit: set[int], now: int) -> set[int]:
        """Those that were unfit at every look for long enough."""
        self._unfit_since = {host: self._unfit_since.get(host, now) for host in unfit}
        return {host for host, since in self._unfit_since.items() if now - since >= self._rule.patience_s}

    def _degraded_before(self) -> set[str]:
        """The leases of which another process, or this one before its restart, said that hosts fail."""
        found: set[str] = set()
        query = LeaseQuery(project_id=None, states=(State.CONFIRMED, State.ACTIVE), limit=_PAGE)
        while page := self._store.list_leases(query):
            found.update(lease.lease_id for lease in page if is_unusable(lease.degraded_reason))
            query = dataclasses.replace(query, marker=page[-1].lease_id)
        return found

    def _mend(self, lease_id: str, unfit: list[int]) -> None:
        hosts = unpack(self._calendar.host_ids(unfit))
        try:
            self._substitutes.look_after(lease_id, hosts)
        except WrongState:
            LOG.info("lease %s was over before its hosts could be swapped", lease_id)
        except Exception:
            # Whatever is wrong with this lease, others have unfit hosts too.
            LOG.exception("the unfit hosts of lease %s could not be swapped: %s", lease_id, ", ".join(hosts))


def _held(replica: Replica, now: int, until: int) -> dict[str, set[int]]:
    """The hosts that promised leases use now, or will within the time: by lease, in calendar numbers."""
    columns = replica.calendar.columns()
    matters = (columns.start < until) & (columns.end > now)
    held: dict[str, set[int]] = {}
    for host, owner in zip(columns.host[matters].tolist(), columns.owner[matters].tolist(), strict=True):
        lease_id = columns.keys[owner]
        fact = replica.facts[lease_id]
        if fact.state in (State.CONFIRMED, State.ACTIVE) and fact.end_at > now:
            held.setdefault(lease_id, set()).add(host)
    return held

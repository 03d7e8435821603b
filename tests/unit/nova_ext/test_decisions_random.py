# SPDX-License-Identifier: Apache-2.0
"""Random calendars, requests and instants: what is decided from an old answer is what the calendar says now.

The oracle knows every lease with all its times. The answer that the decision
is made from shows two leases a host, as they were when it was given.
"""

from __future__ import annotations

import dataclasses
import uuid
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from nova_ext.decisions import Moment, decide
from nova_ext.options import FailClosed, Settings
from nova_ext.request import NoLease, OfLease
from nova_ext.snapshot import HostUse, snapshot_of
from tests.examples import many
from tests.unit.nova_ext.rounds import names, node

SLOT = 200
SLOTS = 5
HOSTS = 4
AWAY_AFTER_S = 100
PROJECTS = ("one", "two")
STATES = ("proposed", "confirmed", "active", "ended")


@dataclass(frozen=True)
class Lease:
    """One slot of time on some hosts; each is blocked until it is clean, one that was given back early."""

    lease_id: str
    project_id: str
    state: str
    start: int
    end: int
    blocked_until: tuple[tuple[int, int], ...]

    def blocks(self, host: int, instant: int) -> bool:
        return any(one == host and self.start <= instant < until for one, until in self.blocked_until)

    def as_of(self, instant: int) -> Lease:
        """What has not begun has not given back a host that it keeps any time of."""
        if self.start <= instant:
            return self
        return dataclasses.replace(
            self, blocked_until=tuple((one, max(until, self.end)) for one, until in self.blocked_until)
        )

    def has(self, host: int, instant: int) -> bool:
        """Whether its tenant is on the host by right."""
        used = any(one == host and until >= self.end for one, until in self.blocked_until)
        return used and self.state in ("confirmed", "active") and self.start <= instant < self.end


@st.composite
def calendars(draw: st.DrawFn) -> list[Lease]:
    """At most one lease a slot; slots do not overlap, and a lease is longer than an answer may be old."""
    made = []
    for slot in range(SLOTS):
        hosts = draw(st.sets(st.integers(0, HOSTS - 1)))
        first = slot * SLOT
        start = first + draw(st.integers(0, 20))
        end = draw(st.integers(start + AWAY_AFTER_S + 10, first + SLOT - 20))
        clean = draw(st.integers(0, 20))
        early = draw(st.sets(st.sampled_from(sorted(hosts)))) if hosts else set()
        until = tuple((host, (start + AWAY_AFTER_S + 5 if host in early else end) + clean) for host in sorted(hosts))
        early_ones_are_early = all(moment < end for host, moment in until if host in early)
        if hosts and early_ones_are_early:
            lease_id = str(uuid.UUID(int=slot + 1))
            made.append(
                Lease(lease_id, draw(st.sampled_from(PROJECTS)), draw(st.sampled_from(STATES)), start, end, until)
            )
    return made


def row(calendar: list[Lease], host: int, instant: int) -> HostUse:
    """What Climate answers of a host at an instant."""
    now = next((lease for lease in calendar if lease.blocks(host, instant)), None)
    later = [lease for lease in calendar if lease.start > instant and host in dict(lease.blocked_until)]
    following = min(later, key=lambda lease: lease.start, default=None)
    return HostUse(
        name=f"node-{host}",
        service_host=f"compute-{host}",
        lease_id=now and now.lease_id,
        project_id=now and now.project_id,
        state=now and now.state,
        until=now and dict(now.blocked_until)[host],
        end=now and now.end,
        next_lease_id=following and following.lease_id,
        next_project_id=following and following.project_id,
        next_state=following and following.state,
        next_start=following and following.start,
    )


@given(
    calendar=calendars(),
    slot=st.integers(0, SLOTS - 1),
    since=st.integers(-SLOT // 2, SLOT),
    age=st.integers(0, 2 * AWAY_AFTER_S),
    margin=st.integers(0, SLOT),
    hinted=st.booleans(),
    owner=st.sampled_from((True, True, True, False)),
    fail_closed=st.sampled_from(FailClosed),
)
@settings(max_examples=many(500), deadline=None)
def test_an_old_answer_decides_as_the_calendar_would(
    calendar: list[Lease],
    slot: int,
    since: int,
    age: int,
    margin: int,
    hinted: bool,
    owner: bool,
    fail_closed: FailClosed,
) -> None:
    """Around the time of one of the leases, named by its owner most of the time."""
    answered = slot * SLOT + since
    calendar = [lease.as_of(answered) for lease in calendar]
    now, away = answered + age, age > AWAY_AFTER_S
    rules = Settings(margin_s=margin, away_after_s=AWAY_AFTER_S, fail_closed=fail_closed)
    snapshot = snapshot_of(tuple(row(calendar, host, answered) for host in range(HOSTS)))
    lease_id = str(uuid.UUID(int=slot + 1)) if hinted else None
    project = next((lease.project_id for lease in calendar if lease.lease_id == lease_id), "") if owner else "three"
    wish = NoLease() if lease_id is None else OfLease(lease_id)

    def open_to_lease(host: int) -> bool:
        lease = next((lease for lease in calendar if lease.lease_id == lease_id), None)
        return not away and lease is not None and lease.project_id == project and lease.has(host, now)

    def open_to_others(host: int) -> bool:
        if away and fail_closed is FailClosed.ALL:
            return False
        held = any(lease.blocks(host, answered if away else now) for lease in calendar)
        coming = any(
            answered < lease.start <= now + margin + age for lease in calendar if host in dict(lease.blocked_until)
        )
        # What began since the answer and was given back by now is not known to be free again.
        return not held and not coming

    allowed = open_to_others if lease_id is None else open_to_lease
    verdict = decide(snapshot, wish, project, [node(host) for host in range(HOSTS)], Moment(now, age), rules)
    assert names(verdict.hosts) == [f"node-{host}" for host in range(HOSTS) if allowed(host)]
    assert bool(verdict.refusal) == (not verdict.hosts and (lease_id is not None or (away and fail_closed == "all")))

# SPDX-License-Identifier: Apache-2.0
"""What instances on a host mean for leases that begin soon: it never serves them, as a last resort, or as any other."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass

from climate.core.calendar.gaps import Calendar
from climate.core.calendar.search import Need, Search
from climate.core.calendar.sparing import GroupRows, SparingSearch
from climate.core.schedulers.protocol import Choice, Feasible, Scheduler


class InUse(enum.StrEnum):
    """Whether a host in use is a candidate for a lease that begins now."""

    NEVER = "never"
    AVOID = "avoid"  # only where nothing else fits in the whole window
    ALLOW = "allow"


@dataclass(frozen=True, slots=True, kw_only=True)
class InUseRule:
    """The operator's choice. What begins within ``ahead_s`` seconds begins "now"."""

    candidate: InUse = InUse.AVOID
    ahead_s: int = 600


DEFAULT = InUseRule()


def choose(
    scheduler: Scheduler, calendar: Calendar, groups: Sequence[GroupRows], need: Need, now: int, rule: InUseRule
) -> Choice | None:
    """What ``scheduler`` takes of that which ``rule`` leaves; ``groups`` tell the hosts in use as ``spared``."""
    choice = None
    for feasible in _ways(calendar, groups, need, now, rule):
        choice = scheduler.choose(feasible, None)
        if choice is not None:
            break
    return choice


def _ways(calendar: Calendar, groups: Sequence[GroupRows], need: Need, now: int, rule: InUseRule) -> Sequence[Feasible]:
    """Where to look, one after the other."""
    everywhere = Search(calendar, [group.rows for group in groups], need, now)
    until = now + rule.ahead_s
    matters = need.window.earliest < until and any(group.spared.size for group in groups)
    if rule.candidate is InUse.ALLOW or not matters:
        return [everywhere]
    sparing = SparingSearch(calendar, groups, need, now, until)
    return [sparing] if rule.candidate is InUse.NEVER else [sparing, everywhere]

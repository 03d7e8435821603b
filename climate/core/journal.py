# SPDX-License-Identifier: Apache-2.0
"""What planning tells those who follow its calendar."""

from __future__ import annotations

from dataclasses import dataclass

from climate.core.lifecycle import State

Span = tuple[int, int]
"""``(from, until)`` in epoch seconds, half-open."""


@dataclass(frozen=True, slots=True)
class Block:
    """What happened to the time of some hosts, all alike.

    ``hosts`` are the calendar's host numbers, rising. ``was`` and ``now`` are
    the blocked time before and after (margins included); ``None`` says that
    there was, or is, none.
    """

    hosts: tuple[int, ...]
    was: Span | None
    now: Span | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One committed change of one lease; ``sequence`` rises by one, without gaps.

    ``event`` is what the notification is called, without ``lease.``:
    proposed, confirmed, started, ended, expired, cancelled, changed,
    substituted (hosts were swapped), degraded, recovered, failed, released
    (blocked time that is over left the calendar).
    """

    sequence: int
    at: int
    event: str
    lease_id: str
    project_id: str
    state: State
    start_at: int
    end_at: int
    blocks: tuple[Block, ...] = ()

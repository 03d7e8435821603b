# SPDX-License-Identifier: Apache-2.0
"""A copy of the calendar that stays true: the journal's changes, applied in order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from climate.core.calendar.gaps import Calendar, Columns
from climate.core.journal import Block, Change
from climate.core.lifecycle import LIVE, State


class OutOfStep(Exception):
    """The copy and the journal do not fit together; load the copy anew."""


@dataclass(frozen=True, slots=True)
class Fact:
    """What a copy knows of a lease beside its hosts; ``[start_at, end_at)`` without margins."""

    state: State
    project_id: str
    start_at: int
    end_at: int


class Replica:
    """A calendar as of one sequence number, and the facts of the leases in it.

    The owner of a booking is its lease's id. A lease that is over keeps its
    fact as long as blocked time of it (a margin) is in the calendar.
    """

    def __init__(
        self, sequence: int = 0, calendar: Calendar | None = None, facts: Mapping[str, Fact] | None = None
    ) -> None:
        """The copy as of ``sequence``; by default the empty calendar, before the first change."""
        self.sequence = sequence
        self.calendar = calendar if calendar is not None else Calendar()
        self.facts: dict[str, Fact] = dict(facts or {})

    @classmethod
    def from_snapshot(cls, sequence: int, host_count: int, columns: Columns, facts: Mapping[str, Fact]) -> Replica:
        """The copy that rows read at ``sequence`` make, ``columns.keys`` being lease ids.

        :raises ValueError: when the rows overlap or are out of range.
        """
        return cls(sequence, Calendar.from_arrays(columns, host_count), facts)

    def apply(self, change: Change) -> bool:
        """Take over one change; ``False`` when it was known already.

        :raises OutOfStep: when changes before it are missing, or it
            contradicts the copy (takes what is held, gives back what the lease
            does not hold); then the copy is as it was.
        """
        if change.sequence <= self.sequence:
            return False
        if change.sequence != self.sequence + 1:
            raise OutOfStep(f"change {change.sequence} came after {self.sequence}")
        self._apply_blocks(change)
        if change.state in LIVE or self.calendar.owners.bookings(change.lease_id):
            self.facts[change.lease_id] = Fact(change.state, change.project_id, change.start_at, change.end_at)
        else:
            self.facts.pop(change.lease_id, None)
        self.sequence = change.sequence
        return True

    def _apply_blocks(self, change: Change) -> None:
        done: list[Block] = []
        try:
            for block in change.blocks:
                self._apply_block(block, change.lease_id)
                done.append(block)
        except ValueError as error:
            for block in reversed(done):
                self._apply_block(Block(block.hosts, block.now, block.was), change.lease_id)
            raise OutOfStep(f"change {change.sequence} of lease {change.lease_id}: {error}") from error

    def _apply_block(self, block: Block, owner: str) -> None:
        if block.hosts:
            self.calendar.grow(max(block.hosts) + 1)
        if block.was is None and block.now is not None:
            self.calendar.book(block.hosts, *block.now, owner)
        elif block.was is not None and block.now is None:
            self.calendar.release(block.hosts, *block.was, owner)
        elif block.was is not None and block.now is not None:
            self.calendar.move(block.hosts, block.was, block.now, owner)

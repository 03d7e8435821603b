# SPDX-License-Identifier: Apache-2.0
"""Each batch of a stream once and in order, or the word that it is lost: the bookkeeping of a consumer.

A source numbers a stream's batches from 1 without gaps, and begins anew in
each of its lives (``epoch``). A consumer hands on what is next. What comes too
early waits here while the batches before it are fetched; what came already is
not looked at again. So *(epoch, done)* is all that a consumer has to write
down to go on after a restart with nothing twice and nothing missed.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """Everything up to batch ``done`` of the life ``epoch`` was handed on, or given up.

    Of a stream that was never heard, ``epoch`` is 0: it begins with the first life that one hears of.
    """

    epoch: int = 0
    done: int = 0


@dataclass(frozen=True, slots=True)
class Hole:
    """Batches ``first`` to ``last`` of the life ``epoch``: missing while later ones are known to exist."""

    epoch: int
    first: int
    last: int

    @property
    def count(self) -> int:
        """How many batches."""
        return self.last - self.first + 1


class InOrder(Generic[T]):
    """One stream, as one consumer meets it.

    It begins behind ``position``: later lives of the source are wanted whole.
    At most ``most_waiting`` batches wait; what comes early beyond that is
    left out and fetched in its turn.
    """

    def __init__(self, position: Position, most_waiting: int = 10_000) -> None:
        self._at = position
        self._most_waiting = most_waiting
        self._waiting: dict[tuple[int, int], T] = {}
        self._heap: list[tuple[int, int]] = []  # the keys of those that wait, and of some that do not any more
        self._newest: dict[int, int] = {position.epoch: position.done}
        self._ended: set[int] = set()

    @property
    def position(self) -> Position:
        """Up to where everything was handed on or given up."""
        return self._at

    def take(self, epoch: int, sequence: int, batch: T) -> bool:
        """Note a batch that came; ``False`` if it came before, or was given up."""
        if (epoch, sequence) <= (self._at.epoch, self._at.done) or (epoch, sequence) in self._waiting:
            return False
        self.announce(epoch, sequence)
        key = epoch, sequence
        first = self._first_waiting()
        if first is None or len(self._waiting) < self._most_waiting or key < first:
            self._waiting[key] = batch
            heapq.heappush(self._heap, key)
        return True

    def pass_on(self, epoch: int, sequence: int) -> bool:
        """The short way for a batch that is next and waits for nothing: whether it may be handed on as it comes."""
        at = self._at
        if self._waiting or epoch != at.epoch or sequence != at.done + 1:
            return False
        self._newest[epoch] = max(self._newest[epoch], sequence)
        self._at = Position(epoch, sequence)
        return True

    @property
    def crowded(self) -> bool:
        """Whether as many wait as may: what else comes early would only be left out."""
        return len(self._waiting) >= self._most_waiting

    @property
    def overtaken(self) -> bool:
        """Whether later batches came already than those that are missing."""
        return bool(self._waiting)

    def announce(self, epoch: int, newest: int) -> None:
        """Learn that a life has batches up to ``newest``, though they did not come."""
        if epoch >= self._at.epoch:
            self._newest[epoch] = max(newest, self._newest.get(epoch, 0))

    def end(self, epoch: int) -> None:
        """Learn that no batch of this life was written after the last one that is known."""
        self._ended.add(epoch)

    @property
    def unsure(self) -> int | None:
        """A life that is over, of which nobody has said yet how many batches it had (see :meth:`end`)."""
        at = self._at
        done = at.done >= self._newest.get(at.epoch, 0)
        return at.epoch if done and at.epoch not in self._ended and max(self._newest) > at.epoch > 0 else None

    def ready(self) -> Iterator[T]:
        """Hand on what is next, as far as there is something without a hole before it."""
        while self._move_on():
            key = self._at.epoch, self._at.done + 1
            if key not in self._waiting:
                return
            batch = self._waiting.pop(key)
            self._at = Position(*key)
            yield batch

    def hole(self) -> Hole | None:
        """What has to be fetched or given up before anything more can be handed on."""
        if not self._move_on():
            return None
        epoch, first = self._at.epoch, self._at.done + 1
        if (epoch, first) in self._waiting:
            return None
        ahead = self._first_waiting()
        return Hole(epoch, first, ahead[1] - 1 if ahead is not None and ahead[0] == epoch else self._newest[epoch])

    def give_up(self, hole: Hole) -> int:
        """Wait no longer for the batches of the present hole up to ``hole.last``; how many were missing."""
        present = self.hole()
        if present is None or present.epoch != hole.epoch or hole.last < present.first:
            return 0
        last = min(hole.last, present.last)
        self._at = Position(hole.epoch, last)
        return last - present.first + 1

    def _first_waiting(self) -> tuple[int, int] | None:
        while self._heap and self._heap[0] not in self._waiting:
            heapq.heappop(self._heap)
        return self._heap[0] if self._heap else None

    def _move_on(self) -> bool:
        """Whether a batch is known to come behind the position, which goes to the next life where one is over."""
        while self._at.done >= self._newest.get(self._at.epoch, 0):
            later = [epoch for epoch in self._newest if epoch > self._at.epoch]
            if not later or self.unsure is not None:
                return False
            self._newest.pop(self._at.epoch, None)
            self._ended.discard(self._at.epoch)
            self._at = Position(min(later), 0)
        return True

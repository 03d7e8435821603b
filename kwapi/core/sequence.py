# SPDX-License-Identifier: Apache-2.0
"""Which batches of a stream came, which are missing, and which came before: the bookkeeping of "exactly once".

A stream's batches are numbered from 1 without gaps. A consumer takes each
number once, in whatever order they come; what it has not seen below the
greatest it has seen is a *hole*, to be fetched or, in the end, to be marked.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass


class Verdict(enum.Enum):
    """What a number means to a consumer."""

    NEXT = "next"  # the one that was waited for
    AHEAD = "ahead"  # new, and others are missing before it
    FILLS = "fills"  # one of those that were missing
    AGAIN = "again"  # it came before, or was given up
    PAST = "past"  # of an earlier life of its source


@dataclass(frozen=True, slots=True)
class Hole:
    """Batches ``first`` to ``last``, both missing, of the life that began at ``epoch``."""

    epoch: int
    first: int
    last: int

    @property
    def count(self) -> int:
        """How many batches are missing."""
        return self.last - self.first + 1


class Stream:
    """One stream as one consumer has seen it.

    ``epoch`` and ``seen`` are where to go on after a restart: the life of the
    source, and the greatest number up to which nothing is open. ``epoch`` 0 is
    a stream that was never heard.
    """

    __slots__ = ("_holes", "_newest", "epoch")

    def __init__(self, epoch: int = 0, seen: int = 0) -> None:
        self.epoch = epoch
        self._newest = seen
        self._holes: list[Hole] = []

    @property
    def newest(self) -> int:
        """The greatest number seen in this life."""
        return self._newest

    @property
    def seen(self) -> int:
        """The greatest number up to which nothing is missing in this life."""
        holes = [hole.first for hole in self._holes if hole.epoch == self.epoch]
        return min(holes) - 1 if holes else self._newest

    def holes(self) -> Iterator[Hole]:
        """What is missing, the oldest first."""
        return iter(self._holes)

    def take(self, epoch: int, sequence: int) -> Verdict:
        """Note a batch that came; whoever gets ``AGAIN`` or ``PAST`` does nothing with it.

        A new life of the source begins at 1; what was missing of an earlier
        one stays so until it is filled or given up.
        """
        if epoch < self.epoch or sequence <= self._newest * (epoch == self.epoch):
            return self._fill(epoch, sequence)
        if epoch > self.epoch:
            self.epoch, self._newest = epoch, 0
        expected = self._newest + 1
        self._newest = sequence
        if sequence == expected:
            return Verdict.NEXT
        self._holes.append(Hole(epoch, expected, sequence - 1))
        return Verdict.AHEAD

    def announce(self, epoch: int, newest: int) -> None:
        """Learn from the source itself how far it is: the last batches before a silence may be missing, too."""
        if epoch > self.epoch:
            self.epoch, self._newest = epoch, 0
        if epoch == self.epoch and newest > self._newest:
            self._holes.append(Hole(epoch, self._newest + 1, newest))
            self._newest = newest

    def give_up(self, hole: Hole) -> int:
        """Wait no longer for these batches; how many of them were still missing."""
        lost = 0
        for number in range(hole.first, hole.last + 1):
            lost += self._fill(hole.epoch, number) is Verdict.FILLS
        return lost

    def _fill(self, epoch: int, sequence: int) -> Verdict:
        for index, hole in enumerate(self._holes):
            if hole.epoch == epoch and hole.first <= sequence <= hole.last:
                parts = (Hole(epoch, hole.first, sequence - 1), Hole(epoch, sequence + 1, hole.last))
                self._holes[index : index + 1] = [part for part in parts if part.count > 0]
                return Verdict.FILLS
        return Verdict.PAST if epoch < self.epoch else Verdict.AGAIN

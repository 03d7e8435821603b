# SPDX-License-Identifier: Apache-2.0
"""Each batch once, and every missing one known: against sets of numbers."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kwapi.core.sequence import Hole, Stream, Verdict

TAKEN = {Verdict.NEXT, Verdict.AHEAD, Verdict.FILLS}
arrivals = st.lists(st.tuples(st.integers(1, 3), st.integers(1, 12)), max_size=60)


@given(arrivals)
def test_each_batch_is_taken_once_and_the_rest_is_missing(numbers: list[tuple[int, int]]) -> None:
    """Whatever the order, with repetitions and restarts of the source."""
    stream = Stream()
    taken: set[tuple[int, int]] = set()
    newest: dict[int, int] = {}
    for epoch, number in numbers:
        current = max(newest, default=0)
        verdict = stream.take(epoch, number)
        known = epoch >= current or number <= newest.get(epoch, 0)
        assert (verdict in TAKEN) == (known and (epoch, number) not in taken)
        if verdict in TAKEN:
            taken.add((epoch, number))
            newest[epoch] = max(newest.get(epoch, 0), number)
        missing = {(hole.epoch, one) for hole in stream.holes() for one in range(hole.first, hole.last + 1)}
        every = {(life, one) for life, last in newest.items() for one in range(1, last + 1)}
        assert missing == every - taken


@given(arrivals, st.integers(1, 3), st.integers(0, 20))
def test_what_the_source_announces_is_missing_until_it_comes(
    numbers: list[tuple[int, int]], epoch: int, newest: int
) -> None:
    """The last batches before a silence."""
    stream = Stream()
    for each in numbers:
        stream.take(*each)
    stream.announce(epoch, newest)
    if epoch == stream.epoch:
        assert stream.newest >= newest
    for hole in list(stream.holes()):
        for number in range(hole.first, hole.last + 1):
            assert stream.take(hole.epoch, number) is Verdict.FILLS
    assert list(stream.holes()) == []
    assert stream.seen == stream.newest


def test_what_is_given_up_does_not_come_again() -> None:
    """Its number of batches is told once, and a late one is not taken: its time is marked as a gap."""
    stream = Stream()
    for number in (1, 5, 3):
        stream.take(9, number)
    assert list(stream.holes()) == [Hole(9, 2, 2), Hole(9, 4, 4)]
    assert stream.seen == 1
    assert stream.give_up(Hole(9, 1, 4)) == 2
    assert stream.give_up(Hole(9, 1, 4)) == 0
    assert stream.take(9, 2) is Verdict.AGAIN
    assert stream.seen == 5


def test_a_consumer_goes_on_where_it_was() -> None:
    """After a restart, with what it wrote down before: nothing twice, nothing missed."""
    stream = Stream(epoch=9, seen=4)
    assert stream.take(9, 4) is Verdict.AGAIN
    assert stream.take(9, 6) is Verdict.AHEAD
    assert stream.take(8, 1) is Verdict.PAST
    assert list(stream.holes()) == [Hole(9, 5, 5)]

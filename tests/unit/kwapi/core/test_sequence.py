# SPDX-License-Identifier: Apache-2.0
"""Each batch once and in order: against a source that is known to have sent so many."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kwapi.core.sequence import Hole, InOrder, Position

Batch = tuple[int, int]
lives = st.dictionaries(st.integers(1, 4), st.integers(1, 9), min_size=1)


def sent(source: dict[int, int]) -> list[Batch]:
    """All batches that a source wrote in its lives."""
    return [(epoch, number) for epoch, last in sorted(source.items()) for number in range(1, last + 1)]


def tell_all(order: InOrder[Batch], source: dict[int, int]) -> None:
    """What the source answers to somebody who asks how far it is."""
    newest = max(source)
    for epoch, last in source.items():
        order.announce(epoch, last)
        if epoch < newest:
            order.end(epoch)


@given(lives, st.data())
def test_what_comes_is_handed_on_in_order_and_once(source: dict[int, int], data: st.DataObject) -> None:
    """Whatever is lost, repeated or late: in the end all that the source wrote, fetched where it did not come."""
    written = sent(source)
    came = data.draw(st.lists(st.sampled_from(written), max_size=80))
    order: InOrder[Batch] = InOrder(Position(min(source)), most_waiting=data.draw(st.integers(1, 20)))
    got: list[Batch] = []
    for batch in came:
        order.take(*batch, batch)
        got += order.ready()
        assert got == written[: len(got)]
    tell_all(order, source)
    got += order.ready()
    while (hole := order.hole()) is not None:
        assert hole.count > 0
        for number in range(hole.first, hole.last + 1):
            assert order.take(hole.epoch, number, (hole.epoch, number))
            got += order.ready()
    assert got == written
    assert order.position == Position(*written[-1])


@given(lives, st.data())
def test_a_consumer_goes_on_where_it_was(source: dict[int, int], data: st.DataObject) -> None:
    """Nothing twice, nothing missed, wherever it was stopped."""
    written = sent(source)
    before = data.draw(st.integers(1, len(written)))
    order: InOrder[Batch] = InOrder(Position(*written[before - 1]))
    tell_all(order, source)
    got: list[Batch] = []
    for batch in data.draw(st.permutations(written)):
        order.take(*batch, batch)
        got += order.ready()
    assert got == written[before:]


@given(lives, st.data())
def test_what_is_given_up_is_told_and_does_not_come_again(source: dict[int, int], data: st.DataObject) -> None:
    """Of every batch one hears either what it says or that it is lost."""
    written = sent(source)
    came = data.draw(st.lists(st.sampled_from(written), unique=True))
    order: InOrder[Batch] = InOrder(Position(min(source)))
    tell_all(order, source)
    got: list[Batch] = []
    for batch in came:
        order.take(*batch, batch)
    got += order.ready()
    lost = 0
    while (hole := order.hole()) is not None:
        count = order.give_up(hole)
        assert count == hole.count
        assert order.give_up(hole) == 0
        lost += count
        got += order.ready()
    assert got == sorted(came)
    assert lost == len(written) - len(came)
    for batch in written:
        assert not order.take(*batch, batch)


def test_a_life_that_is_over_is_asked_for_its_end() -> None:
    """Its last batches may have been written and not sent: nothing of the next life comes before them."""
    order: InOrder[str] = InOrder(Position(7, 3))
    assert order.take(8, 1, "new")
    assert list(order.ready()) == []
    assert (order.unsure, order.hole()) == (7, None)
    order.announce(7, 5)
    order.end(7)
    assert (order.unsure, order.hole()) == (None, Hole(7, 4, 5))
    order.take(7, 5, "last")
    order.take(7, 4, "last but one")
    assert list(order.ready()) == ["last but one", "last", "new"]


def test_no_more_than_a_bounded_number_waits() -> None:
    """The rest is fetched in its turn."""
    order: InOrder[int] = InOrder(Position(1, 0), most_waiting=2)
    for number in (5, 3, 4):
        assert order.take(1, number, number)
    assert order.hole() == Hole(1, 1, 2)
    got = []
    for number in (1, 2):
        order.take(1, number, number)
        got += order.ready()
    assert got == [1, 2, 3]
    assert order.hole() == Hole(1, 4, 4)

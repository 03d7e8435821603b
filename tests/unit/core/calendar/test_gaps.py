# SPDX-License-Identifier: Apache-2.0
"""The calendar's rules, case by case."""

from __future__ import annotations

import numpy as np
import pytest

from climate.core.calendar.gaps import FOREVER, NOBODY, Calendar, Columns, NotBooked, Taken
from tests.unit.core.calendar.plain import Booking, PlainCalendar, bookings_of


def calendar_of(*hosts: list[Booking]) -> Calendar:
    return PlainCalendar(hosts).calendar()


def columns(host: list[int], start: list[int], end: list[int], owner: list[int], keys: tuple[str, ...]) -> Columns:
    return Columns(*(np.array(column, np.int64) for column in (host, start, end)), np.array(owner, np.int32), keys)


def test_back_to_back_leases_share_a_host() -> None:
    """Spans are half-open: the second of an end is free."""
    calendar = calendar_of([(10, 20, "a"), (30, 40, "b")])
    calendar.book([0], 20, 30, "c")
    assert bookings_of(calendar) == [[(10, 20, "a"), (20, 30, "c"), (30, 40, "b")]]


@pytest.mark.parametrize(
    ("start", "end", "free"),
    [(0, 10, True), (0, 11, False), (19, 21, False), (20, 30, True), (20, 31, False), (12, 15, False), (40, 90, True)],
)
def test_free_means_free_for_the_whole_span(start: int, end: int, free: bool) -> None:
    """Whatever meets a booking, even by a second, is not free; and what is not free cannot be booked."""
    calendar = calendar_of([(10, 20, "a"), (30, 40, "b")], [])
    assert calendar.free([0, 1], start, end).tolist() == [free, True]
    if free:
        calendar.book([0, 1], start, end, "c")
    else:
        with pytest.raises(Taken) as refused:
            calendar.book([1, 0], start, end, "c")
        assert refused.value.rows == (0,)
        assert bookings_of(calendar) == [[(10, 20, "a"), (30, 40, "b")], []]


@pytest.mark.parametrize(
    ("now", "fits"),
    [
        ((20, 35), True),  # longer, up to the next
        ((20, 36), False),
        ((20, 25), True),  # shorter
        ((10, 30), True),  # sooner, from the end of the one before
        ((9, 30), False),
        ((24, 29), True),  # inside
        ((28, 33), True),  # beyond itself
        ((50, 60), True),  # elsewhere
        ((0, 5), True),
        ((0, 6), False),
        ((36, 37), False),
        ((0, 60), False),
    ],
)
def test_a_booking_moves_where_nothing_else_is(now: tuple[int, int], fits: bool) -> None:
    """Its own old time is no obstacle; the bookings of others are."""
    before = [(5, 10, "a"), (20, 30, "b"), (35, 50, "c")]
    calendar = calendar_of(before)
    assert calendar.can_move([0], (20, 30), now).tolist() == [fits]
    if fits:
        calendar.move([0], (20, 30), now, "b")
        assert bookings_of(calendar) == [sorted([(5, 10, "a"), (*now, "b"), (35, 50, "c")])]
    else:
        with pytest.raises(Taken):
            calendar.move([0], (20, 30), now, "b")
        assert bookings_of(calendar) == [before]


def test_a_move_is_refused_whole() -> None:
    """One host that cannot follow keeps all others where they are."""
    calendar = calendar_of([(0, 10, "a")], [(0, 10, "a"), (15, 20, "b")])
    with pytest.raises(Taken) as refused:
        calendar.move([0, 1], (0, 10), (0, 16), "a")
    assert refused.value.rows == (1,)
    assert bookings_of(calendar) == [[(0, 10, "a")], [(0, 10, "a"), (15, 20, "b")]]


@pytest.mark.parametrize(
    ("start", "end", "owner"),
    [
        (10, 19, "a"),
        (11, 20, "a"),
        (0, 5, "a"),
        (10, 40, "a"),
        (30, 41, "b"),
        (50, 60, "a"),
        (10, 20, "b"),
        (10, 20, "c"),
    ],
)
def test_only_what_is_booked_can_be_released_or_moved(start: int, end: int, owner: str) -> None:
    """The span must be that of one booking of this owner, to the second, on every host named."""
    before = [[(10, 20, "a"), (30, 40, "b")], [(start, end, owner)]]
    calendar = calendar_of(*before)
    for attempt in (
        lambda: calendar.release([1, 0], start, end, owner),
        lambda: calendar.move([1, 0], (start, end), (70, 80), owner),
    ):
        with pytest.raises(NotBooked) as refused:
            attempt()
        assert refused.value.rows == (0,)
        assert bookings_of(calendar) == before


@pytest.mark.parametrize(
    ("rows", "start", "end"),
    [([0, 0], 0, 1), ([2], 0, 1), ([-1], 0, 1), ([[0]], 0, 1), ([0], 5, 5), ([0], 6, 5), ([0], 0, 1 << 40)],
)
def test_nonsense_is_refused(rows: list[int], start: int, end: int) -> None:
    """Rows twice, rows that are not there, spans that are none: an error, and nothing has changed."""
    calendar = calendar_of([(10, 20, "a")], [])
    with pytest.raises(ValueError, match=r"row|empty"):
        calendar.book(rows, start, end, "b")
    assert bookings_of(calendar) == [[(10, 20, "a")], []]


def test_nobody_booked_is_nothing_done() -> None:
    """No rows are no error, and leave no owner behind."""
    calendar = calendar_of([])
    calendar.book([], 0, 1, "a")
    calendar.release([], 0, 1, "a")
    calendar.move([], (0, 1), (2, 3), "a")
    assert bookings_of(calendar) == [[]]
    assert len(calendar.owners) == 0


@pytest.mark.parametrize(
    ("instant", "owner", "until", "next_start", "next_owner"),
    [
        (9, None, 10, 10, "a"),
        (10, "a", 20, 20, "b"),
        (19, "a", 20, 20, "b"),
        (20, "b", 30, 40, "a"),
        (30, None, 40, 40, "a"),
        (49, "a", 50, FOREVER, None),
        (50, None, FOREVER, FOREVER, None),
    ],
)
def test_at_says_who_is_on_a_host_and_what_comes_next(
    instant: int, owner: str | None, until: int, next_start: int, next_owner: str | None
) -> None:
    """The second of a start belongs to the lease, the second of an end does not."""
    calendar = calendar_of([(10, 20, "a"), (20, 30, "b"), (40, 50, "a")])
    found = calendar.at(instant)
    names = [None if number == NOBODY else calendar.owners.key(number) for number in (*found.owner, *found.next_owner)]
    assert (names, found.until.tolist(), found.next_start.tolist()) == ([owner, next_owner], [until], [next_start])


def test_a_calendar_without_hosts_answers() -> None:
    """A new site has no host yet."""
    calendar = Calendar()
    assert calendar.at(0).owner.size == 0
    assert calendar.columns().host.size == 0
    assert calendar.prune(10) == 0
    assert calendar.free([], 0, 1).size == 0


def test_hosts_join_free() -> None:
    """A calendar grows by hosts, one at a time or many, and forgets nothing."""
    calendar = Calendar()
    for host in range(40):
        calendar.grow(host + 1)
        calendar.book([host], host, host + 1, "a")
    calendar.grow(1000)
    calendar.grow(3)
    assert calendar.host_count == 1000
    assert bookings_of(calendar) == [[(host, host + 1, "a")] for host in range(40)] + [[]] * 960


def test_a_host_takes_any_number_of_bookings() -> None:
    """The room made beforehand is no limit."""
    calendar = Calendar(2, bookings_per_host=0)
    for second in range(0, 200, 2):
        calendar.book([1], second, second + 2, "a")
    assert bookings_of(calendar) == [[], [(second, second + 2, "a") for second in range(0, 200, 2)]]


def test_what_is_over_is_pruned() -> None:
    """An end at the instant is over; a booking that runs stays."""
    calendar = calendar_of([(0, 10, "a"), (10, 20, "b")], [(5, 11, "c")], [])
    assert calendar.prune(10) == 1
    assert bookings_of(calendar) == [[(10, 20, "b")], [(5, 11, "c")], []]
    assert calendar.owners.bookings("a") == 0
    assert calendar.prune(10) == 0


@pytest.mark.parametrize(
    ("bad", "error"),
    [
        (columns([0, 0], [0, 5], [6, 9], [0, 0], ("a",)), Taken),
        (columns([0, 0], [5, 5], [6, 9], [0, 0], ("a",)), Taken),
        (columns([0], [5], [5], [0], ("a",)), ValueError),
        (columns([0], [5], [1 << 40], [0], ("a",)), ValueError),
        (columns([-1], [5], [6], [0], ("a",)), ValueError),
        (columns([1 << 21], [5], [6], [0], ("a",)), ValueError),
        (columns([0], [5], [6], [1], ("a",)), ValueError),
        (columns([0], [5], [6], [-1], ("a",)), ValueError),
        (columns([0], [5], [6], [0], ("a", "a")), ValueError),
        (columns([0, 1], [5], [6], [0], ("a",)), ValueError),
    ],
)
def test_wrong_columns_are_refused(bad: Columns, error: type[Exception]) -> None:
    """A calendar is never built on overlaps or numbers out of range."""
    with pytest.raises(error):
        Calendar.from_arrays(bad)


def test_owners_that_are_gone_leave_their_number() -> None:
    """Numbers are used again, so that years of leases do not fill the memory."""
    calendar = Calendar(2)
    for lease in range(100):
        calendar.book([0, 1], lease, lease + 1, f"lease-{lease}")
        assert calendar.owners.bookings(f"lease-{lease}") == 2
        calendar.release([1], lease, lease + 1, f"lease-{lease}")
        calendar.release([0], lease, lease + 1, f"lease-{lease}")
        assert calendar.owners.bookings(f"lease-{lease}") == 0
    calendar.book([0], 0, 1, "last")
    assert calendar.at(0).owner.tolist() == [0, NOBODY]
    assert calendar.owners.key(0) == "last"

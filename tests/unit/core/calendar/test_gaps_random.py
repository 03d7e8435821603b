# SPDX-License-Identifier: Apache-2.0
"""Any sequence of bookings, releases, moves and prunings: the calendar stays equal to the plain one."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from climate.core.calendar.gaps import FOREVER, NOBODY, Calendar, NotBooked, Taken
from tests.examples import many
from tests.unit.core.calendar.cases import LAST_SECOND, hosts
from tests.unit.core.calendar.plain import Booking, PlainCalendar, Seconds, bookings_of

span = st.tuples(st.integers(0, LAST_SECOND), st.integers(1, 30)).map(lambda pair: (pair[0], sum(pair)))
# What to do, to which of the bookings, on which hosts, with which span.
operation = st.tuples(
    st.sampled_from(("book", "book", "release", "move", "move", "prune", "grow")),
    st.integers(0, 10_000),
    st.lists(st.integers(0, 7), min_size=1, max_size=4, unique=True),
    span,
    st.booleans(),
)


@settings(max_examples=many(1200), deadline=None)
@given(hosts(), st.lists(operation, max_size=12), st.sampled_from((0, 300)))
def test_the_calendar_equals_the_plain_one_after_any_operations(
    initial: list[list[Booking]], operations: list[tuple], idle: int
) -> None:
    """Also where an operation is refused; then nothing has changed. Idle hosts make the rows few among many."""
    plain = PlainCalendar([*initial, *([] for _ in range(idle))])
    calendar = plain.calendar()
    for name, number, picked, where, absent in operations:
        rows = sorted({row % len(initial) for row in picked})
        if name == "grow":
            calendar.grow(len(plain.hosts) + 1)
            plain.hosts.append([])
        elif name == "prune":
            plain.prune(number % (LAST_SECOND // 2))
            calendar.prune(number % (LAST_SECOND // 2))
        elif name == "book":
            _book(calendar, plain, rows, where, f"lease-{number % 20}")
        else:
            _change(
                calendar, plain, rows, _some_booking(plain, number, where, absent), where if name == "move" else None
            )
        assert bookings_of(calendar) == [sorted(bookings) for bookings in plain.hosts]
        assert calendar.booking_count == sum(map(len, plain.hosts))
    for instant in {where[0] for _, _, _, where, _ in operations} | {0, 50}:
        _compare_at(calendar, plain, instant)


def test_full_rows_stay_true_while_they_change() -> None:
    """Rows of a hundred bookings, looked at around each start and end after every change."""
    chance = random.Random(1)
    plain = PlainCalendar([(at * 10, at * 10 + chance.randint(3, 10), "old") for at in range(100)] for _ in range(3))
    calendar = plain.calendar()
    for number in range(250):
        row = chance.randrange(3)
        booking = chance.choice(plain.hosts[row])
        start = max(0, booking[0] + chance.randint(-4, 4))
        _change(calendar, plain, [row], booking, chance.choice([None, (start, start + chance.randint(1, 9))]))
        _book(calendar, plain, [row], (start, start + 2), f"lease-{number % 9}")
        seconds = Seconds.of(plain.hosts, 1100).cells
        for instant in {one[side] - early for one in plain.hosts[row] for side in (0, 1) for early in (0, 1)}:
            if instant >= 0:
                assert ((calendar.at(instant).owner != NOBODY) == (seconds[:, instant] > 0)).all()


def _book(calendar: Calendar, plain: PlainCalendar, rows: list[int], where: tuple[int, int], owner: str) -> None:
    taken = [row for row in rows if not plain.free(row, *where)]
    assert calendar.free(rows, *where).tolist() == [row not in taken for row in rows]
    if taken:
        with pytest.raises(Taken) as refused:
            calendar.book(rows, *where, owner)
        assert list(refused.value.rows) == taken
    else:
        calendar.book(rows, *where, owner)
        plain.book(rows, *where, owner)


def _some_booking(plain: PlainCalendar, number: int, where: tuple[int, int], absent: bool) -> Booking:
    """A booking there is; sometimes one that there may not be."""
    there = sorted({one for bookings in plain.hosts for one in bookings})
    return (*where, f"lease-{number % 5}") if absent or not there else there[number % len(there)]


def _change(
    calendar: Calendar, plain: PlainCalendar, rows: list[int], booking: Booking, now: tuple[int, int] | None
) -> None:
    """Release the booking, or move it to ``now``, on the hosts that have it; on all, if none has."""
    was, owner = booking[:2], booking[2]
    rows = [row for row in rows if booking in plain.hosts[row]] or rows
    missing = [row for row in rows if booking not in plain.hosts[row]]
    if missing:
        with pytest.raises(NotBooked) as absent:
            calendar.move(rows, was, now, owner) if now else calendar.release(rows, *was, owner)
        assert list(absent.value.rows) == missing
    elif now is None:
        calendar.release(rows, *was, owner)
        plain.release(rows, booking)
    else:
        blocked = [row for row in rows if not plain.free(row, *now, but=booking)]
        assert calendar.can_move(rows, was, now).tolist() == [row not in blocked for row in rows]
        if blocked:
            with pytest.raises(Taken) as refused:
                calendar.move(rows, was, now, owner)
            assert list(refused.value.rows) == blocked
        else:
            calendar.move(rows, was, now, owner)
            plain.move(rows, booking, now)


def _compare_at(calendar: Calendar, plain: PlainCalendar, instant: int) -> None:
    found = calendar.at(instant)
    for host in range(len(plain.hosts)):
        owner, until, next_start, next_owner = plain.at(host, instant)
        assert _name(calendar, found.owner[host]) == owner
        assert _name(calendar, found.next_owner[host]) == next_owner
        assert found.until[host] == (FOREVER if until is None else until)
        assert found.next_start[host] == (FOREVER if next_start is None else next_start)


def _name(calendar: Calendar, number: int) -> str | None:
    return None if number == NOBODY else calendar.owners.key(number)

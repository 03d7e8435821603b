# SPDX-License-Identifier: Apache-2.0
"""Random calendars and requests for hypothesis, small enough to be tried second by second."""

from __future__ import annotations

import itertools

from hypothesis import strategies as st

from tests.unit.core.calendar.plain import Booking

LAST_SECOND = 200
"""No booking of a case begins later."""


@st.composite
def host_bookings(draw: st.DrawFn) -> list[Booking]:
    """The bookings of one host: a pattern of (gap, length), repeated, so that rows grow long cheaply."""
    pattern = draw(st.lists(st.tuples(st.integers(0, 6), st.integers(1, 8)), max_size=4))
    at = draw(st.integers(0, 20))
    bookings = []
    for number, (gap, length) in enumerate(pattern * draw(st.sampled_from((1, 1, 2, 12)))):
        at += gap
        if at > LAST_SECOND:
            break
        bookings.append((at, at + length, f"lease-{number % 5}"))
        at += length
    return bookings


def hosts(most: int = 6) -> st.SearchStrategy[list[list[Booking]]]:
    """The bookings of some hosts."""
    return st.lists(host_bookings(), min_size=1, max_size=most)


@st.composite
def groups(draw: st.DrawFn, host_count: int) -> list[list[int]]:
    """Disjoint groups of some of the hosts, in any order."""
    order = draw(st.permutations(range(host_count)))
    cuts = sorted(draw(st.lists(st.integers(0, host_count), max_size=3)))
    bounds = [0, *cuts, draw(st.integers(cuts[-1] if cuts else 1, host_count))]
    return [list(order[low:high]) for low, high in itertools.pairwise(bounds)]

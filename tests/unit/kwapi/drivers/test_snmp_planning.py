# SPDX-License-Identifier: Apache-2.0
"""Which requests bring what is wanted: all of it, in few, and none whose answer is too long."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from climate.devices.snmp.oid import SYS_OBJECT_ID, Oid, Value
from kwapi.drivers.snmp_planning import LEAST_OCTETS, MOST_OCTETS, Ask, octets_of, plan
from tools.snmp_captures import Recorded

TABLE = (1, 3, 6, 1, 4, 1, 534, 6)
FIRST = (SYS_OBJECT_ID,)


def column(number: int, rows: int) -> dict[Oid, Value]:
    return {(*TABLE, number, row): 100 * row for row in range(1, rows + 1)}


def roots(*numbers: int) -> list[Oid]:
    return [(*TABLE, number) for number in numbers]


def test_columns_of_a_table_come_side_by_side() -> None:
    rows = column(1, 12) | column(2, 12)
    assert plan(FIRST, rows, roots(1, 2), rows) == [Ask(FIRST, tuple(roots(1, 2)), 12)]


def test_what_does_not_fit_into_a_datagram_is_asked_for_in_pieces() -> None:
    """Of about one length; each begins where the one before ends."""
    rows = column(1, 100)
    asks = plan((), rows, roots(1), rows)
    assert [(ask.behind, ask.count) for ask in asks] == [(((*TABLE, 1),), 50), (((*TABLE, 1, 50),), 50)]


def test_the_middle_of_a_column_begins_behind_its_neighbour() -> None:
    rows = column(1, 24)
    wanted = [(*TABLE, 1, row) for row in range(9, 13)]
    assert plan(FIRST, wanted, roots(1), rows) == [Ask(FIRST, ((*TABLE, 1, 8),), 4)]


def test_few_of_many_are_asked_for_by_name() -> None:
    """Rather than with all that stands between them."""
    rows = column(1, 24)
    wanted = ((*TABLE, 1, 1), (*TABLE, 1, 24))
    assert plan(FIRST, wanted, roots(1), rows) == [Ask((*FIRST, *wanted))]


def test_single_instances_come_along_with_a_table() -> None:
    """If nothing stands between one and what is asked instead of it."""
    single = (1, 3, 6, 1, 4, 1, 99, 1, 0)
    rows = column(1, 8) | {single: 1}
    assert plan(FIRST, rows, [*roots(1), single], rows) == [Ask((*FIRST, single), tuple(roots(1)), 8)]
    crowded = (1, 3, 6, 1, 4, 1, 99, 2, 5)
    rows |= {crowded: 1, (*crowded[:-1], 4, 7): 1}
    wanted = [*column(1, 8), crowded]
    assert plan(FIRST, wanted, [*roots(1), crowded], rows)[-1] == Ask((crowded,))


def test_version_1_is_asked_for_names() -> None:
    rows = column(1, 50)
    asks = plan(FIRST, rows, roots(1), rows, bulk=False)
    assert [name for ask in asks for name in ask.names] == [*FIRST, *rows]
    assert not any(ask.behind for ask in asks)


def test_nothing_wanted_still_asks_what_it_is() -> None:
    assert plan(FIRST, [], [], {}) == [Ask(FIRST)]


@st.composite
def devices(draw: st.DrawFn) -> tuple[dict[Oid, Value], list[Oid], list[Oid]]:
    """What a device has, its columns, and what is wanted of it."""
    rows: dict[Oid, Value] = {}
    columns = []
    for number in draw(st.lists(st.integers(1, 9), unique=True, max_size=4)):
        columns.append((*TABLE, number))
        index = st.lists(st.integers(0, 300), min_size=1, max_size=3).map(tuple)
        for suffix in draw(st.lists(index, unique=True, max_size=60)):
            rows[(*TABLE, number, *suffix)] = draw(st.sampled_from([0, 2**40, b"twelve chars"]))
    wanted = draw(st.lists(st.sampled_from(sorted(rows)), unique=True)) if rows else []
    return rows, columns, wanted


@given(device=devices(), octets=st.integers(LEAST_OCTETS, MOST_OCTETS), bulk=st.booleans())
def test_all_that_is_wanted_is_brought(
    device: tuple[dict[Oid, Value], list[Oid], list[Oid]], octets: int, bulk: bool
) -> None:
    """Whatever the tables are like; and no answer is longer than it may be, if there is more than one object in it."""
    rows, columns, wanted = device
    answers: dict[Oid, Value] = {}
    agent = Recorded({SYS_OBJECT_ID: (1, 3), **rows})
    for ask in plan(FIRST, wanted, columns, rows, octets, bulk):
        told = agent.rows(ask.names, ask.behind, ask.count) if ask.behind else agent.get(ask.names)
        answers |= told
        assert len(told) <= 1 or sum(octets_of(oid, rows) for oid in told) <= octets + 100
    assert {SYS_OBJECT_ID, *wanted} <= answers.keys()

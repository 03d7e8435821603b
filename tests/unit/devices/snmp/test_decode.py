# SPDX-License-Identifier: Apache-2.0
"""What rows of a walk mean by a profile: places, numbers and units, and never a number that is not there."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from climate.devices.snmp import loading
from climate.devices.snmp.decode import Item, items_of, named, signs, walked
from climate.devices.snmp.oid import Oid, Value, is_below, number_of
from climate.devices.snmp.profile import Column, Index, Part, Profile, Quantity, Scope, Table

ENTRY: Oid = (1, 3, 6, 1, 4, 1, 99999, 2, 1)
WATTS, SCALING, KIND, LABEL = ((*ENTRY, number) for number in (3, 4, 5, 6))
ONLY: Oid = (1, 3, 6, 1, 4, 1, 99999, 7, 0)
COMMON: Oid = (1, 3, 6, 1, 4, 1, 99999, 8, 0)


def profile(*tables: Table) -> Profile:
    """A family with some tables."""
    return Profile(
        name="acme", vendor="Acme", kind="pdu", description="Strips", mibs=("ACME",), source="here", tables=tables
    )


def outlets(column: Column, *index: Part | int | range, label: Oid | None = None) -> Profile:
    """A family with one table of outlets' watts."""
    table = Table(
        scope=Scope.OUTLET, place="outlet", columns={Quantity.WATTS: column}, index=index or (Part.NUMBER,), label=label
    )
    return profile(table)


def values(family: Profile, rows: dict[Oid, Value]) -> dict[str, float | None]:
    """What each place says."""
    return {item.place: item.value(rows) for item in items_of(family, rows)}


@pytest.mark.parametrize(
    ("index", "suffix", "place"),
    [
        ((Part.NUMBER,), (7,), "outlet-7"),
        ((Part.NUMBER,), (0,), "outlet-0"),
        ((Part.NUMBER, Part.NUMBER), (2, 7), "outlet-2-7"),
        ((Part.UNIT, Part.NUMBER), (1, 7), "outlet-7"),
        ((Part.UNIT, Part.NUMBER), (2, 7), "unit2-outlet-7"),
        ((Part.UNIT0, Part.NUMBER), (0, 7), "outlet-7"),
        ((Part.UNIT0, Part.NUMBER), (1, 7), "unit2-outlet-7"),
        ((Part.NUMBER, Part.UNIT), (7, 3), "unit3-outlet-7"),
        ((1, Part.NUMBER, 5), (1, 7, 5), "outlet-7"),
        ((Part.ANY, Part.NUMBER), (1234, 7), "outlet-7"),
        ((Part.NUMBER, Part.TEXT), (7, 3, 65, 66, 49), "outlet-7-AB1"),
        ((Part.TEXT,), (4, 65, 47, 32, 66), "outlet-A_B"),
        ((3, 1), (3, 1), "outlet"),
        ((range(1, 255), 0), (254, 0), "outlet-254"),
        ((Part.UNIT0, range(1, 255)), (1, 1), "unit2-outlet-1"),
    ],
)
def test_an_index_names_a_place(index: Index, suffix: Oid, place: str) -> None:
    """The first unit of a chain is not named; a text is kept as far as it fits in a name."""
    family = outlets(Column(oid=WATTS), *index)
    assert values(family, {WATTS + suffix: 66}) == {place: 66.0}


@pytest.mark.parametrize(
    ("index", "suffix"),
    [
        ((Part.NUMBER,), (7, 1)),
        ((Part.NUMBER, Part.NUMBER), (7,)),
        ((Part.NUMBER, 5), (7, 4)),
        ((range(1, 255),), (255,)),
        ((Part.TEXT,), (3, 65, 66)),
        ((Part.TEXT,), (2, 65, 66, 67)),
        ((Part.TEXT,), (1, 300)),
        ((Part.TEXT,), (4_000_000_000, 65)),
    ],
)
def test_an_index_of_another_shape_is_none_of_ours(index: Index, suffix: Oid) -> None:
    """Too long, too short, another fixed number, a text that is none."""
    assert values(outlets(Column(oid=WATTS), *index), {WATTS + suffix: 66}) == {}


@pytest.mark.parametrize(
    ("said", "value"),
    [
        (15735, 15.735),
        (-5, -0.005),
        (0, 0.0),
        (-1, None),
        (b"15735", 15.735),
        (b" 200 W ", 0.2),
        (b"1,5", 0.0015),
        (b"1.2 kW", None),
        (b"n/a", None),
        (b"", None),
        (b"nan", None),
        (b"1e999", None),
        (2.5, 0.0025),
        (math.nan, None),
        (math.inf, None),
        ((1, 3, 6), None),
        (10**400, None),
    ],
)
def test_a_value_is_a_number_times_the_scale_or_nothing(said: Value, value: float | None) -> None:
    """-1 means that there is none, -5 are minus five; nothing is added behind the digits that were said."""
    assert values(outlets(Column(oid=WATTS, scale=0.001)), {(*WATTS, 1): said}) == {"outlet-1": value}


@pytest.mark.parametrize(
    ("scaling", "said", "value"),
    [
        ("digits", 2, 1.23),
        ("digits", 0, 123.0),
        ("digits", -1, 1230.0),
        ("digits", 25, None),
        ("digits", b"x", None),
        ("digits", 1.5, None),
        ("exponent", -3, 0.123),
        ("exponent", 2, 12300.0),
        ("multiplier", 8, 0.123),
        ("multiplier", 10, 123_000.0),
        ("multiplier", 7, None),
        ("multiplier", 8.5, None),
    ],
)
@pytest.mark.parametrize("beside", [SCALING, COMMON])
def test_what_stands_beside_a_value_scales_it(beside: Oid, scaling: str, said: Value, value: float | None) -> None:
    """In the same row, or once for all; where it says nothing that can be understood, there is no value."""
    more = {"multipliers": {8: 0.001, 10: 1000.0}} if scaling == "multiplier" else {}
    column = Column(oid=WATTS, **{scaling: beside}, **more)  # type: ignore[arg-type]
    stands = beside if beside == COMMON else (*beside, 1)
    family = outlets(column)
    assert values(family, {(*WATTS, 1): 123, stands: said}) == {"outlet-1": value}
    (item,) = items_of(family, {(*WATTS, 1): 123, stands: said})
    assert item.asked() == ((*WATTS, 1), stands)
    assert item.value({(*WATTS, 1): 123}) is None


def test_only_rows_of_the_right_kind_count() -> None:
    """Others, and those that do not say their kind, are no power."""
    family = outlets(Column(oid=WATTS, where=((KIND, frozenset({4, 5})),)))
    rows: dict[Oid, Value] = {(*WATTS, row): 100 + row for row in (1, 2, 3, 4)}
    rows |= {(*KIND, 1): 4, (*KIND, 2): 6, (*KIND, 3): 5}
    assert values(family, rows) == {"outlet-1": 101.0, "outlet-3": 103.0}


def test_texts_beside_rows_tell_which_count_and_what_they_are_of() -> None:
    """What is caught of them is part of the name, behind the index's own number."""
    column = Column(oid=WATTS, texts=((KIND, re.compile("Phase (L[123])[.]Power")), (LABEL, re.compile("W"))))
    rows: dict[Oid, Value] = {(*WATTS, unit, row): 10 * unit + row for unit in (1, 2) for row in range(5)}
    rows |= {(*KIND, 1, 0): b"Phase L1.Power", (*LABEL, 1, 0): b"W", (*KIND, 2, 3): b"Phase L2.Power"}
    rows |= {(*LABEL, 2, 3): b"W", (*KIND, 2, 1): b"Phase L3.Power", (*LABEL, 2, 1): b"kW", (*KIND, 2, 2): b"Power"}
    assert values(outlets(column, Part.UNIT, Part.ANY), rows) == {"outlet-L1": 10.0, "unit2-outlet-L2": 23.0}
    assert values(outlets(column, Part.UNIT, Part.NUMBER), rows) == {"outlet-0-L1": 10.0, "unit2-outlet-3-L2": 23.0}
    assert walked(outlets(column, Part.UNIT, Part.ANY)) == [WATTS, KIND, LABEL]


def test_of_two_columns_for_one_quantity_the_one_with_a_value_counts() -> None:
    """The first, if both have."""
    first = Table(scope=Scope.DEVICE, place="device", columns={Quantity.WATTS: Column(oid=WATTS)}, index=(Part.ANY,))
    second = Table(scope=Scope.DEVICE, place="device", columns={Quantity.WATTS: Column(oid=ONLY, scale=10.0)})
    family = profile(first, second)
    assert values(family, {(*WATTS, 1): 117, ONLY: 12}) == {"device": 117.0}
    assert values(family, {(*WATTS, 1): -1, ONLY: 12}) == {"device": 120.0}
    assert values(family, {(*WATTS, 1): -1}) == {"device": None}


def test_labels_are_the_operators_words() -> None:
    """In one line, without what no terminal should get."""
    family = outlets(Column(oid=WATTS), label=LABEL)
    rows: dict[Oid, Value] = {(*WATTS, 1): 5, (*LABEL, 1): b"  web\x1b[31m 1\r\n", (*WATTS, 2): 6}
    assert [item.label for item in items_of(family, rows)] == ["web [31m 1", ""]


def test_an_energy_counter_keeps_its_last_digits() -> None:
    """They are what a second adds."""
    table = Table(
        scope=Scope.INLET,
        place="inlet",
        columns={Quantity.ENERGY_J: Column(oid=WATTS, scale=3600.0)},
        index=(Part.NUMBER,),
    )
    assert values(profile(table), {(*WATTS, 1): 4_294_967_295}) == {"inlet-1": 4_294_967_295 * 3600.0}


def test_what_is_walked_and_what_is_a_sign() -> None:
    """Columns with what stands beside them; the entries that they are parts of."""
    column = Column(oid=WATTS, digits=SCALING, where=((KIND, frozenset({1})),))
    table = Table(scope=Scope.DEVICE, place="device", columns={Quantity.VA: Column(oid=ONLY)})
    family = profile(*outlets(column, label=LABEL).tables, table)
    assert walked(family) == [WATTS, SCALING, KIND, LABEL, ONLY]
    assert signs(family) == [ENTRY, ONLY[:-1]]
    assert walked(family, {ONLY[:-1]}) == [ONLY]


def test_names_of_places() -> None:
    """A number where there is one; the unit before it."""
    assert [named("outlet", number) for number in ("3", "", "unit2/3", "unit2/")] == [
        "outlet-3",
        "outlet",
        "unit2-outlet-3",
        "unit2-outlet",
    ]


RAW = st.one_of(st.integers(), st.floats(), st.binary(max_size=50), st.lists(st.integers(0, 9), max_size=4).map(tuple))


@st.composite
def rows_near(draw: st.DrawFn, family: Profile) -> dict[Oid, Value]:
    """Rows in and around the columns of a profile, with anything in them."""
    suffixes = st.lists(st.one_of(st.integers(0, 12), st.integers(0, 2**32 - 1)), max_size=6).map(tuple)
    columns = st.sampled_from(walked(family))
    keys = st.builds(lambda column, suffix: (*column, *suffix), columns, suffixes)
    return draw(st.dictionaries(keys, RAW, max_size=30))


@given(st.data())
def test_random_rows_never_crash_nor_give_a_value_without_a_number(data: st.DataObject) -> None:
    """Of whatever family: each value is finite, from a number in the rows, and of a place that has a good name."""
    family = data.draw(st.sampled_from(loading.installed()))
    rows = data.draw(rows_near(family))
    for item in items_of(family, rows):
        _sound(item, rows)


def _sound(item: Item, rows: dict[Oid, Value]) -> None:
    assert is_below(item.oid, item.column.oid)
    assert item.place.isascii()
    assert not set(item.place) & set(" ,/$#\"'")
    value = item.value(rows)
    if value is not None:
        assert math.isfinite(value)
        needed = [oid for oid in item.asked() if not any(is_below(oid, doubt) for doubt, _ in item.column.unless)]
        assert all(number_of(rows.get(oid)) is not None for oid in needed)

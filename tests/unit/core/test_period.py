# SPDX-License-Identifier: Apache-2.0
"""Instants and durations are read exactly or refused with the field's name; periods are half-open."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from climate.core.period import LAST_INSTANT, Period, format_instant, parse_duration, parse_instant
from climate.errors import BadField

NOON = int(dt.datetime(2026, 11, 21, 12, 0, tzinfo=dt.UTC).timestamp())

INSTANTS: list[tuple[object, int]] = [
    (0, 0),
    (NOON, NOON),
    (str(NOON), NOON),
    (f" {NOON} ", NOON),
    (f"+{NOON}", NOON),
    ("2026-11-21T12:00:00Z", NOON),
    ("2026-11-21T12:00:00+00:00", NOON),
    ("2026-11-21T13:00:00+01:00", NOON),
    ("2026-11-21T06:30:00-05:30", NOON),
    ("2026-11-21 12:00Z", NOON),
    ("20261121T120000Z", NOON),
    (" 2026-11-21T12:00:00Z\n", NOON),
    ("2026-11-21T12:00:00.999999Z", NOON),
    ("3059-01-01T00:00:00.999999Z", 34_365_513_600),
    ("1970-01-01T00:00:00Z", 0),
    ("9999-12-31T23:59:59Z", LAST_INSTANT),
    (LAST_INSTANT, LAST_INSTANT),
]

NO_INSTANTS: list[object] = [
    None,
    True,
    12.0,
    [],
    {},
    b"0",
    "",
    "soon",
    "2026-11-21",
    "2026-11-21T12:00:00",
    "2026-02-30T12:00:00Z",
    "2026-11-21T25:00:00Z",
    "12e3",
    "0x10",
    "\u0663",
    "\ud800",
    "\x00",
    -1,
    "-1",
    LAST_INSTANT + 1,
    10**400,
    "9" * 400,
    "9" * 5000,
    "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59-23:59",
    "1969-12-31T23:59:59.5Z",
]

DURATIONS: list[tuple[object, int]] = [
    (1, 1),
    ("90", 90),
    ("2h30m", 9000),
    ("2H30M", 9000),
    ("1d", 86_400),
    ("1w2d3h4m5s", 604_800 + 2 * 86_400 + 3 * 3600 + 4 * 60 + 5),
    ("45min", 2700),
    (" 10s ", 10),
    ("PT2H30M", 9000),
    ("pt2h30m", 9000),
    ("P1D", 86_400),
    ("P1DT12H", 129_600),
    ("P2W", 2 * 604_800),
    ("PT90S", 90),
]

NO_DURATIONS: list[object] = [
    None,
    True,
    1.5,
    [],
    "",
    " ",
    "P",
    "PT",
    "P1M",
    "P1Y",
    "PT1.5H",
    "1.5h",
    "30m2h",
    "2h 30m",
    "h",
    "forever",
    0,
    -1,
    "-5",
    "0s",
    "-PT1H",
    LAST_INSTANT + 1,
    10**400,
    "9" * 40,
    "9" * 5000,
    "9" * 30 + "d",
]


@pytest.mark.parametrize(("written", "instant"), INSTANTS)
def test_an_instant_is_read_in_every_documented_form(written: object, instant: int) -> None:
    assert parse_instant(written, "start_time") == instant


@pytest.mark.parametrize("written", NO_INSTANTS, ids=lambda value: repr(value)[:30])
def test_what_is_no_instant_is_refused_by_its_fields_name(written: object) -> None:
    with pytest.raises(BadField) as refused:
        parse_instant(written, "start_time")
    assert refused.value.details["field"] == "start_time"
    assert "start_time" in refused.value.message


@pytest.mark.parametrize(("written", "seconds"), DURATIONS)
def test_a_duration_is_read_in_every_documented_form(written: object, seconds: int) -> None:
    assert parse_duration(written, "duration") == seconds


@pytest.mark.parametrize("written", NO_DURATIONS, ids=lambda value: repr(value)[:30])
def test_what_is_no_duration_is_refused_by_its_fields_name(written: object) -> None:
    with pytest.raises(BadField) as refused:
        parse_duration(written, "duration")
    assert refused.value.details["field"] == "duration"
    assert "duration" in refused.value.message


@given(st.text(max_size=50) | st.from_regex(r"[+-]?[0-9TZPWDHMS:. wdhms+-]{1,30}"))
def test_no_text_at_all_is_more_than_a_number_or_a_bad_field(text: str) -> None:
    """Whatever a client sends, the answer is a sane integer or a BadField."""
    for parse, least in ((parse_instant, 0), (parse_duration, 1)):
        try:
            found = parse(text, "x")
        except BadField:
            continue
        assert least <= found <= LAST_INSTANT


@given(st.integers(0, LAST_INSTANT))
def test_a_written_instant_reads_as_itself(instant: int) -> None:
    """What an answer shows can be sent back."""
    assert parse_instant(format_instant(instant), "x") == instant


@given(st.datetimes(dt.datetime(1970, 1, 2), dt.datetime(9999, 12, 30)), st.integers(-23 * 60, 23 * 60))
def test_an_offset_moves_the_instant_by_itself(local: dt.datetime, minutes: int) -> None:
    """Against arithmetic on naive datetimes."""
    written = local.replace(tzinfo=dt.timezone(dt.timedelta(minutes=minutes))).isoformat()
    expected = (local - dt.timedelta(minutes=minutes) - dt.datetime(1970, 1, 1)) // dt.timedelta(seconds=1)
    assert parse_instant(written, "x") == expected


_BOUNDS = st.tuples(st.integers(0, 20), st.integers(0, 20)).filter(lambda pair: pair[0] < pair[1])


@given(_BOUNDS, _BOUNDS)
def test_periods_overlap_where_they_share_a_second(one: tuple[int, int], other: tuple[int, int]) -> None:
    """Counted second by second: back-to-back periods touch and share none."""
    shared = set(range(*one)) & set(range(*other))
    assert Period(*one).overlaps(Period(*other)) == bool(shared)
    assert [at for at in range(21) if Period(*one).contains(at)] == list(range(*one))
    assert Period(*one).duration_s == len(range(*one))


@pytest.mark.parametrize("bounds", [(5, 5), (6, 5)])
def test_there_is_no_empty_period(bounds: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="empty period"):
        Period(*bounds)

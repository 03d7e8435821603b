# SPDX-License-Identifier: Apache-2.0
"""Traces are understood as they were written, and refused with the line at fault."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kwapi.drivers.traces import BadTrace, parse_header, parse_time, parse_trace

NS = 1_000_000_000
numbers = st.one_of(st.none(), st.floats(0, 1e6, allow_nan=False))


def text(rows: list[list[object]]) -> io.StringIO:
    out = io.StringIO()
    csv.writer(out).writerows(["" if cell is None else cell for cell in row] for row in rows)
    out.seek(0)
    return out


@given(
    st.lists(st.integers(0, 10**15), min_size=1, max_size=30, unique=True).map(sorted),
    st.integers(1, 4),
    st.data(),
)
@settings(max_examples=40)
def test_a_trace_says_what_was_written(times: list[int], probes: int, data: st.DataObject) -> None:
    """Any microseconds, any watts, any holes, with a row for each probe's column."""
    cells = [data.draw(st.lists(numbers, min_size=probes, max_size=probes)) for _ in times]
    stamps = [f"{time // 1_000_000}.{time % 1_000_000:06d}" for time in times]
    header: list[object] = ["timestamp", *(f"node-{probe}" for probe in range(probes))]
    rows = parse_trace(text([header, *([stamp, *row] for stamp, row in zip(stamps, cells, strict=True))]), probes)
    assert [row.begin_ns for row in rows] == [time * 1000 for time in times]
    assert all(row.begin_ns == row.end_ns for row in rows)
    told = [[row.values.get(probe, {}).get("watts") for probe in range(probes)] for row in rows]
    assert told == cells


@given(st.text(max_size=60) | st.text('0123456789.,-:T\n"eE+Z watsmple_', max_size=200), st.integers(1, 3))
@settings(max_examples=150)
def test_any_text_is_a_trace_or_refused_with_a_line(raw: str, probes: int) -> None:
    """Nothing else comes out of it."""
    try:
        rows = parse_trace(io.StringIO(raw, newline=""), probes)
    except BadTrace as refusal:
        line = refusal.line
    else:
        assert all(row.begin_ns <= row.end_ns for row in rows)
        line = 1
    assert line >= 1


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("1612472691", 1612472691),
        ("1612472691.25", 1612472691.25),
        ("2021-02-04T21:04:51Z", 1612472691),
        ("2021-02-04T22:04:51.5+01:00", 1612472691.5),
        ("2021-02-04T21:04", 1612472640),
        ("2021-02-04 21:04:51", 1612472691),
        ("20210204210451250000", 1612472691.25),
        (" 0 ", 0),
    ],
)
def test_times_are_epoch_seconds_iso_8601_or_twenty_digits(written: str, seconds: float) -> None:
    assert parse_time(written) == round(seconds * 1000) * 1_000_000


@given(st.datetimes(datetime(1970, 1, 1), datetime(2261, 1, 1)))
@settings(max_examples=60)
def test_all_ways_to_write_a_time_mean_the_same(moment: datetime) -> None:
    """To the microsecond."""
    moment = moment.replace(tzinfo=UTC)
    microseconds = round((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1e6)
    for written in (
        moment.isoformat(),
        moment.strftime("%Y%m%d%H%M%S%f").zfill(20),
        f"{microseconds // 10**6}.{microseconds % 10**6:06d}",
    ):
        assert abs(parse_time(written) // 1000 - microseconds) <= 1


@pytest.mark.parametrize(
    "written", ["", "now", "-1", "1e9", "٣", "99999999999999999999", "9" * 50, "1969-12-31", "nan", "12:30"]
)
def test_what_is_no_time_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match=r"is no time|is before 1970"):
        parse_time(written)


def test_means_cover_the_time_behind_their_timestamp() -> None:
    rows = parse_trace(text([["timestamp", "watts_mean"], [10, 50], [11, 60]]), 1)
    assert [(row.begin_ns, row.end_ns) for row in rows] == [(10 * NS, 11 * NS), (11 * NS, 12 * NS)]


def test_columns_of_one_probe_are_known_by_their_names() -> None:
    """In the units of a reading."""
    header: list[object] = ["timestamp", "current_mA", "voltage_V", "power_active_W", "energy_counter_Wh", "note"]
    rows = parse_trace(text([header, [1, 500, 230, 115, 2, "x"]]), 1)
    assert rows[0].values == {0: {"amperes": 0.5, "volts": 230.0, "watts": 115.0, "energy_j": 7200.0}}


def test_columns_can_be_chosen() -> None:
    """In the order of the probes, and capitals do not matter."""
    rows = parse_trace(text([["time", "a", "b", "C"], [1, 10, 20, 30]]), 2, ["c", "A"])
    assert rows[0].values == {0: {"watts": 30.0}, 1: {"watts": 10.0}}


def test_the_ends_of_a_run_are_as_long_as_their_samples() -> None:
    """A meter that began within a second has fewer samples in it; what lies between full rows is full."""
    header: list[object] = ["timestamp", "watts_mean", "samples"]
    counts = {10: 10, 11: 50, 12: 40, 13: 50, 14: 25, 17: 50, 18: 50}
    rows = parse_trace(text([header, *([at, 100, count] for at, count in counts.items())]), 1)
    tenths = [(row.begin_ns * 10 // NS, row.end_ns * 10 // NS) for row in rows]
    assert tenths == [(108, 110), (110, 120), (120, 130), (130, 140), (140, 145), (170, 180), (180, 190)]


@pytest.mark.parametrize(
    ("rows", "line", "said"),
    [
        ([], 1, "nothing"),
        ([["timestamp", "watts"]], 1, "nothing"),
        ([["timestamp"]], 1, "timestamp"),
        ([["timestamp", "watts"], [1, 2], [1, 3]], 3, "behind"),
        ([["timestamp", "watts"], [2, 2], [1, 3]], 3, "behind"),
        ([["timestamp", "watts_mean"], [1, 2], [1.5, 3]], 3, "behind"),
        ([["timestamp", "watts"], [1, "much"]], 2, "much"),
        ([["timestamp", "watts"], [1, "nan"]], 2, "finite"),
        ([["timestamp", "watts"], [1]], 2, "cells"),
        ([["timestamp", "watts"], ["soon", 1]], 2, "soon"),
        ([["timestamp", "watts", "Watts"], [1, 2, 3]], 1, "twice"),
        ([["timestamp", "watts", "power_w"], [1, 2, 3]], 1, "columns"),
        ([["timestamp", "a", "b"], [1, 2, 3]], 1, "2 probes, and there are 1"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(rows: list[list[object]], line: int, said: str) -> None:
    with pytest.raises(BadTrace, match=said) as caught:
        parse_trace(text(rows), 1)
    assert caught.value.line == line


def test_a_column_that_is_not_there_cannot_be_chosen() -> None:
    """Nor can the timestamps."""
    for name in ("c", "timestamp"):
        with pytest.raises(ValueError, match=name):
            parse_header(["timestamp", "a", "b"], 1, [name])

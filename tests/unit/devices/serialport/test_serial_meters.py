# SPDX-License-Identifier: Apache-2.0
"""What comes over serial lines: packets, Watts up? records and OmegaWatt lines."""

from __future__ import annotations

import contextlib
import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from climate.devices.omegawatt import lines
from climate.devices.omegawatt.lines import LineError
from climate.devices.serialport.framing import Splitter
from climate.devices.wattsup import records
from climate.devices.wattsup.records import Record, RecordError

RECORD = b"#d,-,18,1005,2301,450,12,_,_,_,_,_,_,_,_,_,97,_,_,500,1035"


@given(st.binary(max_size=400), st.lists(st.integers(0, 400), max_size=10))
def test_packets_do_not_depend_on_how_they_are_cut(stream: bytes, cuts: list[int]) -> None:
    whole = Splitter(b";", 10_000).feed(stream)[0]
    splitter = Splitter(b";", 10_000)
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    assert [packet for begin, end in pairwise(edges) for packet in splitter.feed(stream[begin:end])[0]] == whole


def test_what_is_too_long_is_thrown_away_and_counted() -> None:
    """However it comes, and no more than its length is ever kept."""
    splitter = Splitter(b"\n", 4)
    assert splitter.feed(b"123456\n1\n") == ([b"1"], 1)
    assert splitter.feed(b"123") == ([], 0)
    assert splitter.feed(b"456") == ([], 0)
    assert splitter.feed(b"789") == ([], 0)
    assert splitter.feed(b"0\nok\n") == ([b"ok"], 1)


def test_a_record_is_read() -> None:
    """Tenths of watts, volts and watt-hours, thousandths of amperes."""
    assert records.parse_record(RECORD) == Record(
        watts=100.5,
        volts=230.1,
        amperes=0.45,
        energy_j=1.2 * 3600,
        power_factor=0.97,
        frequency_hz=50.0,
        apparent_power_va=103.5,
    )


def test_what_stands_before_a_packet_does_not_count() -> None:
    assert records.parse_record(b"\r\n\xff,3;#d,-,1" + RECORD) == records.parse_record(RECORD)


def test_only_watts_may_be_all_that_it_logs() -> None:
    assert records.parse_record(b"#d,-,18,7" + b",_" * 17) == Record(watts=0.7)


@pytest.mark.parametrize("packet", [b"#v,-,8,4,0,0,0,0,0,0,0", b"\r\n#l,-,2,1,1", b"#h,-,18,W,V"])
def test_other_packets_are_no_records(packet: bytes) -> None:
    assert records.parse_record(packet) is None


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        b"d,-,18,1005",
        b"#",
        b"#\xff,1",
        b"#d",
        RECORD[:-5],
        RECORD + b",1",
        RECORD.replace(b",18,", b",17,"),
        RECORD.replace(b"1005", b"_"),
        RECORD.replace(b"1005", b"-5"),
        RECORD.replace(b"1005", b"1e3"),
        RECORD.replace(b"1005", b"50001"),
        RECORD.replace(b"2301", b"2\x0001"),
        RECORD.replace(b"450", b""),
        RECORD.replace(b"1005", "٣".encode()),
    ],
)
def test_a_disturbed_record_is_refused(packet: bytes) -> None:
    with pytest.raises(RecordError):
        records.parse_record(packet)


@given(st.binary(max_size=200))
def test_random_bytes_are_no_record(packet: bytes) -> None:
    """But for those that happen to be one."""
    with contextlib.suppress(RecordError):
        record = records.parse_record(packet)
        assert record is None or (b"#d" in packet and math.isfinite(record.watts))


def test_the_meter_is_told_to_log() -> None:
    """As in 2013, but its memory is not cleared, since its counter would be."""
    assert records.greeting(1) == b"#L,W,3,E,1,1;"


@pytest.mark.parametrize(
    "line", ["wattmetre1,1540562403.019123456,OK,20.9,21.0", "1540562403.019123456,true,20.9,21.0", "OK,20.9,21.0"]
)
def test_lines_are_read(line: str) -> None:
    frame = lines.parse_line(line, lines.watts_of(2))
    assert frame.values == {"watts1": 20.9, "watts2": 21.0}
    assert frame.at_ns == (None if line.startswith("OK") else 1_540_562_403_019_123_456)


def test_columns_follow_a_line_of_names() -> None:
    columns = lines.parse_header("#timestamp,#frame_is_ok,#U1,#U2,#U3,#current1,#activepow1,#current2,#activepow2")
    assert columns == ("-", "-", "-", "amperes1", "watts1", "amperes2", "watts2")
    frame = lines.parse_line("1671527189.314471465,true,232.3,0.0,0.0,0.1,20.9,0.2,", columns)
    assert frame.values == {"amperes1": 0.1, "watts1": 20.9, "amperes2": 0.2}


@pytest.mark.parametrize(
    "line",
    [
        "",
        "20.9,21.0",
        "1671527189.304214184,false,,",
        "1671527189.304214184,KO,20.9,21.0",
        "1671527189.304214184,OK,20.9",
        "1671527189.304214184,OK,20.9,21.0,22.0",
        "1671527189.304214184,OK,20.9,nan",
        "1671527189.304214184,OK,20.9,1e3",
        "1671527189.304214184,OK,20.9,2\x001.0",
        "71527189.304214184,OK,20.9,21.0",
        "1671527189,OK,20.9,21.0",
        "noise,OK,20.9,21.0",
    ],
)
def test_a_disturbed_line_is_refused(line: str) -> None:
    with pytest.raises(LineError):
        lines.parse_line(line, lines.watts_of(2))


@given(st.text(max_size=100))
def test_random_text_is_no_line(line: str) -> None:
    with contextlib.suppress(LineError):
        frame = lines.parse_line(line, lines.watts_of(1))
        assert all(math.isfinite(value) for value in frame.values.values())
    with contextlib.suppress(LineError):
        lines.parse_header(line)


@pytest.mark.parametrize(
    ("columns", "complaint"),
    [(["watts"], "none of watts1"), (["watts1", "watts1"], "twice"), (["-", "volts"], "no column of watts")],
)
def test_columns_that_mean_nothing_are_told(columns: list[str], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        lines.checked_columns(columns)

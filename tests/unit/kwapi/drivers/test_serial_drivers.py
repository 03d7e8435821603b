# SPDX-License-Identifier: Apache-2.0
"""Meters that talk by themselves: each value is told once, with an instant of its own."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from climate.devices.serialport.port import PortError
from climate.errors import ConfigError
from kwapi.drivers.omegawatt import OmegawattDriver
from kwapi.drivers.protocol import DeviceError
from kwapi.drivers.talking import NS, Arrivals
from kwapi.drivers.wattsup import WattsupDriver
from kwapi.manager.admission import admit
from tests.unit.kwapi.drivers.sections import Clock, section

RECORD = b"#d,-,18,1005,2301,450,12,_,_,_,_,_,_,_,_,_,97,_,_,500,1035;"


class Tape:
    """A port from which pieces come one by one; None is a device that is gone."""

    def __init__(self, pieces: Iterable[bytes | None]) -> None:
        self.pieces = list(pieces)
        self.opened = 1

    def read(self, timeout_s: float) -> bytes:
        piece = self.pieces.pop(0) if self.pieces else b""
        if piece is None:
            self.opened += 1
            raise PortError("/dev/ttyUSB0: the device is gone")
        return piece

    def close(self) -> None:
        pass


def omegawatt(clock: Clock, *pieces: bytes | None, outlets: int = 2, **options: object) -> OmegawattDriver:
    names = [str(place + 1) for place in range(outlets)]
    made = section(OmegawattDriver, names, port="tty", **options)
    return OmegawattDriver(made, clock, Tape([b"a part of a line\n", *pieces]))


def line(clock: Clock, earlier_ms: float, *watts: float, status: str = "OK") -> bytes:
    at_ns = clock.now_ns - round(earlier_ms * 1e6)
    values = ",".join(map(str, watts))
    return f"w1,{at_ns // NS}.{at_ns % NS:09},{status},{values}\n".encode()


def test_all_records_that_waited_are_told_one_after_the_other() -> None:
    """They share the time since the last look."""
    clock = Clock()
    made = WattsupDriver(section(WattsupDriver), clock, Tape([RECORD, b"", RECORD + RECORD]))
    (first,) = made.read()
    assert (first.watts, first.volts, first.amperes, first.energy_j) == (100.5, 230.1, 0.45, 4320.0)
    assert first.extra == {"power_factor": 0.97, "frequency_hz": 50.0, "apparent_power_va": 103.5}
    clock.pass_s(2.1)
    second, third = made.read()
    assert second.begin_ns == first.end_ns
    assert third.begin_ns == second.end_ns == first.end_ns + 1_050_000_000
    assert third.end_ns == clock.now_ns


def test_a_meter_of_one_outlet_has_one_probe() -> None:
    with pytest.raises(ConfigError, match="one outlet"):
        WattsupDriver(section(WattsupDriver, ["1", "2"]), Clock())


def test_disturbed_packets_are_counted_beside_good_ones() -> None:
    made = WattsupDriver(section(WattsupDriver), Clock(), Tape([b"#d,-,1;" + RECORD + b"#v,1;"]))
    (reading,) = made.read()
    assert reading.extra["refused_packets"] == 1.0


def test_nothing_but_disturbed_packets_is_an_error_that_shows_one() -> None:
    made = WattsupDriver(section(WattsupDriver), Clock(), Tape([b"\x00\xff;#d,-,1;"]))
    with pytest.raises(DeviceError, match="2 packets came, and none can be used, such as a record of 0 fields"):
        made.read()


def test_a_record_cut_by_unplugging_is_not_joined_with_another() -> None:
    """What was begun before is no beginning of what comes behind."""
    made = WattsupDriver(section(WattsupDriver), Clock(), Tape([RECORD[:20], None, RECORD[20:] + RECORD]))
    with pytest.raises(DeviceError, match="gone"):
        made.read()
    (reading,) = made.read()
    assert reading.watts == 100.5


def test_a_short_silence_is_no_failure() -> None:
    """Between two records there may be none; a meter that never spoke is one."""
    made = WattsupDriver(section(WattsupDriver), Clock(), Tape([RECORD]))
    assert made.read()
    assert made.read() == []
    with pytest.raises(DeviceError, match="nothing came"):
        WattsupDriver(section(WattsupDriver), Clock(), Tape([])).read()


def test_every_outlet_of_every_line_has_its_own_instant() -> None:
    """In the order of time, each as long as the meter measured."""
    clock = Clock()
    made = omegawatt(clock, line(clock, 40, 1.0, 2.0) + line(clock, 20, 1.5, 2.5), line(clock, 0, 3.0, 4.0))
    readings = made.read()
    assert [(reading.probe_id[-1], reading.watts) for reading in readings] == [
        ("1", 1.0), ("2", 2.0), ("1", 1.5), ("2", 2.5), ("1", 3.0), ("2", 4.0)
    ]  # fmt: skip
    assert [clock.now_ns - reading.end_ns for reading in readings[::2]] == [40_000_000, 20_000_000, 0]
    assert all(reading.end_ns - reading.begin_ns == 20_000_000 for reading in readings)
    assert admit(readings, {reading.probe_id for reading in readings})[1] == ""


def test_the_part_of_a_line_that_comes_first_is_thrown_away() -> None:
    """Its values might be cut, and look good."""
    clock = Clock()
    made = OmegawattDriver(section(OmegawattDriver, port="tty"), clock, Tape([b"OK,5\nOK,25\n"]))
    assert [reading.watts for reading in made.read()] == [25.0]


def test_lines_of_another_time_are_refused_and_counted() -> None:
    clock = Clock()
    made = omegawatt(
        clock, line(clock, 301_000, 1, 2) + line(clock, -3000, 1, 2) + line(clock, 20, 5, 6) + line(clock, 21, 1, 2)
    )
    readings = made.read()
    assert [reading.watts for reading in readings] == [5.0, 6.0]
    assert readings[-1].extra == {"refused_lines": 3.0}
    with pytest.raises(DeviceError, match=r"301\.0 s away from this machine's clock"):
        omegawatt(clock, line(clock, 301_000, 1, 2)).read()


def test_bad_frames_are_refused() -> None:
    clock = Clock()
    with pytest.raises(DeviceError, match="1 lines came, and none can be used, such as a frame that the meter calls"):
        omegawatt(clock, line(clock, 0, 1, 2, status="KO")).read()


def test_names_say_what_columns_are() -> None:
    clock = Clock()
    head = b"#timestamp,#frame_is_ok,#U1,#current1,#activepow1,#current2,#activepow2\n"
    readings = omegawatt(clock, head + line(clock, 0, 230, 0.1, 20.5, 0.2, 40.5, status="true")).read()
    assert [(reading.watts, reading.amperes) for reading in readings] == [(20.5, 0.1), (40.5, 0.2)]


def test_columns_may_be_told() -> None:
    clock = Clock()
    columns = ["volts", "watts2", "-", "watts1"]
    readings = omegawatt(clock, line(clock, 0, 230, 2, 9, 1), columns=columns).read()
    assert [(reading.watts, reading.volts) for reading in readings] == [(1.0, 230.0), (2.0, 230.0)]
    with pytest.raises(ConfigError, match="columns: 'watt1' is none of"):
        omegawatt(clock, columns=["watt1"])


@given(st.lists(st.tuples(st.integers(0, 200), st.integers(0, 5 * NS)), max_size=30))
def test_intervals_follow_each_other_whatever_comes(looks: list[tuple[int, int]]) -> None:
    """They do not overlap, and end when they came: nothing drifts."""
    arrivals = Arrivals(20_000_000)
    now_ns, last_ns = 10**18, 0
    for count, later_ns in looks:
        now_ns += later_ns
        intervals = arrivals.intervals(count, now_ns)
        assert len(intervals) == count
        for begin_ns, end_ns in intervals:
            assert last_ns <= begin_ns <= end_ns <= now_ns
            last_ns = end_ns
        assert not intervals or intervals[-1][1] == now_ns

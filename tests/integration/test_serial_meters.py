# SPDX-License-Identifier: Apache-2.0
"""Meters at serial lines, over pseudo-terminals: none of many values is lost, and plugs are pulled."""

from __future__ import annotations

import dataclasses
import itertools
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kwapi.core.reading import Reading
from kwapi.drivers.omegawatt import OmegawattDriver
from kwapi.drivers.protocol import DeviceError, Driver
from kwapi.drivers.wattsup import WattsupDriver
from kwapi.manager.admission import admit
from tests.unit.kwapi.drivers.sections import section
from tools.servers.serial_meter import SerialMeter

OUTLETS = 6
RATE = 50
SECONDS = 4
PATIENCE_S = 60.0
RECORD = b"#d,-,18,1005,2301,450,12,_,_,_,_,_,_,_,_,_,97,_,_,500,1035;\r\n"


@pytest.fixture
def meter(tmp_path: Path) -> Iterator[SerialMeter]:
    with SerialMeter(tmp_path) as running:
        yield running


def wattsup(meter: SerialMeter) -> WattsupDriver:
    return WattsupDriver(section(WattsupDriver, port=str(meter.path)), time.time_ns)


def omegawatt(meter: SerialMeter | Path, timeout_s: float = 2.0) -> OmegawattDriver:
    names = [str(place + 1) for place in range(OUTLETS)]
    path = meter if isinstance(meter, Path) else meter.path
    made = section(OmegawattDriver, names, port=str(path))
    return OmegawattDriver(dataclasses.replace(made, timeout_s=timeout_s), time.time_ns)


def numbered(count: int) -> Iterator[bytes]:
    """Lines in which each outlet's watts say which line it was, each dated when it is told."""
    for number in range(count):
        values = ",".join(f"{outlet * 10_000 + number}.5" for outlet in range(OUTLETS))
        yield f"wattmetre1,{time.time():.9f},OK,{values}\n".encode()


def undated(count: int) -> Iterator[bytes]:
    for line in numbered(count):
        yield b"OK," + line.split(b",OK,")[1]


def until(driver: Driver, enough: Callable[[list[Reading]], bool], every_s: float = 0.0) -> list[Reading]:
    """All that it tells until that is enough; troubles meanwhile do not count."""
    heard: list[Reading] = []
    give_up_at = time.monotonic() + PATIENCE_S
    while not enough(heard):
        assert time.monotonic() < give_up_at, f"{len(heard)} readings are all there is"
        try:
            readings = driver.read()
        except DeviceError:
            continue
        assert admit(readings, {reading.probe_id for reading in readings})[1] == ""
        heard.extend(readings)
        time.sleep(every_s)
    return heard


def first_trouble(driver: Driver) -> str:
    """What it says when all is told that it had heard."""
    give_up_at = time.monotonic() + PATIENCE_S
    while time.monotonic() < give_up_at:
        try:
            driver.read()
        except DeviceError as error:
            return str(error)
    pytest.fail("nothing troubles it")


@pytest.mark.slow
@pytest.mark.parametrize("lines", [numbered, undated])
def test_no_value_is_lost_and_none_is_told_twice(meter: SerialMeter, lines: Callable[[int], Iterator[bytes]]) -> None:
    """Fifty a second of six outlets, read twice a second: in order, without overlaps, at the right time."""
    count = RATE * SECONDS
    driver = omegawatt(meter)
    with pytest.raises(DeviceError):
        driver.read()
    began_ns = time.time_ns()
    meter.talk(itertools.chain([b"rest of a line\n"], lines(count)), 1 / RATE)
    heard = until(driver, lambda readings: len(readings) >= count * OUTLETS, every_s=0.5)
    driver.close()
    for outlet in range(OUTLETS):
        mine = [reading for reading in heard if reading.probe_id.endswith(f"/{outlet + 1}")]
        assert [reading.watts for reading in mine] == [outlet * 10_000 + number + 0.5 for number in range(count)]
        assert all(before.end_ns <= behind.begin_ns for before, behind in itertools.pairwise(mine))
        assert began_ns <= mine[0].end_ns
        assert mine[-1].end_ns <= time.time_ns()
        assert mine[-1].end_ns - mine[0].end_ns == pytest.approx((count - 1) / RATE * 1e9, rel=0.5)


def test_lines_may_come_through_a_named_pipe(tmp_path: Path) -> None:
    """From a program that reads the meter; when it ends, its successor is waited for."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    driver = omegawatt(path, timeout_s=0.3)
    with pytest.raises(DeviceError, match="nothing came"):
        driver.read()
    for _ in range(2):
        writer = threading.Thread(target=lambda: _pour(path, [b"rest\n", *numbered(3)]))
        writer.start()
        assert len(until(driver, lambda readings: len(readings) >= 3 * OUTLETS)) == 3 * OUTLETS
        writer.join(PATIENCE_S)
    driver.close()


def test_a_pipe_is_held_by_one_alone(tmp_path: Path) -> None:
    """Two readers would get a part of the lines each."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    first, second = omegawatt(path, timeout_s=0.3), omegawatt(path)
    with pytest.raises(DeviceError, match="nothing came"):
        first.read()
    with pytest.raises(DeviceError, match="another program has it"):
        second.read()
    first.close()
    second.close()


def _pour(path: Path, lines: list[bytes]) -> None:
    with path.open("wb", buffering=0) as pipe:
        for line in lines:
            pipe.write(line)
        time.sleep(0.2)


def test_the_meter_is_made_to_talk_each_time_it_is_plugged_in(meter: SerialMeter) -> None:
    driver = wattsup(meter)
    for _ in range(2):
        meter.talk(itertools.repeat(RECORD, 3), 0.05)
        assert until(driver, lambda readings: len(readings) >= 2)[0].watts == 100.5
        assert meter.heard() == b"#L,W,3,E,1,1;"
        meter.unplug()
        assert "gone" in first_trouble(driver) or "cannot be opened" in first_trouble(driver)
        meter.plug()
    driver.close()


def test_a_port_is_held_by_one_alone(meter: SerialMeter) -> None:
    """Until it is closed."""
    first, second = wattsup(meter), wattsup(meter)
    meter.talk(itertools.repeat(RECORD, 1000), 0.05)
    until(first, lambda readings: len(readings) >= 1)
    with pytest.raises(DeviceError, match="another program has it"):
        second.read()
    first.close()
    until(second, lambda readings: len(readings) >= 1)
    second.close()


def test_who_waits_for_a_silent_meter_can_be_closed(meter: SerialMeter) -> None:
    made = section(WattsupDriver, port=str(meter.path))
    driver = WattsupDriver(made, time.time_ns)
    threading.Timer(0.2, driver.close).start()
    began = time.monotonic()
    with pytest.raises(DeviceError, match="closed"):
        driver.read()
    assert time.monotonic() - began < made.timeout_s + PATIENCE_S
    with pytest.raises(DeviceError, match="closed"):
        driver.read()


def test_a_port_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no terminal")
    for name, reason in (("nowhere", "No such file"), ("file", "cannot be opened")):
        driver = WattsupDriver(section(WattsupDriver, folder=tmp_path, port=name), time.time_ns)
        with pytest.raises(DeviceError, match=reason):
            driver.read()
        driver.close()

# SPDX-License-Identifier: Apache-2.0
"""Sensor records and readings mean what IPMI says they mean, and garbage means nothing."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from climate.devices.ipmi import sdr
from climate.devices.ipmi.answers import Garbled
from tests.unit.devices.ipmi.ipmi_records import full_record

SCANNED = 0xC0


def sensor_of(record: bytes) -> sdr.Sensor:
    sensor = sdr.parse_record(record)
    assert sensor is not None
    return sensor


def test_a_record_made_by_another_program_is_understood() -> None:
    """By OpenIPMI's sdrcomp, from: sensor 1 in watts, m 4, entity 7, owner 0x20."""
    record = (
        bytes.fromhex("010051013a20000107010000" + "0b010000000000000006000004" + "00" * 22 + "cf") + b"Pwr Consumption"
    )
    sensor = sensor_of(record)
    assert (sensor.name, sensor.number, sensor.unit, sensor.m) == ("Pwr Consumption", 1, sdr.WATTS, 4)
    assert sensor.readable
    assert sensor.value(86) == 344.0


@pytest.mark.parametrize(
    ("settings", "raw", "value"),
    [
        ({}, 200, 200.0),
        ({"m": 5}, 50, 250.0),
        ({"m": -3}, 50, -150.0),
        ({"m": 511, "r_exp": -2}, 100, 511.0),
        ({"b": 10, "b_exp": 1}, 20, 120.0),
        ({"b": -512, "b_exp": -1, "m": 1}, 100, 48.8),
        ({"m": 2, "b": 5, "b_exp": 2, "r_exp": -1}, 100, 70.0),
        ({"r_exp": 7}, 1, 1e7),
        ({"units": 0x40}, 0xFE, -1.0),
        ({"units": 0x80}, 0xFF, -1.0),
        ({"units": 0x80}, 0x7F, 127.0),
        ({"linearization": 1}, 10, math.log(10)),
        ({"linearization": 2}, 100, 2.0),
        ({"linearization": 3}, 8, 3.0),
        ({"linearization": 4}, 2, math.exp(2)),
        ({"linearization": 5}, 3, 1000.0),
        ({"linearization": 6}, 10, 1024.0),
        ({"linearization": 7}, 4, 0.25),
        ({"linearization": 8}, 12, 144.0),
        ({"linearization": 9}, 5, 125.0),
        ({"linearization": 10}, 144, 12.0),
        ({"linearization": 11}, 27, 3.0),
    ],
)
def test_a_raw_reading_is_scaled_then_made_linear(settings: dict[str, int], raw: int, value: float) -> None:
    assert sensor_of(full_record(**settings)).value(raw) == pytest.approx(value)


@pytest.mark.parametrize(("linearization", "raw"), [(1, 0), (2, 0), (7, 0), (5, 255)])
def test_what_is_no_number_is_not_told(linearization: int, raw: int) -> None:
    """The logarithm and the reciprocal of nothing, and what is greater than numbers go."""
    sensor = sensor_of(full_record(linearization=linearization, m=511 if raw else 1))
    with pytest.raises(Garbled):
        sensor.value(raw)


@pytest.mark.parametrize("settings", [{"units": 0x08}, {"units": 0x01}, {"units": 0x02, "modifier": 20}])
def test_watts_per_second_and_per_cent_are_no_watts(settings: dict[str, int]) -> None:
    assert sensor_of(full_record(**settings)).unit == 0


@pytest.mark.parametrize("settings", [{"units": 0xC0}, {"linearization": 0x70}, {"owner": 0x2C}, {"owner": 0x41}])
def test_sensors_without_plain_numbers_or_of_others_are_not_readable(settings: dict[str, int]) -> None:
    """Those that give no number, whose formula differs by reading, of another controller, of a program."""
    assert not sensor_of(full_record(**settings)).readable


@pytest.mark.parametrize("kind", [0x02, 0x03, 0x08, 0x11, 0x12, 0xC0])
def test_records_of_other_types_are_no_sensors(kind: int) -> None:
    record = bytearray(full_record())
    record[3] = kind
    assert sdr.parse_record(bytes(record)) is None


@pytest.mark.parametrize(
    ("kind", "raw", "name"),
    [
        (0xC9, b"Sys Power", "Sys Power"),
        (0xCB, b"Sys Power\0\0", "Sys Power"),
        (0xC3, b"AB\x01", "AB?"),
        (0x83, bytes((0x29, 0xDC, 0xA6)), "IPMI"),
        (0x42, bytes((0x12, 0x3A)), "123"),
        (0xC0, b"", ""),
    ],
)
def test_names_are_read_in_each_spelling(kind: int, raw: bytes, name: str) -> None:
    """Latin letters, six bits a letter (IPMI's own example), decimal digits."""
    assert sdr.parse_name(kind, raw) == name


@pytest.mark.parametrize(
    ("answer", "raw"),
    [
        (bytes((86, SCANNED)), 86),
        (bytes((86, SCANNED, 0, 0)), 86),
        (bytes((0, SCANNED)), 0),
        (bytes((86, SCANNED | 0x20)), None),
        (bytes((86, 0x80)), None),
        (bytes((0, 0)), None),
    ],
)
def test_a_reading_that_is_unavailable_or_not_scanned_is_none(answer: bytes, raw: int | None) -> None:
    assert sdr.parse_reading(answer) == raw


@given(st.binary(max_size=80))
def test_garbage_never_crashes_nor_makes_a_number_that_is_none(garbage: bytes) -> None:
    for parse in (sdr.parse_record, sdr.parse_reading):
        try:
            found = parse(garbage)
        except Garbled:
            continue
        if isinstance(found, sdr.Sensor) and found.readable:
            for raw in range(256):
                try:
                    assert math.isfinite(found.value(raw))
                except Garbled:
                    continue


@given(st.integers(0, len(full_record()) - 1))
def test_a_record_that_is_cut_off_is_garbage(length: int) -> None:
    with pytest.raises(Garbled):
        sdr.parse_record(full_record()[:length])

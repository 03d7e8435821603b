# SPDX-License-Identifier: Apache-2.0
"""A list of sensors is read whole, whatever a BMC gives at once and however often one pauses."""

from __future__ import annotations

import pytest

from climate.devices.ipmi.answers import Garbled, IpmiError
from climate.devices.ipmi.repository import Repository, value_of
from climate.devices.ipmi.sdr import parse_record
from tests.unit.devices.ipmi.ipmi_records import DEVICE_ID, Bmc, Records, full_record

NAMES = [f"Sensor {number}" for number in range(1, 8)]
RECORDS = [full_record(name, number) for number, name in enumerate(NAMES, 1)]
NEVER, ALWAYS = float("inf"), 0.0


def names(repository: Repository) -> list[str]:
    return [sensor.name for sensor in repository.sensors]


@pytest.mark.parametrize("most", [255, 40, 32, 20, 8])
def test_a_record_is_read_in_parts_as_small_as_the_bmc_wants(most: int) -> None:
    repository = Repository(Bmc(Records(RECORDS, most).answers()))
    repository.read(NEVER, NEVER)
    assert repository.complete
    assert names(repository) == NAMES


def test_a_reservation_that_is_cancelled_is_made_again() -> None:
    records = Records(RECORDS, most=16)
    repository = Repository(Bmc(records.answers()))
    for _ in range(len(RECORDS)):
        records.cancel_next = True
        repository.read(ALWAYS, NEVER)
    assert names(repository) == NAMES


def test_reading_goes_on_where_it_paused() -> None:
    """One record at a time, which takes as many calls as there are."""
    bmc = Bmc(Records(RECORDS).answers())
    repository = Repository(bmc)
    calls = 0
    while not repository.complete:
        repository.read(ALWAYS, NEVER)
        calls += 1
    assert calls == len(RECORDS)
    assert bmc.asked.count((0x0A, 0x23)) == len(RECORDS)
    assert names(repository) == NAMES


def test_what_is_no_sensor_with_numbers_is_left_out() -> None:
    other = bytearray(full_record("Fan"))
    other[3] = 0x02
    broken = full_record("Broken")[:-3]
    records = [bytes(other), broken, full_record("Other", owner=0x2C), *RECORDS]
    repository = Repository(Bmc(Records(records).answers()))
    repository.read(NEVER, NEVER)
    assert names(repository) == NAMES


def test_a_bmc_without_a_repository_tells_its_own_sensors() -> None:
    answers = Records(RECORDS).answers()
    sensors_only = DEVICE_ID[:5] + b"\x01" + DEVICE_ID[6:]
    bmc = Bmc({(6, 1): sensors_only, (4, 0x21): answers[0x0A, 0x23], (4, 0x22): answers[0x0A, 0x22]})
    repository = Repository(bmc)
    repository.read(NEVER, NEVER)
    assert names(repository) == NAMES


@pytest.mark.parametrize(
    "get",
    [lambda _: bytes(2) + RECORDS[0], lambda _: b"\x01", lambda data: bytes((data[2] ^ 1, 0)) + RECORDS[0]],
    ids=["itself", "short", "two that follow each other"],
)
def test_a_list_without_an_end_is_given_up(get: object) -> None:
    answers = Records(RECORDS).answers() | {(0x0A, 0x23): get}
    repository = Repository(Bmc(answers))  # type: ignore[arg-type]
    with pytest.raises(Garbled):
        repository.read(NEVER, NEVER)


def test_a_bmc_that_refuses_its_list_says_so() -> None:
    answers = Records(RECORDS).answers() | {(0x0A, 0x23): 0xD4}
    with pytest.raises(IpmiError, match="privilege"):
        Repository(Bmc(answers)).read(NEVER, NEVER)


@pytest.mark.parametrize(("answer", "watts"), [(b"\x32\xc0", 50.0), (b"\x32\xe0", None), (0xCB, None), (0xD5, None)])
def test_a_sensor_says_a_number_or_nothing(answer: bytes | int, watts: float | None) -> None:
    """Nothing: unavailable, gone, not now."""
    sensor = parse_record(RECORDS[0])
    assert sensor is not None
    assert value_of(Bmc({(4, 0x2D): answer}), sensor, NEVER) == watts


@pytest.mark.parametrize("answer", [b"", b"\x32", 0xD4, 0xC1])
def test_a_sensor_that_answers_otherwise_is_an_error(answer: bytes | int) -> None:
    sensor = parse_record(RECORDS[0])
    assert sensor is not None
    with pytest.raises(IpmiError):
        value_of(Bmc({(4, 0x2D): answer}), sensor, NEVER)

# SPDX-License-Identifier: Apache-2.0
"""What the manager relies on, of every driver that is installed."""

from __future__ import annotations

import contextlib
import re
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from climate.chassis.secrets import SecretFileOpt
from kwapi.core.reading import Reading
from kwapi.drivers import loading
from kwapi.drivers.protocol import DeviceError, Driver, Explaining
from kwapi.manager import configuration
from kwapi.manager.admission import admit
from kwapi.manager.configuration import Wattmeter
from kwapi.manager.options import WATTMETER_OPTS
from tests.contract.kwapi_meters import METERS, Meter, Settings

PATIENCE_S = 60.0
TIMEOUT_S = 10.0
SHORT_S = 0.5  # for those of whom nothing is to come
LONGEST_MEAN_NS = 300_000_000_000
SECRETS = re.compile(r"password|passphrase|secret|token|community|credential|(^|_)key($|_)")
NO_SECRETS = frozenset({"community"})
"""SNMP sends it in clear with each request, and mostly it is "public"; there is a file for it all the same."""

drivers = pytest.mark.parametrize("name", loading.names())


@pytest.fixture
def meter(name: str, tmp_path: Path) -> Iterator[Meter]:
    with METERS[name](tmp_path) as running:
        yield running


def wattmeter(name: str, settings: Settings, folder: Path, timeout_s: float = TIMEOUT_S) -> Wattmeter:
    """The section, as the manager reads it."""
    path = folder / "wattmeters.conf"
    lines = [f"driver = {name}", f"timeout_s = {timeout_s}", *(f"{key} = {value}" for key, value in settings.items())]
    path.write_text("\n".join(["[meter]", *lines, ""]))
    found = configuration.read([path])
    assert [fault.text for fault in found.faults] == []
    return found.wattmeters[0]


@contextlib.contextmanager
def driver_of(made: Wattmeter) -> Iterator[Driver]:
    driver = made.driver_type(made.section, time.time_ns)
    try:
        yield driver
    finally:
        driver.close()


def first_readings(driver: Driver) -> Sequence[Reading]:
    """What it tells first, if it takes several questions."""
    give_up_at = time.monotonic() + PATIENCE_S
    while time.monotonic() < give_up_at:
        if readings := driver.read():
            return readings
        time.sleep(0.05)
    pytest.fail("it tells nothing")


def given(settings: Settings | None) -> Settings:
    if settings is None:
        pytest.skip("this driver knows no such trouble")
    return settings


def test_every_driver_is_tried() -> None:
    """And nothing is tried that is not installed."""
    assert sorted(METERS) == loading.names()


@drivers
def test_options_say_what_they_are(name: str) -> None:
    """With help, and under names that no other option of the section has."""
    options = loading.load(name).options
    own = [option.dest for option in WATTMETER_OPTS]
    dests = [option.secret_dest if isinstance(option, SecretFileOpt) else option.dest for option in options]
    assert len({*own, *dests}) == len(own) + len(dests)
    assert [option.name for option in options if not option.help] == []


@drivers
def test_secrets_stand_in_files(name: str) -> None:
    """Nothing that sounds like one can be written into the configuration, but what goes over the wire in clear."""
    plain = [option for option in loading.load(name).options if not isinstance(option, SecretFileOpt)]
    said = {option.name for option in plain if option.secret or SECRETS.search(option.dest)}
    assert said - NO_SECRETS == set()


@drivers
def test_readings_are_of_the_sections_probes(name: str, meter: Meter, tmp_path: Path) -> None:
    """All are fit for the bus; an outlet that is skipped says nothing."""
    made = wattmeter(name, meter.good, tmp_path)
    with driver_of(made) as driver:
        for _ in range(3):
            readings = first_readings(driver)
            assert admit(readings, frozenset(made.probes)) == (list(readings), "")


@drivers
def test_whatever_is_missing_is_a_probe_of_the_section_and_said_why(name: str, meter: Meter, tmp_path: Path) -> None:
    """Nothing is, of a device that is well; and what failed was never half an answer."""
    made = wattmeter(name, meter.good, tmp_path)
    with driver_of(made) as driver:
        first_readings(driver)
        if isinstance(driver, Explaining):
            assert driver.missing() == {}
    if meter.failing is None:
        return
    made = wattmeter(name, meter.failing, tmp_path, SHORT_S)
    with driver_of(made) as driver:
        with pytest.raises(DeviceError):
            driver.read()
        if isinstance(driver, Explaining):
            assert set(driver.missing()) <= set(made.probes)


@drivers
def test_readings_are_of_the_time_about_which_they_were_asked_for(name: str, meter: Meter, tmp_path: Path) -> None:
    """None is of the future; those of a probe follow each other, from one answer to the next as well."""
    earliest_ns = time.time_ns() - LONGEST_MEAN_NS
    ends: dict[str, int] = {}
    with driver_of(wattmeter(name, meter.good, tmp_path)) as driver:
        for _ in range(3):
            for reading in first_readings(driver):
                assert earliest_ns <= reading.begin_ns <= reading.end_ns <= time.time_ns()
                assert reading.begin_ns >= ends.get(reading.probe_id, 0)
                ends[reading.probe_id] = reading.end_ns


@drivers
def test_a_driver_that_was_never_asked_can_be_closed(name: str, meter: Meter, tmp_path: Path) -> None:
    """Twice, too."""
    made = wattmeter(name, meter.good, tmp_path)
    driver = made.driver_type(made.section, time.time_ns)
    driver.close()
    driver.close()


@drivers
def test_another_may_take_its_place(name: str, meter: Meter, tmp_path: Path) -> None:
    """What one has held is free when it is closed; again and again."""
    made = wattmeter(name, meter.good, tmp_path)
    for _ in range(3):
        with driver_of(made) as driver:
            assert first_readings(driver)


@drivers
def test_another_thread_may_read_than_the_one_that_made_it(name: str, meter: Meter, tmp_path: Path) -> None:
    heard: list[Reading] = []
    with driver_of(wattmeter(name, meter.good, tmp_path)) as driver:
        thread = threading.Thread(target=lambda: heard.extend(first_readings(driver)))
        thread.start()
        thread.join(PATIENCE_S)
    assert heard


@drivers
def test_after_it_is_closed_it_fails_as_a_device_does(name: str, meter: Meter, tmp_path: Path) -> None:
    """It neither speaks to the device again nor breaks."""
    made = wattmeter(name, meter.good, tmp_path)
    driver = made.driver_type(made.section, time.time_ns)
    driver.read()
    driver.close()
    with pytest.raises(DeviceError):
        driver.read()
    driver.close()


@drivers
def test_a_device_that_fails_raises_nothing_else(name: str, meter: Meter, tmp_path: Path) -> None:
    """Each time, with a word about it, and the driver stays usable."""
    with driver_of(wattmeter(name, given(meter.failing), tmp_path, SHORT_S)) as driver:
        for _ in range(3):
            with pytest.raises(DeviceError, match=r"\S"):
                driver.read()


@drivers
def test_a_device_that_never_answers_is_given_up_in_time(name: str, meter: Meter, tmp_path: Path) -> None:
    """By the driver itself; with a wide margin here for a machine that is busy."""
    with driver_of(wattmeter(name, given(meter.silent), tmp_path, SHORT_S)) as driver:
        began = time.monotonic()
        with pytest.raises(DeviceError):
            driver.read()
        assert time.monotonic() - began < SHORT_S + 5.0


@drivers
def test_who_hangs_can_be_closed_from_outside(name: str, meter: Meter, tmp_path: Path) -> None:
    """``close`` comes back, ``read`` too, and says nothing but that the device failed."""
    settings = meter.hanging or meter.silent or meter.good
    made = wattmeter(name, settings, tmp_path)
    driver = made.driver_type(made.section, time.time_ns)
    others: list[BaseException] = []

    def read() -> None:
        try:
            while True:
                driver.read()
        except DeviceError:
            pass
        except BaseException as error:  # noqa: BLE001 - told below
            others.append(error)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    time.sleep(0.1)
    closer = threading.Thread(target=driver.close, daemon=True)
    closer.start()
    closer.join(PATIENCE_S)
    reader.join(PATIENCE_S)
    assert not closer.is_alive()
    assert not reader.is_alive()
    assert others == []
    driver.close()

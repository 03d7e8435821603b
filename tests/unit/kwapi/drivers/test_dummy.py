# SPDX-License-Identifier: Apache-2.0
"""The dummy stays within its bounds, repeats itself by its seed, and fails as often as it is told to."""

from __future__ import annotations

import itertools
import random
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from climate.errors import ConfigError
from kwapi.drivers.dummy import DummyDriver
from kwapi.drivers.protocol import DeviceError
from tests.unit.kwapi.drivers.sections import Clock, section


@pytest.mark.parametrize("shape", ["walk", "uniform"])
@given(least=st.floats(0, 1e4), span=st.floats(0, 1e4), seed=st.integers(0, 2**32))
@settings(max_examples=25)
def test_watts_stay_between_the_bounds(shape: str, least: float, span: float, seed: int) -> None:
    options = {"min_watts": least, "max_watts": least + span, "shape": shape, "seed": seed}
    driver = DummyDriver(section(DummyDriver, ("1", "2"), **options), Clock())
    for _ in range(30):
        assert all(least <= (reading.watts or 0) <= least + span for reading in driver.read())


def test_the_same_seed_gives_the_same_watts() -> None:
    """By default it follows from the device, so that a trial can be repeated; another seed gives others."""

    def watts(**options: object) -> list[float | None]:
        driver = DummyDriver(section(DummyDriver, **options), Clock())
        return [reading.watts for _ in range(5) for reading in driver.read()]

    assert watts() == watts()
    assert watts(seed=1) == watts(seed=1) != watts(seed=2)


def test_a_walk_takes_small_steps() -> None:
    driver = DummyDriver(section(DummyDriver, min_watts=0.0, max_watts=100.0), Clock())
    watts = [reading.watts or 0 for _ in range(200) for reading in driver.read()]
    assert max(abs(second - first) for first, second in itertools.pairwise(watts)) <= 5.0
    assert max(watts) - min(watts) > 10.0


def test_an_outlet_that_is_skipped_is_not_told() -> None:
    driver = DummyDriver(section(DummyDriver, ("1", None, "3")), Clock())
    assert [reading.probe_id for reading in driver.read()] == ["site/rack/meter/1", "site/rack/meter/3"]


def test_the_counter_counts_the_watts_told_before() -> None:
    """Energy is power by time, whatever the time between two answers."""
    clock = Clock()
    driver = DummyDriver(section(DummyDriver, counter=True), clock)
    joules = 0.0
    before = driver.read()[0]
    for seconds in (1.0, 0.25, 60.0):
        clock.pass_s(seconds)
        joules += (before.watts or 0) * seconds
        before = driver.read()[0]
        assert before.energy_j == pytest.approx(joules)


def test_volts_and_amperes_belong_together() -> None:
    reading = DummyDriver(section(DummyDriver), Clock()).read()[0]
    assert reading.volts is not None
    assert reading.amperes is not None
    assert reading.volts * reading.amperes == pytest.approx(reading.watts)
    assert DummyDriver(section(DummyDriver, volts=0.0), Clock()).read()[0].amperes is None


def test_faults_come_as_often_as_told() -> None:
    driver = DummyDriver(section(DummyDriver, fault_rate=0.25), Clock(), random.Random(7))
    failed = 0
    for _ in range(1000):
        try:
            driver.read()
        except DeviceError:
            failed += 1
    assert 200 < failed < 300


def test_one_that_hangs_comes_back_when_it_is_closed() -> None:
    """From another thread."""
    driver = DummyDriver(section(DummyDriver, hang_rate=1.0), Clock())
    came_back = threading.Event()

    def read() -> None:
        with pytest.raises(DeviceError):
            driver.read()
        came_back.set()

    thread = threading.Thread(target=read)
    thread.start()
    assert not came_back.wait(0.05)
    driver.close()
    assert came_back.wait(30)
    thread.join()


def test_bounds_the_wrong_way_round_are_refused() -> None:
    with pytest.raises(ConfigError, match="min_watts"):
        DummyDriver(section(DummyDriver, min_watts=2.0, max_watts=1.0), Clock())

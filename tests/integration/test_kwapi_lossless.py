# SPDX-License-Identifier: Apache-2.0
"""Kwapi's processes frozen, killed and restarted under load: every reading is counted once, or a gap is marked."""

from __future__ import annotations

import itertools
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kwapi.core.energy import NS
from tests.integration.kwapi_counting import check_all_counted, counted
from tools.metering import Metering, dummies

DEVICES, OUTLETS, INTERVAL_S = 20, 100, 0.2
READINGS_PER_S = DEVICES * OUTLETS / INTERVAL_S


@pytest.fixture
def metering(tmp_path: Path) -> Iterator[Metering]:
    """10,000 readings a second, through a forwarder."""
    with Metering(tmp_path, dummies(DEVICES, OUTLETS, INTERVAL_S), forwarded=True) as made:
        made.start("drivers", "forwarder", "api")
        made.wait_for_probes(DEVICES * OUTLETS)
        yield made


@pytest.mark.slow
@pytest.mark.parametrize("frozen_s", [10.0, pytest.param(120.0, marks=pytest.mark.soak)])
def test_a_frozen_consumer_misses_nothing_and_stalls_nobody(metering: Metering, frozen_s: float) -> None:
    """Stopped for a while, it fetches what passed it by; the drivers went on at their pace."""
    metering.send("api", signal.SIGSTOP)
    time.sleep(frozen_s)
    metering.send("api", signal.SIGCONT)
    readings = check_all_counted(metering)
    some = readings[min(readings)]
    pauses = [after.begin_ns - before.begin_ns for before, after in itertools.pairwise(some)]
    assert len(some) > frozen_s / INTERVAL_S
    assert sum(pauses) / len(pauses) < 3 * INTERVAL_S * NS


@pytest.mark.slow
def test_a_killed_consumer_and_a_restarted_forwarder_miss_nothing(metering: Metering) -> None:
    """Killed at any moment and begun anew, twice, with the forwarder away in between."""
    for _ in range(2):
        time.sleep(1.7)
        metering.kill("api")
        metering.kill("forwarder")
        time.sleep(1.5)
        metering.start("forwarder", "api")
    metering.stop("forwarder")
    time.sleep(2)
    metering.start("forwarder")
    check_all_counted(metering)


@pytest.mark.slow
def test_a_killed_driver_leaves_a_gap_of_the_time_that_it_was_away(tmp_path: Path) -> None:
    """No longer, no shorter, and no joule of it is made up."""
    with Metering(tmp_path, dummies(2, 5, 0.5)) as metering:
        metering.start("drivers", "api")
        metering.wait_for_probes(10)
        time.sleep(2)
        metering.kill("drivers")
        time.sleep(12)
        metering.start("drivers")
        readings = check_all_counted(metering)
    for series in readings.values():
        meter = counted(series, 0, time.time())
        longest = max(after.begin_ns - before.end_ns for before, after in itertools.pairwise(series))
        assert longest > 11 * NS
        assert meter.gaps == 1
        assert meter.until_ns - meter.since_ns - meter.measured_ns == longest

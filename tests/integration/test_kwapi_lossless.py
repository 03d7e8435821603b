# SPDX-License-Identifier: Apache-2.0
"""Kwapi's processes frozen, killed and restarted under load: every reading is counted once, or a gap is marked."""

from __future__ import annotations

import itertools
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kwapi.bus.archive import Range
from kwapi.bus.keys import read_keys
from kwapi.bus.spool import Spool
from kwapi.core.energy import NS, Meter, Rules, advance, start
from kwapi.core.reading import Reading, readings_of
from kwapi.core.wire import Verifier
from tools.metering import Metering, dummies

DEVICES, OUTLETS, INTERVAL_S = 20, 100, 0.2
READINGS_PER_S = DEVICES * OUTLETS / INTERVAL_S
FROZEN_S = 120.0 if os.environ.get("CLIMATE_SOAK") else 10.0
WITHIN_S = 300.0
RULES = Rules(gap_ns=10 * NS)
KWH = 3_600_000.0
_TOLD_NS = 1000


@pytest.fixture
def metering(tmp_path: Path) -> Iterator[Metering]:
    """10,000 readings a second, through a forwarder."""
    with Metering(tmp_path, dummies(DEVICES, OUTLETS, INTERVAL_S), forwarded=True) as made:
        made.start("drivers", "forwarder", "api")
        made.wait_for_probes(DEVICES * OUTLETS)
        yield made


def spooled(metering: Metering) -> dict[str, list[Reading]]:
    """All that the drivers wrote down, by probe, in order; read without the bus."""
    spool = Spool(metering.spool, 10**12, 10**9, time.time)
    verifier = Verifier(read_keys(metering.directory / "keys.yaml"))
    readings: dict[str, list[Reading]] = {}
    for topic, epoch, newest in sorted(spool.streams(), key=lambda row: row[1]):
        frames = spool.get(Range(topic, epoch, 1, newest), 10**12)
        assert [number for number, _ in frames] == list(range(1, newest + 1))
        for _, frame in frames:
            for reading in readings_of(verifier.read(frame).body.readings):
                readings.setdefault(reading.probe_id, []).append(reading)
    return readings


def counted(readings: list[Reading], since_s: float, until_s: float) -> Meter:
    """What somebody must have counted who heard a probe from one instant to another, told to the microsecond."""
    heard = [
        reading
        for reading in readings
        if reading.begin_ns >= since_s * NS - _TOLD_NS and reading.end_ns <= until_s * NS + _TOLD_NS
    ]
    meter = start(heard[0], RULES)
    assert meter is not None
    for reading in heard[1:]:
        meter, _, _ = advance(meter, reading, RULES)
    return meter


def wait(true: Callable[[], bool]) -> None:
    """Until it is."""
    deadline = time.monotonic() + WITHIN_S
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def up_to_date(metering: Metering) -> bool:
    """Whether the API knows what the drivers said a moment ago, and misses nothing."""
    told = metering.ask("/v1/probes/")["probes"].values()
    fresh = time.time() - max(5.0, 10 * INTERVAL_S)
    return metering.numbers()["kwapi_bus_batches_missing"] == 0 and all(one["timestamp"] > fresh for one in told)


def check_all_counted(metering: Metering) -> dict[str, list[Reading]]:
    """Compare what the API has counted with what was written down."""
    wait(lambda: up_to_date(metering))
    names = metering.ask("/v1/probe-ids/")["probe_ids"]
    wholes = {probe: metering.ask(f"/v1/probes/{probe}/")[probe] for probe in names}
    numbers = metering.numbers()
    metering.stop()
    readings = spooled(metering)
    assert wholes.keys() == readings.keys()
    for probe, whole in wholes.items():
        meter = counted(readings[probe], whole["since"], whole["timestamp"])
        assert whole["kwh"] == pytest.approx(meter.joules / KWH, rel=1e-12)
        assert (whole["gaps"], whole["coverage"]) == (meter.gaps, round(100 * meter.coverage, 3))
    assert numbers["kwapi_bus_batches_lost_total"] == 0
    return readings


@pytest.mark.slow
def test_a_frozen_consumer_misses_nothing_and_stalls_nobody(metering: Metering) -> None:
    """Stopped for a while, it fetches what passed it by; the drivers went on at their pace."""
    metering.send("api", signal.SIGSTOP)
    time.sleep(FROZEN_S)
    metering.send("api", signal.SIGCONT)
    readings = check_all_counted(metering)
    some = readings[min(readings)]
    pauses = [after.begin_ns - before.begin_ns for before, after in itertools.pairwise(some)]
    assert len(some) > FROZEN_S / INTERVAL_S
    assert sum(pauses) / len(pauses) < 1.5 * INTERVAL_S * NS


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

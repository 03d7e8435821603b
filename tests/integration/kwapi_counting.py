# SPDX-License-Identifier: Apache-2.0
"""What kwapi-api has counted, held against what the drivers wrote down: every reading once, or a gap is marked."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from kwapi.bus.archive import Range
from kwapi.bus.keys import read_keys
from kwapi.bus.spool import Spool
from kwapi.core.energy import NS, Meter, Rules, advance, start
from kwapi.core.reading import Reading, readings_of
from kwapi.core.wire import Verifier
from tools.metering import Metering

WITHIN_S = 120.0
RULES = Rules(gap_ns=10 * NS)
KWH = 3_600_000.0
_TOLD_NS = 1000


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


def wait(true: Callable[[], bool], within_s: float = WITHIN_S) -> None:
    """Until it is."""
    deadline = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def up_to_date(metering: Metering, fresh_s: float) -> bool:
    """Whether the API knows what the drivers said a moment ago, and misses nothing."""
    told = metering.ask("/v1/probes/")["probes"].values()
    fresh = time.time() - fresh_s
    return metering.numbers()["kwapi_bus_batches_missing"] == 0 and all(one["timestamp"] > fresh for one in told)


def check_all_counted(metering: Metering, fresh_s: float = 5.0) -> dict[str, list[Reading]]:
    """Compare what the API has counted with what was written down, once it knows of the last ``fresh_s``."""
    wait(lambda: up_to_date(metering, fresh_s))
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

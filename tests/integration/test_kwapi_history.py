# SPDX-License-Identifier: Apache-2.0
"""kwapi-api killed at any moment: afterwards its history is what one has that was never disturbed."""

from __future__ import annotations

import random
import time
from pathlib import Path
from typing import Any

import pytest

from kwapi.consumers.history import History
from kwapi.consumers.history_files import HistoryFiles
from kwapi.consumers.live import Live
from kwapi.core.delivery import Batch
from kwapi.core.energy import Rules
from kwapi.core.history import NS, TIERS, means
from kwapi.core.reading import Reading, columns_of
from tests.integration.kwapi_counting import spooled, up_to_date, wait
from tools.metering import Metering, dummies

pytestmark = pytest.mark.slow

DEVICES, OUTLETS, INTERVAL_S = 5, 4, 0.2
KILLS = 8


def recorded(folder: Path, readings: dict[str, list[Reading]]) -> History:
    """The history of a consumer that heard everything at once."""
    history = History(HistoryFiles(folder, TIERS, 0), TIERS)
    live = Live(lambda probe: Rules(), time.time_ns, 1e9, history.record)
    for told in readings.values():
        live.take([Batch("s", "", 1, 1, columns_of([reading]), False) for reading in told])
    history.prepare(1)
    history.apply()
    return history


def test_killed_at_random_moments_it_is_what_it_would_have_been(tmp_path: Path) -> None:
    """Every probe, every second: the same least, mean and greatest power, and the same measured time."""
    chance = random.Random(7)
    with Metering(tmp_path, dummies(DEVICES, OUTLETS, INTERVAL_S), checkpoint_s=0.3) as metering:
        metering.add("api", f"[kwapi]\nhistory_dir = {tmp_path}/history\n")
        metering.start("api", "drivers")
        metering.wait_for_probes(DEVICES * OUTLETS)
        for _ in range(KILLS):
            time.sleep(chance.uniform(0.1, 1.2))
            metering.kill("api")
            metering.start("api")
        wait(lambda: up_to_date(metering, 5.0))
        metering.end("drivers")
        wait(lambda: metering.numbers()["kwapi_bus_batches_missing"] == 0)
        readings = spooled(metering)
        newest = {probe: told[-1].end_ns for probe, told in readings.items()}
        wait(lambda: _told(metering) == {probe: round(end / NS, 5) for probe, end in newest.items()})
        begin = min(told[0].begin_ns for told in readings.values()) // NS
        end = max(newest.values()) // NS + 1
        answer = metering.ask(f"/v1/history?prefix=&start={begin}&end={end}&step=1")
        metering.stop()
    whole = recorded(tmp_path / "whole", readings)
    assert len(answer["series"]) == DEVICES * OUTLETS
    for series in answer["series"]:
        _check(series, whole, answer)


def _told(metering: Metering) -> dict[str, float]:
    return {probe: round(one["timestamp"], 5) for probe, one in metering.ask("/v1/probes/")["probes"].items()}


def _check(series: dict[str, Any], whole: History, answer: dict[str, Any]) -> None:
    rows = whole.rows(series["probe_id"], 0, answer["start"], answer["end"])
    watts = means(rows)
    assert answer["step_s"] == 1
    places = (rows["bucket"].astype(int) - answer["start"]).tolist()
    # What was told before this consumer first heard of the probe is not in its history.
    first = next(place for place, low in enumerate(series["min_w"]) if low is not None)
    assert first <= 30
    for row, mean, place in zip(rows, watts, places, strict=True):
        if place > first:
            assert series["average_w"][place] == pytest.approx(mean, abs=2e-3)
            assert series["min_w"][place] == pytest.approx(row["low"], abs=2e-3)
            assert series["max_w"][place] == pytest.approx(row["high"], abs=2e-3)
            assert series["covered"][place] == pytest.approx(min(100.0, row["measured_ns"] / NS * 100), abs=2e-3)
    assert sum(low is not None for low in series["min_w"]) == len(places) - sum(place < first for place in places)

# SPDX-License-Identifier: Apache-2.0
"""The page of power with 200 live charts: it stays smooth, and takes no more memory as time goes on."""

from __future__ import annotations

import contextlib
import itertools
import statistics
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import require
from tools.metering import Metering, dummies
from tools.servers.browser import Chromium, Window

pytest.importorskip("selenium")
from tools.power_page import PowerPage

pytestmark = [pytest.mark.servers, pytest.mark.timeout(1800)]

DEVICES, OUTLETS = 20, 10
CHARTS = DEVICES * OUTLETS
WATCHED_S = 20
WARM_S, FLAT_S = 240, 300
# So that all tiles are seen at once, and drawn.
SIZE = (1650, 4100)
SETTLED_S, SAMPLES, BETWEEN_S = 6, 10, 1.0
MANY = 2
MOST_BYTES_PER_READING = 9
"""A number that is kept of each reading takes 8 bytes, and its instant as many: what is lost of both is 14 and more."""
FRAMES = """
const done = arguments[1], begin = performance.now(), end = begin + 1000 * arguments[0];
let frames = 0;
const next = (now) => { frames += 1; now < end ? requestAnimationFrame(next) : done(1000 * frames / (now - begin)); };
requestAnimationFrame(next);
"""
CHANGES = """
const seen = new Set(), done = arguments[1];
const watch = new MutationObserver((changes) => changes.forEach(({target}) => seen.add(target.closest?.('.tile'))));
watch.observe(document.getElementById('wall'), {subtree: true, childList: true});
const tiles = () => [...seen].filter(Boolean).length;
setTimeout(() => { watch.disconnect(); done(tiles()); }, 1000 * arguments[0]);
"""


@contextlib.contextmanager
def wall(directory: Path, width: int, height: int, charts: int = CHARTS) -> Iterator[tuple[Window, PowerPage]]:
    """The page with all tiles, each told of a reading each second, in a window of that size."""
    require(Chromium)
    with Metering(directory, dummies(charts // OUTLETS, OUTLETS, 1.0)) as metering, Chromium() as chromium:
        metering.add("api", f"[kwapi]\nhistory_dir = {directory}/history\n")
        metering.start("drivers", "api")
        metering.wait_for_probes(charts)
        window = chromium.window(width, height, logged=False)
        window.driver.set_script_timeout(WATCHED_S * 3)
        page = PowerPage(window, metering.url, metering.token)
        page.show()
        page.wait(lambda: len(page.tiles()) == charts)
        assert page.driver.execute_async_script(CHANGES, 5) == charts
        yield window, page
        window.close()


def growth(samples: Sequence[tuple[float, int]]) -> float:
    """Bytes a second: the median of the slopes between all pairs, which single jumps do not move (Theil and Sen)."""
    pairs = itertools.combinations(samples, 2)
    return statistics.median((after[1] - before[1]) / (after[0] - before[0]) for before, after in pairs)


@pytest.mark.slow
def test_charts_take_no_more_memory_with_each_reading(tmp_path: Path, record_property: Any) -> None:
    """Those that are drawn, and those out of sight, which are told of each reading all the same."""
    charts = MANY * CHARTS
    with wall(tmp_path, 1200, 900, charts) as (window, page):
        time.sleep(SETTLED_S)
        samples = []
        for _ in range(SAMPLES):
            time.sleep(BETWEEN_S)
            samples.append((time.monotonic(), window.held()))
        assert page.text("#state") == "Connected."
    rate = growth(samples) / charts
    record_property("bytes_per_reading", round(rate, 2))
    assert rate < MOST_BYTES_PER_READING, samples


@pytest.mark.soak
def test_two_hundred_live_charts_are_smooth_and_memory_is_flat(tmp_path: Path, record_property: Any) -> None:
    """30 frames a second; in five minutes what scripts hold grows by less than 3 %, the process by less than 10 %."""
    with wall(tmp_path, *SIZE) as (window, page):
        assert page.run("return document.documentElement.scrollHeight <= innerHeight")
        time.sleep(WARM_S)
        frames = page.driver.execute_async_script(FRAMES, WATCHED_S)
        held, resident = [window.held()], [window.resident()]
        for _ in range(SAMPLES):
            time.sleep(FLAT_S / SAMPLES)
            held.append(window.held())
            resident.append(window.resident())
    record_property("frames_per_s", frames)
    record_property("held_bytes", held)
    record_property("resident_bytes", resident)
    assert frames >= 30
    for sizes, most in ((held, 1.03), (resident, 1.1)):
        assert statistics.median(sizes[-3:]) < statistics.median(sizes[:3]) * most, sizes

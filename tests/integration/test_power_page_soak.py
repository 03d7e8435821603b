# SPDX-License-Identifier: Apache-2.0
"""The page of power with 200 live charts: it stays smooth, and takes no more memory as time goes on."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import require
from tools.metering import Metering, dummies
from tools.servers.browser import Chromium, Window

pytest.importorskip("selenium")
from tools.power_page import PowerPage

pytestmark = [pytest.mark.servers, pytest.mark.soak, pytest.mark.timeout(1800)]

DEVICES, OUTLETS = 20, 10
CHARTS = DEVICES * OUTLETS
WATCHED_S = 20
FLAT_S = 300
# So that all tiles are seen at once, and drawn.
WIDTH, HEIGHT = 2400, 2400
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


def heap(window: Window) -> float:
    """What scripts hold after all waste is gone, in bytes."""
    window.devtools("HeapProfiler.collectGarbage")
    found: dict[str, Any] = window.devtools("Performance.getMetrics")
    return {row["name"]: row["value"] for row in found["metrics"]}["JSHeapUsedSize"]


def test_two_hundred_live_charts_are_smooth_and_memory_is_flat(tmp_path: Path, record_property: Any) -> None:
    """30 frames a second at least; the heap grows by less than a tenth in five minutes, once five minutes are shown."""
    require(Chromium)
    with Metering(tmp_path, dummies(DEVICES, OUTLETS, 1.0)) as metering, Chromium() as chromium:
        metering.add("api", f"[kwapi]\nhistory_dir = {tmp_path}/history\n")
        metering.start("drivers", "api")
        metering.wait_for_probes(CHARTS)
        window = chromium.window(WIDTH, HEIGHT)
        window.driver.set_script_timeout(WATCHED_S * 3)
        window.devtools("Performance.enable")
        page = PowerPage(window, metering.url, metering.token)
        page.show()
        page.wait(lambda: len(page.tiles()) == CHARTS)
        assert page.driver.execute_async_script(CHANGES, 5) == CHARTS
        # A tile keeps five minutes: before, each reading is one more.
        time.sleep(FLAT_S)
        window.log("performance")
        frames = page.driver.execute_async_script(FRAMES, WATCHED_S)
        heaps = [heap(window)]
        deadline = time.monotonic() + FLAT_S
        while time.monotonic() < deadline:
            time.sleep(FLAT_S / 10)
            heaps.append(heap(window))
            window.log("performance")
        window.close()
    record_property("frames_per_s", frames)
    record_property("heap_bytes", heaps)
    assert frames >= 30
    assert heaps[-1] < heaps[0] * 1.1

# SPDX-License-Identifier: Apache-2.0
"""What metering costs: 1,000 probes read each second, signed, written down, and asked for once a second.

Real kwapi-drivers (100 threads of 10 probes each, spread over the second) and
kwapi-api, over ``ipc://``. Cores are what the processes' own clocks say, over
``--seconds``, while one client asks for all probes once a second. Then as many
GETs of all probes as one client gets answered, and the same of a bare page of
the same size as what there is at best. Last, kwapi-api with ``--many`` probes:
its memory, and how soon it answers about one of them.
"""

from __future__ import annotations

import argparse
import http.client
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from benchmarks import positive
from climate.chassis.web.server import WebServer
from tools.metering import Metering, dummies

PROBES = 1_000
THREADS = 100
_SETTLE_S = 5.0


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this benchmark."""
    parser.add_argument("--seconds", type=positive, default=30, help="how long the cores are measured")
    parser.add_argument("--gets", type=positive, default=1_000, help="how often all probes are asked for")
    parser.add_argument("--many", type=positive, default=100_000, help="probes of the second part")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Measure the small site, then the large one."""
    with tempfile.TemporaryDirectory(prefix="climate-metering-") as folder:
        figures = _small(Path(folder), args.seconds, args.gets)
    with tempfile.TemporaryDirectory(prefix="climate-metering-") as folder:
        figures |= _large(Path(folder), args.many)
    return figures


def _small(folder: Path, seconds: int, gets: int) -> dict[str, Any]:
    with Metering(folder, dummies(THREADS, PROBES // THREADS, 1.0), checkpoint_s=10.0) as metering:
        metering.start("drivers", "api")
        metering.wait_for_probes(PROBES)
        time.sleep(_SETTLE_S)
        processes = {name: metering.process(name) for name in ("drivers", "api")}
        stop = threading.Event()
        asker = threading.Thread(target=_ask_each_second, args=(metering, stop), daemon=True)
        before = {name: _cpu_s(process) for name, process in processes.items()}
        batches = metering.numbers()["kwapi_bus_readings_total"]
        begun = time.monotonic()
        asker.start()
        time.sleep(seconds)
        taken_s = time.monotonic() - begun
        cores = {name: 100 * (_cpu_s(process) - before[name]) / taken_s for name, process in processes.items()}
        numbers = metering.numbers()
        stop.set()
        asker.join()
        size = len(_body(metering, "/v1/probes/"))
        rate = _rate(metering.port, "/v1/probes/", metering.token, gets)
        floor = _floor(size, gets)
        return {
            "probes": PROBES,
            "driver_threads": THREADS,
            "drivers_core_percent": round(cores["drivers"], 2),
            "api_core_percent": round(cores["api"], 2),
            "readings_per_s": round((numbers["kwapi_bus_readings_total"] - batches) / taken_s, 1),
            "lost": int(numbers["kwapi_bus_batches_lost_total"]),
            "drivers_rss_mb": round(processes["drivers"].memory_info().rss / 1e6, 1),
            "api_rss_mb": round(processes["api"].memory_info().rss / 1e6, 1),
            "get_all_bytes": size,
            "get_all_per_s": round(rate, 1),
            "get_all_ratio_to_bare_page": round(rate / floor, 3),
        }


def _large(folder: Path, many: int) -> dict[str, Any]:
    outlets = 100
    sections = dummies(max(1, many // outlets), min(outlets, many), 20.0, ["timeout_s = 10"])
    with Metering(folder, sections, checkpoint_s=10.0) as metering:
        metering.start("drivers", "api")
        metering.wait_for_probes(max(1, many // outlets) * min(outlets, many))
        names = metering.ask("/v1/probe-ids/")["probe_ids"]
        connection = http.client.HTTPConnection("127.0.0.1", metering.port, timeout=60)
        answers_ms = []
        for name in names[:: max(1, len(names) // 500)]:
            begun = time.perf_counter()
            _get(connection, f"/v1/probes/{name}/", metering.token)
            answers_ms.append((time.perf_counter() - begun) * 1e3)
        return {
            "many_probes": len(names),
            "many_api_rss_mb": round(metering.process("api").memory_info().rss / 1e6, 1),
            "one_probe_ms_median": round(statistics.median(answers_ms), 3),
            "one_probe_ms_p95": round(statistics.quantiles(answers_ms, n=20)[-1], 3),
        }


def _ask_each_second(metering: Metering, stop: threading.Event) -> None:
    while not stop.wait(1.0):
        _body(metering, "/v1/probes/")


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _body(metering: Metering, path: str) -> bytes:
    return _get(http.client.HTTPConnection("127.0.0.1", metering.port, timeout=60), path, metering.token)


def _get(connection: http.client.HTTPConnection, path: str, token: str) -> bytes:
    connection.request("GET", path, headers={"X-Auth-Token": token})
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != 200:
        raise RuntimeError(f"{path} was answered {answer.status}: {body[:200]!r}")
    return body


def _rate(port: int, path: str, token: str, gets: int) -> float:
    """Answers a second to one client that keeps its connection; the median of three tries."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    rates = []
    for _ in range(3):
        begun = time.perf_counter()
        for _ in range(gets // 3):
            _get(connection, path, token)
        rates.append(gets // 3 / (time.perf_counter() - begun))
    return statistics.median(rates)


def _floor(size: int, gets: int) -> float:
    """The same server with a page that is ready, in this process."""
    body = b"x" * size

    def page(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(size))])
        return [body]

    server = WebServer(page, "127.0.0.1", 0, 4, "bare page")
    server.start()
    try:
        return _rate(server.port, "/", "", gets)
    finally:
        server.stop()
        server.wait()

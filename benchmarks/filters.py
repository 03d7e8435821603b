# SPDX-License-Identifier: Apache-2.0
"""How soon a malformed filter is refused: the corpus of the tests, through the real API, on a site of many hosts.

The application runs in this process, with the inventory on the store in
memory, so that what is timed is what a filter makes us do. The floor is a
filter that is refused before anything looks at it.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import positive
from tests.functional.malformed import Case, corpus, hosts
from tests.functional.site import Site


def arguments(parser: argparse.ArgumentParser) -> None:
    """How large the site is, and how often each is sent."""
    parser.add_argument("--hosts", type=positive, default=10_000)
    parser.add_argument("--repeats", type=positive, default=5, help="how often each filter is sent")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Send every filter, and say how long the answers took."""
    with tempfile.TemporaryDirectory(prefix="climate-benchmark-") as directory:
        site = Site(Path(directory), hosts(args.hosts))
        cases = list(corpus())
        _ask(site, cases[0])  # the first reads the hosts
        times_ms = {case.sent: [_ask(site, case) for _ in range(args.repeats)] for case in cases}
        floor_ms = [_answer_ms(site, b'{"duration": 3600, "host_properties": 5}') for _ in range(100)]
    least = {sent: min(taken) for sent, taken in times_ms.items()}
    slowest = max(least, key=lambda sent: least[sent])
    everything = [one for taken in times_ms.values() for one in taken]
    return {
        "filters": len(cases),
        "answer_ms_median": round(statistics.median(everything), 3),
        "answer_ms_p99": round(float(np.percentile(everything, 99)), 3),
        "answer_ms_max": round(max(everything), 3),
        "slowest_filter_ms": round(least[slowest], 3),
        "slowest_filter": slowest[:80],
        "floor_ms_median": round(statistics.median(floor_ms), 3),
    }


def _ask(site: Site, case: Case) -> float:
    return _answer_ms(site, case.body())


def _answer_ms(site: Site, body: bytes) -> float:
    began = time.perf_counter()
    answer = site.ask("POST", "/v1/leases", raw=body)
    taken_ms = 1000 * (time.perf_counter() - began)
    if answer.status_int != 400:
        raise RuntimeError(f"{body[:200]!r} was answered {answer.status_int}")
    return taken_ms

# SPDX-License-Identifier: Apache-2.0
"""How fast the calendar searches, books and loads, on a synthetic year of leases.

The year is played forward: leases begin at random seconds, and each takes
random hosts among those that are free then, so that no host is held twice.
The searches are what the strategy ``earliest`` does for a request, host choice
included: 1 hour to 7 days and 1 to 1,024 hosts (both log-uniform) out of all
hosts, in a window of 60 days that begins at a random instant. A pass is one
look of numpy at every booking: how many hosts are free in one fixed period.
"""

from __future__ import annotations

import argparse
import statistics
import time
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks import positive
from climate.core.calendar.gaps import Calendar, Columns
from climate.core.calendar.search import Need, Search
from climate.core.lease import Window
from climate.core.schedulers.earliest import Earliest

HOUR_S = 3600
DAY_S = 24 * HOUR_S
YEAR_S = 365 * DAY_S
YEAR_START = 1_767_225_600  # 2026-01-01T00:00:00Z
WINDOW_S = 60 * DAY_S
MARGIN_S = 300
LARGEST_REQUEST = 1024
BOOKED_HOSTS = 64
# A lease holds 11 hosts on average: 100,000 of them are 1.1 million bookings.
LARGEST_LEASE = 44
_BATCH = 20


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this benchmark."""
    parser.add_argument("--hosts", type=positive, default=10_000)
    parser.add_argument("--leases", type=positive, default=100_000, help="leases in the year")
    parser.add_argument("--fill", type=float, default=0.37, help="share of the host time of the year that is booked")
    parser.add_argument("--searches", type=positive, default=400)
    parser.add_argument("--seed", type=int, default=1)


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Build the year, then measure loading, searching, booking and the pass."""
    rng = np.random.default_rng(args.seed)
    began = time.perf_counter()
    columns = synthetic_year(rng, args.hosts, args.leases, args.fill)
    build_s = time.perf_counter() - began
    loads_s = []
    for _ in range(5):
        began = time.perf_counter()
        calendar = Calendar.from_arrays(columns, args.hosts)
        loads_s.append(time.perf_counter() - began)

    searches_ms, passes_ms, found = _searches(rng, calendar, columns, args.searches)
    books_ms = _bookings(rng, calendar, args.searches)
    within = np.minimum(columns.end, YEAR_START + YEAR_S) - columns.start
    figures = {
        "bookings": columns.host.size,
        "fill_percent": 100 * float(within.sum()) / (args.hosts * YEAR_S),
        "build_s": build_s,
        "load_s": statistics.median(loads_s),
        "memory_mb": calendar.gaps.memory_bytes / 1e6,
        "search_ms_median": statistics.median(searches_ms),
        "search_ms_p95": float(np.percentile(searches_ms, 95)),
        "search_ms_max": max(searches_ms),
        "found_percent": 100 * found / args.searches,
        "book_ms_median": statistics.median(books_ms),
        "book_ms_p95": float(np.percentile(books_ms, 95)),
        "pass_ms_median": statistics.median(passes_ms),
        "ratio_to_pass": statistics.median(searches_ms) / statistics.median(passes_ms),
    }
    return {key: round(value, 4) if isinstance(value, float) else value for key, value in figures.items()}


def synthetic_year(rng: np.random.Generator, hosts: int, leases: int, fill: float) -> Columns:
    """Bookings of ``leases`` leases in a year, which fill about ``fill`` of the hosts' time."""
    start = np.sort(rng.integers(YEAR_START, YEAR_START + YEAR_S, leases))
    quantity = np.minimum(log_uniform(rng, 1, LARGEST_LEASE, leases), hosts)
    duration = log_uniform(rng, HOUR_S, 7 * DAY_S, leases)  # stretched below to meet the wished fill
    inside = np.minimum(duration, YEAR_START + YEAR_S - start)
    stretch = fill * hosts * YEAR_S / float((inside * quantity).sum())
    end = start + np.maximum(1, (duration * stretch).astype(np.int64))

    busy_until = np.zeros(hosts, np.int64)
    taken = []
    for begin, until, wanted in zip(start.tolist(), end.tolist(), quantity.tolist(), strict=True):
        free = np.flatnonzero(busy_until <= begin)
        rows = free[rng.choice(free.size, min(wanted, free.size), replace=False, shuffle=False)]
        busy_until[rows] = until
        taken.append(rows)
    lease = np.repeat(np.arange(leases, dtype=np.int32), [rows.size for rows in taken])
    order = rng.permutation(lease.size)  # as a database may give them
    host, lease = np.concatenate(taken)[order], lease[order]
    return Columns(host, start[lease], end[lease], lease, tuple(f"lease-{number}" for number in range(leases)))


def log_uniform(rng: np.random.Generator, low: int, high: int, size: int | None = None) -> npt.NDArray[np.int64]:
    """Integers in ``[low, high]`` with uniform logarithms."""
    drawn = np.exp(rng.uniform(np.log(low), np.log(high + 1), size))
    return np.minimum(drawn, high).astype(np.int64)


def _searches(
    rng: np.random.Generator, calendar: Calendar, columns: Columns, count: int
) -> tuple[list[float], list[float], int]:
    """Milliseconds of each search and of as many passes, and how many searches found a start.

    They take turns by the batch: then a machine that slows down slows both.
    """
    everyone = np.arange(calendar.host_count)
    scheduler = Earliest()
    searches_ms: list[float] = []
    passes_ms: list[float] = []
    found = 0
    while len(searches_ms) < count:
        for _ in range(min(_BATCH, count - len(searches_ms))):
            need, now = _request(rng, int(log_uniform(rng, 1, LARGEST_REQUEST)), calendar.host_count)
            began = time.perf_counter()
            choice = scheduler.choose(Search(calendar, [everyone], need, now), None)
            searches_ms.append(1e3 * (time.perf_counter() - began))
            found += choice is not None
        for _ in range(len(searches_ms) - len(passes_ms)):
            now = _instant(rng)
            began = time.perf_counter()
            hosts_free(columns, calendar.host_count, now, now + DAY_S)
            passes_ms.append(1e3 * (time.perf_counter() - began))
    return searches_ms, passes_ms, found


def hosts_free(columns: Columns, hosts: int, start: int, end: int) -> int:
    """How many hosts no booking keeps from ``[start, end)``; looks at every booking."""
    met = columns.start < end
    met &= columns.end > start
    busy = np.zeros(hosts, np.bool_)
    busy[columns.host[np.flatnonzero(met)]] = True  # quicker than with the mask, which is nearly empty
    return hosts - int(np.count_nonzero(busy))


def _bookings(rng: np.random.Generator, calendar: Calendar, count: int) -> list[float]:
    """Milliseconds to book hosts that a search found; each booking is given back."""
    everyone = np.arange(calendar.host_count)
    books_ms = []
    for number in range(count):
        need, now = _request(rng, BOOKED_HOSTS, calendar.host_count)
        choice = Earliest().choose(Search(calendar, [everyone], need, now), None)
        if choice is None:
            continue
        start, end = choice.start_at, choice.start_at + need.span_s
        began = time.perf_counter()
        calendar.book(choice.rows, start, end, f"new-{number}")
        books_ms.append(1e3 * (time.perf_counter() - began))
        calendar.release(choice.rows, start, end, f"new-{number}")
    return books_ms


def _request(rng: np.random.Generator, quantity: int, hosts: int) -> tuple[Need, int]:
    """A request of random length for ``quantity`` hosts, and the random instant at which it is made."""
    now = _instant(rng)
    window = Window(now, now + WINDOW_S, int(log_uniform(rng, HOUR_S, 7 * DAY_S)))
    return Need(min(quantity, hosts), window, MARGIN_S), now


def _instant(rng: np.random.Generator) -> int:
    """An instant of the year whose window ends within the year."""
    return int(rng.integers(YEAR_START, YEAR_START + YEAR_S - WINDOW_S))

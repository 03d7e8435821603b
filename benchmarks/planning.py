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
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

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
BOOKED_HOSTS = 64
# A lease holds 11 hosts on average: 100,000 of them are 1.1 million bookings.
LARGEST_LEASE = 44
# The shape of durations; they are stretched together to meet the wished fill.
SHORTEST_S, LONGEST_S = HOUR_S, 7 * DAY_S


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this benchmark."""
    parser.add_argument("--hosts", type=int, default=10_000)
    parser.add_argument("--leases", type=int, default=100_000, help="leases in the year")
    parser.add_argument("--fill", type=float, default=0.37, help="share of the host time of the year that is booked")
    parser.add_argument("--searches", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Build the year, then measure loading, searching, booking and the pass."""
    rng = np.random.default_rng(args.seed)
    began = time.perf_counter()
    columns = synthetic_year(rng, args.hosts, args.leases, args.fill)
    build_s = time.perf_counter() - began
    loads_s = [_timed(lambda: Calendar.from_arrays(columns, args.hosts)) for _ in range(5)]
    calendar = Calendar.from_arrays(columns, args.hosts)

    searches_ms, passes_ms, found = _searches(rng, calendar, columns, args.searches)
    books_ms = _bookings(rng, calendar, args.searches)
    within = np.minimum(columns.end, YEAR_START + YEAR_S) - columns.start
    figures = {
        "bookings": columns.host.size,
        "fill_percent": 100 * float(within.sum()) / (args.hosts * YEAR_S),
        "build_s": build_s,
        "load_s": statistics.median(loads_s),
        "memory_mb": calendar.memory_bytes / 1e6,
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
    duration = log_uniform(rng, SHORTEST_S, LONGEST_S, leases)
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
    """Milliseconds of each search and of a pass beside it, and how many searches found a start."""
    everyone = np.arange(calendar.host_count)
    scheduler = Earliest()
    searches_ms, passes_ms, found = [], [], 0
    for _ in range(count):
        now = int(rng.integers(YEAR_START, YEAR_START + YEAR_S - WINDOW_S))
        quantity = min(int(log_uniform(rng, 1, 1024)), calendar.host_count)
        window = Window(now, now + WINDOW_S, int(log_uniform(rng, HOUR_S, 7 * DAY_S)))

        began = time.perf_counter()
        search = Search(calendar, [everyone], Need(quantity, window, MARGIN_S), now)
        choice = scheduler.choose(search, None)
        searches_ms.append(1e3 * (time.perf_counter() - began))
        found += choice is not None

        passes_ms.append(1e3 * _timed(lambda: hosts_free(columns, calendar.host_count, now, now + DAY_S)))  # noqa: B023
    return searches_ms, passes_ms, found


def hosts_free(columns: Columns, hosts: int, start: int, end: int) -> int:
    """How many hosts no booking keeps from ``[start, end)``; looks at every booking."""
    met = columns.start < end
    met &= columns.end > start
    busy = np.zeros(hosts, np.bool_)
    busy[columns.host[met]] = True
    return hosts - int(np.count_nonzero(busy))


def _bookings(rng: np.random.Generator, calendar: Calendar, count: int) -> list[float]:
    """Milliseconds to book hosts that are free, at random instants; each booking is given back."""
    quantity = min(BOOKED_HOSTS, calendar.host_count)
    books_ms = []
    for number in range(count):
        now = int(rng.integers(YEAR_START, YEAR_START + YEAR_S - WINDOW_S))
        window = Window(now, now + WINDOW_S, int(log_uniform(rng, HOUR_S, 7 * DAY_S)))
        search = Search(calendar, [np.arange(calendar.host_count)], Need(quantity, window, MARGIN_S), now)
        choice = Earliest().choose(search, None)
        if choice is None:
            continue
        start, end = choice.start_at, choice.start_at + window.duration_s + MARGIN_S
        books_ms.append(1e3 * _timed(lambda: calendar.book(choice.rows, start, end, f"new-{number}")))  # noqa: B023
        calendar.release(choice.rows, start, end)
    return books_ms


def _timed(act: Callable[[], object]) -> float:
    """Seconds that ``act`` takes."""
    began = time.perf_counter()
    act()
    return time.perf_counter() - began

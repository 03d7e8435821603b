# SPDX-License-Identifier: Apache-2.0
"""How long calls take, and the figures that say so."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence

_WARM = 5


def once_ms(action: Callable[[], object]) -> float:
    """Milliseconds of one call."""
    started = time.perf_counter()
    action()
    return (time.perf_counter() - started) * 1000


def times_ms(count: int, action: Callable[[], object], *, warm: int = _WARM) -> list[float]:
    """Milliseconds of each of ``count`` calls, after a few that are not counted."""
    for _ in range(warm):
        action()
    return [once_ms(action) for _ in range(count)]


def figures(name: str, times: Sequence[float]) -> dict[str, float]:
    """Median and 95th percentile of ``times``, as ``NAME_median`` and ``NAME_p95``."""
    return {
        f"{name}_median": round(statistics.median(times), 3),
        f"{name}_p95": round(sorted(times)[int(len(times) * 0.95)], 3),
    }

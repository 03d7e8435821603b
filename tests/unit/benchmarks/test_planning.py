# SPDX-License-Identifier: Apache-2.0
"""The synthetic year is what it says: full to the wished share, without overlaps, the same for a seed."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.planning import YEAR_S, YEAR_START, hosts_free, log_uniform, synthetic_year
from climate.core.calendar.gaps import Calendar


@pytest.mark.parametrize("fill", [0.2, 0.37])
def test_the_year_is_as_full_as_wished_and_no_host_is_held_twice(fill: float) -> None:
    """Bookings are about 11 a lease; a calendar would refuse overlaps."""
    columns = synthetic_year(np.random.default_rng(7), 500, 5000, fill)
    within = np.minimum(columns.end, YEAR_START + YEAR_S) - columns.start
    assert within.sum() / (500 * YEAR_S) == pytest.approx(fill, rel=0.05)
    assert Calendar.from_arrays(columns, 500).booking_count == columns.host.size == pytest.approx(55_000, rel=0.05)


def test_a_seed_means_a_year() -> None:
    """Two runs measure the same."""
    one, other = (synthetic_year(np.random.default_rng(3), 50, 300, 0.3) for _ in range(2))
    assert all(np.array_equal(getattr(one, name), getattr(other, name)) for name in ("host", "start", "end", "owner"))


def test_a_pass_counts_the_hosts_that_are_free() -> None:
    """As the calendar does."""
    columns = synthetic_year(np.random.default_rng(5), 100, 1000, 0.4)
    calendar = Calendar.from_arrays(columns, 100)
    for start in range(YEAR_START, YEAR_START + YEAR_S, YEAR_S // 20):
        free = calendar.free(np.arange(100), start, start + 86_400).sum()
        assert hosts_free(columns, 100, start, start + 86_400) == free


def test_log_uniform_numbers_stay_in_their_bounds() -> None:
    """Half of the numbers lie below the geometric mean."""
    drawn = log_uniform(np.random.default_rng(1), 1, 1024, 20_000)
    assert drawn.min() == 1
    assert 1000 < drawn.max() <= 1024
    assert (drawn <= 32).mean() == pytest.approx(0.5, abs=0.05)

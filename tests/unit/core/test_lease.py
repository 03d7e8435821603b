# SPDX-License-Identifier: Apache-2.0
"""What a request may leave out, and what that means: the window in which a lease may be placed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from climate.core.lease import Window, Wish, window_of
from climate.errors import BadField

NOW = 1_000
HORIZON_S = 10_000
HORIZON = NOW + HORIZON_S

MEANT = {
    "neither start nor end: now or not at all": (Wish(duration_s=60), Window(NOW, NOW + 60, 60)),
    "neither, up to the horizon": (Wish(duration_s=HORIZON_S), Window(NOW, HORIZON, HORIZON_S)),
    "only a start: any time up to the horizon": (
        Wish(start_time=2_000, duration_s=60),
        Window(2_000, HORIZON, 60),
    ),
    "only a start, which has passed: from now": (Wish(start_time=10, duration_s=60), Window(NOW, HORIZON, 60)),
    "only a start, the last that fits": (
        Wish(start_time=HORIZON - 60, duration_s=60),
        Window(HORIZON - 60, HORIZON, 60),
    ),
    "only an end: from now": (Wish(end_time=2_000, duration_s=60), Window(NOW, 2_000, 60)),
    "only an end, as near as it may be": (Wish(end_time=NOW + 60, duration_s=60), Window(NOW, NOW + 60, 60)),
    "both: anywhere between": (
        Wish(start_time=2_000, end_time=3_000, duration_s=60),
        Window(2_000, 3_000, 60),
    ),
    "both, with no slack": (
        Wish(start_time=2_000, end_time=3_000, duration_s=1_000),
        Window(2_000, 3_000, 1_000),
    ),
    "both and no duration: all of it": (Wish(start_time=2_000, end_time=3_000), Window(2_000, 3_000, 1_000)),
    "both and no duration, the start has passed: what is left of it": (
        Wish(start_time=10, end_time=3_000),
        Window(NOW, 3_000, 2_000),
    ),
    "an end right at the horizon": (
        Wish(start_time=2_000, end_time=HORIZON, duration_s=60),
        Window(2_000, HORIZON, 60),
    ),
    "a start at the epoch is a start": (Wish(start_time=0, duration_s=60), Window(NOW, HORIZON, 60)),
}

REFUSED = {
    "an end in the past": (Wish(end_time=NOW - 1, duration_s=60), "end_time"),
    "an end right now": (Wish(end_time=NOW, duration_s=60), "end_time"),
    "an end at the epoch": (Wish(end_time=0, duration_s=60), "end_time"),
    "a window shorter than the duration": (Wish(start_time=2_000, end_time=2_059, duration_s=60), "end_time"),
    "an end too near for the duration": (Wish(end_time=NOW + 59, duration_s=60), "end_time"),
    "an end before the start": (Wish(start_time=3_000, end_time=2_000, duration_s=60), "end_time"),
    "an end before the start, no duration": (Wish(start_time=3_000, end_time=2_000), "end_time"),
    "an end at the start": (Wish(start_time=3_000, end_time=3_000), "end_time"),
    "a start beyond the horizon": (Wish(start_time=HORIZON + 1, duration_s=60), "start_time"),
    "an end beyond the horizon": (Wish(start_time=2_000, end_time=HORIZON + 1, duration_s=60), "end_time"),
    "a duration beyond the horizon": (Wish(duration_s=HORIZON_S + 1), "duration"),
    "a start too near the horizon": (Wish(start_time=HORIZON - 59, duration_s=60), "duration"),
    "no duration and only a start": (Wish(start_time=2_000), "duration"),
    "no duration and only an end": (Wish(end_time=2_000), "duration"),
    "nothing at all": (Wish(), "duration"),
    "no time": (Wish(duration_s=0), "duration"),
    "negative time": (Wish(start_time=2_000, end_time=3_000, duration_s=-60), "duration"),
}


@pytest.mark.parametrize(("wish", "window"), MEANT.values(), ids=MEANT)
def test_what_is_left_out_means_what_the_design_says(wish: Wish, window: Window) -> None:
    assert window_of(wish, NOW, HORIZON_S) == window
    assert window.latest_start == window.latest - window.duration_s


@pytest.mark.parametrize(("wish", "field"), REFUSED.values(), ids=REFUSED)
def test_a_wish_that_cannot_be_is_refused_by_the_field_to_change(wish: Wish, field: str) -> None:
    with pytest.raises(BadField) as refused:
        window_of(wish, NOW, HORIZON_S)
    assert refused.value.details["field"] == field
    assert refused.value.message


def _starts(wish: Wish, duration_s: int, now: int, horizon_s: int) -> Iterator[int]:
    """Every second at which a lease that fulfils the wish may start, one after the other."""
    for start in range(now, now + horizon_s + 1):
        end = start + duration_s
        if wish.start_time is None and wish.end_time is None and start != now:
            return
        if wish.start_time is not None and start < wish.start_time:
            continue
        if end <= now + horizon_s and (wish.end_time is None or end <= wish.end_time):
            yield start


_INSTANT = st.none() | st.integers(0, 45)


@given(_INSTANT, _INSTANT, st.none() | st.integers(1, 25), st.integers(0, 20), st.integers(1, 20))
def test_the_window_holds_all_starts_that_fulfil_the_wish_and_no_others(
    start_time: int | None, end_time: int | None, duration_s: int | None, now: int, horizon_s: int
) -> None:
    """Against trying every second; an end or a start beyond the horizon is a mistake even if some would fit."""
    wish = Wish(start_time=start_time, end_time=end_time, duration_s=duration_s)
    beyond = any(at is not None and at > now + horizon_s for at in (start_time, end_time))
    if duration_s is None and start_time is not None and end_time is not None:
        duration_s = end_time - max(now, start_time)
    starts = [] if duration_s is None or duration_s < 1 else list(_starts(wish, duration_s, now, horizon_s))
    if beyond or not starts:
        with pytest.raises(BadField):
            window_of(wish, now, horizon_s)
        return
    found = window_of(wish, now, horizon_s)
    assert list(range(found.earliest, found.latest_start + 1)) == starts
    assert found.duration_s == duration_s

# SPDX-License-Identifier: Apache-2.0
"""Times as people write them."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator

import pytest

from climate.client import times
from climate.errors import BadField

NOW = 1_900_000_000  # 2030-03-17T17:46:40Z
PARIS = "CET-1CEST,M3.5.0,M10.5.0/3"  # as POSIX writes it, so that no file of zones is needed


@pytest.fixture
def in_paris(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The machine's own zone has a summer time."""
    with monkeypatch.context() as there:
        there.setenv("TZ", PARIS)
        time.tzset()
        yield
    time.tzset()


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("now", NOW),
        (" Now ", NOW),
        ("+2h", NOW + 7200),
        ("+2h30m", NOW + 9000),
        ("+PT1H", NOW + 3600),
        ("1900000123", 1_900_000_123),
        ("2030-03-17T17:46:40Z", NOW),
        ("2030-03-17 19:46:40+02:00", NOW),
        ("2030-03-17T18:46:40", NOW),
        ("2030-03-17 18:46", NOW - 40),
        ("2030-03-17", NOW - 40 - 46 * 60 - 18 * 3600),
        ("2030-07-01T12:00", 1_909_130_400),
    ],
)
@pytest.mark.usefixtures("in_paris")
def test_an_instant_is_written_in_many_ways(text: str, instant: int) -> None:
    """Without an offset it is the machine's time: in summer, summer time."""
    assert times.instant(text, NOW + 0.7, "--start") == instant


@pytest.mark.parametrize("text", ["", "soon", "tomorrow", "+", "+soon", "-2h", "2030-13-01", "2030-03-17T25:00", "+0s"])
def test_what_is_no_instant_is_refused_by_name(text: str) -> None:
    with pytest.raises(BadField, match="--start") as raised:
        times.instant(text, NOW, "--start")
    assert raised.value.details["field"] == "--start"


@pytest.mark.parametrize("text", ["2030-03-31T02:30", "2030-10-27T02:30"])
@pytest.mark.usefixtures("in_paris")
def test_a_time_that_clocks_show_never_or_twice_needs_an_offset(text: str) -> None:
    """When summer time begins, and when it ends."""
    with pytest.raises(BadField, match="add an offset"):
        times.instant(text, NOW, "--start")
    assert times.instant(f"{text}+01:00", NOW, "--start")


def test_another_zone_may_be_named() -> None:
    tokyo = dt.timezone(dt.timedelta(hours=9))
    assert times.instant("2030-03-18T02:46:40", 0, "--start", tokyo) == NOW


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (0.4, "0s"), (59, "59s"), (60, "1m"), (90, "1m30s"), (9000, "2h30m"), (7201, "2h"), (90_061, "1d1h")],
)
def test_a_duration_is_shown_by_its_two_largest_units(seconds: float, text: str) -> None:
    assert times.short(seconds) == text


def test_a_duration_is_read_in_each_of_its_forms() -> None:
    assert [times.seconds(text, "--timeout") for text in ("90", "1m30s", "PT90S")] == [90, 90, 90]
    with pytest.raises(BadField, match="--timeout"):
        times.seconds("soon", "--timeout")

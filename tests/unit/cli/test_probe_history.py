# SPDX-License-Identifier: Apache-2.0
"""Which time the options of a look back mean, and which steps are listed."""

from __future__ import annotations

import argparse

import pytest

from climate.cli.failures import Unusable
from climate.cli.probe_history import period, rows_of, totals
from climate.client.probes import History
from climate.errors import BadField

NOW = 1_900_000_000.4


def given(**told: str) -> argparse.Namespace:
    return argparse.Namespace(**{"start": None, "end": None, "span": None, **told})


@pytest.mark.parametrize(
    ("told", "start", "end"),
    [
        ({}, 1_899_996_401, 1_900_000_001),
        ({"span": "1d"}, 1_899_913_601, 1_900_000_001),
        ({"start": "1899999000"}, 1_899_999_000, 1_900_000_001),
        ({"start": "1899990000", "span": "10m"}, 1_899_990_000, 1_899_990_600),
        ({"end": "1899990000"}, 1_899_986_400, 1_899_990_000),
        ({"end": "1899990000", "span": "2d"}, 1_899_817_200, 1_899_990_000),
        ({"start": "2030-03-17T00:00Z", "end": "2030-03-17T00:01Z"}, 1_899_936_000, 1_899_936_060),
    ],
)
def test_two_of_start_end_and_span_are_a_period(told: dict[str, str], start: int, end: int) -> None:
    """By default the last hour; the second that runs now is in it."""
    assert period(given(**told), NOW) == (start, end)


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"start": "1", "end": "2", "span": "1h"}, "Two of --start, --end and --span"),
        ({"start": "1899990000", "end": "1899990000"}, "--start must be before --end"),
        ({"start": "1900000500"}, "--start must be before --end, and before now"),
        ({"end": "60", "span": "1h"}, "--start must be before --end"),
    ],
)
def test_what_is_no_period_is_refused(told: dict[str, str], said: str) -> None:
    with pytest.raises(Unusable, match=said):
        period(given(**told), NOW)


def test_an_instant_that_cannot_be_read_is_named() -> None:
    with pytest.raises(BadField, match="--start is not a time"):
        period(given(start="yesterday"), NOW)


def history(*watts: float | None) -> History:
    """An answer with one probe."""
    values = list(watts)
    return {
        "start": 100,
        "end": 100 + 10 * len(values),
        "step_s": 10,
        "at": [100 + 10 * place for place in range(len(values))],
        "series": [
            {
                "probe_id": "a",
                "probes": 1,
                "kwh": 0.25,
                "coverage": 49.99,
                "min_w": values,
                "average_w": values,
                "max_w": values,
                "covered": [0.0 if value is None else 100.0 for value in values],
            }
        ],
    }


def test_a_gap_is_listed_and_what_was_never_known_is_not() -> None:
    """The steps before the first and after the last of which something is known say nothing."""
    rows = list(rows_of(history(None, 10.0, None, 30.0, None)))
    assert [(row["at"], row["average_watts"], row["coverage"]) for row in rows] == [
        (110, 10.0, 100.0),
        (120, None, 0.0),
        (130, 30.0, 100.0),
    ]
    assert list(rows_of(history(None, None))) == []


def test_the_whole_is_told_in_a_line() -> None:
    assert list(totals(history(1.0))) == ["a: 0.2500 kWh, 49.9 % measured"]

# SPDX-License-Identifier: Apache-2.0
"""Power over time in characters: bars up to the mean, lighter ones up to the peak. Draws only."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from climate.cli import meters
from climate.cli.gantt import Axis, Style, heading
from climate.cli.sparkline import BARS, LETTERS
from climate.client import times
from climate.client.probes import History, Series

_BAND: Final = ("░", "'")
_EDGE: Final = ("┤", "|")
_BASE: Final = ("└", "+")
_RULE: Final = ("─", "-")
_ROOM: Final = 1.0001  # a peak that stands at the edge is within it


@dataclass(frozen=True, slots=True)
class Column:
    """What is known of the time of one column, in watts; all are the same where one step is wider than it."""

    least: float
    mean: float
    most: float


def columns_of(found: History, series: Series, axis: Axis) -> list[Column | None]:
    """The power of a series in each column of an axis; ``None`` where nothing was measured.

    A column has the least and the greatest of all steps that begin in it or
    reach into it, and their mean, each as far as it was measured.
    """
    width_s = (axis.end_at - axis.start_at) / axis.width
    steps = len(found["at"])
    made = []
    for index in range(axis.width):
        left = axis.start_at + index * width_s - found["start"]
        first = math.floor(left / found["step_s"] + 1e-9)
        last = max(first + 1, math.ceil((left + width_s) / found["step_s"] - 1e-9))
        made.append(_column(series, range(max(0, first), min(steps, last))))
    return made


def chart(
    found: History,
    *,
    start_at: float,
    end_at: float,
    width: int,
    height: int,
    style: Style,
    zone: dt.tzinfo | None = None,
) -> list[str]:
    """The lines of a chart for each series of an answer, none wider than ``width``, and below them the time.

    All are on one scale, which begins at 0 or at the least power below it.
    ``height`` is that of the bars of one series, in lines.
    """
    known = [watts for series in found["series"] for watts in (*series["min_w"], *series["max_w"]) if watts is not None]
    least = min([0.0, *known])
    most = max([least + 1.0, *known])
    names = [f"{meters.watts(watts)} W" for watts in (most, least)]
    label = max(map(len, names))
    axis = Axis(start_at, end_at, max(1, width - label - 1), zone)
    lines: list[str] = []
    for series in found["series"]:
        lines.append(_title(series))
        for row, bar in enumerate(_bars(columns_of(found, series, axis), least, most, height, style)):
            text = "" if row else names[0]
            lines.append(f"{text:>{label}}{_sign(_EDGE, style)}{bar}".rstrip())
        lines.append(f"{names[1]:>{label}}{_sign(_BASE, style)}{_sign(_RULE, style) * axis.width}")
    column_s, wall = (end_at - start_at) / axis.width, axis.local(end_at)
    told = f"(a column is {times.short(column_s)}, a step {times.short(found['step_s'])}; times are {wall:%Z})"
    return [style.clipped(line, width) for line in (*lines, *heading(axis, label, style), told)]


def _column(series: Series, steps: range) -> Column | None:
    sums = weights = 0.0
    least, most = math.inf, -math.inf
    for step in steps:
        low, mean, high = series["min_w"][step], series["average_w"][step], series["max_w"][step]
        if low is None or high is None:
            continue
        weight = series["covered"][step] or 1e-6  # a reading at one instant, of which no time is measured
        sums += weight * (high if mean is None else mean)
        weights += weight
        least, most = min(least, low), max(most, high)
    return Column(least, sums / weights, most) if weights else None


def _title(series: Series) -> str:
    name = series["probe_id"] if series["probes"] == 1 else f"sum of {series['probes']}"
    known = [watts for watts in series["max_w"] if watts is not None]
    if not known:
        return f"{name}: nothing was measured"
    return (
        f"{name}: {meters.kwh(series['kwh'])} kWh, {meters.percent(series['coverage'])} % measured, "
        f"peak {meters.watts(max(known))} W"
    )


def _bars(columns: Sequence[Column | None], least: float, most: float, height: int, style: Style) -> Iterator[str]:
    """Each line of the bars, the highest first."""
    unit = (most - least) * _ROOM / height
    for row in range(height - 1, -1, -1):
        yield "".join(" " if one is None else _cell(one, least, row, unit, style) for one in columns)


def _cell(column: Column, least: float, row: int, unit: float, style: Style) -> str:
    """The sign for what of a column lies in a row; in the lowest there is always one, since 0 W are no gap."""
    signs = BARS if style.signs else LETTERS
    filled = (column.mean - least) / unit - row
    if filled > 0 or row == 0:
        return signs[min(len(signs) - 1, int(max(0.0, filled) * len(signs)))]
    return _sign(_BAND, style) if column.most > least + row * unit else " "


def _sign(signs: tuple[str, str], style: Style) -> str:
    return signs[0] if style.signs else signs[1]

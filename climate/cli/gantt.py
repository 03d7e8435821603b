# SPDX-License-Identifier: Apache-2.0
"""A Gantt chart in characters: rows of bars over time. Draws; asks nothing and writes nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from unicodedata import category, east_asian_width

from climate.client.times import short

_COLOURS: Final = {"proposed": "33", "confirmed": "34", "active": "32", "error": "31"}
_GREY: Final = "90"
_NOW: Final = "31"
_NARROWEST, _WIDEST = 8, 28  # columns of the labels
_TICK: Final = 9  # columns between two ticks, at least
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
_STEPS: Final = (
    *(minutes * _MINUTE for minutes in (1, 2, 5, 10, 15, 30)),
    *(hours * _HOUR for hours in (1, 2, 3, 6, 12)),
    *(days * _DAY for days in (1, 2, 7, 14, 28, 91, 182, 364)),
)


def columns(text: str) -> int:
    """How many columns of a terminal a text takes: letters of East Asia two, marks above others none."""
    return sum(0 if category(one)[0] == "M" else 2 if east_asian_width(one) in "WF" else 1 for one in text)


@dataclass(frozen=True, slots=True)
class Style:
    """Which signs and colours a chart may have."""

    signs: bool = True
    colour: bool = False

    def bar(self, state: str) -> str:
        """The sign of a bar; each state has its own, so that no colour is needed to tell them apart."""
        if self.signs:
            return {"proposed": "░", "confirmed": "▒", "active": "█"}.get(state, "▓")
        return {"proposed": ".", "confirmed": "=", "active": "#"}.get(state, "-")

    @property
    def begin(self) -> str:
        """The first sign of a bar: so two that follow each other can be told apart."""
        return "▐" if self.signs else "["

    def painted(self, text: str, colour: str) -> str:
        """Text in a colour, where there are any."""
        return f"\x1b[{colour}m{text}\x1b[0m" if self.colour and text.strip() else text

    def clipped(self, text: str, width: int) -> str:
        """Text of at most ``width`` columns."""
        if columns(text) <= width:
            return text
        while text and columns(text) >= width:
            text = text[:-1]
        return text + ("…" if self.signs else "~")


@dataclass(frozen=True, slots=True)
class Bar:
    """Something from ``start_at`` to ``end_at`` (epoch seconds), with a text inside where it fits."""

    start_at: float
    end_at: float
    state: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the chart."""

    label: str
    bars: tuple[Bar, ...] = ()


@dataclass(frozen=True, slots=True)
class Axis:
    """``width`` columns for the time from ``start_at`` to ``end_at``; ``zone`` ``None`` is the machine's own."""

    start_at: float
    end_at: float
    width: int
    zone: dt.tzinfo | None = None

    def column(self, instant: float) -> float:
        """Where an instant lies, in columns from the left."""
        return (instant - self.start_at) * self.width / (self.end_at - self.start_at)

    def local(self, instant: float) -> dt.datetime:
        """An instant on the wall's clock."""
        return dt.datetime.fromtimestamp(instant, dt.UTC).astimezone(self.zone)

    def ticks(self) -> Iterator[tuple[int, dt.datetime, bool]]:
        """Column and time of each tick, on round times of the wall's clock; whether it begins a day."""
        least_s = (self.end_at - self.start_at) * _TICK / self.width
        step_s = next((step for step in _STEPS if step >= least_s), _STEPS[-1])
        days = max(1, step_s // _DAY)
        day = self.local(self.start_at).date()
        day -= dt.timedelta(days=day.toordinal() % days)
        while True:
            for seconds in range(0, _DAY, min(step_s, _DAY)):
                wall = dt.datetime.combine(day, dt.time()) + dt.timedelta(seconds=seconds)
                instant = wall.replace(tzinfo=self.zone).timestamp()
                if instant >= self.end_at:
                    return
                if instant >= self.start_at:
                    yield int(self.column(instant)), wall, seconds == 0
            day += dt.timedelta(days=days)


def chart(
    rows: Sequence[Row],
    *,
    start_at: float,
    end_at: float,
    now: float,
    width: int,
    style: Style,
    zone: dt.tzinfo | None = None,
    height: int | None = None,
) -> list[str]:
    """The lines of a chart, none wider than ``width``.

    ``height`` bounds the lines; rows that do not fit are counted in the last.
    """
    label = min(_WIDEST, max([_NARROWEST, *(columns(row.label) for row in rows)]), width // 3)
    axis = Axis(start_at, end_at, max(1, width - label - 1), zone)
    head, foot = heading(axis, label, style), list(_legend(axis, now, style, width))
    shown = list(rows)
    if height is not None and len(rows) > (room := max(1, height - len(head) - len(foot) - 1)):
        shown = shown[:room]
        foot.insert(0, f"... and {len(rows) - room} more")
    return [*head, *(_line(row, axis, now, label, style) for row in shown), *foot]


def heading(axis: Axis, label: int, style: Style) -> list[str]:
    """Two lines, ``label`` columns from the left: the days, and the times of day (where the ticks are that close)."""
    days, times = [" "] * axis.width, [" "] * axis.width
    ticks = list(axis.ticks())
    first = axis.local(axis.start_at)
    if not any(begins and column < _TICK + 2 for column, _, begins in ticks):
        _put(days, 0, f"{first:%a %d %b}")
    by_day = all(begins for _, _, begins in ticks)
    for column, wall, begins in ticks:
        if begins:
            _put(days, column, f"{wall:%a %d %b}")
        _put(times, column, ("|" if not style.signs else "│") if by_day else f"{wall:%H:%M}")
    return [f"{' ' * label} {''.join(line).rstrip()}".rstrip() for line in (days, times)]


def _put(cells: list[str], column: int, text: str) -> None:
    """Write text into cells if all of it fits and none is taken."""
    end = column + len(text)
    if end <= len(cells) and not "".join(cells[max(0, column - 1) : end]).strip():
        cells[column:end] = text


def _line(row: Row, axis: Axis, now: float, label: int, style: Style) -> str:
    cells = [" "] * axis.width
    colours = [""] * axis.width
    if axis.start_at <= now < axis.end_at:
        at = int(axis.column(now))
        cells[at], colours[at] = "│" if style.signs else "|", _NOW
    for bar in row.bars:
        if bar.end_at > axis.start_at and bar.start_at < axis.end_at:
            _lay(bar, axis, cells, colours, style)
    text = style.clipped(row.label, label)
    return f"{text}{' ' * (label - columns(text))} {_painted(cells, colours, style)}".rstrip()


def _lay(bar: Bar, axis: Axis, cells: list[str], colours: list[str], style: Style) -> None:
    first = max(0, round(axis.column(bar.start_at)))
    last = min(axis.width, round(axis.column(bar.end_at)))
    first = min(first, axis.width - 1)
    last = max(last, first + 1)  # however short, it is there
    sign = style.bar(bar.state)
    cells[first:last] = sign * (last - first)
    colours[first:last] = [_COLOURS.get(bar.state, _GREY)] * (last - first)
    if last - first > 1 and bar.start_at >= axis.start_at:
        cells[first] = style.begin
    room = last - first - 3
    if bar.text and room >= min(3, len(bar.text)) and columns(bar.text) == len(bar.text):
        text = style.clipped(bar.text, room)
        cells[first + 1 : first + 1 + len(text)] = text


def _painted(cells: Sequence[str], colours: Sequence[str], style: Style) -> str:
    """Cells as one text, each run of one colour painted once."""
    parts = []
    at = 0
    while at < len(cells):
        end = at
        while end < len(cells) and colours[end] == colours[at]:
            end += 1
        text = "".join(cells[at:end])
        parts.append(style.painted(text, colours[at]) if colours[at] else text)
        at = end
    return "".join(parts)


def _legend(axis: Axis, now: float, style: Style, width: int) -> Iterator[str]:
    """What the signs mean, and below or beside it what time it is; none of it where the window is too narrow."""
    states = [(style.bar(state) * 2, _COLOURS[state], state) for state in ("proposed", "confirmed", "active")]
    plain = "  ".join(f"{sign} {state}" for sign, _, state in states)
    painted = "  ".join(f"{style.painted(sign, colour)} {state}" for sign, colour, state in states)
    column, local = short((axis.end_at - axis.start_at) / axis.width), axis.local(now)
    times = f"(a column is {column}; times are {local:%Z}, now {local:%H:%M})"
    if len(plain) + 2 + len(times) <= width:
        yield f"{painted}  {times}"
        return
    if len(plain) <= width:
        yield painted
    if len(times) <= width:
        yield times

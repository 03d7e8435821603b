# SPDX-License-Identifier: Apache-2.0
"""The live table of probes, and the same in plain lines. Draws; asks nothing and writes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from climate.cli import meters
from climate.cli.gantt import Style, columns
from climate.cli.sparkline import Point, sparkline
from climate.cli.watched import LONGEST, Seen, Watched, state
from climate.client import times

_RED, _YELLOW, _BOLD = "31", "33", "1"
_LEAST: Final = {"watts": 8, "kWh": 9, "coverage": 8, "age": 5, "marks": 6}  # a table that stands still is read faster
_BEFORE_LINE: Final = ("watts",)
_LEAVE_FIRST: Final = ("coverage", "age", "kWh")
_NARROWEST_NAME, _NARROWEST_LINE = 12, 8
_SIGN: Final = "! "
_SPACE: Final = "  "


@dataclass(frozen=True, slots=True)
class _Row:
    """A line of the table; ``points`` are those of its sparkline."""

    name: str
    cells: Mapping[str, str]
    points: Iterable[Point] = ()
    mark: str | None = None


@dataclass(frozen=True, slots=True)
class _Layout:
    """How wide each part of a line is; a sparkline may have no room."""

    name: int
    line: int
    cells: Mapping[str, int]

    def text(self, row: _Row, line: str, style: Style) -> str:
        """A line of the table, without colours."""
        parts = [_name(row.name, self.name, style)]
        parts += [self._cell(row, column) for column in self.cells if column in _BEFORE_LINE]
        parts += [line] if self.line else []
        parts += [self._cell(row, column) for column in self.cells if column not in _BEFORE_LINE]
        return f"{_SIGN if row.mark else ' ' * len(_SIGN)}{_SPACE.join(parts)}".rstrip()

    def _cell(self, row: _Row, column: str) -> str:
        text, width = row.cells.get(column, ""), self.cells[column]
        return text.ljust(width) if column == "marks" else text.rjust(width)


def table(watched: Watched, *, now: float, width: int, height: int, style: Style) -> list[str]:
    """The lines of the live table: at most ``height``, none wider than ``width``.

    Probes that do not fit are counted. The last line is the sum, of those
    that speak.
    """
    seen = watched.rows()
    room = max(1, height - 2)
    shown = seen if len(seen) <= room else seen[: max(1, room - 1)]
    rows = [_row(one, now) for one in shown]
    total = _Row(
        f"sum of {len(seen)}",
        {"watts": meters.watts(sum(one.watts for one in seen)), "kWh": meters.kwh(sum(one.kwh for one in seen))},
        watched.sums,
    )
    layout = _layout([*rows, total], width)
    heading = f"last {times.short(layout.line * watched.column_s)}"[: layout.line].ljust(layout.line)
    lines = [
        style.painted(
            style.clipped(layout.text(_Row("probe", {name: name for name in _LEAST}), heading, style), width), _BOLD
        )
    ]
    for row in rows:
        drawn = sparkline(watched.columns(row.points, layout.line), style.signs)
        text = style.clipped(layout.text(row, drawn, style), width)
        lines.append(style.painted(text, _RED if row.mark == meters.UNBELIEVABLE else _YELLOW) if row.mark else text)
    if hidden := seen[len(shown) :]:
        watts = meters.watts(sum(one.watts for one in hidden))
        lines.append(style.clipped(_told(f"  ... and {len(hidden)} more: {watts} W", state(hidden)), width))
    drawn = sparkline(watched.columns(total.points, layout.line), style.signs)
    lines.append(style.painted(style.clipped(_told(layout.text(total, drawn, style), state(seen)), width), _BOLD))
    return lines[-height:]


def plain(watched: Watched, at: str) -> list[str]:
    """A line for each probe and one for the sum, each with the time ``at``: to be kept and searched."""
    rows = watched.rows()
    lines = [
        f"{at} {seen.name} {meters.watts(seen.probe['w']) or '-'} W {meters.kwh(seen.probe['kwh']) or '-'} kWh "
        f"{meters.percent(seen.probe['coverage']) or '-'} % {','.join(seen.marks)}".rstrip()
        for seen in rows
    ]
    total = f"{meters.watts(sum(seen.watts for seen in rows))} W {meters.kwh(sum(seen.kwh for seen in rows))} kWh"
    return [*lines, _told(f"{at} sum of {len(rows)} {total}", state(rows))]


def _told(text: str, state: str) -> str:
    return f"{text} ({state})" if state else text


def _row(seen: Seen, now: float) -> _Row:
    probe = seen.probe
    read_at = probe["timestamp"]
    cells = {
        "watts": meters.watts(probe["w"]),
        "kWh": meters.kwh(probe["kwh"]),
        "coverage": meters.percent(probe["coverage"]),
        "age": "" if read_at is None else times.short(max(0.0, now - read_at)),
        "marks": ", ".join(seen.marks),
    }
    return _Row(seen.name, cells, seen.history, seen.worst)


def _layout(rows: Sequence[_Row], width: int) -> _Layout:
    """What has room in ``width``: the less important columns leave before the sparkline does."""
    sizes = {
        column: max(least, len(column), *(len(row.cells.get(column, "")) for row in rows))
        for column, least in _LEAST.items()
    }
    name = min(max(columns(row.name) for row in rows), max(_NARROWEST_NAME, width // 3))
    name = max(name, len("probe"))

    def left() -> int:
        return width - len(_SIGN) - name - len(_SPACE) - sum(len(_SPACE) + size for size in sizes.values())

    for column in _LEAVE_FIRST:
        if left() >= _NARROWEST_LINE:
            break
        del sizes[column]
    return _Layout(name, min(LONGEST, left()) if left() >= _NARROWEST_LINE else 0, sizes)


def _name(name: str, width: int, style: Style) -> str:
    """A name in ``width`` columns; of a long one the end, which tells it from its neighbours."""
    text = name
    while columns(text) > width:
        text = text[2 if text is not name else 1 :]
        text = f"{'…' if style.signs else '~'}{text}"
    return text + " " * (width - columns(text))

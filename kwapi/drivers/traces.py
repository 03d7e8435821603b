# SPDX-License-Identifier: Apache-2.0
"""What was measured once, as CSV: a column of timestamps, and watts by probe. Text in, numbers out.

Columns are known by their names, capitals or not (:data:`COLUMNS`). Where none
of a probe's own names is there, each column but the first is the watts of one
probe. A cell that is empty is a value that nobody measured.
"""

from __future__ import annotations

import csv
import math
import re
import statistics
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

NS = 1_000_000_000
_LATEST_NS = 2**63 - 1

COLUMNS = {
    "watts": ("watts", 1.0),
    "watts_mean": ("watts", 1.0),
    "power_w": ("watts", 1.0),
    "power_active_w": ("watts", 1.0),
    "volts": ("volts", 1.0),
    "voltage_v": ("volts", 1.0),
    "amperes": ("amperes", 1.0),
    "current_a": ("amperes", 1.0),
    "current_ma": ("amperes", 0.001),
    "energy_j": ("energy_j", 1.0),
    "energy_wh": ("energy_j", 3600.0),
    "energy_kwh": ("energy_j", 3_600_000.0),
    "energy_counter_wh": ("energy_j", 3600.0),
    "samples": ("samples", 1.0),
}
"""Names of columns in the trace of one probe: which value of a reading, and by what to multiply it.

``samples`` is how many measurements a mean was made of.
"""
MEANS = {"watts_mean": NS}
"""Columns of means, and over how long from the timestamp on, in nanoseconds."""

_COMPACT = re.compile(r"[0-9]{20}")


class BadTrace(ValueError):
    """A trace that cannot be understood; ``line`` counts from 1."""

    def __init__(self, line: int, text: str) -> None:
        super().__init__(text)
        self.line = line


@dataclass(frozen=True, slots=True)
class Cell:
    """What a column holds: which value of which probe (by its place), and by what to multiply it."""

    column: int
    probe: int
    value: str
    factor: float = 1.0


@dataclass(frozen=True, slots=True)
class Layout:
    """What a header says. ``mean_ns`` is how long a row's interval is, 0 for the power of an instant."""

    cells: tuple[Cell, ...]
    samples: int | None
    mean_ns: int


@dataclass(frozen=True, slots=True)
class Row:
    """What was measured in ``[begin_ns, end_ns]``: by probe's place, its values by name."""

    begin_ns: int
    end_ns: int
    values: dict[int, dict[str, float]]


def parse_time(text: str) -> int:
    """Nanoseconds since the epoch of: epoch seconds, ISO 8601 (UTC if it does not say), or 20 digits from year to µs.

    :raises ValueError: it is none of these.
    """
    text = text.strip()
    try:
        if _COMPACT.fullmatch(text):
            return _ns(datetime.strptime(text, "%Y%m%d%H%M%S%f").replace(tzinfo=UTC))
        whole, _, fraction = text.partition(".")
        if whole.isdecimal() and whole.isascii() and (not fraction or (fraction.isdecimal() and fraction.isascii())):
            found = int(whole) * NS + int(fraction[:9].ljust(9, "0"))
        else:
            moment = datetime.fromisoformat(text)
            found = _ns(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        raise ValueError(f"{text[:40]!r} is no time: epoch seconds or ISO 8601 are") from None
    if not 0 <= found <= _LATEST_NS:
        raise ValueError(f"{text[:40]!r} is before 1970 or after 2262")
    return found


def parse_header(names: Sequence[str], probes: int, wanted: Sequence[str] = (), mean_ns: int | None = None) -> Layout:
    """Which column is what, for so many probes.

    ``wanted`` names the column of each probe's watts, in their order;
    ``mean_ns`` says over how long a row is a mean, if its column's name does
    not.

    :raises ValueError: a column is missing, or is there twice, or it is not clear which are meant.
    """
    plain = [name.strip().lower() for name in names]
    if len(plain) < 2:
        raise ValueError("a timestamp and the watts of a probe at least are needed")
    for name in plain:
        if plain.count(name) > 1:
            raise ValueError(f"the column {name!r} is there twice")
    if wanted:
        cells = tuple(Cell(_place(plain, name), probe, "watts") for probe, name in enumerate(wanted))
    else:
        cells = tuple(Cell(place, 0, *COLUMNS[name]) for place, name in enumerate(plain) if place and name in COLUMNS)
        if not any(cell.value == "watts" for cell in cells):
            cells = tuple(Cell(place, place - 1, "watts") for place in range(1, len(plain)))
    named = sorted((cell.probe, cell.value) for cell in cells)
    if len(set(named)) < len(named):
        raise ValueError("two columns tell the same value; say with 'columns' which one is meant")
    told = max(cell.probe for cell in cells) + 1
    if told != probes:
        raise ValueError(f"it has the watts of {told} probes, and there are {probes}")
    if mean_ns is None:
        mean_ns = max((MEANS.get(plain[cell.column], 0) for cell in cells), default=0)
    samples = plain.index("samples") if "samples" in plain else None
    if any(cell.column == samples and cell.value == "watts" for cell in cells):
        samples = None
    return Layout(tuple(cell for cell in cells if cell.value != "samples"), samples, mean_ns)


def parse_trace(lines: Iterable[str], probes: int, wanted: Sequence[str] = (), mean_ns: int | None = None) -> list[Row]:
    """The rows of a trace, in the order of time; the arguments are those of :func:`parse_header`.

    Where a trace says how many samples each mean was made of, the first and
    the last before a hole have fewer, because the meter began or ended within
    their time: these are as much shorter.

    :raises BadTrace: with the line.
    """
    reader = csv.reader(lines, strict=True)
    layout: Layout | None = None
    width = 0
    rows: list[Row] = []
    samples: list[float] = []
    try:
        for cells in reader:
            if not cells:
                continue
            if layout is None:
                layout, width = parse_header(cells, probes, wanted, mean_ns), len(cells)
                continue
            if len(cells) != width:
                raise ValueError(f"it has {len(cells)} cells, and the header {width}")
            row = _row(cells, layout)
            if rows and row.begin_ns < max(rows[-1].end_ns, rows[-1].begin_ns + 1):
                raise ValueError("its time is not behind that of the line before")
            rows.append(row)
            samples.append(_number(cells[layout.samples]) or 0.0 if layout.samples is not None else 0.0)
    except (ValueError, csv.Error) as error:
        raise BadTrace(max(reader.line_num, 1), str(error)) from None
    if layout is None or not rows:
        raise BadTrace(1, "there is nothing in it")
    return list(_trimmed(rows, samples)) if layout.samples is not None else rows


def _row(cells: Sequence[str], layout: Layout) -> Row:
    begin = parse_time(cells[0])
    values: dict[int, dict[str, float]] = {}
    for cell in layout.cells:
        number = _number(cells[cell.column])
        if number is not None:
            values.setdefault(cell.probe, {})[cell.value] = number * cell.factor
    return Row(begin, begin + layout.mean_ns, values)


def _trimmed(rows: Sequence[Row], samples: Sequence[float]) -> Iterator[Row]:
    usual = statistics.median(samples)
    for index, (row, count) in enumerate(zip(rows, samples, strict=True)):
        missing = round((row.end_ns - row.begin_ns) * (1 - count / usual)) if 0 < count < usual else 0
        if index + 1 == len(rows) or rows[index + 1].begin_ns > row.end_ns:
            yield Row(row.begin_ns, row.end_ns - missing, row.values)
        elif index == 0 or rows[index - 1].end_ns < row.begin_ns:
            yield Row(row.begin_ns + missing, row.end_ns, row.values)
        else:
            yield row


def _place(names: Sequence[str], wanted: str) -> int:
    try:
        return names.index(wanted.strip().lower(), 1)
    except ValueError:
        raise ValueError(f"there is no column {wanted!r} of watts") from None


def _number(text: str) -> float | None:
    text = text.strip()
    if not text:
        return None
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:40]!r} is no finite number; leave the cell of a missing value empty")
    return number


def _ns(moment: datetime) -> int:
    elapsed = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (elapsed.days * 86_400 + elapsed.seconds) * NS + elapsed.microseconds * 1000

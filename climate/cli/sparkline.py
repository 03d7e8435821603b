# SPDX-License-Identifier: Apache-2.0
"""Numbers over time as a line of small bars. Draws; asks nothing and writes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

Point = tuple[float, float]
"""An instant in seconds, and the number at it."""

BARS: Final = "▁▂▃▄▅▆▇█"
LETTERS: Final = "_.:-=+*#"
"""Eight heights, with the signs of Unicode and without."""

_GAP: Final = " "
_LEAST_SPAN: Final = 0.1  # of the greatest number: what varies by less is drawn flatter, not blown up


def columns_of(
    points: Iterable[Point], *, end: float, column_s: float, count: int, hold_s: float
) -> list[float | None]:
    """The numbers of ``count`` columns, the last of which ends at ``end``; each is ``column_s`` wide.

    A column has the mean of its points, or while there are none the last
    number for at most ``hold_s``: a longer silence is a gap. Points come in
    their order.
    """
    begin = end - count * column_s
    sums = [0.0] * count
    counts = [0] * count
    last: Point | None = None  # before the first column
    for at, value in points:
        # A column is (begin, end]: what was read at its end belongs to it.
        index = -int((end - at) // column_s) + count - 1
        if at <= begin:
            last = at, value
        elif index < count:
            sums[index] += value
            counts[index] += 1
    found: list[float | None] = []
    for index in range(count):
        right = end - (count - 1 - index) * column_s
        if counts[index]:
            last = right, sums[index] / counts[index]
        found.append(last[1] if last is not None and right - last[0] <= hold_s else None)
    return found


def sparkline(values: Sequence[float | None], signs: bool) -> str:
    """A bar for each number, between the least and the greatest of them; a space where there is none."""
    bars = BARS if signs else LETTERS
    known = [value for value in values if value is not None]
    if not known:
        return _GAP * len(values)
    least, greatest = min(known), max(known)
    span = max(greatest - least, _LEAST_SPAN * abs(greatest))
    if span <= 0:
        return "".join(_GAP if value is None else bars[0] for value in values)
    return "".join(
        _GAP if value is None else bars[min(len(bars) - 1, int((value - least) / span * len(bars)))] for value in values
    )

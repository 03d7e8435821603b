# SPDX-License-Identifier: Apache-2.0
"""Lines of an OmegaWatt meter: columns, instants, and the values of its outlets.

Three forms are known in public, all of comma-separated text and a line for
each measurement of all outlets:

* ``NAME,1540562403.019123456,OK,20.9,21.0``: the logs of Grid'5000's Lyon site,
  as read by github.com/david-guyon/g5k-new-wattmeters: an instant, a word
  whether the frame is good, and the watts of the outlets in their order;
* ``1671527189.314471465,true,232.3,0.0,0.0,0.1,20.9``, under a line
  ``#timestamp,#frame_is_ok,#U1,#U2,#U3,#current1,#activepow1``: OmegaWatt's
  ``wattmetre-read`` as shown in the documentation of
  github.com/GreenAI-Uppa/AIPowerMeter;
* the first without an instant, where the line itself carries the values.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

END = b"\n"
LONGEST = 2048

_INSTANT = re.compile(r"([0-9]{9,11})\.([0-9]{1,9})", re.ASCII)
_NUMBER = re.compile(r"-?[0-9]{1,6}(\.[0-9]{1,6})?", re.ASCII)
_COLUMN = re.compile(r"(watts|volts|amperes)([1-9][0-9]?)|volts|-", re.ASCII)
_HEADER = {"activepow": "watts", "current": "amperes"}
_HEADER_NAME = re.compile(r"#?([a-z_]+?)([1-9][0-9]?)?", re.ASCII)
_GOOD = frozenset({"ok", "true"})
_BAD = frozenset({"ko", "nok", "false", "error"})
_STATUS_BEFORE = 4
"""Among so many first fields stands the word whether the frame is good."""


class LineError(ValueError):
    """A line that cannot be understood, or a frame that the meter itself calls bad."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What one line says: the values by column, and the instant that it names, in nanoseconds since the epoch."""

    at_ns: int | None
    values: Mapping[str, float]


def checked_columns(columns: Sequence[str]) -> tuple[str, ...]:
    """Columns as the operator names them: ``watts1``, ``amperes1``, ``volts1``, ``volts`` for all outlets, ``-``.

    :raises ValueError: one is none of these, or is there twice, or there are no watts.
    """
    for column in columns:
        if _COLUMN.fullmatch(column) is None:
            raise ValueError(f"{column!r} is none of watts1, amperes1, volts1, volts and -")
    named = [column for column in columns if column != "-"]
    if len(set(named)) != len(named):
        raise ValueError("a column is there twice")
    if not any(column.startswith("watts") for column in named):
        raise ValueError("there is no column of watts")
    return tuple(columns)


def watts_of(outlets: int) -> tuple[str, ...]:
    """The columns of a line that tells the watts of all outlets and nothing else."""
    return tuple(f"watts{place + 1}" for place in range(outlets))


def parse_header(line: str) -> tuple[str, ...] | None:
    """The columns that a line of names announces behind the instant and the status; ``None`` if it is no such line.

    :raises LineError: it names no watts.
    """
    if not line.startswith("#timestamp"):
        return None
    columns = []
    for name in line.split(",")[2:]:
        found = _HEADER_NAME.fullmatch(name.strip().lower())
        kind = _HEADER.get(found[1]) if found is not None else None
        columns.append(f"{kind}{found[2]}" if found is not None and kind is not None and found[2] else "-")
    try:
        return checked_columns(columns)
    except ValueError as error:
        raise LineError(f"a line of names in which {error}") from None


def parse_line(line: str, columns: Sequence[str]) -> Frame:
    """What a line of values says.

    :raises LineError: it is disturbed, has another number of values than columns, or is marked as bad.
    """
    fields = [field.strip() for field in line.split(",")]
    status = next((place for place, text in enumerate(fields[:_STATUS_BEFORE]) if text.lower() in _GOOD | _BAD), None)
    if status is None:
        raise LineError(f"{line[:40]!r}, without OK or true")
    if fields[status].lower() in _BAD:
        raise LineError("a frame that the meter calls bad")
    values = fields[status + 1 :]
    if len(values) != len(columns):
        raise LineError(f"{len(values)} values, and not {len(columns)}")
    at_ns = None
    if status > 0:
        instant = _INSTANT.fullmatch(fields[status - 1])
        if instant is None:
            raise LineError(f"{fields[status - 1][:40]!r} as an instant")
        at_ns = int(instant[1]) * 1_000_000_000 + int(instant[2].ljust(9, "0"))
    return Frame(
        at_ns, {name: _number(text) for name, text in zip(columns, values, strict=True) if name != "-" and text}
    )


def _number(text: str) -> float:
    if _NUMBER.fullmatch(text) is None:
        raise LineError(f"{text[:40]!r} as a number")
    return float(text)

# SPDX-License-Identifier: Apache-2.0
"""What a probe said, one reading and a batch of them in columns.

Instants are integer nanoseconds since the epoch (UTC), power is in watts,
energy in joules. A reading holds for the interval ``[begin_ns, end_ns]``: for
a device that gives means, the time it averaged over; for one that gives the
power of an instant, the time in which it must have measured: from when it was
asked until it had answered.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable, Iterator, Sequence

import msgspec

PROBE = re.compile(r"[^\x00-\x20/\x7f]+(/[^\x00-\x20/\x7f]+){0,7}")
"""How a probe is named: ``site/rack/device/outlet``, one to eight parts without spaces."""
PROBE_LENGTH = 255
EXTRA = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)
"""How an extra number is named, with its unit: ``temperature_c``, ``frequency_hz``, ``power_factor``."""


class Flag(enum.IntFlag):
    """What is special about a reading; several may be set. The numbers are part of the wire format."""

    ESTIMATED = 1  # the device computed it from a model, it did not measure
    STALE = 2  # the device repeated a value that it had told before
    IMPLAUSIBLE = 4  # no machine behind this probe can draw so much, or so little
    CLOCK_STEPPED = 8  # the clock that dated it was set since the last one
    COUNTER_WRAPPED = 16  # the energy counter began anew at its greatest value
    COUNTER_RESET = 32  # the energy counter went back, and nobody knows from where
    PARTIAL = 64  # the sum of several outlets, of which one did not answer


NO_FLAGS = Flag(0)
ALL_FLAGS = int(~NO_FLAGS)


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What one probe said once.

    ``energy_j`` is the device's own counter, in joules since a start that
    only it knows. ``extra`` holds further numbers by name.
    """

    probe_id: str
    begin_ns: int
    end_ns: int
    watts: float | None
    volts: float | None = None
    amperes: float | None = None
    energy_j: float | None = None
    flags: Flag = NO_FLAGS
    extra: dict[str, float] = {}

    @property
    def at_ns(self) -> int:
        """The middle of its interval."""
        return (self.begin_ns + self.end_ns) // 2


class Columns(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Readings of a batch, by column; all columns that are there have one length.

    A column of which no reading has a value is ``None``, as is a single value
    that is missing. ``begin_ns`` and ``end_ns`` are relative to the batch's
    ``base_ns``, which keeps them short.
    """

    probes: list[str]
    base_ns: int
    begin_ns: list[int]
    end_ns: list[int]
    watts: list[float | None]
    volts: list[float | None] | None = None
    amperes: list[float | None] | None = None
    energy_j: list[float | None] | None = None
    flags: list[int] | None = None
    extra: dict[str, list[float | None]] | None = None

    def __len__(self) -> int:
        return len(self.probes)


def columns_of(readings: Sequence[Reading]) -> Columns:
    """Readings as columns; one at least."""
    base = readings[0].begin_ns
    names = sorted({name for reading in readings for name in reading.extra})
    flags = [int(reading.flags) for reading in readings]
    return Columns(
        [reading.probe_id for reading in readings],
        base,
        [reading.begin_ns - base for reading in readings],
        [reading.end_ns - base for reading in readings],
        [reading.watts for reading in readings],
        _sparse([reading.volts for reading in readings]),
        _sparse([reading.amperes for reading in readings]),
        _sparse([reading.energy_j for reading in readings]),
        flags if any(flags) else None,
        {name: [reading.extra.get(name) for reading in readings] for name in names} or None,
    )


def readings_of(columns: Columns) -> Iterator[Reading]:
    """The readings of a batch, in its order."""
    absent: list[None] = [None] * len(columns)
    base = columns.base_ns
    flags = columns.flags or [0] * len(columns)
    rows = zip(
        columns.probes,
        columns.begin_ns,
        columns.end_ns,
        columns.watts,
        columns.volts or absent,
        columns.amperes or absent,
        columns.energy_j or absent,
        flags,
        strict=True,
    )
    extra = columns.extra or {}
    for index, (probe_id, begin, end, watts, volts, amperes, energy_j, flag) in enumerate(rows):
        yield Reading(
            probe_id=probe_id,
            begin_ns=base + begin,
            end_ns=base + end,
            watts=watts,
            volts=volts,
            amperes=amperes,
            energy_j=energy_j,
            flags=Flag(flag) if flag else NO_FLAGS,
            extra={name: value for name, values in extra.items() if (value := values[index]) is not None}
            if extra
            else {},
        )


def only(columns: Columns, indexes: Sequence[int]) -> Columns:
    """The batch with some of its readings, one at least."""

    def taken(column: Sequence[float | None] | None) -> list[float | None] | None:
        return None if column is None else _sparse([column[index] for index in indexes])

    extra = {name: found for name, values in (columns.extra or {}).items() if (found := taken(values)) is not None}
    flags = [columns.flags[index] for index in indexes] if columns.flags is not None else []
    return Columns(
        [columns.probes[index] for index in indexes],
        columns.base_ns,
        [columns.begin_ns[index] for index in indexes],
        [columns.end_ns[index] for index in indexes],
        [columns.watts[index] for index in indexes],
        taken(columns.volts),
        taken(columns.amperes),
        taken(columns.energy_j),
        flags if any(flags) else None,
        extra or None,
    )


def _sparse(values: Iterable[float | None]) -> list[float | None] | None:
    column = list(values)
    return column if any(value is not None for value in column) else None

# SPDX-License-Identifier: Apache-2.0
"""Packets of a Watts up?: what is sent to make it talk, and what its data records say.

From "Serial Data Format" (Electronic Educational Devices, communications
protocol 4.41 and 090824): packets begin with ``#`` and end with ``;``, and
what stands between them does not count. A data record has a command, a
subcommand, the number of its fields and the fields; one that the meter was not
told to log is ``_``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

BAUDRATE = 115_200
END = b";"
LONGEST = 256

_FIELDS = 18


@dataclass(frozen=True, slots=True)
class _Field:
    """Which field of a record it is, from 0; what it is multiplied with and divided by; the greatest that can be."""

    place: int
    factor: int
    divisor: int
    greatest: int


_WATTS = _Field(0, 1, 10, 50_000)
_VOLTS = _Field(1, 1, 10, 3_000)
_AMPERES = _Field(2, 1, 1000, 30_000)
_WATT_HOURS = _Field(3, 3600, 10, 2_398_800_000)
_POWER_FACTOR = _Field(13, 1, 100, 100)
_FREQUENCY = _Field(16, 1, 10, 1_000)
_VOLT_AMPERES = _Field(17, 1, 10, 50_000)
_NUMBER = re.compile(r"[0-9]{1,10}", re.ASCII)


class RecordError(ValueError):
    """A packet that is no data record, though it says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What the meter measured in its last interval; ``energy_j`` since its memory was cleared."""

    watts: float
    volts: float | None = None
    amperes: float | None = None
    energy_j: float | None = None
    power_factor: float | None = None
    frequency_hz: float | None = None
    apparent_power_va: float | None = None


def greeting(interval_s: int) -> bytes:
    """What makes it send a record each so many seconds; its memory and its counter stay as they are."""
    return f"#L,W,3,E,1,{interval_s};".encode()


def parse_record(packet: bytes) -> Record | None:
    """What a packet says, which came without its end; ``None`` if it is another one than a data record.

    :raises RecordError: it is disturbed.
    """
    begin = packet.rfind(b"#")
    if begin < 0:
        raise RecordError("a packet without a beginning")
    command, *fields = packet[begin + 1 :].decode("ascii", "replace").split(",")
    if command != "d":
        if re.fullmatch(r"[a-zA-Z]", command) is None:
            raise RecordError("a packet of an unknown kind")
        return None
    if len(fields) != 2 + _FIELDS or fields[1] != str(_FIELDS):
        raise RecordError(f"a record of {max(0, len(fields) - 2)} fields, and not of {_FIELDS}")
    values = fields[2:]
    watts = _number(_WATTS, values)
    if watts is None:
        raise RecordError("a record without watts")
    return Record(
        watts=watts,
        volts=_number(_VOLTS, values),
        amperes=_number(_AMPERES, values),
        energy_j=_number(_WATT_HOURS, values),
        power_factor=_number(_POWER_FACTOR, values),
        frequency_hz=_number(_FREQUENCY, values),
        apparent_power_va=_number(_VOLT_AMPERES, values),
    )


def _number(field: _Field, values: Sequence[str]) -> float | None:
    text = values[field.place].strip()
    if text == "_":
        return None
    if _NUMBER.fullmatch(text) is None or int(text) > field.greatest:
        raise RecordError(f"{text[:20]!r} in field {field.place + 1}")
    return int(text) * field.factor / field.divisor

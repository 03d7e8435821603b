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
from dataclasses import dataclass

BAUDRATE = 115_200
END = b";"
LONGEST = 256

# In the order of the record's fields.
_FIELDS = tuple(
    "w v a wh cost wh_month cost_month w_max v_max a_max w_min v_min a_min pf duty_cycle power_cycle hz va".split()
)
_SCALES = {"w": 0.1, "v": 0.1, "a": 0.001, "wh": 360.0, "pf": 0.01, "hz": 0.1, "va": 0.1}
_GREATEST = {"w": 50_000, "v": 3_000, "a": 30_000, "wh": 2_398_800_000, "pf": 100, "hz": 1_000, "va": 50_000}
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
    if len(fields) != 2 + len(_FIELDS) or fields[1] != str(len(_FIELDS)):
        raise RecordError(f"a record of {max(0, len(fields) - 2)} fields, and not of {len(_FIELDS)}")
    numbers = {name: _number(name, text) for name, text in zip(_FIELDS, fields[2:], strict=True) if name in _SCALES}
    watts = numbers["w"]
    if watts is None:
        raise RecordError("a record without watts")
    return Record(
        watts=watts,
        volts=numbers["v"],
        amperes=numbers["a"],
        energy_j=numbers["wh"],
        power_factor=numbers["pf"],
        frequency_hz=numbers["hz"],
        apparent_power_va=numbers["va"],
    )


def _number(name: str, text: str) -> float | None:
    text = text.strip()
    if text == "_":
        return None
    if _NUMBER.fullmatch(text) is None or int(text) > _GREATEST[name]:
        raise RecordError(f"{text[:20]!r} as {name}")
    # Divided, not multiplied: 0.1 is no exact number.
    scale = _SCALES[name]
    return int(text) * scale if scale >= 1 else int(text) / round(1 / scale)

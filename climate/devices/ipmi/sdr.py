# SPDX-License-Identifier: Apache-2.0
"""Sensor data records and readings, bytes in, numbers out: IPMI 2.0, sections 35.14, 36.3 and 43.1."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from climate.devices.ipmi.answers import Garbled

FULL_SENSOR = 0x01
HEADER = 5
"""Bytes before the body of a record: its id (2), version, type, and how many bytes follow."""
BMC_ADDRESS = 0x20

DEGREES_C, WATTS = 1, 6
"""Units: IPMI 2.0, table 43-15."""
INLETS = frozenset((0x37, 0x40))
"""Entities through which air comes in: IPMI 2.0, table 43-13."""

_UNAVAILABLE, _SCANNED = 0x20, 0x40
_NAME_AT = 47
_BCD_PLUS = "0123456789 -.???"

LINEARIZATIONS: Mapping[int, Callable[[float], float]] = {
    0: lambda x: x,
    1: math.log,
    2: math.log10,
    3: math.log2,
    4: math.exp,
    5: lambda x: 10.0**x,
    6: lambda x: 2.0**x,
    7: lambda x: 1.0 / x,
    8: lambda x: x * x,
    9: lambda x: x * x * x,
    10: math.sqrt,
    11: math.cbrt,
}
"""What is done to a value after scaling: IPMI 2.0, table 43-1, byte 24. Others (0x70 up) differ by reading."""


@dataclass(frozen=True, slots=True)
class Sensor:
    """A sensor that measures something, as its full sensor record describes it.

    Its value is ``linearization((m * raw + b * 10**b_exponent) * 10**r_exponent)``
    in ``unit``. ``unit`` is 0 for what no plain unit is (per second, percent).
    ``form`` is how the raw byte is signed: 0 not, 1 and 2 as complement of one
    and two, 3 for a sensor that gives no numbers.
    """

    name: str
    number: int
    lun: int
    owner: int
    entity: int
    unit: int
    form: int
    linearization: int
    m: int
    b: int
    b_exponent: int
    r_exponent: int

    @property
    def readable(self) -> bool:
        """Whether the BMC itself has it, and its numbers can be told from this record."""
        return self.owner == BMC_ADDRESS and self.form != 3 and self.linearization in LINEARIZATIONS

    def value(self, raw: int) -> float:
        """A raw reading (0 to 255) in the sensor's unit.

        :raises Garbled: there is no such value, as the logarithm of nothing.
        """
        signed = raw
        if self.form and raw & 0x80:
            signed = raw - (255 if self.form == 1 else 256)
        scaled = (self.m * signed + self.b * 10.0**self.b_exponent) * 10.0**self.r_exponent
        try:
            value = LINEARIZATIONS[self.linearization](scaled)
        except (ValueError, ArithmeticError):
            value = math.nan
        if not math.isfinite(value):
            raise Garbled(f"the sensor {self.name!r} says {raw}, which its record makes no number of")
        return value


def parse_record(record: bytes) -> Sensor | None:
    """The sensor of a record with its header; nothing for a record of another type.

    :raises Garbled: it is cut off, or longer than it says.
    """
    if len(record) < HEADER or len(record) != HEADER + record[4]:
        raise Garbled("a sensor's record has another length than it says")
    if record[3] != FULL_SENSOR:
        return None
    if len(record) <= _NAME_AT:
        raise Garbled("a full sensor record is too short")
    units, base, modifier = record[20], record[21], record[22]
    plain = not units & 0x3F and not modifier
    return Sensor(
        name=parse_name(record[_NAME_AT], record[_NAME_AT + 1 :]),
        owner=record[5] if not record[5] & 1 else 0,
        lun=record[6] & 0x03,
        number=record[7],
        entity=record[8],
        unit=base if plain else 0,
        form=units >> 6,
        linearization=record[23] & 0x7F,
        m=_signed(record[24] | (record[25] & 0xC0) << 2, 10),
        b=_signed(record[26] | (record[27] & 0xC0) << 2, 10),
        r_exponent=_signed(record[29] >> 4, 4),
        b_exponent=_signed(record[29] & 0x0F, 4),
    )


def parse_name(kind: int, raw: bytes) -> str:
    """A sensor's name by its type/length byte: IPMI 2.0, section 43.15. What cannot be read is a question mark."""
    raw = raw[: kind & 0x1F]
    match kind >> 6:
        case 1:
            text = "".join(_BCD_PLUS[byte >> 4] + _BCD_PLUS[byte & 0x0F] for byte in raw)
        case 2:
            bits = int.from_bytes(raw, "little")
            text = "".join(chr(0x20 + (bits >> shift & 0x3F)) for shift in range(0, len(raw) * 8 - 5, 6))
        case _:
            text = raw.decode("latin-1")
    text = text.replace("\0", " ").strip()
    return "".join(character if character.isprintable() else "?" for character in text)


def parse_reading(answer: bytes) -> int | None:
    """The raw byte of Get Sensor Reading without its completion code; nothing while there is no reading.

    :raises Garbled: it is too short.
    """
    if len(answer) < 2:
        raise Garbled("a sensor's reading has less than two bytes")
    return answer[0] if answer[1] & _SCANNED and not answer[1] & _UNAVAILABLE else None


def _signed(value: int, bits: int) -> int:
    return value - (1 << bits) if value >> (bits - 1) else value

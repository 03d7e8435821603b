# SPDX-License-Identifier: Apache-2.0
"""Registers: where a number lies in a device, and what the words that are read there mean."""

from __future__ import annotations

import enum
import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace

LARGEST_ADDRESS = 0xFFFF


class Area(enum.StrEnum):
    """By which function registers are read: 4 or 3."""

    INPUT = "input"
    HOLDING = "holding"


class Kind(enum.StrEnum):
    """How a number is written; a register has 16 bits."""

    INT16 = "int16"
    UINT16 = "uint16"
    INT32 = "int32"
    UINT32 = "uint32"
    INT64 = "int64"
    UINT64 = "uint64"
    FLOAT32 = "float32"
    FLOAT64 = "float64"

    @property
    def words(self) -> int:
        """How many registers it takes."""
        return struct.calcsize(_FORMATS[self]) // 2


_FORMATS = {
    Kind.INT16: ">h",
    Kind.UINT16: ">H",
    Kind.INT32: ">i",
    Kind.UINT32: ">I",
    Kind.INT64: ">q",
    Kind.UINT64: ">Q",
    Kind.FLOAT32: ">f",
    Kind.FLOAT64: ">d",
}


class Order(enum.StrEnum):
    """Which of a number's registers comes first: the most significant (big) or the least (little)."""

    BIG = "big"
    LITTLE = "little"


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """One number of a device: the raw one times ``scale`` is in the unit that it stands for.

    ``address`` is what goes over the wire, counted from 0. ``absent`` are bit
    patterns of the whole number, most significant register first, which mean
    that there is none; from ``absent_from`` on all do. A float that is not
    finite is absent, too.
    """

    area: Area
    address: int
    kind: Kind
    order: Order = Order.BIG
    scale: float = 1.0
    absent: frozenset[int] = frozenset()
    absent_from: int | None = None

    @property
    def end(self) -> int:
        """The address behind it."""
        return self.address + self.kind.words

    def moved(self, words: int) -> Register:
        """The same so many registers further on."""
        return replace(self, address=self.address + words)

    def number(self, words: Sequence[int]) -> float | None:
        """What its words say, ``None`` if it is absent.

        :raises ValueError: they are not as many as it takes.
        """
        if len(words) != self.kind.words:
            raise ValueError(f"{self.kind} takes {self.kind.words} registers, not {len(words)}")
        ordered = words if self.order is Order.BIG else list(reversed(words))
        raw = b"".join(word.to_bytes(2, "big") for word in ordered)
        if int.from_bytes(raw, "big") in self.absent:
            return None
        value = struct.unpack(_FORMATS[self.kind], raw)[0]
        if self.absent_from is not None and value >= self.absent_from:
            return None
        number = float(value) * self.scale
        return number if math.isfinite(number) else None

# SPDX-License-Identifier: Apache-2.0
"""Object identifiers, the values behind them, and what number such a value is."""

from __future__ import annotations

import math
import re
import struct
import sys

Oid = tuple[int, ...]
Value = int | float | bytes | Oid
"""What an agent says: integers, counters, gauges, ticks as ``int``, Opaque floats as ``float``, octets as they are."""

SYS_DESCR: Oid = (1, 3, 6, 1, 2, 1, 1, 1, 0)
SYS_OBJECT_ID: Oid = (1, 3, 6, 1, 2, 1, 1, 2, 0)
SYS_NAME: Oid = (1, 3, 6, 1, 2, 1, 1, 5, 0)

_OID = re.compile(r"\.?[0-9]+(\.[0-9]+)+")
_LARGEST_ARC = 2**32 - 1
_NUMBER = re.compile(r"\s*([-+]?(?:[0-9]+(?:[.,][0-9]*)?|[.,][0-9]+)(?:[eE][-+]?[0-9]{1,3})?)\s*([A-Za-z%]{0,6})\s*")
_UNITS = frozenset({"", "w", "watt", "watts", "va", "a", "amp", "amps", "v", "volt", "volts", "hz", "c", "%"})
_LONGEST_NUMBER = 40
_FLOAT, _DOUBLE = b"\x9f\x78\x04", b"\x9f\x79\x08"


def oid_of(text: str) -> Oid:
    """An object identifier from dotted numbers, with or without a dot before them.

    :raises ValueError: it is none.
    """
    if _OID.fullmatch(text) is None:
        raise ValueError(f"{text[:80]!r} is no object identifier: write numbers with dots between them")
    oid = tuple(int(arc) for arc in text.lstrip(".").split("."))
    if max(oid) > _LARGEST_ARC:
        raise ValueError(f"{text[:80]!r} is no object identifier: a number in it is too large")
    return oid


def text_of(oid: Oid) -> str:
    """As people write it."""
    return ".".join(map(str, oid))


def is_below(oid: Oid, root: Oid) -> bool:
    """Whether it is in the tree that begins with ``root``."""
    return oid[: len(root)] == root


def number_of(value: Value | None) -> float | None:
    """The number that a value is, also one written as text such as ``"3.2110"`` or ``"12.5 W"``; ``None``: it is none.

    A unit behind it must be one that needs no conversion: ``"1.2 kW"`` is no
    number here, since taking it for 1.2 would be worse.
    """
    if isinstance(value, int | float):
        return float(value) if abs(value) <= sys.float_info.max else None
    if not isinstance(value, bytes) or len(value) > _LONGEST_NUMBER:
        return None
    found = _NUMBER.fullmatch(value.rstrip(b"\0").decode("ascii", "replace"))
    if found is None or found[2].lower() not in _UNITS:
        return None
    number = float(found[1].replace(",", "."))
    return number if math.isfinite(number) else None


def opaque_of(octets: bytes) -> float | bytes:
    """What an Opaque holds: a number, if it is a float or a double as net-snmp wraps them, else its octets.

    A float has the digits that make it out and no more: 0.2, not 0.20000000298.
    """
    if octets.startswith(_DOUBLE) and len(octets) == 11:
        return float(struct.unpack(">d", octets[3:])[0])
    if not octets.startswith(_FLOAT) or len(octets) != 7:
        return octets
    number = float(struct.unpack(">f", octets[3:])[0])
    for digits in range(6, 10):
        shortest = float(f"{number:.{digits}g}")
        if math.isfinite(shortest) and struct.unpack(">f", struct.pack(">f", shortest))[0] == number:
            return shortest
    return number


def words_of(value: Value | None) -> str:
    """A value for people, in one line of at most 200 characters; nothing: an empty text."""
    if value is None:
        return ""
    if isinstance(value, tuple):
        return text_of(value)
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())[:200]

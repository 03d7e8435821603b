# SPDX-License-Identifier: Apache-2.0
"""Numbers as lists and kernels write them."""

from __future__ import annotations

import math
import re
from typing import Any

_MOST = 1_000_000_000
"""More cores, threads or sockets than that not even a list of whole machines has."""
_SIZES = {"": 1 / 2**20, "K": 1 / 1024, "M": 1.0, "G": 1024.0}
_SIZE = re.compile(r"(\d{1,9}(?:\.\d{1,3})?) ?([KMG]?)i?B?\b", re.IGNORECASE)
_CLOCKS_HZ = (1e7, 1e10)


def real(value: Any) -> float | None:
    """A finite number over 0, of a number or its text, or ``None``."""
    if isinstance(value, bool) or not isinstance(value, int | float | str) or len(str(value)) > 40:
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) and number > 0 else None


def count(value: Any) -> int | None:
    """A whole number of cores, threads or sockets, or ``None``."""
    number = real(value)
    return int(number) if number is not None and number.is_integer() and number <= _MOST else None


def clock(value: Any, unit_hz: float = 1.0) -> float | None:
    """A clock in Hz, of a number in ``unit_hz``, or ``None`` where no processor runs at that."""
    number = real(value)
    clock_hz = number * unit_hz if number is not None else 0.0
    return clock_hz if _CLOCKS_HZ[0] <= clock_hz <= _CLOCKS_HZ[1] else None


def whole(text: str) -> int | None:
    """An integer over or at 0, decimal or hexadecimal with ``0x``, or ``None``."""
    stripped = text.strip()[:20]
    try:
        number = int(stripped, 0) if stripped.casefold().startswith("0x") else int(stripped)
    except ValueError:
        return None
    return number if number >= 0 else None


def megabytes(text: str) -> float | None:
    """A size such as ``18432 KB`` or ``1.5 MiB`` in MiB, or ``None``."""
    found = _SIZE.match(text.strip()[:40])
    return float(found[1]) * _SIZES[found[2].upper()] if found else None

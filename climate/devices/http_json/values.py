# SPDX-License-Identifier: Apache-2.0
"""What stands at a path of a JSON document: numbers, also as text, and instants."""

from __future__ import annotations

import json
import math
import re
from datetime import UTC, datetime, tzinfo
from typing import Any, NoReturn

from jmespath.exceptions import JMESPathError
from jmespath.parser import ParsedResult

_NUMBER = re.compile(r"[-+]?[0-9]{1,18}(\.[0-9]{1,18})?([eE][-+]?[0-9]{1,3})?", re.ASCII)
_MILLISECONDS_FROM = 1e11
"""A number of seconds so great lies in the year 5138."""


class ValueAbsent(ValueError):
    """There is nothing at the path; the text says where."""


class ValueUnfit(ValueError):
    """What stands at the path is no number, or no instant; the text says what it is."""


def decoded(raw: bytes) -> Any:
    """A document; NaN and Infinity, which JSON does not know, spoil it.

    :raises ValueUnfit: it is none.
    """
    try:
        return json.loads(raw, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise ValueUnfit(f"it is no JSON: {raw[:60]!r}") from None


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def found(path: ParsedResult, document: Any) -> Any:
    """What stands at a path.

    :raises ValueAbsent: nothing does.
    :raises ValueUnfit: the path's functions cannot be used on this document.
    """
    expression = path.expression
    try:
        value = path.search(document)
    except (JMESPathError, ValueError, TypeError, RecursionError, OverflowError) as error:
        raise ValueUnfit(f"{expression}: {str(error)[:120]}") from None
    if value is None:
        raise ValueAbsent(f"there is nothing at {expression}")
    return value


def number(path: ParsedResult, document: Any) -> float:
    """The number at a path, also one written as text.

    :raises ValueAbsent: nothing stands there.
    :raises ValueUnfit: what stands there is no number, or not finite; true and false are none.
    """
    value = found(path, document)
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        value = float(value)
    if type(value) not in (int, float):
        raise ValueUnfit(f"{path.expression} is no number: {str(value)[:40]!r}")
    try:
        figure = float(value)
    except OverflowError:
        figure = math.inf
    if not math.isfinite(figure):
        raise ValueUnfit(f"{path.expression} is not finite")
    return figure


def instant_ns(path: ParsedResult, document: Any, zone: tzinfo | None) -> int:
    """The instant at a path, in nanoseconds since the epoch: seconds or milliseconds since then, or ISO 8601.

    ``zone`` is that of a text that names none itself.

    :raises ValueAbsent: nothing stands there.
    :raises ValueUnfit: it is no instant, or names no zone and nobody else does.
    """
    value = found(path, document)
    if isinstance(value, str) and not _NUMBER.fullmatch(value.strip()):
        return _read(path.expression, value.strip(), zone)
    seconds = number(path, document)
    if abs(seconds) >= _MILLISECONDS_FROM:
        seconds /= 1000
    if not 0 <= seconds < _MILLISECONDS_FROM:
        raise ValueUnfit(f"{path.expression} is no instant: {str(value)[:40]!r}")
    return round(seconds * 1_000_000) * 1000


def _read(expression: str, text: str, zone: tzinfo | None) -> int:
    try:
        instant = datetime.fromisoformat(text)
        if instant.tzinfo is None:
            if zone is None:
                raise ValueUnfit(f"{expression} names no time zone: {text[:40]!r}")
            instant = instant.replace(tzinfo=zone)
        since = instant - datetime(1970, 1, 1, tzinfo=UTC)
    except (OverflowError, ValueError) as error:
        if isinstance(error, ValueUnfit):
            raise
        raise ValueUnfit(f"{expression} is no instant: {text[:40]!r}") from None
    return ((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds) * 1000

# SPDX-License-Identifier: Apache-2.0
"""What people are told when a command fails, and what programs are told by its exit status."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from keystoneauth1 import exceptions as keystone

from climate import errors
from climate.errors import ClimateError, Kind

_WIDEST: Final = 100  # columns of a line that is pointed into
_CLIPPED: Final = "..."
_OPTIONS: Final = {"start_time": "--start", "end_time": "--end", "host_properties": "--property"}


class Exit(enum.IntEnum):
    """The status with which a command ends; :data:`MEANINGS` says why."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    NOTHING_FITS = 3
    NOT_FOUND = 4
    NOT_ALLOWED = 5
    NOT_NOW = 6


MEANINGS: Final[dict[int, str]] = {
    Exit.DONE: "It is done.",
    Exit.FAILED: "It was refused, or failed: the lease's state does not allow it, say.",
    Exit.USAGE: "The command line or the request is wrong. The message names the part and the remedy.",
    Exit.NOTHING_FITS: "No such hosts are free for this long in this window.",
    Exit.NOT_FOUND: "There is no such thing, or not for you.",
    Exit.NOT_ALLOWED: "There is no valid token, or your roles do not allow it.",
    Exit.NOT_NOW: "Later, perhaps: something does not answer or asks for patience, your project has all that it may "
    "have, or the time to wait is over.",
    130: "Somebody pressed Ctrl-C. (What is watched ends with 0.)",
}
"""Every exit status, for people."""

_OF_KIND: Final[dict[Kind, Exit]] = {
    Kind.BAD_REQUEST: Exit.USAGE,
    Kind.UNPROCESSABLE: Exit.USAGE,
    Kind.TOO_LARGE: Exit.USAGE,
    Kind.UNAUTHENTICATED: Exit.NOT_ALLOWED,
    Kind.FORBIDDEN: Exit.NOT_ALLOWED,
    Kind.NOT_FOUND: Exit.NOT_FOUND,
    Kind.TOO_MANY: Exit.NOT_NOW,
    Kind.UNAVAILABLE: Exit.NOT_NOW,
}


@dataclass(frozen=True, slots=True)
class Spot:
    """Characters ``[start, end)`` of what somebody wrote."""

    written: str
    start: int
    end: int


class Unusable(Exception):
    """What stands on the command line, or in its environment, cannot be used; ``spot`` is where."""

    def __init__(self, message: str, spot: Spot | None = None) -> None:
        self.message = message
        self.spot = spot
        super().__init__(message)


class Refused(Exception):
    """The service refused a request of which this is the spot."""

    def __init__(self, error: ClimateError, spot: Spot) -> None:
        self.error = error
        self.spot = spot
        super().__init__(error.message)


_OF_CLASS: Final = (
    (errors.NothingFits, Exit.NOTHING_FITS),
    (errors.LimitReached, Exit.NOT_NOW),
    ((Unusable, keystone.MissingRequiredOptions), Exit.USAGE),
    ((keystone.Unauthorized, keystone.Forbidden), Exit.NOT_ALLOWED),
    ((TimeoutError, keystone.ConnectFailure, keystone.HttpServerError), Exit.NOT_NOW),
)

Foreseen = (ClimateError, Unusable, Refused, TimeoutError, keystone.ClientException)
"""What may end a command without anything being wrong with the command itself."""


def status_of(error: BaseException) -> Exit:
    """The exit status for one of :data:`Foreseen`."""
    if isinstance(error, Refused):
        error = error.error
    fallback = Exit.FAILED
    if isinstance(error, ClimateError):
        fallback = _OF_KIND.get(error.kind, Exit.FAILED)
    return next((status for kinds, status in _OF_CLASS if isinstance(error, kinds)), fallback)


def told(error: BaseException) -> str:
    """One of :data:`Foreseen` in lines for people: what is wrong, where, and under which id the service knows it."""
    return "\n".join(_lines(error)) + "\n"


def _lines(error: BaseException) -> Iterator[str]:
    match error:
        case Refused():
            yield error.error.message
            yield from pointed(error.spot)
            yield _known_as(error.error)
        case ClimateError():
            yield error.message
            field = str(error.details.get("field") or "")
            if not field.startswith("--"):  # else it is an option, which the message names
                yield _known_as(error, field)
        case Unusable():
            yield error.message
            if error.spot is not None:
                yield from pointed(error.spot)
        case keystone.EndpointNotFound():
            yield "The cloud's catalogue names no reservation service here: choose another region, or give --endpoint."
        case keystone.ClientException():
            yield f"The cloud did not let you in: {error}"
        case _:
            yield str(error)


def _known_as(error: ClimateError, field: str = "") -> str:
    known = [str(error.details.get("code", error.error_code))]
    if field:
        known.append(f"field {field}" + (f", which is {_OPTIONS[field]}" if field in _OPTIONS else ""))
    if error.request_id:
        known.append(f"request {error.request_id}")
    return f"({', '.join(known)})"


def pointed(spot: Spot, widest: int = _WIDEST) -> Iterator[str]:
    """What was written, and below it carets under the spot; of a long text, the part around the spot."""
    text = spot.written.replace("\n", " ").replace("\t", " ")
    length = max(1, min(spot.end, len(text)) - spot.start)
    first = 0 if len(text) <= widest else max(0, min(spot.start - widest // 3, len(text) - widest))
    shown = text[first : first + widest]
    before = _CLIPPED if first else ""
    after = _CLIPPED if first + widest < len(text) else ""
    carets = "^" * min(length, first + widest - spot.start)
    yield f"  {before}{shown}{after}"
    yield f"  {' ' * (len(before) + spot.start - first)}{carets}"

# SPDX-License-Identifier: Apache-2.0
"""From an answer that says "no" to the error of ours that says why."""

from __future__ import annotations

from typing import Any, Final

from climate import errors
from climate.errors import ClimateError

CLASSES: Final[dict[str, type[ClimateError]]] = {
    thing.error_code: thing
    for thing in vars(errors).values()
    if isinstance(thing, type) and issubclass(thing, ClimateError)
}
"""The error class of each stable code."""

# What an answer means that has no error body of ours: a proxy or the token's middleware gave it.
_BY_STATUS: Final[dict[int, type[ClimateError]]] = {
    401: errors.NotAuthenticated,
    413: errors.RequestTooLarge,
    429: errors.TooManyRequests,
    502: errors.ServiceUnavailable,
    503: errors.ServiceUnavailable,
    504: errors.ServiceUnavailable,
}


def error_of(answer: Any) -> ClimateError:
    """The error that a ``requests.Response`` of status 400 or above carries.

    A code that this release does not know is a plain ``ClimateError``, with
    the code in ``details["code"]``.
    """
    try:
        told = answer.json()["error"]
        code, message, details = told["code"], told["message"], dict(told.get("details") or {})
    except (ValueError, KeyError, TypeError):
        return _foreign(answer)
    kind = CLASSES.get(code) if isinstance(code, str) else None
    if kind is None and not (isinstance(code, str) and code.startswith("climate.")):
        return _foreign(answer)
    error = (kind or ClimateError)(str(message))
    error.details = details if kind else {**details, "code": code}
    error.request_id = str(told.get("request_id") or answer.headers.get("X-Openstack-Request-Id", ""))
    return error


def _foreign(answer: Any) -> ClimateError:
    kind = _BY_STATUS.get(answer.status_code, ClimateError)
    message = None if kind is errors.NotAuthenticated else f"HTTP {answer.status_code} {answer.reason}"
    error = kind(message, status=answer.status_code)
    error.request_id = answer.headers.get("X-Openstack-Request-Id", "")
    return error

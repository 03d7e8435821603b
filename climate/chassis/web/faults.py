# SPDX-License-Identifier: Apache-2.0
"""Errors as answers: the only place that knows which kind of error has which HTTP status.

Every error leaves in one form, whoever found it (our code, Pecan, the token
check, the size limit): ``{"error": {"code", "message", "details",
"request_id"}}``. What was not foreseen becomes ``climate.internal``: the log
has the traceback, the answer has the request id that leads there.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec
import webob

from climate.errors import (
    BadField,
    ClimateError,
    Forbidden,
    Kind,
    MethodNotAllowed,
    NotAuthenticated,
    RequestTooLarge,
    RouteNotFound,
    ServiceUnavailable,
)

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

LOG = logging.getLogger(__name__)

STATUS: Mapping[Kind, int] = {
    Kind.BAD_REQUEST: 400,
    Kind.UNAUTHENTICATED: 401,
    Kind.FORBIDDEN: 403,
    Kind.NOT_FOUND: 404,
    Kind.CONFLICT: 409,
    Kind.TOO_LARGE: 413,
    Kind.UNPROCESSABLE: 422,
    Kind.TOO_MANY: 429,
    Kind.UNAVAILABLE: 503,
    Kind.INTERNAL: 500,
}
RETRY_AFTER_S = 2
REQUEST_ID = "openstack.request_id"

_FIRST_ERROR = 400
_FIRST_SERVER_ERROR = 500
_OF_LIBRARIES: Mapping[int, ClimateError] = {
    401: NotAuthenticated(),
    403: Forbidden(),
    404: RouteNotFound(),
    405: MethodNotAllowed(),
    413: RequestTooLarge(),
    503: ServiceUnavailable(),
}
_KEPT_HEADERS = ("WWW-Authenticate", "Allow", "Retry-After")


class Faults:
    """Middleware that gives every error below it the one form, and lets no traceback out."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer, or answer with an error."""
        try:
            response = webob.Request(environ).get_response(self._app)
        except Exception as error:  # noqa: BLE001 - the edge: nothing may pass it unrendered
            response = rendered(error, environ)
        else:
            if response.status_int >= _FIRST_ERROR:
                response = _translated(response, environ)
        answer: Iterable[bytes] = response(environ, start_response)
        return answer


def rendered(error: Exception, environ: Mapping[str, Any]) -> webob.Response:
    """The answer for an error; what was not foreseen is logged and shown as ``climate.internal``."""
    if not isinstance(error, ClimateError) or error.kind is Kind.INTERNAL:
        LOG.error("%s failed", environ.get(REQUEST_ID, "-"), exc_info=error)
        error = ClimateError()
    body = {
        "error": {
            "code": error.error_code,
            "message": error.message,
            "details": error.details,
            "request_id": environ.get(REQUEST_ID, ""),
        }
    }
    return webob.Response(
        status=STATUS[error.kind],
        body=msgspec.json.encode(body, enc_hook=str),
        headerlist=[("Content-Type", "application/json"), ("Cache-Control", "no-store"), *_headers(error)],
    )


def _headers(error: ClimateError) -> list[tuple[str, str]]:
    if error.kind is Kind.UNAUTHENTICATED:
        return [("WWW-Authenticate", "Keystone")]
    if error.kind in (Kind.UNAVAILABLE, Kind.TOO_MANY):
        return [("Retry-After", str(error.details.get("retry_after_s", RETRY_AFTER_S)))]
    if isinstance(error, MethodNotAllowed) and "allowed" in error.details:
        return [("Allow", ", ".join(error.details["allowed"]))]
    return []


def _translated(response: webob.Response, environ: Mapping[str, Any]) -> webob.Response:
    """A library's error in our form; what a client needs of its headers stays."""
    status = response.status_int
    error: Exception | None = _OF_LIBRARIES.get(status)
    if error is None and status < _FIRST_SERVER_ERROR:
        error = BadField("The request cannot be understood.", field="")
    ours = rendered(error or RuntimeError(f"a library answered {response.status}"), environ)
    ours.headers.update({name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers})
    return ours

# SPDX-License-Identifier: Apache-2.0
"""Every error that may cross a process, and the base they share.

An error says *what kind* of thing went wrong (``kind``), carries a code that
clients may match on (``error_code``, never changed once released), a sentence
for people (``message``) and structured ``details``. No HTTP here: the one
table from kind to status is in ``climate.chassis.web.faults``.

The stable code is not called ``code`` because WSME would take it for an HTTP
status. ``message`` exists because ``str()`` of an error that came over RPC has
the remote traceback appended; show ``message``, never ``str(error)``.
"""

from __future__ import annotations

import enum
from typing import Any, ClassVar


class Kind(enum.Enum):
    """What a caller can do about an error."""

    BAD_REQUEST = "bad_request"  # change the request
    UNAUTHENTICATED = "unauthenticated"  # bring a token
    FORBIDDEN = "forbidden"  # ask somebody who may
    NOT_FOUND = "not_found"  # there is no such thing, or not for you
    CONFLICT = "conflict"  # the state of things does not allow it now
    TOO_LARGE = "too_large"  # send less
    UNPROCESSABLE = "unprocessable"  # well formed, but contradicts an earlier request
    TOO_MANY = "too_many"  # wait
    UNAVAILABLE = "unavailable"  # a part is out of reach; try again
    INTERNAL = "internal"  # our fault


class ClimateError(Exception):
    """Base of all errors of the suite.

    ``message`` replaces the class's default sentence; ``details`` are plain
    values (they travel as JSON). Both survive RPC: oslo.messaging rebuilds an
    error from ``args`` and ``kwargs``. ``request_id`` is set by the REST client:
    the id under which the service's logs have the request.
    """

    kind: ClassVar[Kind] = Kind.INTERNAL
    error_code: ClassVar[str] = "climate.internal"
    default_message: ClassVar[str] = "Something went wrong on our side."

    def __init__(self, message: str | None = None, **details: Any) -> None:
        self.message = message or self.default_message
        self.details = details
        self.kwargs = details
        self.request_id = ""
        super().__init__(self.message)


class BadField(ClimateError):
    """A field of a request cannot be used; ``field`` names it."""

    kind = Kind.BAD_REQUEST
    error_code = "climate.request.bad_field"
    default_message = "A field of the request cannot be used."

    def __init__(self, message: str | None = None, *, field: str = "", **details: Any) -> None:
        super().__init__(message, field=field, **details)


class BadProperties(ClimateError):
    """``host_properties`` cannot be understood.

    ``details``: ``field``, ``clause`` (the offending part as JSON text) and
    ``place`` (a path of indexes from the root, like ``[2][1]``).
    """

    kind = Kind.BAD_REQUEST
    error_code = "climate.properties.bad_clause"
    default_message = "host_properties cannot be understood."


class NotAuthenticated(ClimateError):
    kind = Kind.UNAUTHENTICATED
    error_code = "climate.auth.required"
    default_message = "A valid token is needed in the header X-Auth-Token."


class Forbidden(ClimateError):
    kind = Kind.FORBIDDEN
    error_code = "climate.auth.forbidden"
    default_message = "Your roles do not allow this."


class RouteNotFound(ClimateError):
    kind = Kind.NOT_FOUND
    error_code = "climate.route.not_found"
    default_message = "There is nothing at this address."


class LeaseNotFound(ClimateError):
    kind = Kind.NOT_FOUND
    error_code = "climate.lease.not_found"
    default_message = "There is no such lease in your project."


class HostNotFound(ClimateError):
    kind = Kind.NOT_FOUND
    error_code = "climate.host.not_found"
    default_message = "There is no such host."


class NoNova(ClimateError):
    """Something about instances is asked of a site where planning speaks to no Nova."""

    kind = Kind.CONFLICT
    error_code = "climate.nova.none"
    default_message = "climate-planning knows no Nova here: [keystone] names no cloud."


class PropertyNotFound(ClimateError):
    """There is no such property, or none that the asker may name: the two are told alike."""

    kind = Kind.NOT_FOUND
    error_code = "climate.property.not_found"
    default_message = "There is no such property."


class PropertyExists(ClimateError):
    """A property cannot be added, because one of this name is there."""

    kind = Kind.CONFLICT
    error_code = "climate.property.exists"
    default_message = "There is a property of this name already: change it instead."


class PropertyReported(ClimateError):
    """A property cannot be forgotten, because no admin ever said a word of it."""

    kind = Kind.CONFLICT
    error_code = "climate.property.reported"
    default_message = "The property is standard, or told by a source, and nothing was said of it: hide it instead."


class ProbeNotFound(ClimateError):
    kind = Kind.NOT_FOUND
    error_code = "climate.probe.not_found"
    default_message = "There is no such probe, or it has been silent for long."


class NothingFits(ClimateError):
    """No set of hosts is free for the request; says no more than that.

    How many hosts match, or when some would be free, would show the site's
    use to whoever asks often enough.
    """

    kind = Kind.CONFLICT
    error_code = "climate.lease.nothing_fits"
    default_message = (
        "No hosts like these are free for this long in this window. "
        "Ask for fewer hosts, a shorter time, a wider window or other properties."
    )


class HostsTaken(ClimateError):
    """The database refused the booking: a host was taken meanwhile."""

    kind = Kind.CONFLICT
    error_code = "climate.lease.hosts_taken"
    default_message = "Another lease took these hosts meanwhile; try again."


class LeaseChanged(ClimateError):
    """Somebody else changed the lease between our reading and our writing."""

    kind = Kind.CONFLICT
    error_code = "climate.lease.changed_meanwhile"
    default_message = "The lease was changed meanwhile; read it again and retry."


class WrongState(ClimateError):
    """The lease's state does not allow what was asked."""

    kind = Kind.CONFLICT
    error_code = "climate.lease.wrong_state"
    default_message = "The lease's state does not allow this."


class RepeatMismatch(ClimateError):
    """An Idempotency-Key came back with another request."""

    kind = Kind.UNPROCESSABLE
    error_code = "climate.request.repeat_mismatch"
    default_message = "This Idempotency-Key was used with a different request."


class LimitReached(ClimateError):
    """The project holds as many leases or proposals as it may.

    ``details``: ``limit`` (its name), ``allowed`` and ``used``.
    """

    kind = Kind.FORBIDDEN
    error_code = "climate.limit.reached"
    default_message = "Your project holds as many as it may: give something back, or ask the operator for more."


class TooManyWithdrawn(ClimateError):
    """The project let too many proposals go lately; ``details["retry_after_s"]`` says when the first is forgotten."""

    kind = Kind.TOO_MANY
    error_code = "climate.limit.withdrawn"
    default_message = "Too many proposals of your project were cancelled or expired lately; wait."


class TooManyRequests(ClimateError):
    """The project asks too often; ``details["retry_after_s"]`` says for how long to wait."""

    kind = Kind.TOO_MANY
    error_code = "climate.limit.requests"
    default_message = "Your project sends too many requests; wait a moment."


class RequestTooLarge(ClimateError):
    kind = Kind.TOO_LARGE
    error_code = "climate.request.too_large"
    default_message = "The request body is too large."


class MethodNotAllowed(ClimateError):
    kind = Kind.NOT_FOUND
    error_code = "climate.route.method_not_allowed"
    default_message = "This address does not know this method."


class ServiceUnavailable(ClimateError):
    """A part of the suite did not answer in time, or cannot be reached."""

    kind = Kind.UNAVAILABLE
    error_code = "climate.service.unavailable"
    default_message = "A part of the service does not answer. Look at what there is before you try again."


class ConfigError(ClimateError):
    """The operator's configuration or file cannot be used; says where and why."""

    kind = Kind.INTERNAL
    error_code = "climate.config.invalid"
    default_message = "The configuration cannot be used."

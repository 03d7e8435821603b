# SPDX-License-Identifier: Apache-2.0
"""The table of all addresses: method, path, who may, what goes in and comes out.

The OpenAPI document and the labels of the metrics are made from it, and a
test compares it with the resources.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from wsme import types as wtypes

from climate.api import answers, bodies, instance_answers
from climate.chassis.web import health, metrics
from climate.core.lifecycle import State
from climate.errors import (
    BadField,
    BadProperties,
    ClimateError,
    Forbidden,
    HostNotFound,
    HostsTaken,
    LeaseChanged,
    LeaseNotFound,
    LimitReached,
    NoNova,
    NotAuthenticated,
    NothingFits,
    PropertyExists,
    PropertyNotFound,
    PropertyReported,
    RepeatMismatch,
    RequestTooLarge,
    ServiceUnavailable,
    TooManyRequests,
    TooManyWithdrawn,
    WrongState,
)

Errors = tuple[type[ClimateError], ...]


class Who(enum.StrEnum):
    """Who may, unless the operator's policy says otherwise."""

    ANYONE = "anyone, without a token"
    OPERATOR = "machines that the operator names, without a token"
    READER = "whoever may look at things of the project (role reader, member or admin)"
    MEMBER = "whoever may change things of the project (role member or admin)"
    ADMIN = "administrators (role admin)"
    SERVICE = "administrators and other services of the site (role admin or service)"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A name in an address's query."""

    name: str
    description: str
    schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One method of one address.

    ``success`` is the status of a good answer, ``errors`` what else may come;
    ``also`` is what the query may turn the answer into.
    """

    method: str
    path: str
    summary: str
    who: Who
    body: type[wtypes.Base] | None = None
    answer: type[wtypes.Base] | None = None
    also: type[wtypes.Base] | None = None
    success: int = 200
    query: tuple[Parameter, ...] = ()
    errors: Errors = ()

    @property
    def is_open(self) -> bool:
        """Whether it needs no token."""
        return self.who in (Who.ANYONE, Who.OPERATOR)


_INSTANT = {"oneOf": [{"type": "string", "format": "date-time"}, {"type": "integer", "minimum": 0}]}
_TEXT = {"type": "string"}
_FLAG = {"type": "boolean"}
_PAGE = (
    Parameter("limit", "How many entries a page may have; the site sets the most.", {"type": "integer", "minimum": 1}),
    Parameter("marker", "The last id of the page before.", _TEXT),
)
_STATES = {"type": "array", "items": {"type": "string", "enum": [str(state) for state in State]}}
_LEASE_FILTERS = (
    Parameter("state", "Only leases in one of these states; repeated, or with commas between.", _STATES),
    Parameter("name", "Only leases of this name.", _TEXT),
    Parameter("at", "Only leases whose period holds this instant.", _INSTANT),
    Parameter("start", "Only leases that end after this.", _INSTANT),
    Parameter("end", "Only leases that start before this.", _INSTANT),
    Parameter("all_projects", "Leases of all projects; for administrators.", _FLAG),
    Parameter("project_id", "Leases of this project; for administrators, if it is not their own.", _TEXT),
    *_PAGE,
)
_HOST_FILTERS = (
    Parameter("name", "Only the host of this name.", _TEXT),
    Parameter("retired", "True for the hosts that their source does not name any more.", _FLAG),
    *_PAGE,
)
_CALENDAR_FILTERS = (
    Parameter("start", "From when; now, if left out.", _INSTANT),
    Parameter("end", "Until when; a week after the start, if left out.", _INSTANT),
    *_PAGE,
)
_LIMIT_FILTERS = (
    Parameter("all_projects", "The projects with limits of their own, by id; for administrators.", _FLAG),
    *_PAGE,
)
_CATALOGUE = (
    Parameter("detail", "With the values in use.", _FLAG),
    Parameter("hidden", "Only those that are hidden, or that are not; for administrators.", _FLAG),
    Parameter(
        "sort", "In which order; by the number of hosts for administrators.", {"enum": ["name", "type", "hosts"]}
    ),
)

_LEASES = "/v1/leases"
_LEASE = "/v1/leases/{lease_id}"
_HOST = "/v1/hosts/{host_id}"
_PROPERTY = "/v1/properties/{name}"
_LIMITS = "/v1/limits/{project_id}"
_BOOKING: Errors = (BadProperties, NothingFits, HostsTaken, RequestTooLarge)
_TOKEN: Errors = (BadField, NotAuthenticated, Forbidden, TooManyRequests, ServiceUnavailable)

ROUTES = (
    Route(method="GET", path="/", summary="The versions", who=Who.ANYONE, answer=answers.VersionList),
    Route(method="GET", path="/v1", summary="This version", who=Who.ANYONE, answer=answers.VersionAnswer),
    Route(method="GET", path="/v1/openapi.json", summary="This document", who=Who.ANYONE),
    Route(method="GET", path=health.ALIVE, summary="Is the process alive?", who=Who.ANYONE, answer=answers.Alive),
    Route(
        method="GET",
        path=health.READY,
        summary="Is every part in reach that it needs?",
        who=Who.ANYONE,
        answer=answers.Ready,
        errors=(ServiceUnavailable,),
    ),
    Route(
        method="GET",
        path=metrics.PATH,
        summary="Requests and their durations, for Prometheus",
        who=Who.OPERATOR,
        errors=(Forbidden,),
    ),
    Route(
        method="GET",
        path=_LEASES,
        summary="A page of leases, newest first",
        who=Who.READER,
        answer=answers.LeasePage,
        query=_LEASE_FILTERS,
    ),
    Route(
        method="POST",
        path=_LEASES,
        summary="Ask for a lease",
        who=Who.MEMBER,
        body=bodies.LeaseRequest,
        answer=answers.Lease,
        success=201,
        errors=(*_BOOKING, RepeatMismatch, LimitReached, TooManyWithdrawn),
    ),
    Route(
        method="GET",
        path=_LEASE,
        summary="See a lease",
        who=Who.READER,
        answer=answers.Lease,
        errors=(LeaseNotFound,),
    ),
    Route(
        method="PATCH",
        path=_LEASE,
        summary="Extend or shorten a lease, add or give back hosts, rename it",
        who=Who.MEMBER,
        body=bodies.LeasePatch,
        answer=answers.Lease,
        errors=(*_BOOKING, LeaseNotFound, WrongState, LeaseChanged),
    ),
    Route(
        method="DELETE",
        path=_LEASE,
        summary="Cancel a lease",
        who=Who.MEMBER,
        success=204,
        errors=(LeaseNotFound, WrongState, LeaseChanged),
    ),
    Route(
        method="POST",
        path="/v1/leases/{lease_id}/confirm",
        summary="Confirm a proposal",
        who=Who.MEMBER,
        answer=answers.Lease,
        errors=(LeaseNotFound, WrongState, LeaseChanged, LimitReached),
    ),
    Route(
        method="POST",
        path="/v1/leases/{lease_id}/substitute",
        summary="Take other hosts for those of a lease that fail",
        who=Who.MEMBER,
        answer=answers.Lease,
        errors=(LeaseNotFound, WrongState, LeaseChanged),
    ),
    Route(
        method="GET",
        path="/v1/schedulers",
        summary="The strategies that you may name",
        who=Who.READER,
        answer=answers.SchedulerList,
    ),
    Route(
        method="GET",
        path="/v1/properties",
        summary="What host_properties may speak of",
        who=Who.READER,
        answer=answers.PropertyList,
        query=_CATALOGUE,
    ),
    Route(
        method="POST",
        path="/v1/properties",
        summary="Add a property",
        who=Who.ADMIN,
        body=bodies.PropertyRequest,
        answer=answers.Property,
        success=201,
        errors=(PropertyExists, BadProperties, RequestTooLarge),
    ),
    Route(
        method="GET",
        path=_PROPERTY,
        summary="See a property, with its values in use",
        who=Who.READER,
        answer=answers.Property,
        errors=(PropertyNotFound,),
    ),
    Route(
        method="PATCH",
        path=_PROPERTY,
        summary="Hide or show a property, describe it, give it rules",
        who=Who.ADMIN,
        body=bodies.PropertyPatch,
        answer=answers.Property,
        errors=(PropertyNotFound, BadProperties, RequestTooLarge),
    ),
    Route(
        method="DELETE",
        path=_PROPERTY,
        summary="Forget what was said of a property",
        who=Who.ADMIN,
        success=204,
        errors=(PropertyNotFound, PropertyReported),
    ),
    Route(
        method="GET",
        path="/v1/hosts",
        summary="A page of hosts, by name",
        who=Who.ADMIN,
        answer=answers.HostPage,
        query=_HOST_FILTERS,
    ),
    Route(
        method="GET",
        path="/v1/hosts/availability",
        summary="Every host, with its lease now and next; with an ETag",
        who=Who.SERVICE,
        answer=answers.Availability,
    ),
    Route(
        method="POST",
        path="/v1/hosts/evacuate",
        summary="Move instances off hosts, or see which would move where",
        who=Who.ADMIN,
        body=bodies.EvacuationRequest,
        answer=instance_answers.Evacuation,
        errors=(HostNotFound, NoNova, RequestTooLarge),
    ),
    Route(
        method="GET",
        path="/v1/hosts/misplaced",
        summary="Instances that stand where they may not",
        who=Who.ADMIN,
        answer=instance_answers.MisplacedList,
    ),
    Route(
        method="GET",
        path=_HOST,
        summary="See a host, by id or name",
        who=Who.ADMIN,
        answer=answers.Host,
        errors=(HostNotFound,),
    ),
    Route(
        method="PATCH",
        path=_HOST,
        summary="Disable or enable a host, give it properties",
        who=Who.ADMIN,
        body=bodies.HostPatch,
        answer=answers.Host,
        errors=(HostNotFound, RequestTooLarge),
    ),
    Route(
        method="GET",
        path="/v1/calendar",
        summary="Leases in time: one's own, or for administrators all with their hosts",
        who=Who.READER,
        answer=answers.CalendarPage,
        query=_CALENDAR_FILTERS,
    ),
    Route(
        method="GET",
        path="/v1/limits",
        summary="What one's project may ask for and hold, or which projects have limits of their own",
        who=Who.READER,
        answer=answers.ProjectLimits,
        also=answers.LimitPage,
        query=_LIMIT_FILTERS,
    ),
    Route(
        method="GET",
        path=_LIMITS,
        summary="What a project may ask for and hold",
        who=Who.READER,
        answer=answers.ProjectLimits,
    ),
    Route(
        method="PATCH",
        path=_LIMITS,
        summary="Give a project limits of its own",
        who=Who.ADMIN,
        body=bodies.LimitsPatch,
        answer=answers.ProjectLimits,
        errors=(RequestTooLarge,),
    ),
    Route(
        method="DELETE",
        path=_LIMITS,
        summary="Give a project the site's limits again",
        who=Who.ADMIN,
        success=204,
    ),
)

ALIASES: Mapping[str, str] = {
    "/v1/reservations": _LEASES,
    "/reservations": _LEASES,
    "/properties": "/v1/properties",
}
"""Other names of addresses, and of all below them: those of the paper that this suite began with."""

OPEN_PATHS = frozenset(route.path.rstrip("/") for route in ROUTES if route.who is Who.ANYONE)
"""Paths that need no token, without a slash at the end."""


def errors_of(route: Route) -> Errors:
    """All errors that a route may answer with, those of the token and of the services behind it included."""
    return route.errors if route.is_open else (*_TOKEN, *route.errors)


def with_aliases() -> Iterator[Route]:
    """All routes, under each of their names."""
    for route in ROUTES:
        yield route
        for alias, path in ALIASES.items():
            if route.path == path or route.path.startswith(f"{path}/"):
                yield replace(route, path=alias + route.path.removeprefix(path))


def label(environ: Mapping[str, Any]) -> str:
    """The path, as the table has it, that a request is for; ``unknown`` where there is none."""
    path = environ.get("PATH_INFO", "")
    path = path.removesuffix("/") or "/"
    if path in _FIXED:
        return path
    return next((template for template, pattern in _PATTERNS.items() if pattern.fullmatch(path)), "unknown")


_PATHS = dict.fromkeys(route.path for route in with_aliases())
_FIXED = frozenset(path for path in _PATHS if "{" not in path)
_PATTERNS = {path: re.compile(re.sub(r"\{\w+\}", "[^/]+", path)) for path in _PATHS if "{" in path}

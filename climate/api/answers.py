# SPDX-License-Identifier: Apache-2.0
"""What answers look like, as WSME types: the OpenAPI document is made of them, and tests hold answers against it."""

from __future__ import annotations

from typing import Any

from climate.api import fields, shapes
from climate.core.host_properties.describe import Origin
from climate.core.lifecycle import State

_LEASE_ID = "6f1c8a52-0d3b-4f0e-9a53-2b8f3f7f9c11"
_HOST_ID = "0b9e6c1e-5b0e-4c39-8f0e-6a0d3d2c7a10"


class HostName(fields.Body):
    """A host of a lease."""

    id = shapes.text()
    name = shapes.text()

    @classmethod
    def sample(cls) -> dict[str, Any]:
        """An example."""
        return {"id": _HOST_ID, "name": "node-1"}


class Lease(fields.Body):
    """A lease."""

    id = shapes.text()
    name = shapes.text()
    project_id = shapes.text()
    user_id = shapes.text()
    state = shapes.shown({"type": "string", "enum": [str(state) for state in State]})
    start_at = shapes.instant("When it begins.")
    end_at = shapes.instant("When it is over; the hosts are the tenant's until just before.")
    duration = shapes.number("From start_at to end_at, in seconds.")
    quantity = shapes.number("How many hosts it has.")
    host_properties = shapes.shown(
        {"type": "array"},
        "The filter that was asked for; null if it names a property that there is not, or not for the asker.",
        nullable=True,
    )
    scheduler = shapes.text("The strategy that was asked for.", nullable=True)
    on_lease_end = shapes.text("What becomes of its instances when it ends; null: what the site says.", nullable=True)
    start_time = shapes.instant("As asked.", nullable=True)
    end_time = shapes.instant("As asked.", nullable=True)
    alike = shapes.facts("Property values that all its hosts share, by request.")
    created_at = shapes.instant()
    updated_at = shapes.instant()
    expires_at = shapes.instant("Until when a proposal must be confirmed.", nullable=True)
    confirmed_at = shapes.instant(nullable=True)
    closed_at = shapes.instant("When it ended, expired or was cancelled.", nullable=True)
    degraded_reason = shapes.text("What it lacks, while it does.", nullable=True)
    error_reason = shapes.text("Why it is in the state error.", nullable=True)
    links = shapes.links()
    common_properties = shapes.facts(
        "Of a single lease: what its hosts have in common now; null while the inventory does not answer.",
        nullable=True,
        always=False,
    )
    hosts = shapes.many("HostName", "Its hosts, for administrators, of a single lease.", always=False)

    @classmethod
    def sample(cls) -> dict[str, Any]:
        """An example."""
        return {
            "id": _LEASE_ID,
            "name": "weather model",
            "project_id": "3c1f0c8e2a5b4a7f8c5d1e2f3a4b5c6d",
            "user_id": "9a8b7c6d5e4f3a2b1c0d9e8f7a6b5c4d",
            "state": "confirmed",
            "start_at": "2030-03-01T08:00:00Z",
            "end_at": "2030-03-01T10:30:00Z",
            "duration": 9000,
            "quantity": 2,
            "host_properties": [">=", "$vcpus", 16],
            "scheduler": None,
            "on_lease_end": None,
            "start_time": "2030-03-01T08:00:00Z",
            "end_time": None,
            "alike": {},
            "created_at": "2030-02-20T09:12:44Z",
            "updated_at": "2030-02-20T09:12:44Z",
            "expires_at": None,
            "confirmed_at": "2030-02-20T09:12:44Z",
            "closed_at": None,
            "degraded_reason": None,
            "error_reason": None,
            "links": {"self": f"https://climate.example.org/v1/leases/{_LEASE_ID}"},
        }


class LeasePage(fields.Body):
    """A page of leases, newest first."""

    leases = shapes.many("Lease")
    links = shapes.links()
    next_marker = shapes.text("What to send as marker for the next page; null on the last.", nullable=True)


class Scheduler(fields.Body):
    """A strategy that chooses dates and hosts."""

    name = shapes.text()
    description = shapes.text()
    default = shapes.flag("Whether it is the one for requests that name none.")


class SchedulerList(fields.Body):
    """The strategies."""

    schedulers = shapes.many("Scheduler")


class Rule(fields.Body):
    """Hosts of a kind have this value of a property."""

    where = shapes.shown({"type": "array"}, "A filter of hosts, as host_properties.")
    value = shapes.shown({"type": ["string", "number", "boolean"]})


class Property(fields.Body):
    """A fact that host_properties may speak of."""

    name = shapes.text()
    type = shapes.shown({"type": "string", "enum": ["number", "text", "boolean"]})
    unit = shapes.text(nullable=True)
    description = shapes.text(nullable=True)
    minimum = shapes.shown({"type": "number"}, "Of a number, the least in use.", nullable=True, always=False)
    maximum = shapes.shown({"type": "number"}, "Of a number, the greatest in use.", nullable=True, always=False)
    values = shapes.shown({"type": "array"}, "Of text and booleans, up to 100 values in use.", always=False)
    hosts = shapes.number("How many hosts have it, for administrators.", always=False)
    hidden = shapes.flag("Whether tenants neither see nor may name it, for administrators.", always=False)
    source = shapes.shown(
        {"type": "string", "enum": [str(origin) for origin in Origin]},
        "Why there is such a property, for administrators.",
        always=False,
    )
    rules = shapes.many(
        "Rule", "Which hosts have which value, for administrators, where there are rules.", always=False
    )
    rule_problems = shapes.shown(
        {"type": "array", "items": {"type": "string"}}, "What is wrong with rules, for administrators.", always=False
    )


class PropertyList(fields.Body):
    """The properties, by name."""

    properties = shapes.many("Property")


class LeaseNow(fields.Body):
    """The lease that a host is kept for now."""

    id = shapes.text()
    project_id = shapes.text()
    state = shapes.state("One that is over keeps its hosts until they are cleaned up.")
    until_at = shapes.instant("When it lets the host go, clean-up included.")


class NextLease(fields.Body):
    """The lease that a host is kept for later."""

    id = shapes.text()
    project_id = shapes.text()
    state = shapes.state()
    start_at = shapes.instant("From when on.")


class Host(fields.Body):
    """A machine."""

    id = shapes.text()
    name = shapes.text()
    service_host = shapes.text()
    external_id = shapes.text()
    source = shapes.text("Who told the inventory of it.")
    properties = shapes.facts("What it is like, in effect: as its source, rules and administrators say.")
    given = shapes.facts("What an administrator said of this host, which is stronger than rules and its source.")
    unavailable_reason = shapes.text("Why its source wants no new leases on it.", nullable=True)
    disabled = shapes.flag("Whether an administrator took it out of new leases.")
    disabled_reason = shapes.text(nullable=True)
    bookable = shapes.flag("Whether new leases may have it.")
    first_seen_at = shapes.instant()
    last_seen_at = shapes.instant()
    retired_at = shapes.instant("Since when its source does not name it any more.", nullable=True)
    lease = shapes.single("LeaseNow", "The lease on it now.", nullable=True)
    next = shapes.single("NextLease", "The lease that follows.", nullable=True)
    links = shapes.links()


class HostPage(fields.Body):
    """A page of hosts, by name."""

    hosts = shapes.many("Host")
    links = shapes.links()
    next_marker = shapes.text(nullable=True)


class HostUse(fields.Body):
    """A host's lease now and next; null where there is none."""

    host_id = shapes.text()
    name = shapes.text()
    service_host = shapes.text("What Nova calls its compute service.")
    lease_id = shapes.text("The lease that it is kept for now.", nullable=True)
    project_id = shapes.text("Whose that lease is.", nullable=True)
    state = shapes.shown(
        {"type": "string", "enum": [str(state) for state in State]},
        "Where that lease stands. One that is over keeps its hosts until they are cleaned up.",
        nullable=True,
    )
    until = shapes.instant("When that lease lets the host go, clean-up included.", nullable=True)
    end_at = shapes.instant(
        "When that lease ends. A host that it lets go earlier was given back and is being cleaned up.", nullable=True
    )
    next_lease_id = shapes.text("The lease that it is kept for later.", nullable=True)
    next_project_id = shapes.text("Whose that one is.", nullable=True)
    next_state = shapes.shown(
        {"type": "string", "enum": [str(state) for state in State]}, "Where that one stands.", nullable=True
    )
    next_start_at = shapes.instant("From when on.", nullable=True)


class Availability(fields.Body):
    """Every host with its lease now and next.

    It stays true as time goes by: a lease whose ``until`` is past has let the
    host go, and one whose ``next_start_at`` has come has it. The ETag changes
    with the calendar, and with the hosts and what they are called.
    """

    sequence = shapes.number("The number of the calendar's last change.")
    generated_at = shapes.instant("When the calendar was read.")
    hosts = shapes.many("HostUse", "By name; a retired host is here as long as it has a lease.")


class CalendarEntry(fields.Body):
    """Time that a lease has on a number of hosts."""

    lease_id = shapes.text()
    project_id = shapes.text()
    name = shapes.text()
    state = shapes.shown({"type": "string", "enum": [str(state) for state in State]})
    start_at = shapes.instant()
    end_at = shapes.instant()
    quantity = shapes.number()
    hosts = shapes.many("HostName", "Which hosts, for administrators.", always=False)


class CalendarPage(fields.Body):
    """A page of leases in time, by start."""

    start = shapes.instant()
    end = shapes.instant()
    entries = shapes.many("CalendarEntry")
    links = shapes.links()
    next_marker = shapes.text(nullable=True)


class LimitValue(fields.Body):
    """A limit as it is for a project; -1 is no limit."""

    value = shapes.shown({"type": "integer", "minimum": -1}, "What counts for the project.")
    default = shapes.shown(
        {"type": "integer", "minimum": -1}, "The site's value, for projects without one of their own."
    )
    used = shapes.number("How much of it the project uses, where that is counted.", always=False)


class ProjectLimits(fields.Body):
    """What a project may ask for and hold."""

    project_id = shapes.text()
    limits = shapes.shown(
        {"type": "object", "additionalProperties": {"$ref": "#/components/schemas/LimitValue"}},
        "Each limit by its name.",
    )

    @classmethod
    def sample(cls) -> dict[str, Any]:
        """An example."""
        return {
            "project_id": "3c1f0c8e2a5b4a7f8c5d1e2f3a4b5c6d",
            "limits": {
                "max_leases": {"value": 50, "default": 1000, "used": 3},
                "horizon_s": {"value": 31622400, "default": 31622400},
            },
        }


class LimitPage(fields.Body):
    """A page of projects with limits of their own, by id."""

    projects = shapes.many("ProjectLimits", "Without what they use.")
    links = shapes.links()
    next_marker = shapes.text("What to send as marker for the next page; null on the last.", nullable=True)


class Version(fields.Body):
    """A version of this API."""

    id = shapes.text()
    status = shapes.text()
    links = shapes.shown({"type": "array", "items": {"type": "object"}})


class VersionList(fields.Body):
    """The versions."""

    versions = shapes.many("Version")


class VersionAnswer(fields.Body):
    """One version."""

    version = shapes.shown({"$ref": "#/components/schemas/Version"})


class Alive(fields.Body):
    """The process answers."""

    status = shapes.text()


class Ready(fields.Body):
    """The process, and each part that it needs."""

    status = shapes.text()
    parts = shapes.shown({"type": "object", "additionalProperties": {"type": "string"}})


class ErrorBody(fields.Body):
    """What went wrong."""

    code = shapes.text("Stable: a program may rely on it.")
    message = shapes.text("For people.")
    details = shapes.shown({"type": "object"}, "What the message speaks of, such as the field.")
    request_id = shapes.text("Under which the service's logs have the request.")


class Error(fields.Body):
    """An error."""

    error = shapes.shown({"$ref": "#/components/schemas/ErrorBody"})

    @classmethod
    def sample(cls) -> dict[str, Any]:
        """An example."""
        return {
            "error": {
                "code": "climate.request.bad_field",
                "message": "end_time is in the past.",
                "details": {"field": "end_time"},
                "request_id": "req-2b1a7c52-6c5e-4f0a-8f5d-0e9a3b7c1d22",
            }
        }

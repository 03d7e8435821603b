# SPDX-License-Identifier: Apache-2.0
"""Who may do what: the rules of oslo.policy with their defaults."""

from __future__ import annotations

from oslo_config import cfg
from oslo_policy import policy

CREATE = "climate:leases:create"
LIST = "climate:leases:list"
GET = "climate:leases:get"
UPDATE = "climate:leases:update"
CONFIRM = "climate:leases:confirm"
CANCEL = "climate:leases:cancel"
SUBSTITUTE = "climate:leases:substitute"
ALL_PROJECTS = "climate:leases:all_projects"
CHOOSE_SCHEDULER = "climate:leases:choose_scheduler"
CALENDAR = "climate:calendar:get"
CALENDAR_OF_ALL = "climate:calendar:all_projects"
PROPERTIES = "climate:properties:list"
GET_PROPERTY = "climate:properties:get"
CREATE_PROPERTY = "climate:properties:create"
UPDATE_PROPERTY = "climate:properties:update"
DELETE_PROPERTY = "climate:properties:delete"
SCHEDULERS = "climate:schedulers:list"
SEE_HOSTS = "climate:hosts:see"
MISPLACED = "climate:hosts:misplaced"
LIST_HOSTS = "climate:hosts:list"
GET_HOST = "climate:hosts:get"
UPDATE_HOST = "climate:hosts:update"
EVACUATE = "climate:hosts:evacuate"
AVAILABILITY = "climate:hosts:availability"
GET_LIMITS = "climate:limits:get"
LIST_LIMITS = "climate:limits:list"
UPDATE_LIMITS = "climate:limits:update"
EXEMPT_FROM_RATE = "climate:limits:exempt"

_ADMIN = "rule:climate:admin"
_READER = "rule:climate:project_reader"
_MEMBER = "rule:climate:project_member"
_SERVICE = "rule:climate:service"

_SHARED = [
    policy.RuleDefault("climate:admin", "role:admin", "Administrators of the site."),
    policy.RuleDefault("climate:service", "role:service", "Other services of the site, such as Nova."),
    policy.RuleDefault(
        "climate:project_member",
        f"({_ADMIN}) or (role:member and project_id:%(project_id)s)",
        "Those who may change things of their project.",
    ),
    policy.RuleDefault(
        "climate:project_reader",
        f"({_MEMBER}) or (role:reader and project_id:%(project_id)s)",
        "Those who may look at things of their project.",
    ),
]
_LEASE = "/v1/leases/{lease_id}"
_PROPERTY = "/v1/properties/{name}"
_OPERATIONS: list[tuple[str, str, str, str, str]] = [
    (CREATE, _MEMBER, "Ask for a lease.", "POST", "/v1/leases"),
    (LIST, _READER, "List the leases of one's project.", "GET", "/v1/leases"),
    (GET, _READER, "See a lease.", "GET", _LEASE),
    (UPDATE, _MEMBER, "Extend or shorten a lease, add or give back hosts, rename it.", "PATCH", _LEASE),
    (CONFIRM, _MEMBER, "Confirm a proposal.", "POST", f"{_LEASE}/confirm"),
    (SUBSTITUTE, _MEMBER, "Take others for hosts of a lease that fail.", "POST", f"{_LEASE}/substitute"),
    (CANCEL, _MEMBER, "Cancel a lease.", "DELETE", _LEASE),
    (ALL_PROJECTS, _ADMIN, "See and change leases of other projects.", "GET", "/v1/leases"),
    (CHOOSE_SCHEDULER, _ADMIN, "Name any scheduler, not only one of [api] allowed_schedulers.", "POST", "/v1/leases"),
    (CALENDAR, _READER, "See the calendar of one's project.", "GET", "/v1/calendar"),
    (CALENDAR_OF_ALL, _ADMIN, "See the calendar of all projects.", "GET", "/v1/calendar"),
    (PROPERTIES, _READER, "See which properties hosts have.", "GET", "/v1/properties"),
    (GET_PROPERTY, _READER, "See a property of hosts, and its values in use.", "GET", _PROPERTY),
    (CREATE_PROPERTY, _ADMIN, "Add a property of hosts.", "POST", "/v1/properties"),
    (UPDATE_PROPERTY, _ADMIN, "Hide or show a property, describe it, give it rules.", "PATCH", _PROPERTY),
    (DELETE_PROPERTY, _ADMIN, "Forget what was said of a property.", "DELETE", _PROPERTY),
    (SCHEDULERS, _READER, "See which schedulers one may name.", "GET", "/v1/schedulers"),
    (
        SEE_HOSTS,
        _ADMIN,
        "See which hosts a lease has, see all properties, and ask for hosts by name or id.",
        "GET",
        _LEASE,
    ),
    (LIST_HOSTS, _ADMIN, "List the hosts.", "GET", "/v1/hosts"),
    (GET_HOST, _ADMIN, "See a host.", "GET", "/v1/hosts/{host_id}"),
    (UPDATE_HOST, _ADMIN, "Disable and enable a host, give it properties.", "PATCH", "/v1/hosts/{host_id}"),
    (
        AVAILABILITY,
        f"({_ADMIN}) or ({_SERVICE})",
        "See for every host the lease now and the next.",
        "GET",
        "/v1/hosts/availability",
    ),
    (EVACUATE, _ADMIN, "Move instances off hosts, or see which would move.", "POST", "/v1/hosts/evacuate"),
    (MISPLACED, _ADMIN, "See which instances stand where they may not.", "GET", "/v1/hosts/misplaced"),
    (GET_LIMITS, _READER, "See the limits of one's project.", "GET", "/v1/limits/{project_id}"),
    (LIST_LIMITS, _ADMIN, "See which projects have limits of their own.", "GET", "/v1/limits"),
    (
        UPDATE_LIMITS,
        _ADMIN,
        "Give a project limits of its own.",
        "PATCH",
        "/v1/limits/{project_id}",
    ),
]


_EXEMPT = policy.RuleDefault(
    EXEMPT_FROM_RATE,
    f"({_ADMIN}) or ({_SERVICE})",
    "Send as many requests as one likes, whatever the limits of the project's requests are.",
)


def list_rules() -> list[policy.RuleDefault]:
    """All rules with their defaults."""
    return [*_SHARED, _EXEMPT] + [
        policy.DocumentedRuleDefault(
            name, check, description, [{"method": method, "path": path}], scope_types=["project"]
        )
        for name, check, description, method, path in _OPERATIONS
    ]


def enforcer(conf: cfg.ConfigOpts) -> policy.Enforcer:
    """An enforcer with these rules, and the operator's changes of them ([oslo_policy] policy_file)."""
    made = policy.Enforcer(conf)
    made.register_defaults(list_rules())
    return made

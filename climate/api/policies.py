# SPDX-License-Identifier: Apache-2.0
"""Who may do what: the rules of oslo.policy with their defaults, and how they are asked."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from oslo_config import cfg
from oslo_context.context import RequestContext
from oslo_policy import policy

from climate.errors import Forbidden

_LOOKED_FOR_S = 5.0

CREATE = "climate:leases:create"
LIST = "climate:leases:list"
GET = "climate:leases:get"
UPDATE = "climate:leases:update"
CONFIRM = "climate:leases:confirm"
CANCEL = "climate:leases:cancel"
ALL_PROJECTS = "climate:leases:all_projects"
CHOOSE_SCHEDULER = "climate:leases:choose_scheduler"
CALENDAR = "climate:calendar:get"
CALENDAR_OF_ALL = "climate:calendar:all_projects"
PROPERTIES = "climate:properties:list"
SCHEDULERS = "climate:schedulers:list"
SEE_HOSTS = "climate:hosts:see"
LIST_HOSTS = "climate:hosts:list"
GET_HOST = "climate:hosts:get"
UPDATE_HOST = "climate:hosts:update"
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
_OPERATIONS: list[tuple[str, str, str, str, str]] = [
    (CREATE, _MEMBER, "Ask for a lease.", "POST", "/v1/leases"),
    (LIST, _READER, "List the leases of one's project.", "GET", "/v1/leases"),
    (GET, _READER, "See a lease.", "GET", _LEASE),
    (UPDATE, _MEMBER, "Extend or shorten a lease, add or give back hosts, rename it.", "PATCH", _LEASE),
    (CONFIRM, _MEMBER, "Confirm a proposal.", "POST", f"{_LEASE}/confirm"),
    (CANCEL, _MEMBER, "Cancel a lease.", "DELETE", _LEASE),
    (ALL_PROJECTS, _ADMIN, "See and change leases of other projects.", "GET", "/v1/leases"),
    (CHOOSE_SCHEDULER, _ADMIN, "Name the scheduler of a lease.", "POST", "/v1/leases"),
    (CALENDAR, _READER, "See the calendar of one's project.", "GET", "/v1/calendar"),
    (CALENDAR_OF_ALL, _ADMIN, "See the calendar of all projects.", "GET", "/v1/calendar"),
    (PROPERTIES, _READER, "See which properties hosts have.", "GET", "/v1/properties"),
    (SCHEDULERS, _READER, "See which schedulers there are.", "GET", "/v1/schedulers"),
    (SEE_HOSTS, _ADMIN, "See which hosts a lease has, and ask for hosts by name or id.", "GET", _LEASE),
    (LIST_HOSTS, _ADMIN, "List the hosts.", "GET", "/v1/hosts"),
    (GET_HOST, _ADMIN, "See a host.", "GET", "/v1/hosts/{host_id}"),
    (UPDATE_HOST, _ADMIN, "Disable and enable a host.", "PATCH", "/v1/hosts/{host_id}"),
    (
        AVAILABILITY,
        f"({_ADMIN}) or ({_SERVICE})",
        "See for every host the lease now and the next.",
        "GET",
        "/v1/hosts/availability",
    ),
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


class Policies:
    """Asks the enforcer on behalf of one request.

    The enforcer would search for its files at every question, several times a
    request; here it does so every ``_LOOKED_FOR_S`` seconds.
    """

    def __init__(self, enforcer: policy.Enforcer, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._enforcer = enforcer
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._looked_at = -_LOOKED_FOR_S
        self._look()

    def may(self, who: RequestContext, rule: str, project_id: str | None = None) -> bool:
        """Whether ``rule`` lets somebody act on ``project_id``, by default their own."""
        self._look()
        target = {"project_id": project_id or who.project_id, "user_id": who.user_id}
        return bool(self._enforcer.authorize(rule, target, who))

    def require(self, who: RequestContext, rule: str, project_id: str | None = None) -> None:
        """Do nothing if ``rule`` allows it.

        :raises Forbidden: it does not; ``rule`` is named.
        """
        # Without a project a token would pass for the view of all projects further down.
        if not who.project_id:
            raise Forbidden("The token must be scoped to a project.", rule=rule)
        if not self.may(who, rule, project_id):
            raise Forbidden(f"Your roles do not allow {rule}.", rule=rule)

    def _look(self) -> None:
        """Read the operator's files again if they changed, unless that was looked at a moment ago."""
        with self._lock:
            if self._monotonic() - self._looked_at < _LOOKED_FOR_S:
                return
            self._looked_at = self._monotonic()
            self._enforcer.use_conf = True
            self._enforcer.load_rules()
            self._enforcer.use_conf = False

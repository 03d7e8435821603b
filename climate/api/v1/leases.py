# SPDX-License-Identifier: Apache-2.0
"""``/v1/leases``: ask for hosts, see what was given, change it, confirm it, give it back."""

from __future__ import annotations

import re
from collections.abc import Sequence

from oslo_context.context import RequestContext

from climate.api import bodies, booking, disclosure, policies, queries
from climate.api.booking import Booking
from climate.api.endings import Endings
from climate.api.insight import Insight
from climate.api.occupancy import HostNames
from climate.api.v1.schedulers import Naming
from climate.chassis.web import paging
from climate.chassis.web.policy import Policies
from climate.chassis.web.resource import Answer, Call, Resource, once
from climate.core.lease import Lease, LeaseQuery, Owner
from climate.errors import Forbidden, LeaseNotFound
from climate.rpcapi.planning import PlanningAPI

PATH = "/v1/leases"
FILTERS = ("state", "name", "at", "start", "end", "all_projects", "project_id", "limit", "marker")
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)


class View:
    """Shows leases to somebody: with their hosts, or without."""

    def __init__(self, policies: Policies, names: HostNames, insight: Insight) -> None:
        self._policies = policies
        self._names = names
        self._insight = insight

    def sees_hosts(self, who: RequestContext) -> bool:
        """Whether somebody may know which hosts there are."""
        return self._policies.may(who, policies.SEE_HOSTS)

    def listed(self, call: Call, leases: Sequence[Lease], who: RequestContext) -> list[disclosure.JSON]:
        """Leases without their hosts, which lists do not fetch."""
        sees_hosts = self.sees_hosts(who)
        visible = frozenset() if sees_hosts else self._insight.visible(call.request_id, leases, sees_hosts)
        address = call.link(PATH)
        return [
            disclosure.lease(lease, f"{address}/{lease.lease_id}", sees_hosts=sees_hosts, visible=visible)
            for lease in leases
        ]

    def alone(self, call: Call, lease: Lease, who: RequestContext) -> disclosure.JSON:
        """A lease with all that the asker may see of it."""
        sees_hosts = self.sees_hosts(who)
        return disclosure.whole_lease(
            lease,
            call.link(f"{PATH}/{lease.lease_id}"),
            sees_hosts=sees_hosts,
            common=self._insight.common(call.request_id, lease, sees_hosts),
            names=self._names.of(call.request_id, lease.hosts) if sees_hosts else {},
        )


class Leases(Resource):
    """All leases that the asker may see."""

    item = "lease_id"

    def __init__(
        self,
        planning: PlanningAPI,
        booking: Booking,
        policies: Policies,
        view: View,
        naming: Naming,
        endings: Endings,
        max_limit: int,
    ) -> None:
        super().__init__()
        self._planning = planning
        self._booking = booking
        self._policies = policies
        self._view = view
        self._naming = naming
        self._endings = endings
        self._max_limit = max_limit

    def part(self, word: str) -> Resource:
        """The lease of that id."""
        return OneLease(word, self._planning, self._booking, self._policies, self._view)

    def get(self, call: Call) -> Answer:
        """A page of leases, newest first."""
        who = call.identity()
        self._policies.require(who, policies.LIST)
        lists = call.lists(*FILTERS)
        states = queries.states(lists.pop("state", []))
        given = once(lists)
        page = paging.page_of(given, self._max_limit)
        start, end = queries.span(queries.instant(given, "start"), queries.instant(given, "end"))
        query = LeaseQuery(
            project_id=self._project(who, given.get("project_id"), queries.flag(given, "all_projects") or False),
            states=states,
            name=given.get("name"),
            at=queries.instant(given, "at"),
            start=start,
            end=end,
            limit=page.ahead,
            marker=page.marker,
        )
        found = self._planning.list_leases(call.request_id, query=query)
        shown = self._view.listed(call, found[: page.limit], who)
        return Answer({"leases": shown, **paging.onward(call.address, page, found, [lease["id"] for lease in shown])})

    def post(self, call: Call) -> Answer:
        """A new lease."""
        who = call.identity()
        self._policies.require(who, policies.CREATE)
        wanted = bodies.read(bodies.LeaseRequest, call.body)
        terms, wish, confirm = wanted.terms, wanted.wish, wanted.confirm is True
        if terms.scheduler:
            self._naming.require(who, terms.scheduler)
        self._endings.require(terms.on_lease_end)
        repeat = booking.repeat_key(
            call.header(booking.REPEAT_HEADER), "POST", PATH, wish, terms, wanted.hosts_wanted, confirm
        )
        lease = self._booking.book(
            call.request_id,
            owner=Owner(project_id=str(who.project_id), user_id=str(who.user_id)),
            wish=wish,
            terms=terms,
            quantity=wanted.hosts_wanted,
            confirm=confirm,
            repeat=repeat,
            sees_hosts=self._view.sees_hosts(who),
        )
        shown = self._view.alone(call, lease, who)
        return Answer(shown, status=201, headers={"Location": shown["links"]["self"]})

    def _project(self, who: RequestContext, project_id: str | None, all_projects: bool) -> str | None:
        """Whose leases to list: the asker's own project, or another, or all (``None``)."""
        if not all_projects and project_id in (None, who.project_id):
            return str(who.project_id)
        if not self._policies.may(who, policies.ALL_PROJECTS):
            raise Forbidden(f"Your roles do not allow {policies.ALL_PROJECTS}.", rule=policies.ALL_PROJECTS)
        return project_id


class OneLease(Resource):
    """One lease."""

    def __init__(self, lease_id: str, planning: PlanningAPI, booking: Booking, policies: Policies, view: View) -> None:
        super().__init__(
            {
                "confirm": Confirmation(lease_id, planning, policies, view),
                "substitute": Substitution(lease_id, planning, policies, view),
            }
        )
        self._lease_id = lease_id
        self._planning = planning
        self._booking = booking
        self._policies = policies
        self._view = view

    def get(self, call: Call) -> Answer:
        """The lease."""
        who = call.identity()
        project_id = scope(self._policies, who, policies.GET)
        call.query()
        lease = self._planning.get_proposal_details(
            call.request_id, lease_id=checked(self._lease_id), project_id=project_id
        )
        return Answer(self._view.alone(call, lease, who))

    def patch(self, call: Call) -> Answer:
        """The lease, made different."""
        who = call.identity()
        project_id = scope(self._policies, who, policies.UPDATE)
        change = bodies.read(bodies.LeasePatch, call.body).change
        lease = self._booking.change(
            call.request_id,
            checked(self._lease_id),
            project_id,
            change,
            sees_hosts=self._view.sees_hosts(who),
        )
        return Answer(self._view.alone(call, lease, who))

    def delete(self, call: Call) -> Answer:
        """Cancel the lease; it stays to be seen."""
        who = call.identity()
        project_id = scope(self._policies, who, policies.CANCEL)
        self._planning.cancel_proposal(call.request_id, lease_id=checked(self._lease_id), project_id=project_id)
        return Answer(status=204)


class Confirmation(Resource):
    """The promise of a proposal."""

    def __init__(self, lease_id: str, planning: PlanningAPI, policies: Policies, view: View) -> None:
        super().__init__()
        self._lease_id = lease_id
        self._planning = planning
        self._policies = policies
        self._view = view

    def post(self, call: Call) -> Answer:
        """Confirm; again is the same as once."""
        who = call.identity()
        project_id = scope(self._policies, who, policies.CONFIRM)
        bodies.read(bodies.Empty, call.body)
        lease = self._planning.confirm_proposal(
            call.request_id, lease_id=checked(self._lease_id), project_id=project_id
        )
        return Answer(self._view.alone(call, lease, who))


class Substitution(Resource):
    """Other hosts in the place of those that fail."""

    def __init__(self, lease_id: str, planning: PlanningAPI, policies: Policies, view: View) -> None:
        super().__init__()
        self._lease_id = lease_id
        self._planning = planning
        self._policies = policies
        self._view = view

    def post(self, call: Call) -> Answer:
        """Swap them as far as there are others; a lease whose hosts are well stays as it is."""
        who = call.identity()
        project_id = scope(self._policies, who, policies.SUBSTITUTE)
        bodies.read(bodies.Empty, call.body)
        lease = self._planning.substitute_hosts(
            call.request_id, lease_id=checked(self._lease_id), project_id=project_id
        )
        return Answer(self._view.alone(call, lease, who))


def scope(policies_: Policies, who: RequestContext, rule: str) -> str | None:
    """The project in which somebody may do what ``rule`` says to a lease; ``None`` for any.

    :raises Forbidden: in none.
    """
    policies_.require(who, rule)
    return None if policies_.may(who, policies.ALL_PROJECTS) else str(who.project_id)


def checked(lease_id: str) -> str:
    """A lease's id as planning writes it.

    :raises LeaseNotFound: it can be no lease's id.
    """
    if not _ID.fullmatch(lease_id.lower()):
        raise LeaseNotFound()
    return lease_id.lower()

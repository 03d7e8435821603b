# SPDX-License-Identifier: Apache-2.0
"""What somebody may see of a thing: values become JSON here, and nowhere else.

Who does not see hosts gets no name and no id of one, nor anything by which
one host could be told from another.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from climate.api.occupancy import LeaseNow, NamedHost, NextLease, Use
from climate.core.candidates import unpack
from climate.core.evacuation import Evacuation
from climate.core.guarding import Misplaced
from climate.core.host import Host
from climate.core.host_properties.describe import Property
from climate.core.lease import Lease
from climate.core.period import format_instant
from climate.rpcapi.inventory import Common
from climate.rpcapi.planning import CalendarEntry, ProjectLimits, SchedulerInfo

JSON = dict[str, Any]
Names = Mapping[str, str]


def lease(value: Lease, link: str, *, sees_hosts: bool, visible: Collection[str]) -> JSON:
    """A lease, as one of a list; ``visible`` are the names of properties in it that everybody may know.

    An administrator may have asked by hidden properties in a project of
    others, and what was asked by may be hidden or gone since: such a filter,
    and what its hosts are alike in, are for those who see hosts.
    """
    terms = value.terms

    def hides(name: str) -> bool:
        return not sees_hosts and name not in visible

    return {
        "id": value.lease_id,
        "name": terms.name,
        "project_id": value.owner.project_id,
        "user_id": value.owner.user_id,
        "state": str(value.state),
        "start_at": format_instant(value.start_at),
        "end_at": format_instant(value.end_at),
        "duration": value.end_at - value.start_at,
        "quantity": value.quantity,
        "host_properties": None if any(map(hides, named(terms.host_properties))) else terms.host_properties,
        "scheduler": terms.scheduler or None,
        "on_lease_end": terms.on_lease_end or None,
        "start_time": _instant(value.wish.start_time),
        "end_time": _instant(value.wish.end_time),
        "alike": {name: shared for name, shared in value.alike.items() if not hides(name)},
        "created_at": format_instant(value.created_at),
        "updated_at": format_instant(value.updated_at),
        "expires_at": _instant(value.expires_at),
        "confirmed_at": _instant(value.confirmed_at),
        "closed_at": _instant(value.closed_at),
        "degraded_reason": value.degraded_reason or None,
        "error_reason": value.error_reason or None,
        "links": {"self": link},
    }


def whole_lease(value: Lease, link: str, *, sees_hosts: bool, common: Common | None, names: Names) -> JSON:
    """A lease by itself: with what its hosts have in ``common``, and with the hosts for those who see hosts."""
    shown = lease(value, link, sees_hosts=sees_hosts, visible=() if common is None else common.visible)
    shown["common_properties"] = None if common is None else common.properties
    if sees_hosts:
        shown["hosts"] = _hosts(value.hosts, names)
    return shown


def names_in(value: Lease) -> list[str]:
    """The properties that a lease speaks of."""
    return [*value.alike, *named(value.terms.host_properties)]


def named(clause: Any) -> Iterator[str]:
    """The properties that a filter names."""
    if isinstance(clause, list):
        for inner in clause:
            yield from named(inner)
    elif isinstance(clause, str) and clause.startswith("$"):
        yield clause[1:]


def calendar_entry(value: CalendarEntry, *, sees_hosts: bool, names: Names) -> JSON:
    """A lease's time in the calendar; with its hosts, for those who see hosts."""
    shown: JSON = {
        "lease_id": value.lease_id,
        "project_id": value.project_id,
        "name": value.name,
        "state": str(value.state),
        "start_at": format_instant(value.start_at),
        "end_at": format_instant(value.end_at),
        "quantity": value.quantity,
    }
    if sees_hosts:
        shown["hosts"] = _hosts(unpack(value.hosts), names)
    return shown


def host(value: Host, use: Use, link: str) -> JSON:
    """A host with its leases, for those who see hosts."""
    return {
        "id": value.host_id,
        "name": value.name,
        "service_host": value.service_host,
        "external_id": value.external_id,
        "source": value.source,
        "properties": value.properties,
        "given": value.given,
        "unavailable_reason": value.unavailable_reason or None,
        "disabled": value.disabled,
        "disabled_reason": value.disabled_reason or None,
        "bookable": value.bookable,
        "first_seen_at": format_instant(value.first_seen_at),
        "last_seen_at": format_instant(value.last_seen_at),
        "retired_at": _instant(value.retired_at),
        **_use(use),
        "links": {"self": link},
    }


def misplaced(value: Misplaced) -> JSON:
    """An instance that stands where it may not, for administrators."""
    return {
        "server_id": value.server_id,
        "project_id": value.project_id,
        "host": value.host,
        "wrong": str(value.wrong),
        "lease_id": value.lease_id,
    }


def evacuation(value: Evacuation) -> JSON:
    """What is on hosts that are emptied, for administrators."""
    return {
        "hosts": list(value.hosts),
        "running": value.running,
        "instances": [
            {
                "server_id": one.server_id,
                "name": one.name,
                "project_id": one.project_id,
                "source": one.source,
                "target": one.target or None,
                "way": one.way and str(one.way),
                "under_way": one.under_way,
                "reason": one.reason or None,
            }
            for one in value.instances
        ],
    }


def availability(value: NamedHost, use: Use) -> JSON:
    """A host's lease now and next in one flat row, for those who place instances."""
    lease, following = use.lease, use.next
    return {
        "host_id": value.host_id,
        "name": value.name,
        "service_host": value.service_host,
        "lease_id": lease and lease.lease_id,
        "project_id": lease and lease.project_id,
        "state": lease and str(lease.state),
        "until": lease and format_instant(lease.until_at),
        "end_at": lease and format_instant(lease.end_at),
        "next_lease_id": following and following.lease_id,
        "next_project_id": following and following.project_id,
        "next_state": following and str(following.state),
        "next_start_at": following and format_instant(following.start_at),
    }


def listed_property(value: Property, detail: bool, sees_hosts: bool) -> JSON:
    """A property of the catalogue; with ``detail`` the values in use, of numbers the least and the greatest."""
    shown: JSON = {
        "name": value.name,
        "type": value.type,
        "unit": value.unit or None,
        "description": value.description or None,
    }
    if detail and value.type == "number":
        shown["minimum"], shown["maximum"] = (value.values[0], value.values[-1]) if value.values else (None, None)
    elif detail:
        shown["values"] = list(value.values)
    if sees_hosts:
        shown |= {"hidden": value.hidden, "source": str(value.source)}
        shown |= {"hosts": value.hosts} if detail else {}
        shown |= {"rules": [{"where": rule.where, "value": rule.value} for rule in value.rules]} if value.rules else {}
        shown |= {"rule_problems": list(value.rule_problems)} if value.rule_problems else {}
    return shown


def scheduler(value: SchedulerInfo) -> JSON:
    """A strategy that the asker may name."""
    return {
        "name": value.name,
        "description": value.description,
        "default": value.default,
    }


def project_limits(value: ProjectLimits) -> JSON:
    """The limits of a project, for whoever may see that project's."""
    return {
        "project_id": value.project_id,
        "limits": {
            name: {
                "value": one.value,
                "default": one.default,
                **({} if one.used is None else {"used": one.used}),
            }
            for name, one in value.limits.items()
        },
    }


def _use(use: Use) -> JSON:
    return {
        "lease": None if use.lease is None else {**_whose(use.lease), "until_at": format_instant(use.lease.until_at)},
        "next": None if use.next is None else {**_whose(use.next), "start_at": format_instant(use.next.start_at)},
    }


def _whose(value: LeaseNow | NextLease) -> JSON:
    return {"id": value.lease_id, "project_id": value.project_id, "state": str(value.state)}


def _hosts(host_ids: tuple[str, ...] | list[str], names: Names) -> list[JSON]:
    return [{"id": host_id, "name": names.get(host_id, "")} for host_id in host_ids]


def _instant(instant: int | None) -> str | None:
    return None if instant is None else format_instant(instant)

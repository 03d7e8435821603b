# SPDX-License-Identifier: Apache-2.0
"""What somebody may see of a thing: values become JSON here, and nowhere else.

Who does not see hosts gets no name and no id of one, nor anything by which
one host could be told from another.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from climate.api.occupancy import LeaseNow, NamedHost, NextLease, Use
from climate.core.candidates import unpack
from climate.core.host import Host
from climate.core.host_properties import catalogue
from climate.core.host_properties.catalogue import Property
from climate.core.lease import Lease
from climate.core.period import format_instant
from climate.rpcapi.planning import CalendarEntry, SchedulerInfo

JSON = dict[str, Any]
Names = Mapping[str, str]


def lease(value: Lease, link: str, *, sees_hosts: bool, names: Names | None = None) -> JSON:
    """A lease; with its hosts where ``names`` has theirs and the asker sees hosts.

    An administrator may have asked for hosts by name in a project of others:
    such a filter, and what its hosts are alike in, are for those who see hosts.
    """
    terms = value.terms
    hidden = not sees_hosts and _names_hosts(terms.host_properties)
    shown: JSON = {
        "id": value.lease_id,
        "name": terms.name,
        "project_id": value.owner.project_id,
        "user_id": value.owner.user_id,
        "state": str(value.state),
        "start_at": format_instant(value.start_at),
        "end_at": format_instant(value.end_at),
        "duration": value.end_at - value.start_at,
        "quantity": value.quantity,
        "host_properties": None if hidden else terms.host_properties,
        "scheduler": terms.scheduler or None,
        "start_time": _instant(value.wish.start_time),
        "end_time": _instant(value.wish.end_time),
        "alike": {name: common for name, common in value.alike.items() if catalogue.may_name(name, sees_hosts)},
        "created_at": format_instant(value.created_at),
        "updated_at": format_instant(value.updated_at),
        "expires_at": _instant(value.expires_at),
        "confirmed_at": _instant(value.confirmed_at),
        "closed_at": _instant(value.closed_at),
        "degraded_reason": value.degraded_reason or None,
        "error_reason": value.error_reason or None,
        "links": {"self": link},
    }
    if sees_hosts and names is not None:
        shown["hosts"] = _hosts(value.hosts, names)
    return shown


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
        "disabled": value.disabled,
        "disabled_reason": value.disabled_reason or None,
        "bookable": value.bookable,
        "first_seen_at": format_instant(value.first_seen_at),
        "last_seen_at": format_instant(value.last_seen_at),
        "retired_at": _instant(value.retired_at),
        **_use(use),
        "links": {"self": link},
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
        "next_lease_id": following and following.lease_id,
        "next_project_id": following and following.project_id,
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
    if detail and sees_hosts:
        shown["hosts"] = value.hosts
    return shown


def scheduler(value: SchedulerInfo, may_choose: bool) -> JSON:
    """A strategy, and whether the asker may name it."""
    return {
        "name": value.name,
        "description": value.description,
        "default": value.default,
        "may_choose": may_choose,
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


def _names_hosts(clause: Any) -> bool:
    if isinstance(clause, list):
        return any(_names_hosts(inner) for inner in clause)
    return isinstance(clause, str) and clause.startswith("$") and not catalogue.may_name(clause[1:], False)


def _instant(instant: int | None) -> str | None:
    return None if instant is None else format_instant(instant)

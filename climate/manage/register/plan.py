# SPDX-License-Identifier: Apache-2.0
"""What is to be done in Keystone, so that it has what is wished: from what it has. Nothing here asks anybody."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from climate.errors import ConfigError
from climate.manage.register.wishes import Account, Entry, Wishes

Record = Mapping[str, Any]


class Kind(enum.StrEnum):
    """What a step is about; the word is Keystone's own."""

    ROLE = "role"
    PROJECT = "project"
    USER = "user"
    GRANT = "grant"
    SERVICE = "service"
    ENDPOINT = "endpoint"


class Outcome(enum.StrEnum):
    """What becomes of a thing."""

    MADE = "made"
    CHANGED = "changed"
    THERE = "there already"


@dataclass(frozen=True, slots=True)
class Reference:
    """The id of another thing, which may have to be made before."""

    kind: Kind
    name: str


@dataclass(frozen=True, slots=True)
class Step:
    """One thing, and what becomes of it.

    ``fields`` are what it is made with, or what is changed; a value may be a
    Reference or a Secret. ``detail`` is for people.
    """

    kind: Kind
    name: str
    outcome: Outcome
    fields: Mapping[str, object] = field(default_factory=dict)
    record_id: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """What Keystone has, as far as the wishes go; records are its own.

    ``endpoints`` are those of ``services``. ``grants`` has the ids of the
    roles of each user, by the user's name. Without accounts ``domain_id`` and
    what is in the domain are not looked for.
    """

    regions: Sequence[str]
    services: Sequence[Record]
    endpoints: Sequence[Record]
    roles: Mapping[str, str]
    domain_id: str | None = None
    project: Record | None = None
    users: Mapping[str, Record] = field(default_factory=dict)
    grants: Mapping[str, Sequence[str]] = field(default_factory=dict)


def steps(wishes: Wishes, known: Known) -> list[Step]:
    """Everything that is wished, in an order in which it can be made.

    :raises ConfigError: it cannot be said what is to be done; then nothing is.
    """
    planned = [_role(name, known) for name in wishes.roles]
    if wishes.accounts:
        planned += _accounts(wishes, known)
    if wishes.entries:
        region = region_of(wishes.region, known.regions)
        for entry in wishes.entries:
            planned += _entry(entry, region, known)
    return planned


def region_of(wished: str | None, regions: Sequence[str]) -> str:
    """The region whose endpoints are meant.

    :raises ConfigError: it is not there, or is not said where there are several.
    """
    names = ", ".join(sorted(regions)) or "none"
    if wished is None:
        if len(regions) == 1:
            return regions[0]
        raise ConfigError(f"Say --region: Keystone's regions are {names}.")
    if wished not in regions:
        raise ConfigError(
            f"Keystone has no region {wished} (its regions: {names}): correct --region, or make it with "
            f"openstack region create {wished}."
        )
    return wished


def _role(name: str, known: Known) -> Step:
    if name in known.roles:
        return Step(Kind.ROLE, name, Outcome.THERE, record_id=known.roles[name])
    return Step(Kind.ROLE, name, Outcome.MADE, {"name": name})


def _accounts(wishes: Wishes, known: Known) -> Iterator[Step]:
    if known.domain_id is None:
        raise ConfigError(f"Keystone has no domain {wishes.domain}: correct --domain.")
    yield _project(wishes, known, known.domain_id)
    for account in wishes.accounts:
        yield _user(account, wishes.domain, known.users.get(account.name), known.domain_id)
        for role in wishes.account_roles:
            has = known.roles.get(role) in known.grants.get(account.name, ())
            yield Step(
                Kind.GRANT,
                f"{role} to {account.name} in {wishes.project}",
                Outcome.THERE if has else Outcome.MADE,
                {
                    "role_id": Reference(Kind.ROLE, role),
                    "user_id": Reference(Kind.USER, account.name),
                    "project_id": Reference(Kind.PROJECT, wishes.project),
                },
            )


def _project(wishes: Wishes, known: Known, domain_id: str) -> Step:
    if known.project is None:
        return Step(Kind.PROJECT, wishes.project, Outcome.MADE, {"name": wishes.project, "domain_id": domain_id})
    return Step(
        Kind.PROJECT,
        wishes.project,
        Outcome.THERE,
        record_id=known.project["id"],
        detail="" if known.project.get("enabled", True) else "but disabled, so that nobody can sign in to it",
    )


def _user(account: Account, domain: str, found: Record | None, domain_id: str) -> Step:
    if found is not None:
        said = [
            "" if found.get("enabled", True) else "but disabled, so that it cannot sign in",
            "its password stays as it is" if account.password else "",
        ]
        detail = "; ".join(filter(None, said))
        return Step(Kind.USER, account.name, Outcome.THERE, record_id=found["id"], detail=detail)
    if account.password is None:
        raise ConfigError(
            f"There is no user {account.name} in the domain {domain}: --user {account.name}=FILE makes one with the "
            "password in FILE."
        )
    fields = {"name": account.name, "domain_id": domain_id, "password": account.password}
    return Step(Kind.USER, account.name, Outcome.MADE, fields)


def _entry(entry: Entry, region: str, known: Known) -> Iterator[Step]:
    service = entry.service
    found = _service(entry, known)
    if found is None:
        yield Step(
            Kind.SERVICE,
            service.type,
            Outcome.MADE,
            {"type": service.type, "name": service.name, "description": service.description, "enabled": True},
        )
    else:
        yield _differing(Kind.SERVICE, service.type, found, {"enabled": True})
    for interface, url in entry.urls.items():
        name = f"{service.type} {interface} in {region}"
        place = {"interface": interface, "region_id": region}
        there = [] if found is None else _matching(known.endpoints, service_id=found["id"], **place)
        if len(there) > 1:
            raise ConfigError(
                f"Keystone has {len(there)} endpoints {name}: {', '.join(sorted(one['url'] for one in there))}. "
                "Delete all but one with openstack endpoint delete."
            )
        if there:
            yield _differing(Kind.ENDPOINT, name, there[0], {"url": url, "enabled": True})
        else:
            fields = {"service_id": Reference(Kind.SERVICE, service.type), **place, "url": url, "enabled": True}
            yield Step(Kind.ENDPOINT, name, Outcome.MADE, fields, detail=url)


def _service(entry: Entry, known: Known) -> Record | None:
    """Our service among those of its type; clients ask for the type and would find any of them."""
    service = entry.service
    found = _matching(known.services, type=service.type)
    strangers = [one for one in found if one.get("name") != service.name]
    if strangers:
        raise ConfigError(
            f"Keystone has the service {strangers[0].get('name') or 'without a name'} of the type {service.type}, and "
            f"clients take any of that type. If it is this one, openstack service set --name {service.name} "
            f"{strangers[0]['id']}; if it is another, it has to go first."
        )
    if len(found) > 1:
        raise ConfigError(
            f"Keystone has {len(found)} services {service.name} of the type {service.type}: "
            f"{', '.join(sorted(one['id'] for one in found))}. Delete all but one with openstack service delete."
        )
    return found[0] if found else None


def _differing(kind: Kind, name: str, found: Record, wished: Record) -> Step:
    differing = {key: value for key, value in wished.items() if found.get(key) != value}
    said = [f"{key}: {found.get(key)} -> {value}" for key, value in differing.items()]
    outcome = Outcome.CHANGED if differing else Outcome.THERE
    detail = ", ".join(said) or str(found.get("url", ""))
    return Step(kind, name, outcome, differing, record_id=found["id"], detail=detail)


def _matching(records: Sequence[Record], **values: str) -> list[Record]:
    return [one for one in records if all(one.get(key) == value for key, value in values.items())]

# SPDX-License-Identifier: Apache-2.0
"""Who there is in the cloud's Keystone, and which services its catalogue names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from keystoneauth1.identity.v3 import Password
from keystoneauth1.session import Session

from tools.openstack.site import REGION, SERVICE_PROJECT
from tools.servers.keystone import PASSWORD

SERVICE_USERS = ("nova", "placement", "glance", "neutron", "climate")
DOMAIN = "default"


@dataclass(frozen=True, slots=True)
class Person:
    """A user with one role in one project; everybody's password is the same."""

    name: str
    project: str
    role: str


ADMIN = Person("admin", "admin", "admin")
PEOPLE = (
    Person("anna", "physics", "member"),
    Person("ralf", "physics", "reader"),
    Person("otto", "chemistry", "member"),
)


def variables(person: Person, keystone_url: str) -> dict[str, str]:
    """The environment of a person signed in, as an openrc file sets it."""
    return {
        "OS_AUTH_URL": keystone_url,
        "OS_USERNAME": person.name,
        "OS_PASSWORD": PASSWORD,
        "OS_PROJECT_NAME": person.project,
        "OS_USER_DOMAIN_ID": DOMAIN,
        "OS_PROJECT_DOMAIN_ID": DOMAIN,
        "OS_REGION_NAME": REGION,
        "OS_IDENTITY_API_VERSION": "3",
    }


def session(person: Person, keystone_url: str) -> Session:
    """A person signed in to the project."""
    return Session(
        auth=Password(
            auth_url=keystone_url,
            username=person.name,
            password=PASSWORD,
            project_name=person.project,
            user_domain_id=DOMAIN,
            project_domain_id=DOMAIN,
        )
    )


class Registry:
    """What the cloud's admin enters into Keystone."""

    def __init__(self, keystone_url: str) -> None:
        self._url = keystone_url
        self._session = session(ADMIN, keystone_url)

    def enter_users(self) -> None:
        """The services' users, who may do everything and vouch for others, and the people."""
        roles = {role["name"]: role["id"] for role in self._get("roles")}
        projects = {name: self._made("project", name=name) for name in (SERVICE_PROJECT, "physics", "chemistry")}
        for name in SERVICE_USERS:
            user = self._made("user", name=name, password=PASSWORD)
            for role in ("admin", "service"):
                self._grant(projects[SERVICE_PROJECT], user, roles[role])
        for person in PEOPLE:
            user = self._made("user", name=person.name, password=PASSWORD)
            self._grant(projects[person.project], user, roles[person.role])

    def enter_services(self, urls: Mapping[str, tuple[str, str]]) -> None:
        """By type of service, its name and address."""
        for kind, (name, url) in urls.items():
            service = self._made("service", type=kind, name=name)
            for interface in ("public", "internal"):
                self._made("endpoint", service_id=service, interface=interface, url=url, region_id=REGION)

    def _grant(self, project: str, user: str, role: str) -> None:
        self._session.put(f"{self._url}/projects/{project}/users/{user}/roles/{role}")

    def _get(self, nouns: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._session.get(f"{self._url}/{nouns}").json()[nouns]
        return found

    def _made(self, noun: str, **fields: str) -> str:
        made: str = self._session.post(f"{self._url}/{noun}s", json={noun: fields}).json()[noun]["id"]
        return made

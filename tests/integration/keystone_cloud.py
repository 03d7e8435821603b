# SPDX-License-Identifier: Apache-2.0
"""A real Keystone with people in it, the suite registered there as an operator does it, and one bare request."""

from __future__ import annotations

import configparser
import json
import subprocess
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
from keystoneauth1.identity.v3 import Password
from keystoneauth1.session import Session

from tools.servers import Keystone
from tools.servers.keystone import PASSWORD
from tools.suite import PROGRAMS

DOMAINS = {"user_domain_id": "default", "project_domain_id": "default"}
WITHIN_S = 180


@dataclass
class Cloud:
    """A Keystone with projects and users of one file's own; everybody's password is the admin's."""

    keystone: Keystone
    mark: str = field(default_factory=lambda: uuid.uuid4().hex[:8])
    _ids: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.admin = self.admin_session()

    def add_project(self, name: str) -> None:
        """A project by a name that only this file knows."""
        self._ids[name] = self.made("project", name=f"{name}-{self.mark}")

    def add_user(self, name: str, project: str, *roles: str) -> None:
        """A user with roles in one project."""
        self._ids[name] = self.made("user", name=f"{name}-{self.mark}", password=PASSWORD)
        for role in roles:
            self.grant(f"projects/{self._ids[project]}", name, role)

    def grant(self, where: str, user: str, role: str) -> None:
        """Give a user a role in ``projects/ID``, ``domains/ID`` or ``system``."""
        self.admin.put(self._grant(where, user, role))

    def take(self, user: str, project: str, role: str) -> None:
        """Take a user's role in a project away."""
        self.admin.delete(self._grant(f"projects/{self._ids[project]}", user, role))

    def set_enabled(self, noun: str, name: str, enabled: bool) -> None:
        """Disable and enable a ``user`` or ``project``."""
        url = f"{self.keystone.url}/{noun}s/{self._ids[name]}"
        self.admin.patch(url, json={noun: {"enabled": enabled}})

    def session(self, user: str, project: str, password: str = PASSWORD) -> Session:
        """A user signed in to a project."""
        return self._session(f"{user}-{self.mark}", f"{project}-{self.mark}", password)

    def scoped(self, user: str, **scope: str | bool) -> Session:
        """A user signed in for something else than a project, or for nothing."""
        url, name = self.keystone.url, f"{user}-{self.mark}"
        auth = Password(auth_url=url, username=name, password=PASSWORD, user_domain_id="default", **scope)
        return Session(auth=auth)

    def admin_session(self) -> Session:
        """The site's admin, signed in anew: a session keeps the catalogue that it got."""
        return self._session("admin", "admin")

    def variables(self, user: str, project: str) -> dict[str, str]:
        """The environment of a user signed in to a project, as an openrc file sets it."""
        return {
            "OS_AUTH_URL": self.keystone.url,
            "OS_USERNAME": f"{user}-{self.mark}",
            "OS_PASSWORD": PASSWORD,
            "OS_PROJECT_NAME": f"{project}-{self.mark}",
            "OS_USER_DOMAIN_ID": "default",
            "OS_PROJECT_DOMAIN_ID": "default",
            "OS_IDENTITY_API_VERSION": "3",
        }

    def revoke(self, token: str) -> None:
        self.admin.delete(f"{self.keystone.url}/auth/tokens", headers={"X-Subject-Token": token})

    def made(self, noun: str, **fields: Any) -> str:
        """A new record, by its id."""
        answer = self.admin.post(f"{self.keystone.url}/{noun}s", json={noun: fields})
        made: str = answer.json()[noun]["id"]
        return made

    def _grant(self, where: str, user: str, role: str) -> str:
        (found,) = self.admin.get(f"{self.keystone.url}/roles", params={"name": role}).json()["roles"]
        return f"{self.keystone.url}/{where}/users/{self._ids[user]}/roles/{found['id']}"

    def _session(self, user: str, project: str, password: str = PASSWORD) -> Session:
        url = self.keystone.url
        return Session(auth=Password(auth_url=url, username=user, password=password, project_name=project, **DOMAINS))


@dataclass(frozen=True)
class Operator:
    """Who runs climate-manage as Keystone's admin, with a configuration of its own in ``directory``."""

    keystone: Keystone
    directory: Path

    def run(self, *arguments: str, **signing_in: str) -> subprocess.CompletedProcess[str]:
        """One ``climate-manage register``; no password and no traceback, whatever happens."""
        settings = self.keystone.middleware_settings() | signing_in
        settings.pop("www_authenticate_uri")
        config = configparser.RawConfigParser()
        config["keystone"] = {"timeout": "60", **settings}
        path = self.directory / "operator.conf"
        with path.open("w") as file:
            config.write(file)
        done = subprocess.run(
            [PROGRAMS / "climate-manage", "--config-file", path, "register", *arguments],
            capture_output=True,
            text=True,
            timeout=WITHIN_S,
            check=False,
        )
        assert "Traceback" not in done.stdout + done.stderr, done.stdout + done.stderr
        assert PASSWORD not in done.stdout + done.stderr
        return done

    def registered(self, *arguments: str) -> dict[str, str]:
        """What became of each thing, by its kind and name."""
        done = self.run(*arguments, "--format", "json")
        assert done.returncode == 0, done.stderr
        told = json.loads(done.stdout)
        outcomes = {f"{one['kind']} {one['name']}": one["outcome"] for one in told["things"]}
        assert told["changed"] == (set(outcomes.values()) != {"there already"})
        return outcomes

    def password_file(self) -> Path:
        """A file with the password that everybody has here."""
        path = self.directory / "password"
        path.touch(mode=0o600)
        path.write_text(f"{PASSWORD}\n")
        return path


def ask(url: str, token: str | bytes | None, method: str = "GET", **headers: str) -> requests.Response:
    """One bare request; a body, where there may be one, asks for a lease of an hour."""
    named: dict[str, str | bytes] = {**headers} if token is None else {"X-Auth-Token": token, **headers}
    body = {"duration": "1h"} if method == "POST" else None
    return requests.request(method, url, headers=named, json=body, timeout=60)

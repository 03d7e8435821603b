# SPDX-License-Identifier: Apache-2.0
"""The sandbox's state folder: configuration, tokens, database and log, all readable by people."""

from __future__ import annotations

import os
import secrets
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

PROJECT = "demo"
HOSTS = Path(__file__).with_name("data") / "hosts.yaml"


@dataclass(frozen=True, slots=True)
class Folder:
    """Where each file of the sandbox lies."""

    path: Path

    @property
    def conf(self) -> Path:
        """The configuration, as on a real site."""
        return self.path / "climate.conf"

    @property
    def tokens(self) -> Path:
        """The static tokens."""
        return self.path / "tokens.yaml"

    @property
    def environment(self) -> Path:
        """Shell variables for those who want to try things by hand."""
        return self.path / "env"

    @property
    def database(self) -> Path:
        """The SQLite database."""
        return self.path / "climate.db"

    @property
    def log(self) -> Path:
        """What all processes logged."""
        return self.path / "sandbox.log"


@dataclass(frozen=True, slots=True)
class Tokens:
    """Who may speak to the sandbox."""

    member: str
    admin: str


def make_tokens(folder: Folder) -> Tokens:
    """New random tokens for a member and an admin of the project ``demo``, in a file of mode 600."""
    tokens = Tokens(member=secrets.token_urlsafe(24), admin=secrets.token_urlsafe(24))
    content = {
        tokens.member: {"project_id": PROJECT, "user_id": "demo-member", "roles": ["member"]},
        tokens.admin: {"project_id": PROJECT, "user_id": "demo-admin", "roles": ["admin"]},
    }
    write_private(folder.tokens, yaml.safe_dump(content))
    return tokens


def write_environment(folder: Folder, url: str, energy_url: str, tokens: Tokens) -> None:
    """The variables that the command line and the examples of the manual use, for ``. STATE/env``."""
    variables = {
        "CLIMATE_URL": url,
        "ENERGY_URL": energy_url,
        "TOKEN": tokens.member,
        "ADMIN_TOKEN": tokens.admin,
        "CLIMATE_ENDPOINT": url,
        "CLIMATE_ENERGY_ENDPOINT": energy_url,
        "CLIMATE_TOKEN": tokens.member,
    }
    lines = [f"export {name}={shlex.quote(value)}\n" for name, value in variables.items()]
    write_private(folder.environment, "".join(lines))


def write_conf(folder: Folder, port: int) -> None:
    """The configuration of all processes."""
    write_private(folder.conf, ini(_groups(folder, port)))


def _groups(folder: Folder, port: int) -> Mapping[str, Mapping[str, object]]:
    return {
        "DEFAULT": {"transport_url": "fake://", "log_file": folder.log, "drain_timeout_s": 10},
        "database": {"connection": f"sqlite:///{folder.database}"},
        "api": {
            "host": "127.0.0.1",
            "port": port,
            "auth_strategy": "static",
            "static_tokens_file": folder.tokens,
        },
        "inventory": {"sources": "file"},
        "inventory_file": {"path": HOSTS},
        "planning": {"transition_interval_s": 0.2, "ends_soon_s": 5},
    }


def ini(groups: Mapping[str, Mapping[str, object]]) -> str:
    """Options by group, as a configuration file."""
    # oslo.config reads $ as the begin of a reference to another option.
    parts = [
        f"[{group}]\n" + "".join(f"{name} = {str(value).replace('$', '$$')}\n" for name, value in options.items())
        for group, options in groups.items()
    ]
    return "# Written by climate-sandbox at each start.\n" + "\n".join(parts)


def write_private(path: Path, text: str) -> None:
    """A new file of mode 600 in the place of an old one."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)

# SPDX-License-Identifier: Apache-2.0
"""What shall be in Keystone, from what the operator says on the command line."""

from __future__ import annotations

import urllib.parse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from climate.chassis import secrets
from climate.chassis.secrets import Secret
from climate.client.entry import ENERGY_TYPE, SERVICE_TYPE
from climate.errors import ConfigError

INTERFACES = ("public", "internal", "admin")
ROLES = ("reader", "member", "admin", "service")
"""Those that the default policies name. Keystone's bootstrap makes them, but not every release's makes all."""


@dataclass(frozen=True, slots=True)
class Service:
    """A service in the catalogue."""

    type: str
    name: str
    description: str


SERVICES = (
    Service(SERVICE_TYPE, "climate", "Reservation of hosts"),
    Service(ENERGY_TYPE, "kwapi", "Power and energy of hosts"),
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A service that shall be in the catalogue, and its address for each interface."""

    service: Service
    urls: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Account:
    """A user as which a service signs in; with a password it is made where it is missing."""

    name: str
    password: Secret | None = None


@dataclass(frozen=True, slots=True)
class Wishes:
    """All that shall be there. Without a region it is the one that Keystone has.

    Each account has each of ``account_roles`` in ``project``, which is made
    where it is missing; ``domain`` has both.
    """

    entries: tuple[Entry, ...] = ()
    region: str | None = None
    accounts: tuple[Account, ...] = ()
    account_roles: tuple[str, ...] = ("service",)
    project: str = "service"
    domain: str = "Default"

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles that shall be there, each once."""
        return tuple(dict.fromkeys((*ROLES, *(self.account_roles if self.accounts else ()))))


DEFAULTS = Wishes()


def entry(service: Service, public: str | None, internal: str | None, admin: str | None) -> Entry | None:
    """A service at its addresses: internal is public where it is not said, admin is internal. ``None``: not wished.

    :raises ConfigError: an address is none, or the public one is missing.
    """
    if public is None:
        if internal is None and admin is None:
            return None
        raise ConfigError(f"Say --{service.type}-url, too: clients of the service take the public address.")
    internal = internal or public
    given = dict(zip(INTERFACES, (public, internal, admin or internal), strict=True))
    return Entry(service, {interface: address(url) for interface, url in given.items()})


def address(url: str) -> str:
    """An address as it is put into the catalogue: without the slash at its end.

    :raises ConfigError: it is no address of a service.
    """
    try:
        parts = urllib.parse.urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or port == 0 or parts.scheme not in ("http", "https") or any(sign.isspace() for sign in url):
        raise ConfigError(f"{url} is no address of a service; one is https://climate.example.org/v1.")
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise ConfigError("An address in the catalogue has no user, no password and no query: everybody reads it.")
    return url.rstrip("/")


def accounts(said: Sequence[str]) -> tuple[Account, ...]:
    """The users of ``NAME`` (it is there) or ``NAME=FILE`` (the file has its password, should it have to be made).

    :raises ConfigError: a name is missing or comes twice, or others than its owner may read a file.
    """
    made = []
    for text in said:
        name, separator, file = text.partition("=")
        if not name or (separator and not file):
            raise ConfigError(f"--user {text}: write NAME, or NAME=FILE with a file that holds the password.")
        made.append(Account(name, secrets.read(Path(file)) if separator else None))
    names = [account.name for account in made]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ConfigError(f"--user names {', '.join(twice)} more than once.")
    return tuple(made)

# SPDX-License-Identifier: Apache-2.0
"""Who asks a device by SNMP, from a command line and a file; and how a section says the same without a secret."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from climate.chassis import secrets
from climate.devices.snmp.session import Community, User
from climate.errors import ConfigError

PUBLIC = "public"
VERSIONS = ("1", "2c", "3")
_SECRETS = ("community", "auth_key", "priv_key")
_WORDS = ("snmp_version", "user", "auth_protocol", "priv_protocol", "context")
WORDS = (*_WORDS, *_SECRETS, *(f"{name}{secrets.SUFFIX}" for name in _SECRETS))
"""What may stand in a file of credentials; on a command line only what is no key."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Ways to ask, by SNMP version, in the order in which they are tried; ``lines`` say the same in a section."""

    ways: Mapping[str, Community | User]
    lines: tuple[str, ...]


def read(path: Path) -> dict[str, str]:
    """What a file of credentials says, ``option = value`` on each line.

    :raises ConfigError: it cannot be read, is not its owner's alone, or a line means nothing; no value is told.
    """
    said: dict[str, str] = {}
    for number, line in enumerate(secrets.read(path).value.splitlines(), 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        name, equals, value = (part.strip() for part in text.partition("="))
        option = name.lower().replace("-", "_")
        if not equals or option not in WORDS:
            known = ", ".join(WORDS)
            raise ConfigError(f"{path}, line {number}: write option = value; the options are: {known}.")
        said[option] = str(path.parent / value) if option.endswith(secrets.SUFFIX) else value
    return said


def credentials(said: Mapping[str, str], hidden: bool = True) -> Credentials:
    """The ways to ask that some options, as in :data:`WORDS`, describe; ``hidden``: the community may not be shown.

    :raises ConfigError: they contradict each other, or a file cannot be used.
    """
    version = said.get("snmp_version") or ("3" if said.get("user") else None)
    if version is not None and version not in VERSIONS:
        raise ConfigError(f"There is no SNMP version {version}; there are: {', '.join(VERSIONS)}.")
    if version == "3":
        return _user(said)
    misplaced = [name for name in ("user", "context", "auth_key", "auth_key_file") if said.get(name)]
    if misplaced:
        raise ConfigError(f"{' and '.join(misplaced)}: these are of SNMP version 3 alone.")
    name = _secret(said, "community") or PUBLIC
    lines = [f"community = {quoted(name)}"]
    if said.get("community_file") or (hidden and said.get("community")):
        lines = _lines(said, "community")
    versions = (version,) if version else ("2c", "1")
    return Credentials({each: Community(name, 1 if each == "1" else 2) for each in versions}, tuple(lines))


def _user(said: Mapping[str, str]) -> Credentials:
    name = said.get("user")
    if not name:
        raise ConfigError("SNMP version 3 needs a user.")
    auth_key, priv_key = _secret(said, "auth_key"), _secret(said, "priv_key")
    if priv_key and not auth_key:
        raise ConfigError("Who encrypts must also sign: with priv_key_file there must be an auth_key_file.")
    given = {option: said[option] for option in ("auth_protocol", "priv_protocol", "context") if said.get(option)}
    who = User(name, auth_key=auth_key, priv_key=priv_key, **given)
    lines = [f"user = {quoted(name)}"]
    if auth_key:
        lines += [f"auth_protocol = {who.auth_protocol}", *_lines(said, "auth_key")]
    if priv_key:
        lines += [f"priv_protocol = {who.priv_protocol}", *_lines(said, "priv_key")]
    if who.context:
        lines.append(f"context = {quoted(who.context)}")
    return Credentials({"3": who}, tuple(lines))


def _secret(said: Mapping[str, str], name: str) -> str | None:
    file = said.get(f"{name}{secrets.SUFFIX}")
    if file and said.get(name):
        raise ConfigError(f"Say {name} or {name}{secrets.SUFFIX}, not both.")
    return secrets.read(Path(file)).value if file else said.get(name)


def _lines(said: Mapping[str, str], name: str) -> list[str]:
    """How a section says a secret: by its file, or by one that is still to be written."""
    option = f"{name}{secrets.SUFFIX}"
    file = said.get(option)
    if file:
        return [f"{option} = {quoted(str(Path(file).resolve()))}"]
    return ["# Write it alone into this file, and chmod 600 it.", f"{option} = {name}.secret"]


def quoted(text: str) -> str:
    """A text as it stands in an INI file behind the =, where $ begins a name and spaces around do not count."""
    value = text.replace("$", "$$")
    return f'"{value}"' if value != value.strip() or value[:1] in {'"', "'"} else value

# SPDX-License-Identifier: Apache-2.0
"""What an operator wants to be discovered: the command line of ``kwapi-drivers --discover``, and how it ends."""

from __future__ import annotations

import argparse
import enum
import ipaddress
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from climate.chassis import files
from climate.devices.snmp import loading
from climate.devices.snmp.profile import Profile
from climate.errors import ConfigError
from kwapi.core.wire import checked_probe
from kwapi.manager import credentials
from kwapi.manager.credentials import Credentials

PORT = 161
TIMEOUT_S = 2.0
NO_SECTIONS = frozenset({"DEFAULT", "bus"})
"""What sections of the process's own are called."""


class Outcome(enum.IntEnum):
    """With which status the program ends."""

    FOUND = 0
    REFUSED = 1
    USAGE = 2
    SILENT = 3

    @property
    def meaning(self) -> str:
        """It, for people."""
        return _MEANINGS[self]


_MEANINGS = {
    Outcome.FOUND: "Power was found, and a section is printed.",
    Outcome.REFUSED: "The device answers, and has no power that is known here.",
    Outcome.USAGE: "The command line is wrong, or a file that it names.",
    Outcome.SILENT: "The device does not answer, or does not accept who asks.",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the operator says of the device.

    ``site`` and ``rack`` begin its name, ``name`` is that of the section.
    ``profiles`` are those to look for, ``own`` the files of those that are
    not installed.
    """

    host: str
    port: int
    credentials: Credentials
    site: str = "site"
    rack: str = ""
    name: str | None = None
    timeout_s: float | None = None
    profiles: tuple[Profile, ...] = ()
    own: Mapping[str, Path] = field(default_factory=dict)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise ConfigError(f"{message[:1].upper()}{message[1:].rstrip('.')}.")


def parser(program: str) -> argparse.ArgumentParser:
    """The command line of ``--discover``."""
    made = _Parser(
        prog=program,
        description="Look at what a device measures, by SNMP, and print a section for the configuration that reads it.",
        epilog="Exit status: " + " ".join(f"{int(outcome)}: {outcome.meaning}" for outcome in Outcome),
        allow_abbrev=False,
    )
    add = made.add_argument
    add("--discover", required=True, metavar="HOST[:PORT]", help="Where it is; IPv6 with a port as [::1]:161.")
    add("--community", metavar="NAME", help="Who asks by version 1 or 2c. By default public.")
    add("--community-file", metavar="FILE", help="The same from a file of mode 600.")
    add("--snmp-version", choices=credentials.VERSIONS, help="By default 2c, and 1 if it does not answer that.")
    add("--user", help="Who asks by version 3.")
    add("--auth-protocol", metavar="NAME", help="How a user's requests are signed, such as sha.")
    add("--auth-key-file", metavar="FILE", help="A file of mode 600 with the key to it.")
    add("--priv-protocol", metavar="NAME", help="How they are encrypted, such as aes.")
    add("--priv-key-file", metavar="FILE", help="A file of mode 600 with the key to it.")
    add("--context", metavar="NAME", help="Of version 3, where one address has several devices behind it.")
    add("--credentials-file", metavar="FILE", help="A file of mode 600 with lines 'option = value' for the above.")
    add("--name", metavar="SECTION", help="What the section is called. By default as the device calls itself.")
    add("--site", default="site", help="The first part of the device's name on the bus.")
    add("--rack", default="", help="The second part.")
    add("--profile-file", metavar="FILE", help="A profile of your own, beside those that are installed.")
    add("--timeout", type=float, metavar="SECONDS", help=f"How long to wait for an answer. By default {TIMEOUT_S:g}.")
    add("--json", action="store_true", help="Print one JSON object, and nothing for people.")
    return made


def wanted_of(program: str, words: Sequence[str]) -> Wanted:
    """What a command line wants.

    :raises ConfigError: it cannot be understood, contradicts itself, or a file cannot be used.
    """
    arguments = parser(program).parse_args(words)
    host, port = address_of(arguments.discover)
    if arguments.timeout is not None and not 0 < arguments.timeout <= 600:
        raise ConfigError("--timeout is a number of seconds above 0, and at most 600.")
    given = {word: value for word in credentials.WORDS if (value := getattr(arguments, word, None))}
    file = arguments.credentials_file
    said = (credentials.read(Path(file)) if file else {}) | given
    own = [] if arguments.profile_file is None else [_own(Path(arguments.profile_file).resolve())]
    names = {profile.name for profile, _ in own}
    wanted = Wanted(
        host=host,
        port=port,
        credentials=credentials.credentials(said, hidden="community" not in given),
        site=arguments.site.strip("/"),
        rack=arguments.rack.strip("/"),
        name=arguments.name,
        timeout_s=arguments.timeout,
        profiles=(*(profile for profile, _ in own), *(each for each in loading.installed() if each.name not in names)),
        own={profile.name: path for profile, path in own},
    )
    try:
        checked_probe(f"{device_of(wanted, wanted.name or 'any')}/any")
    except ValueError as error:
        raise ConfigError(f"--site, --rack and --name make no name of a device: {error}.") from None
    if wanted.name and (set("[]/") & set(wanted.name) or wanted.name in NO_SECTIONS):
        raise ConfigError(f"--name: {wanted.name!r} cannot be the name of a section.")
    return wanted


def _own(path: Path) -> tuple[Profile, Path]:
    try:
        return loading.parse(str(path), files.read_bytes(path).decode()), path
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: it is not UTF-8.") from None


def address_of(text: str) -> tuple[str, int]:
    """The host and the port of ``HOST``, ``HOST:PORT``, ``[IPv6]:PORT`` or a bare IPv6 address.

    :raises ConfigError: it is none of these.
    """
    bracketed = re.fullmatch(r"\[([^\[\]]+)\](?::([0-9]{1,5}))?", text)
    plain = re.fullmatch(r"([^\s:\[\]/]+)(?::([0-9]{1,5}))?", text)
    if bracketed or text.count(":") > 1:
        host, port = (bracketed[1], bracketed[2]) if bracketed else (text, None)
        try:
            ipaddress.IPv6Address(host)
        except ValueError:
            raise ConfigError(f"{text!r} is no address; write IPv6 as [::1]:161.") from None
    elif plain:
        host, port = plain[1], plain[2]
    else:
        raise ConfigError(f"{text!r} is no address; write HOST or HOST:PORT.")
    number = PORT if port is None else int(port)
    if not 0 < number < 65536:
        raise ConfigError(f"{number} is no port.")
    return host, number


def device_of(wanted: Wanted, name: str) -> str:
    """How the bus calls the device."""
    return "/".join(part for part in (wanted.site, wanted.rack, name) if part)

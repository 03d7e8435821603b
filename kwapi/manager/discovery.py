# SPDX-License-Identifier: Apache-2.0
"""Meets a device of which only the address is known, and says how to read it: ``kwapi-drivers --discover``."""

from __future__ import annotations

import argparse
import enum
import ipaddress
import json
import re
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, TextIO

from climate.devices.snmp import loading
from climate.devices.snmp.looking import Found, look
from climate.devices.snmp.session import Community, Session, SnmpError, User
from climate.errors import ConfigError
from kwapi.core.wire import checked_probe
from kwapi.manager import credentials
from kwapi.manager.credentials import Credentials
from kwapi.manager.discovered import (
    overview_of,
    places_of,
    profiles_of,
    readings_of,
    refusal,
    section_of,
    table_of,
    to_be_read,
)

PORT = 161
Open = Callable[[str, int, Community | User, float, int], Session]
_RETRIES = 1
_TIMEOUT_S = 2.0
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{1,62}")
_NO_NAMES = frozenset({"localhost", "unknown", "none", "unset", "device", "snmp", "sysname"})


class Outcome(enum.IntEnum):
    """With which status the program ends."""

    FOUND = 0
    REFUSED = 1
    USAGE = 2
    SILENT = 3


@dataclass(frozen=True, slots=True)
class Report:
    """What there is to say of a device: for programs (``json``) and for people (``lines``)."""

    outcome: Outcome
    json: dict[str, object]
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the operator says of the device. ``site`` and ``rack`` begin its name, ``name`` is that of the section."""

    host: str
    port: int
    credentials: Credentials
    site: str = "site"
    rack: str = ""
    name: str | None = None
    timeout_s: float | None = None


class _Usage(Exception):
    """The command line cannot be understood."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise _Usage(f"{message[:1].upper()}{message[1:].rstrip('.')}.")


def parser(program: str) -> argparse.ArgumentParser:
    """The command line of ``--discover``."""
    made = _Parser(
        prog=program,
        description="Look at what a device measures, by SNMP, and print a section for the configuration that reads it.",
        epilog="Status 0: power was found; 1: it answers, and has none; 2: the command line is wrong; 3: it does not "
        "answer, or does not accept who asks.",
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
    add("--timeout", type=float, metavar="SECONDS", help=f"How long to wait for an answer. By default {_TIMEOUT_S:g}.")
    add("--json", action="store_true", help="Print one JSON object, and nothing for people.")
    return made


def run(program: str, arguments: Sequence[str], open_session: Open, output: TextIO, errors: TextIO) -> int:
    """Discover as a command line says; the exit status."""
    as_json = "--json" in arguments
    try:
        wanted = wanted_of(parser(program).parse_args(arguments))
    except (_Usage, ConfigError) as error:
        text = error.message if isinstance(error, ConfigError) else str(error)
        report = Report(Outcome.USAGE, _json(refused=text))
    else:
        report = discover(wanted, open_session, _progress(errors))
    if as_json:
        output.write(f"{json.dumps(report.json)}\n")
    else:
        output.writelines(f"{line}\n" for line in report.lines)
    if report.json["refused"] is not None and not as_json:
        errors.write(f"{program}: {report.json['refused']}\n")
    return report.outcome


def wanted_of(arguments: argparse.Namespace) -> Wanted:
    """What a command line wants.

    :raises ConfigError: it contradicts itself, or a file cannot be used.
    """
    host, port = address_of(arguments.discover)
    if arguments.timeout is not None and not 0 < arguments.timeout <= 600:
        raise ConfigError("--timeout is a number of seconds above 0, and at most 600.")
    given = {word: value for word in credentials.WORDS if (value := getattr(arguments, word, None))}
    file = arguments.credentials_file
    said = (credentials.read(Path(file)) if file else {}) | given
    wanted = Wanted(
        host=host,
        port=port,
        credentials=credentials.credentials(said, hidden="community" not in given),
        site=arguments.site.strip("/"),
        rack=arguments.rack.strip("/"),
        name=arguments.name,
        timeout_s=arguments.timeout,
    )
    try:
        checked_probe(f"{device_of(wanted, wanted.name or 'any')}/any")
    except ValueError as error:
        raise ConfigError(f"--site, --rack and --name make no name of a device: {error}.") from None
    if wanted.name and (set("[]/") & set(wanted.name) or wanted.name == "DEFAULT"):
        raise ConfigError(f"--name: {wanted.name!r} cannot be the name of a section.")
    return wanted


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


def discover(wanted: Wanted, open_session: Open, progress: Callable[[int, int], None]) -> Report:
    """Ask a device what it has, in each way until it answers."""
    complaints = []
    timeout_s = wanted.timeout_s or _TIMEOUT_S
    for version, who in wanted.credentials.ways.items():
        try:
            session = open_session(wanted.host, wanted.port, who, timeout_s, _RETRIES)
        except SnmpError as error:
            complaints.append(str(error))
            continue
        try:
            return report_of(wanted, version, look(session, loading.installed(), progress))
        except SnmpError as error:
            complaints.append(str(error))
        finally:
            session.close()
    reasons = "; ".join(dict.fromkeys(complaint.rstrip(".") for complaint in complaints))
    asked = " and ".join(wanted.credentials.ways)
    return Report(Outcome.SILENT, _json(refused=f"It does not answer as it should to SNMP version {asked}: {reasons}."))


def report_of(wanted: Wanted, version: str, found: Found) -> Report:
    """What there is to say of a device that answered."""
    places = places_of(found)
    reason = refusal(found, places)
    name = wanted.name or name_of(wanted, found)
    device = device_of(wanted, name)
    section = None
    if to_be_read(places):
        access = [f"host = {wanted.host}", f"port = {wanted.port}", f"version = {version}", *wanted.credentials.lines]
        if wanted.timeout_s is not None:
            access.append(f"timeout_s = {wanted.timeout_s:g}")
        section = section_of(name, device, found, places, access)
    told = [*overview_of(found), "", *(table_of(places) if places else [])]
    lines = [f"# {line}".rstrip() for line in told]
    if section is not None:
        lines += ["", section.rstrip("\n")]
    answer = _json(found.description, profiles_of(found), section, readings_of(device, places), reason)
    return Report(Outcome.FOUND if reason is None else Outcome.REFUSED, answer, tuple(lines))


def device_of(wanted: Wanted, name: str) -> str:
    """How the bus calls the device."""
    return "/".join(part for part in (wanted.site, wanted.rack, name) if part)


def name_of(wanted: Wanted, found: Found) -> str:
    """A name for a device: its own, that of its address, or its family and address; made of letters fit for all."""
    literal = _literal(wanted.host)
    family = found.device.profiles[0].name if found.device.profiles else "device"
    own = found.name.partition(".")[0]
    if _NAME.fullmatch(own) and own.lower() not in _NO_NAMES:
        name = own
    elif literal is None and _NAME.fullmatch(wanted.host) and wanted.host.lower() not in _NO_NAMES:
        name = wanted.host.partition(".")[0]
    elif literal is None or literal.is_loopback:
        name = family
    else:
        name = f"{family}-{re.sub('[.:]+', '-', str(literal)).strip('-')}"
    if literal is not None and literal.is_loopback:
        # Behind an address of this machine are tunnels and simulators, which have many devices.
        name = f"{name}-{zlib.crc32(repr((wanted.port, wanted.credentials.lines, found.description)).encode()):08x}"
    return name


def _literal(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address("127.0.0.1" if host.lower() == "localhost" else host)
    except ValueError:
        return None


def _json(
    description: str | None = None,
    profile: str | None = None,
    section: str | None = None,
    readings: Sequence[dict[str, object]] = (),
    refused: str | None = None,
) -> dict[str, object]:
    return {
        "description": description,
        "profile": profile,
        "section": section,
        "readings": list(readings),
        "refused": refused,
    }


def _progress(errors: TextIO) -> Callable[[int, int], None]:
    """Tells on a terminal how far it is, in one line that is gone behind the end."""
    if not errors.isatty():
        return lambda done, of: None

    def step(done: int, of: int) -> None:
        errors.write(f"\r{done} of {of} tables read" if done < of else "\r\x1b[K")
        errors.flush()

    return step

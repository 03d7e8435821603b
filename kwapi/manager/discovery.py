# SPDX-License-Identifier: Apache-2.0
"""Meets a device of which only the address is known, and says how to read it: ``kwapi-drivers --discover``."""

from __future__ import annotations

import ipaddress
import json
import re
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TextIO

from climate.devices.snmp.looking import Found, look
from climate.devices.snmp.session import Community, Session, SnmpError, User
from climate.errors import ConfigError
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
from kwapi.manager.wanted import TIMEOUT_S, Outcome, Wanted, device_of, wanted_of

Open = Callable[[str, int, Community | User, float, int], Session]
_RETRIES = 1
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{1,62}")
_NO_NAMES = frozenset({"localhost", "unknown", "none", "unset", "device", "snmp", "sysname", "default", "bus"})


@dataclass(frozen=True, slots=True)
class Report:
    """What there is to say of a device: for programs (``json``) and for people (``lines``)."""

    outcome: Outcome
    json: dict[str, object]
    lines: tuple[str, ...] = ()


def run(program: str, arguments: Sequence[str], open_session: Open, output: TextIO, errors: TextIO) -> int:
    """Discover as a command line says; the exit status."""
    as_json = "--json" in arguments
    try:
        wanted = wanted_of(program, arguments)
    except ConfigError as error:
        report = Report(Outcome.USAGE, _json(refused=error.message))
    else:
        report = discover(wanted, open_session, _progress(errors))
    if as_json:
        output.write(f"{json.dumps(report.json)}\n")
    else:
        output.writelines(f"{line}\n" for line in report.lines)
    if report.json["refused"] is not None and not as_json:
        errors.write(f"{program}: {report.json['refused']}\n")
    return report.outcome


def discover(wanted: Wanted, open_session: Open, progress: Callable[[int, int], None]) -> Report:
    """Ask a device what it has, in each way until it answers."""
    complaints = []
    timeout_s = wanted.timeout_s or TIMEOUT_S
    for version, who in wanted.credentials.ways.items():
        try:
            session = open_session(wanted.host, wanted.port, who, timeout_s, _RETRIES)
        except SnmpError as error:
            complaints.append(str(error))
            continue
        try:
            return report_of(wanted, version, look(session, wanted.profiles, progress))
        except SnmpError as error:
            complaints.append(str(error))
        finally:
            session.close()
    asked = " and ".join(wanted.credentials.ways)
    reason = complaints[0].rstrip(".")
    end = "" if reason.endswith("?") else "."
    return Report(Outcome.SILENT, _json(refused=f"No answer of use by SNMP version {asked}: {reason}{end}"))


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
        section = section_of(name, device, found, places, access, wanted.own)
    told = [*overview_of(found), "", *(table_of(places) if places else [])]
    lines = [f"# {line}".rstrip() for line in told]
    if section is not None:
        lines += ["", section.rstrip("\n")]
    answer = _json(found.description, profiles_of(found), section, readings_of(device, places), reason)
    return Report(Outcome.FOUND if reason is None else Outcome.REFUSED, answer, tuple(lines))


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

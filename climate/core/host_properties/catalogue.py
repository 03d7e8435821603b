# SPDX-License-Identifier: Apache-2.0
"""The standard properties of hosts, and how any property is named and typed.

A standard property has the same name, type and unit whichever source tells
it. Others may be added freely; their type follows from the values in use.
Names are those of Nova's hypervisor records where Nova has one.
"""

from __future__ import annotations

import difflib
import enum
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

from climate.core.host import PropertyValue

NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_:-]*(\.[A-Za-z0-9_:-]+)*", re.ASCII)
"""How a property is named: letters, digits, ``_ - :``, and dots between the parts of a nested name."""
NAME_LENGTH = 128

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_WIDEST_NUMBER = 40


class Kind(enum.StrEnum):
    """The type of a property."""

    NUMBER = "number"
    TEXT = "text"
    BOOLEAN = "boolean"


@dataclass(frozen=True, slots=True)
class Standard:
    """A standard property.

    ``several``: the text holds several names separated by spaces, and equals
    each of them. ``identifies_host``: the value tells one host from another,
    so only those who may see hosts may name the property.
    """

    name: str
    kind: Kind
    unit: str
    description: str
    several: bool = False
    identifies_host: bool = False


def _number(name: str, unit: str, description: str) -> Standard:
    return Standard(name, Kind.NUMBER, unit, description)


def _text(name: str, description: str) -> Standard:
    return Standard(name, Kind.TEXT, "", description)


def _identity(name: str, description: str, several: bool = False) -> Standard:
    return Standard(name, Kind.TEXT, "", description, several, identifies_host=True)


ID = "id"
RUNNING_VMS = "running_vms"

_TABLE = (
    _number("vcpus", "", "hardware threads"),
    _number("memory_mb", "MiB", "main memory"),
    _number("local_gb", "GiB", "local disk"),
    _text("hypervisor_type", "kind of hypervisor, such as QEMU"),
    _number("hypervisor_version", "", "version of the hypervisor, as Nova numbers it"),
    _number(RUNNING_VMS, "", "instances on the host when it was last looked at"),
    _number("vcpus_used", "", "virtual CPUs of the instances on the host"),
    _number("memory_mb_used", "MiB", "memory of the instances on the host"),
    _number("local_gb_used", "GiB", "disk of the instances on the host"),
    _text("cpu_info.vendor", "maker of the CPU"),
    _text("cpu_info.model", "CPU model, as libvirt names it"),
    _text("cpu_info.arch", "instruction set, as uname names it"),
    _number("cpu_info.topology.cells", "", "NUMA cells"),
    _number("cpu_info.topology.sockets", "", "CPU sockets; where cells are given, in each cell"),
    _number("cpu_info.topology.cores", "", "cores in each socket"),
    _number("cpu_info.topology.threads", "", "hardware threads in each core"),
    Standard("cpu_info.features", Kind.TEXT, "", "CPU flags, as libvirt names them", several=True),
    _text("cpu_model", "CPU, as its maker names it"),
    _text("microarchitecture", "generation of the CPU's cores, such as Skylake-SP or Zen 3"),
    _number("clock_ghz", "GHz", "base clock"),
    _number("l2_cache_kb", "KiB", "second-level cache of a core"),
    _number("l3_cache_kb", "KiB", "last-level cache of a socket"),
    Standard("hyperthreading", Kind.BOOLEAN, "", "several hardware threads a core are switched on"),
    Standard("turbo", Kind.BOOLEAN, "", "the clock may rise above its base"),
    _number("peak_gflops", "Gflop/s", "greatest rate in double precision, all cores"),
    _number("gpus", "", "graphics processors"),
    _text("gpu_model", "graphics processor, as its maker names it"),
    _number("gpu_memory_mb", "MiB", "memory of one graphics processor"),
    _number("network_gbps", "Gbit/s", "rate of the fastest network port"),
    _text("node_model", "the machine, as its maker names it"),
    _text("site", "where the host stands"),
    _text("cluster", "hosts bought together"),
    _text("rack", "rack in which the host stands"),
    _text("switch", "switch to which the host is wired"),
    _text(
        "latency_class", "how quick the network is, in the site's own words, such as low; hosts of one class are alike"
    ),
    Standard("aggregate", Kind.TEXT, "", "Nova's host aggregates that the host is in", several=True),
    _text("availability_zone", "Nova's availability zone"),
    Standard("traits", Kind.TEXT, "", "traits of the host, as Placement names them", several=True),
    _text("state", "whether Nova's compute service answers: up or down"),
    _text("status", "whether Nova places instances on the host: enabled or disabled"),
    _identity(ID, "any of the host's ids and names; a number is taken as its text", several=True),
    _identity("host_id", "our own id"),
    _identity("name", "the hypervisor's host name"),
    _identity("hypervisor_hostname", "the hypervisor's host name, as Nova calls it"),
    _identity("host_ip", "address of the hypervisor"),
    _identity("service.host", "Nova's compute service"),
    _identity("external_id", "what the source calls the host"),
    _identity("probes", "the points at which wattmeters measure the host, as Kwapi names them", several=True),
)

STANDARD: dict[str, Standard] = {standard.name: standard for standard in _TABLE}

OWN = frozenset({ID, "host_id", "name", "hypervisor_hostname", "service.host", "external_id"})
"""Properties that come from the host itself; a source's facts of these names are not looked at."""


def number_of(text: str) -> int | float | None:
    """The finite number that a text writes in decimal, or ``None``."""
    stripped = text.strip()
    if len(stripped) > _WIDEST_NUMBER:
        return None
    match = _NUMBER.fullmatch(stripped)
    if match is None:
        return None
    if stripped.lstrip("+-").isdigit():
        return int(stripped)
    number = float(stripped)
    return number if math.isfinite(number) else None


def boolean_of(text: str) -> bool | None:
    """The boolean that a text writes as ``true`` or ``false`` in any case, or ``None``."""
    return {"true": True, "false": False}.get(text.strip().lower())


def text_of(value: PropertyValue) -> str:
    """A value as text: booleans as ``true`` and ``false``, whole numbers without a point."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def kind_of(value: PropertyValue) -> Kind:
    """The type of one value."""
    if isinstance(value, bool):
        return Kind.BOOLEAN
    return Kind.TEXT if isinstance(value, str) else Kind.NUMBER


def kind_in_use(values: Iterable[PropertyValue]) -> Kind:
    """The type of a property that is not standard: all numbers, all booleans, or else text."""
    kinds = {kind_of(value) for value in values}
    return kinds.pop() if len(kinds) == 1 else Kind.TEXT


def as_kind(value: PropertyValue, kind: Kind) -> PropertyValue | None:
    """A fact as a value of ``kind``, or ``None`` where it cannot be one; anything can be text."""
    if kind is Kind.TEXT:
        return text_of(value)
    if kind_of(value) is kind:
        return value
    if isinstance(value, str):
        return number_of(value) if kind is Kind.NUMBER else boolean_of(value)
    return None


def storable(text: str) -> bool:
    """Whether every database and JSON can hold the text."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text


def similar(name: str, names: Iterable[str], limit: int = 3) -> list[str]:
    """Names like ``name``, the likest first; the last part of a nested name counts alone, too."""
    wanted = name.lower()
    writings: dict[str, list[str]] = {}
    for candidate in sorted(names):
        for writing in {candidate.lower(), candidate.lower().rpartition(".")[2]}:
            writings.setdefault(writing, []).append(candidate)
    near = difflib.get_close_matches(wanted, writings, n=limit)
    return list(dict.fromkeys(candidate for writing in near for candidate in writings[writing]))[:limit]

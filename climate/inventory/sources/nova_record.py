# SPDX-License-Identifier: Apache-2.0
"""What one of Nova's hypervisor records says of a host, whatever microversion it was read at.

A record is flattened: what is nested gets dotted names, a list becomes one
text of its names. Nothing in a record is fatal: a fact that cannot be used is
left out, with a note for the operator, and the others are kept.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from climate.core.host import PropertyValue
from climate.core.host_properties.catalogue import text_of
from climate.core.host_properties.facts import BadFact, checked_fact

Facts = dict[str, PropertyValue]

_DEEPEST = 6
_MOST_FACTS = 500
# What names the host is told apart from its facts; the rest is no fact that somebody could search for.
_NO_FACTS = frozenset({"id", "hypervisor_hostname", "servers", "service.host", "uptime"})


@dataclass(slots=True)
class _Reading:
    """One record while it is read: ``facts``, and ``notes`` of what had to be left out, each once."""

    facts: Facts = field(default_factory=dict)
    notes: dict[str, None] = field(default_factory=dict)

    def note(self, text: str) -> None:
        """Remember what could not be used."""
        self.notes[text] = None


@dataclass(frozen=True, slots=True)
class Hypervisor:
    """A hypervisor as Nova knows it; ``facts`` are flat and of the standard types.

    ``up``: its service answers. ``disabled``: nothing new is placed there,
    for ``disabled_reason``, if one was given.
    """

    name: str
    external_id: str
    service_host: str
    up: bool
    disabled: bool
    disabled_reason: str
    facts: Facts
    notes: tuple[str, ...] = ()


def read(record: Mapping[str, Any]) -> Hypervisor:
    """What a record says; a record without a name gives a hypervisor without one."""
    reading = _Reading()
    plain = {key: value for key, value in record.items() if key != "cpu_info"}
    plain["cpu_info"] = _cpu_info(record.get("cpu_info"), reading)
    servers = record.get("servers")
    if "running_vms" not in plain and isinstance(servers, list):
        plain["running_vms"] = len(servers)
    _flatten(plain, "", 0, reading)
    service = record.get("service")
    service = service if isinstance(service, dict) else {}
    return Hypervisor(
        name=_text(record.get("hypervisor_hostname")),
        external_id=_text(record.get("id")),
        service_host=_text(service.get("host")),
        up=record.get("state") == "up",
        disabled=record.get("status") == "disabled",
        disabled_reason=_text(service.get("disabled_reason")),
        facts=reading.facts,
        notes=tuple(reading.notes),
    )


def _cpu_info(value: object, reading: _Reading) -> object:
    """The CPU's description as an object; before microversion 2.28 it is JSON in a text, and drivers may leave it."""
    if isinstance(value, str) and value.strip():
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            reading.note("cpu_info is no JSON")
            return None
    if value and not isinstance(value, dict):
        reading.note("cpu_info is no object")
    return value if isinstance(value, dict) else None


def _flatten(mapping: Mapping[Any, Any], prefix: str, depth: int, reading: _Reading) -> None:
    for key, value in mapping.items():
        name = f"{prefix}{key}"
        if name in _NO_FACTS:
            continue
        if isinstance(value, dict):
            if depth < _DEEPEST:
                _flatten(value, f"{name}.", depth + 1, reading)
            else:
                reading.note(f"{name} is nested too deep")
            continue
        _keep(name, _words(name, value, reading) if isinstance(value, list) else value, reading)


def _keep(name: str, value: object, reading: _Reading) -> None:
    if value in ("", None):
        return
    if len(reading.facts) >= _MOST_FACTS:
        reading.note(f"there are more than {_MOST_FACTS} facts")
        return
    if not isinstance(value, str | int | float):
        reading.note(f"{name} is neither text nor a number")
        return
    try:
        reading.facts[name] = checked_fact(name, value)
    except BadFact as error:
        reading.note(str(error))


def _words(name: str, values: list[Any], reading: _Reading) -> str:
    """A list as one text: a value that comes alone, or several times, as it is; several as words."""
    texts = [text_of(value) for value in values if isinstance(value, str | int | float) and value != ""]
    if len(texts) < len(values):
        reading.note(f"{name} holds more than names")
    texts = list(dict.fromkeys(texts))
    return texts[0] if len(texts) == 1 else " ".join(map(word, texts))


def word(text: str) -> str:
    """A name as one word: with ``_`` where it has spaces."""
    return "_".join(text.split())


def _text(value: object) -> str:
    return text_of(value).strip() if isinstance(value, str | int | float) else ""

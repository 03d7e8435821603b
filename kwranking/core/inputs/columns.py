# SPDX-License-Identifier: Apache-2.0
"""A row of a table, by the names of its columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kwranking.core.facts import CpuFacts, Declared, HostFacts
from kwranking.core.inputs.numbers import clock, count, real

TEXTS = ("cpu_string", "cpu_vendor", "cpu_model", "cpu_version", "microarchitecture", "gpus")
NUMBERS = ("clock_hz", "sockets", "cores", "threads")
DECLARED = ("declared", "declared_unit", "declared_at", "declared_origin")
KNOWN = (*TEXTS, *NUMBERS, *DECLARED)
"""The columns that are looked at; ``cores`` and ``threads`` are those of the whole host."""
KNOWN_SET = frozenset(KNOWN)

FLOPS = "flop/s"
"""The unit of a declared figure, where none is named."""
_UNKNOWN = {"", "unknown", "none", "null", "n/a", "na", "-"}


def facts_of(row: Mapping[str, str | None]) -> HostFacts:
    """The host of a row. A field that cannot be read is left out, and a note says so."""
    texts = {name: _text(row.get(name)) for name in KNOWN}
    notes: list[str] = []

    def number(name: str, reader: Callable[[Any], Any]) -> Any:
        value = reader(texts[name]) if texts[name] else None
        if texts[name] and value is None:
            notes.append(f"{name} left out, it is no possible number: {texts[name][:40]}")
        return value

    cpu = CpuFacts(
        name=_name(texts),
        microarchitecture=texts["microarchitecture"],
        clock_hz=number("clock_hz", clock),
        sockets=number("sockets", count),
        cores=number("cores", count),
        threads=number("threads", count),
    )
    value = number("declared", real)
    unit, at, origin = texts["declared_unit"] or FLOPS, texts["declared_at"], texts["declared_origin"]
    declared = (Declared(value=value, unit=unit, at=at, origin=origin),) if value else ()
    return HostFacts(cpus=(cpu,), gpus=texts["gpus"], declared=declared, notes=tuple(notes))


def _name(texts: Mapping[str, str]) -> str:
    """The string, else vendor, model and version in one."""
    if texts["cpu_string"]:
        return texts["cpu_string"]
    return " ".join(texts[name] for name in ("cpu_vendor", "cpu_model", "cpu_version") if texts[name])


def _text(value: str | None) -> str:
    stripped = value.strip() if isinstance(value, str) else ""
    return "" if stripped.casefold() in _UNKNOWN else stripped

# SPDX-License-Identifier: Apache-2.0
"""What a scheduling request says: whose it is, which lease it names, how long its instance will live."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

_LEASE_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_SECONDS = re.compile(r"[0-9]{1,10}")
_SPAN = re.compile(r"(?:([0-9]{1,4})w)?(?:([0-9]{1,5})d)?(?:([0-9]{1,6})h)?(?:([0-9]{1,8})m)?(?:([0-9]{1,10})s)?")
_UNITS_S = (604_800, 86_400, 3600, 60, 1)
_REBUILD = "_nova_check_type"
_SHOWN = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request for a place, as far as leases are concerned. Hints as Nova keeps them: a list under each name."""

    project_id: str | None = None
    instance_id: str | None = None
    hints: Mapping[str, Any] = field(default_factory=dict)
    extra_specs: Mapping[str, Any] = field(default_factory=dict)

    @property
    def stays(self) -> bool:
        """Whether this is a rebuild: the instance stays where it is, whatever a filter says."""
        return values(self.hints, _REBUILD) == ["rebuild"]


@dataclass(frozen=True, slots=True)
class NoLease:
    """The request names no lease."""


@dataclass(frozen=True, slots=True)
class OfLease:
    """The request names this lease."""

    lease_id: str


@dataclass(frozen=True, slots=True)
class NotALease:
    """The request's hint names no lease that could be; ``reason`` is for the operator."""

    reason: str


Wish = NoLease | OfLease | NotALease


def request_of(spec: Any) -> Request:
    """The request that Nova's RequestSpec describes; what is not set in it is left out."""
    flavor = _set(spec, "flavor")
    return Request(
        project_id=_set(spec, "project_id"),
        instance_id=_set(spec, "instance_uuid"),
        hints=_set(spec, "scheduler_hints") or {},
        extra_specs=(None if flavor is None else _set(flavor, "extra_specs")) or {},
    )


def wish_of(request: Request, names: Iterable[str]) -> Wish:
    """Which lease the request names by these hints; all that it has must name the same one."""
    given = {name: values(request.hints, name) for name in names if name in request.hints}
    if not given:
        return NoLease()
    found: set[str] = set()
    for name, said in given.items():
        if len(said) != 1:
            return NotALease(f"hint {name} has {len(said)} values")
        text = said[0]
        if not isinstance(text, str) or not _LEASE_ID.fullmatch(text):
            return NotALease(f"hint {name} is no lease's id: {shown(text)}")
        found.add(text.lower())
    if len(found) > 1:
        return NotALease(f"hints {', '.join(given)} name different leases")
    return OfLease(found.pop())


def lifetime_s(request: Request, hint: str, extra_spec: str) -> int | None:
    """How long the instance will live, by its hint or else its flavor; ``None`` where neither says so."""
    for said in (values(request.hints, hint), values(request.extra_specs, extra_spec)):
        seconds = _seconds(said[0]) if len(said) == 1 else None
        if seconds:
            return seconds
    return None


def values(given: Mapping[str, Any], name: str) -> list[Any]:
    """What is given under a name, as a list whether it was one or not."""
    value = given.get(name)
    if value is None:
        return []
    return list(value) if isinstance(value, Sequence) and not isinstance(value, str | bytes) else [value]


def shown(text: Any) -> str:
    """What a user wrote, fit for a line of the log."""
    written = repr(text)
    return written if len(written) <= _SHOWN else f"{written[:_SHOWN]}..."


def _seconds(text: Any) -> int | None:
    said = str(text).strip().lower()
    if _SECONDS.fullmatch(said):
        return int(said)
    match = _SPAN.fullmatch(said)
    if match is None:
        return None
    return sum(int(number) * unit for number, unit in zip(match.groups(), _UNITS_S, strict=True) if number)


def _set(thing: Any, name: str) -> Any:
    """A field of one of Nova's objects, which would ask the database for one that is not set."""
    return getattr(thing, name) if name in thing else None

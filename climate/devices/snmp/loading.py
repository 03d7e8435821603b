# SPDX-License-Identifier: Apache-2.0
"""Profiles as files: one YAML document each, checked to the last word before anything of it is used."""

from __future__ import annotations

import difflib
import functools
import importlib.resources
import math
import re
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import yaml

from climate.devices.snmp.oid import Oid, oid_of
from climate.devices.snmp.profile import Column, Part, Profile, Quantity, Scope, Switch, Table
from climate.devices.snmp.series import members
from climate.errors import ConfigError

T = TypeVar("T")

KINDS = ("pdu", "ups", "bmc", "meter", "dc", "switch", "standard")
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_PLACE = re.compile(r"[a-z]+(-[a-z]+)*")
_RANGE = re.compile(r"([0-9]{1,9})\.\.([0-9]{1,9})")
_NUMBER = re.compile(r"[A-Za-z0-9]{1,16}")
_ABSENT = frozenset({-1.0})
_TELLING = frozenset({Part.NUMBER, Part.UNIT, Part.UNIT0, Part.TEXT})
_COUNTERS = {"2^31": 2.0**31, "2^32": 2.0**32, "2^64": 2.0**64}


@functools.cache
def installed() -> tuple[Profile, ...]:
    """The profiles that come along, in the order of their names.

    :raises ConfigError: one cannot be used.
    """
    folder = importlib.resources.files("climate.devices.snmp") / "profiles"
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".yaml")), key=lambda file: file.name)
    texts = (member for file in files for member in members(file.name, file.read_text(encoding="utf-8")))
    return tuple(sorted((parse(name, text) for name, text in texts), key=lambda profile: profile.name))


def named(names: Iterable[str]) -> list[Profile]:
    """Some of the installed profiles.

    :raises ConfigError: there is none of that name; near ones are told.
    """
    known = {profile.name: profile for profile in installed()}
    found = []
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=3, cutoff=0.4) or sorted(known)
            raise ConfigError(f"there is no profile {name!r}; there are: {', '.join(near)}", option="profile")
        found.append(known[name])
    return found


def parse(file: str, text: str) -> Profile:
    """The profile of a file called ``NAME.yaml``.

    :raises ConfigError: it is none; the text names the file, the place in it and the fault.
    """
    name = file.rsplit("/", 1)[-1].removesuffix(".yaml")
    try:
        document = yaml.load(text, _Loader)  # noqa: S506 - it is a safe one
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark is not None else ""
        fault = error.problem if isinstance(error, _Twice) else "it is no YAML"
        raise ConfigError(f"{file}{line}: {fault}.") from None
    except (ValueError, RecursionError):
        raise ConfigError(f"{file}: it is no YAML.") from None
    try:
        return _profile(name, _Node(document, ""))
    except _Fault as fault:
        raise ConfigError(f"{file}: {fault}") from None


class _Twice(yaml.MarkedYAMLError):
    """A word stands twice in one mapping, where YAML would forget the first."""


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Plain YAML, in which ``on``, ``off``, ``yes`` and ``no`` are words, and a date is one too."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        words = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        for place, (key, _) in enumerate(node.value):
            if isinstance(key, yaml.ScalarNode) and key.value in words[:place]:
                raise _Twice(problem=f"{key.value} stands here twice", problem_mark=key.start_mark)
        return super().construct_mapping(node, deep)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag.rpartition(":")[2] not in {"bool", "timestamp"}]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("true|false"), ["t", "f"])


class _Fault(Exception):
    """What is wrong with a profile, and where."""


class _Node:
    """A mapping of the document, with the way to it; each word is taken once, and what nobody takes is a fault."""

    def __init__(self, content: Any, way: str) -> None:
        if not isinstance(content, dict) or not all(isinstance(key, str | int) for key in content):
            raise _Fault(f"{way or 'the file'}: here must be a mapping")
        self._content: dict[str, Any] = {str(key): value for key, value in content.items()}
        self._taken: set[str] = set()
        self.way = way

    def __contains__(self, key: str) -> bool:
        return key in self._content

    def take(self, key: str, read: Callable[[Any], T], default: T | None = None) -> T:
        """What ``read`` makes of a word; without a default it must be there."""
        self._taken.add(key)
        if key not in self._content:
            if default is None:
                raise _Fault(f"{self.way or 'the file'}: {key} is missing")
            return default
        return self._read(key, read)

    def maybe(self, key: str, read: Callable[[Any], T]) -> T | None:
        """The same of a word that need not be there."""
        self._taken.add(key)
        return self._read(key, read) if key in self._content else None

    def _read(self, key: str, read: Callable[[Any], T]) -> T:
        try:
            return read(self._content[key])
        except (ValueError, TypeError) as error:
            raise _Fault(f"{self.below(key)}: {error}") from None

    def below(self, key: str) -> str:
        """The way to a word."""
        return f"{self.way}.{key}" if self.way else key

    def node(self, key: str) -> _Node:
        """A mapping in it."""
        self._taken.add(key)
        return _Node(self._content.get(key), self.below(key))

    def nodes(self, key: str) -> list[_Node]:
        """A row of mappings in it, one at least."""
        self._taken.add(key)
        rows = self._content.get(key)
        if not isinstance(rows, list) or not rows:
            raise _Fault(f"{self.below(key)}: here must be a list")
        return [_Node(row, f"{self.below(key)}[{place}]") for place, row in enumerate(rows)]

    def items(self) -> list[str]:
        """Its words."""
        return list(self._content)

    def end(self) -> None:
        """Nothing is left that has no meaning."""
        left = sorted(set(self._content) - self._taken)
        if left:
            near = difflib.get_close_matches(left[0], self._taken, n=1)
            hint = f"; is it {near[0]}?" if near else ""
            raise _Fault(f"{self.below(left[0])}: this word means nothing here{hint}")


def _profile(name: str, node: _Node) -> Profile:
    if _NAME.fullmatch(name) is None:
        raise _Fault("a profile's file is called like vendor-family.yaml, in small letters")
    standard = node.take("standard", _boolean, False)
    found = Profile(
        name=name,
        vendor=node.take("vendor", _text),
        kind=node.take("kind", _one_of(KINDS)),
        description=node.take("description", _text),
        mibs=node.take("mibs", _list(_text)),
        source=node.take("source", _text),
        object_ids=node.take("object_ids", _list(_oid), ()),
        standard=standard,
        coarse=node.take("coarse", _boolean, False),
        exact=node.take("exact", _boolean, False),
        refresh_s=node.maybe("refresh_s", _positive),
        tables=tuple(table for each in node.nodes("tables") for table in _tables(each)),
        switch=_switch(node.node("switch")) if "switch" in node else None,
    )
    if not found.object_ids and not standard:
        raise _Fault("object_ids: say how such a device is recognised, or that it is a standard")
    node.end()
    return found


def _tables(node: _Node) -> list[Table]:
    """One table, or one for each of its ``rows`` of instances."""
    scope = node.take("scope", Scope)
    place = node.take("place", _matching(_PLACE, "small letters"), scope.value)
    if "rows" in node:
        rows = node.node("rows")
        node.end()
        return [
            Table(scope=scope, place=place, columns=_columns(rows.node(number)), number=number)
            for number in rows.items()
            if _row_number(rows, number)
        ]
    index = node.maybe("index", _list(_part)) or ()
    table = Table(
        scope=scope,
        place=place,
        columns=_columns(node.node("columns")),
        index=index,
        label=node.maybe("label", _oid),
    )
    node.end()
    for each in (index, *(column.index for column in table.columns.values())):
        if Part.ANY in each and not any(part in _TELLING or isinstance(part, range) for part in each):
            raise _Fault(f"{node.below('index')}: nothing in it tells one place from another")
        if each and not index:
            raise _Fault(f"{node.way}: a column has an index where its table has none")
    return [table]


def _row_number(rows: _Node, number: str) -> bool:
    if _NUMBER.fullmatch(number) is None:
        raise _Fault(f"{rows.below(number)}: a row is called by a number or a short word")
    return True


def _columns(node: _Node) -> dict[Quantity, Column]:
    columns = {}
    for quantity in node.items():
        if quantity not in list(Quantity):
            raise _Fault(f"{node.below(quantity)}: no quantity; there are: {', '.join(Quantity)}")
        columns[Quantity(quantity)] = _column(node.node(quantity))
    if not columns:
        raise _Fault(f"{node.way}: here must be a column")
    return columns


def _column(node: _Node) -> Column:
    scale = node.take("scale", _scale, 1.0)
    absent = node.maybe("absent", _list(_number))
    modulus = node.maybe("counter", _one_of(tuple(_COUNTERS)))
    beside = node.nodes("where") if "where" in node else []
    column = Column(
        oid=node.take("oid", _oid),
        object=node.take("object", _text),
        scale=scale,
        absent=_ABSENT if absent is None else frozenset(absent),
        digits=node.maybe("digits", _oid),
        exponent=node.maybe("exponent", _oid),
        multiplier=node.maybe("multiplier", _oid),
        multipliers=_multipliers(node.node("multipliers")) if "multipliers" in node else {},
        where=_where([each for each in beside if "matches" not in each]),
        texts=tuple(_text_beside(each) for each in beside if "matches" in each),
        unless=_where(node.nodes("unless")) if "unless" in node else (),
        index=node.maybe("index", _list(_part)) or (),
        modulus_j=None if modulus is None else _COUNTERS[modulus] * scale,
    )
    if (column.multiplier is None) != (not column.multipliers):
        raise _Fault(f"{node.way}: multiplier and multipliers come together")
    node.end()
    return column


def _multipliers(node: _Node) -> dict[int, float]:
    if not all(key.removeprefix("-").isdecimal() for key in node.items()):
        raise _Fault(f"{node.way}: write number: factor, such as 3: 1000")
    found = {int(key): node.take(key, _scale) for key in node.items()}
    node.end()
    return found


def _where(nodes: list[_Node]) -> tuple[tuple[Oid, frozenset[int]], ...]:
    found = []
    for node in nodes:
        found.append((node.take("oid", _oid), frozenset(node.take("is", _list(_integer)))))
        node.take("object", _text, "")
        node.end()
    return tuple(found)


def _text_beside(node: _Node) -> tuple[Oid, re.Pattern[str]]:
    found = node.take("oid", _oid), node.take("matches", _pattern)
    node.take("object", _text, "")
    node.end()
    return found


def _switch(node: _Node) -> Switch:
    found = Switch(
        command=node.take("command", _oid),
        state=node.take("state", _oid),
        index=node.take("index", _list(_part)),
        on=node.take("on", _integer),
        off=node.take("off", _integer),
        cycle=node.maybe("cycle", _integer),
        off_command=node.maybe("off_command", _oid),
        cycle_command=node.maybe("cycle_command", _oid),
        unlock=node.maybe("unlock", _oid),
        is_on=frozenset(node.take("is_on", _list(_integer))),
        is_off=frozenset(node.take("is_off", _list(_integer))),
        place=node.take("place", _matching(_PLACE, "small letters"), "outlet"),
    )
    node.take("object", _text, "")
    node.end()
    same_command = found.off_command is None or found.off_command == found.command
    if found.is_on & found.is_off or (same_command and found.on == found.off):
        raise _Fault(f"{node.way}: on and off are the same")
    return found


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("here must be a text")
    return value.strip()


def _pattern(value: Any) -> re.Pattern[str]:
    try:
        return re.compile(_text(value))
    except re.error as error:
        raise ValueError(f"{value!r} is no regular expression: {error}") from None


def _oid(value: Any) -> Oid:
    return oid_of(value if isinstance(value, str) else str(value))


def _part(value: Any) -> Part | int | range:
    if type(value) is int and value >= 0:
        return value
    between = _RANGE.fullmatch(value) if isinstance(value, str) else None
    return Part(value) if between is None else range(int(between[1]), int(between[2]) + 1)


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("here must be true or false")
    return value


def _integer(value: Any) -> int:
    if type(value) is not int:
        raise ValueError("here must be a whole number")
    return value


def _number(value: Any) -> float:
    if type(value) not in (int, float) or not math.isfinite(value):
        raise ValueError("here must be a number")
    return float(value)


def _scale(value: Any) -> float:
    number = _number(value)
    if number == 0:
        raise ValueError("nothing can be multiplied with 0")
    return number


def _positive(value: Any) -> float:
    number = _number(value)
    if number <= 0:
        raise ValueError("here must be a number above 0")
    return number


def _one_of(words: tuple[str, ...]) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if value not in words:
            raise ValueError(f"{value!r} is none of: {', '.join(words)}")
        return str(value)

    return read


def _matching(pattern: re.Pattern[str], what: str) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if not isinstance(value, str) or pattern.fullmatch(value) is None:
            raise ValueError(f"{value!r}: here must be {what}")
        return value

    return read


def _list(read: Callable[[Any], T]) -> Callable[[Any], tuple[T, ...]]:
    def read_all(value: Any) -> tuple[T, ...]:
        if not isinstance(value, list):
            raise ValueError("here must be a list")
        return tuple(read(each) for each in value)

    return read_all

# SPDX-License-Identifier: Apache-2.0
"""The filter language: from JSON to a tree of clauses.

It is that of Nova's JsonFilter: ``["and", [">=", "$vcpus", 16], ["in",
"$rack", "a1", "a2"]]``. A comparison sets its first term against all the
others; ``in`` asks whether one of them equals it; ``not`` holds where one of
its clauses does not; ``[]`` is every host. Terms are text, numbers, booleans
and ``$names``, in any place. New is ``["homogeneous", "$cpu_model", ...]``: all
hosts of a lease must share these properties' values. It stands at the root or
under ``and`` only, where it has a meaning for the request as a whole.
"""

from __future__ import annotations

import enum
import itertools
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NoReturn

import msgspec

from climate.core.host import PropertyValue
from climate.core.host_properties.catalogue import NAME, NAME_LENGTH, similar, storable
from climate.errors import BadProperties

FIELD = "host_properties"
MAX_DEPTH = 16
MAX_CLAUSES = 256
MAX_BYTES = 16 * 1024

_LARGEST_NUMBER = 2**63 - 1  # as of facts: a larger one compares with none of them
_SHOWN = 300  # characters of a clause that an error shows
_HOMOGENEOUS = "homogeneous"


class Operator(enum.StrEnum):
    """How a comparison compares."""

    EQUAL = "="
    LESS = "<"
    GREATER = ">"
    LESS_OR_EQUAL = "<="
    GREATER_OR_EQUAL = ">="
    IN = "in"


OPERATORS = (*map(str, Operator), "and", "or", "not", _HOMOGENEOUS)


@dataclass(frozen=True, slots=True)
class Literal:
    """A value that the request writes itself."""

    value: PropertyValue


@dataclass(frozen=True, slots=True)
class Name:
    """A property of the host, without the ``$``."""

    name: str


Term = Literal | Name


@dataclass(frozen=True, slots=True)
class Everything:
    """``[]``: every host. ``place`` is the path of indexes from the root, like ``[2][1]``."""

    place: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """The first term against all others; there are two terms at least."""

    operator: Operator
    terms: tuple[Term, ...]
    place: str


@dataclass(frozen=True, slots=True)
class Homogeneous:
    """All hosts share the values of these properties. It refuses no host that has them."""

    names: tuple[Name, ...]
    place: str


@dataclass(frozen=True, slots=True)
class And:
    """Every clause holds."""

    clauses: tuple[Clause, ...]
    place: str


@dataclass(frozen=True, slots=True)
class Or:
    """One clause holds at least."""

    clauses: tuple[Clause, ...]
    place: str


@dataclass(frozen=True, slots=True)
class Not:
    """One clause at least does not hold: of a single clause, its negation."""

    clauses: tuple[Clause, ...]
    place: str


Clause = Everything | Comparison | Homogeneous | And | Or | Not

_LOGICAL: dict[str, Callable[[tuple[Clause, ...], str], Clause]] = {"and": And, "or": Or, "not": Not}


def parse(
    value: object, *, max_depth: int = MAX_DEPTH, max_clauses: int = MAX_CLAUSES, max_bytes: int = MAX_BYTES
) -> Clause:
    """The clauses of a filter, given as a JSON list or as text that holds one.

    ``max_bytes`` bounds the text, or all terms of the list together.

    :raises BadProperties: naming the clause and its place.
    """
    plain = as_list(value, max_bytes=max_bytes)
    return _Parser(max_depth, max_clauses, max_bytes).clause(plain, "", 1, True)


def as_list(value: object, *, max_bytes: int = MAX_BYTES) -> list[Any]:
    """The filter as a JSON list: itself, or what the text holds; its clauses are not looked at.

    :raises BadProperties: neither a list, nor text that holds one.
    """
    if isinstance(value, str):
        value = _decoded(value, max_bytes)
    if not isinstance(value, list):
        refuse("host_properties must be a list: write [] for any host, or [operator, term, ...].", value, "")
    return value


def _decoded(text: str, max_bytes: int) -> object:
    if len(text) > max_bytes:
        refuse(f"host_properties is too long: at most {max_bytes} bytes.", text, "")
    if not storable(text):
        refuse("host_properties holds a character that cannot be stored.", text, "")
    if not text.strip():
        refuse("host_properties is empty text: write [] for any host.", text, "")
    try:
        return msgspec.json.decode(text)
    except RecursionError:
        refuse("host_properties is nested too deep.", text, "")
    except msgspec.DecodeError as error:
        refuse(f"host_properties is not JSON: {str(error).removeprefix('JSON is malformed: ')}.", text, "")


def refuse(message: str, clause: object, place: str, near: Iterable[str] = (), **details: Any) -> NoReturn:
    """Raise BadProperties for a clause, given as JSON values."""
    raise BadProperties(message, field=FIELD, clause=_shown(clause), place=place, near=list(near), **details)


def _shown(clause: object) -> str:
    """The beginning of the clause's JSON text, without writing all of a huge one."""
    if isinstance(clause, list):
        clause = [_clipped(part) for part in clause[:_SHOWN]]
    written = ""
    try:
        for part in json.JSONEncoder().iterencode(_clipped(clause)):
            written += part
            if len(written) > _SHOWN:
                return written[:_SHOWN] + "..."
    except (TypeError, ValueError, RecursionError):
        return f"<{type(clause).__name__}>"
    return written


def _clipped(value: object) -> object:
    return value[:_SHOWN] if isinstance(value, str) else value


def plain_of(clause: Clause) -> list[Any]:
    """A clause as JSON values; :func:`parse` of it gives the clause again."""
    match clause:
        case Everything():
            return []
        case Comparison(operator, terms, _):
            return [str(operator), *(_plain_term(term) for term in terms)]
        case Homogeneous(names, _):
            return [_HOMOGENEOUS, *(_plain_term(name) for name in names)]
        case And(clauses, _) | Or(clauses, _) | Not(clauses, _):
            return [type(clause).__name__.lower(), *(plain_of(inner) for inner in clauses)]


def _plain_term(term: Term) -> PropertyValue:
    return f"${term.name}" if isinstance(term, Name) else term.value


class _Parser:
    """One pass over one filter; counts its clauses and the length of its terms."""

    def __init__(self, max_depth: int, max_clauses: int, max_bytes: int) -> None:
        self._max_depth = max_depth
        self._max_clauses = max_clauses
        self._max_bytes = max_bytes
        self._clauses = 0
        self._bytes = 0

    def clause(self, plain: object, place: str, depth: int, whole: bool) -> Clause:
        """A clause at ``place``; ``whole``: it stands for the request as a whole, at the root or under ``and``."""
        if not isinstance(plain, list):
            refuse("A clause must be a list: [operator, term, ...].", plain, place)
        if depth > self._max_depth:
            refuse(f"host_properties is nested too deep: at most {self._max_depth} levels.", plain, place)
        self._clauses += 1
        if self._clauses > self._max_clauses:
            refuse(f"host_properties has too many clauses: at most {self._max_clauses}.", plain, place)
        if not plain:
            return Everything(place)
        operator = plain[0]
        if not isinstance(operator, str):
            refuse(f"A clause begins with an operator: {' '.join(OPERATORS)}.", plain, f"{place}[0]")
        if operator in _LOGICAL:
            return self._logical(operator, plain, place, depth, whole)
        if operator == _HOMOGENEOUS:
            return self._homogeneous(plain, place, whole)
        if operator not in OPERATORS:
            known = f"known are {' '.join(OPERATORS)}"
            near = similar(operator[:NAME_LENGTH], OPERATORS)
            refuse(f"{json.dumps(operator[:NAME_LENGTH])} is no operator: {known}.", plain, f"{place}[0]", near)
        if len(plain) < 3:
            refuse(f'"{operator}" needs two terms at least: ["{operator}", "$name", value].', plain, place)
        return Comparison(Operator(operator), self._terms(plain, place), place)

    def _logical(self, operator: str, plain: list[Any], place: str, depth: int, whole: bool) -> Clause:
        if len(plain) < 2:
            refuse(f'"{operator}" needs a clause: ["{operator}", [...], ...].', plain, place)
        within = whole and operator == "and"
        clauses = []
        for index, inner in enumerate(plain[1:], 1):
            if not isinstance(inner, list):
                refuse(
                    f'"{operator}" takes clauses, each a list: ["{operator}", ["=", "$name", value]].',
                    plain,
                    f"{place}[{index}]",
                )
            clauses.append(self.clause(inner, f"{place}[{index}]", depth + 1, within))
        return _LOGICAL[operator](tuple(clauses), place)

    def _homogeneous(self, plain: list[Any], place: str, whole: bool) -> Homogeneous:
        if not whole:
            refuse('"homogeneous" stands at the root or under "and" only.', plain, place)
        if len(plain) < 2:
            refuse('"homogeneous" needs a property: ["homogeneous", "$cpu_model"].', plain, place)
        names = []
        for index, term in enumerate(self._terms(plain, place), 1):
            if not isinstance(term, Name):
                refuse(
                    '"homogeneous" takes properties only, each with a $ before its name.', plain, f"{place}[{index}]"
                )
            names.append(term)
        return Homogeneous(tuple(names), place)

    def _terms(self, plain: list[Any], place: str) -> tuple[Term, ...]:
        terms = []
        for index, term in enumerate(itertools.islice(plain, 1, None), 1):
            self._bytes += 2 + (len(term) if isinstance(term, str) else 0)
            if self._bytes > self._max_bytes:
                refuse(f"host_properties is too long: at most {self._max_bytes} bytes.", plain, f"{place}[{index}]")
            terms.append(_term(term, plain, f"{place}[{index}]"))
        return tuple(terms)


def _term(term: object, clause: list[Any], place: str) -> Term:
    if isinstance(term, str):
        return _text_term(term, clause, place)
    if isinstance(term, bool):
        return Literal(term)
    if isinstance(term, int | float):
        if not abs(term) <= _LARGEST_NUMBER:  # also true of NaN
            refuse("A number must be finite and below 2^63.", clause, place)
        return Literal(term)
    if isinstance(term, list):
        refuse("A comparison takes values and $names, no clause or list.", clause, place)
    refuse("A term must be text, a number, true, false or a $name.", clause, place)


def _text_term(term: str, clause: list[Any], place: str) -> Term:
    if not storable(term):
        refuse("A text holds a character that cannot be stored.", clause, place)
    if not term.startswith("$"):
        return Literal(term)
    if len(term) > NAME_LENGTH + 1 or NAME.fullmatch(term, 1) is None:
        shown = json.dumps(term[:NAME_LENGTH])
        refuse(f"{shown} names no property: write $ and its name, such as $vcpus.", clause, place)
    return Name(term[1:])

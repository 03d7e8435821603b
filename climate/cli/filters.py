# SPDX-License-Identifier: Apache-2.0
"""Filters of hosts as people write them on a command line, and where each part of them stands.

``vcpus>=32`` is ``[">=", "$vcpus", "32"]``, ``rack=a1,a2`` is ``["in",
"$rack", "a1", "a2"]``. Values go out as text: the service knows the type of a
property, and reads ``"32"`` as a number where it is one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from climate.cli.failures import Refused, Spot, Unusable
from climate.errors import BadProperties

_OPERATORS: Final = ("=", "!=", "<", "<=", ">", ">=")
_NEAR: Final = {"==": "=", "=>": ">=", "=<": "<=", "<>": "!=", "~": "=", "!": "!="}
_SHORT: Final = re.compile(r"\s*\$?(?P<name>[^\s=<>!~$]*)\s*(?P<operator>[=<>!~]*)\s*(?P<values>.*?)\s*", re.DOTALL)
_DEEPEST: Final = 64
_SPACE: Final = re.compile(r"[\s,]*")


@dataclass(frozen=True, slots=True)
class Piece:
    """One part of a filter: the clause, and the spots in what was ``written`` of its places (``[1][2]``)."""

    clause: list[Any]
    written: str
    spots: Mapping[str, tuple[int, int]]

    def spot(self, place: str) -> Spot:
        """Where a place of the clause stands, or the nearest that encloses it."""
        while place not in self.spots and place:
            place = place[: place.rindex("[")]
        return Spot(self.written, *self.spots.get(place, (0, len(self.written))))


@dataclass(frozen=True, slots=True)
class Filter:
    """All parts of a filter, which hold together."""

    pieces: tuple[Piece, ...]

    @property
    def clause(self) -> list[Any] | None:
        """The filter as the service takes it; ``None`` if nothing was asked for."""
        if not self.pieces:
            return None
        clauses = [piece.clause for piece in self.pieces]
        return clauses[0] if len(clauses) == 1 else ["and", *clauses]

    def refused(self, error: BadProperties) -> Refused | BadProperties:
        """The error of a service that refused this filter, with the spot of which it speaks."""
        place = str(error.details.get("place", ""))
        if not self.pieces:
            return error
        if len(self.pieces) == 1:
            return Refused(error, self.pieces[0].spot(place))
        index, _, rest = place.removeprefix("[").partition("]")
        if not index.isdigit() or not 1 <= int(index) <= len(self.pieces):
            return error
        return Refused(error, self.pieces[int(index) - 1].spot(rest))


def read(whole: str | None, short: Iterable[str] = (), homogeneous: Iterable[str] = ()) -> Filter:
    """The filter that the options of a command line mean together.

    ``whole`` is one as JSON; each of ``short`` a comparison, each of
    ``homogeneous`` names of properties.

    :raises Unusable: one of them cannot be read; says where.
    """
    pieces = [] if whole is None else [_json(whole)]
    pieces += [comparison(text) for text in short]
    pieces += [_homogeneous(text) for text in homogeneous]
    return Filter(tuple(pieces))


def comparison(text: str) -> Piece:
    """A comparison in its short form.

    :raises Unusable: it is none; says where.
    """
    found = _SHORT.fullmatch(text)
    if found is None or not found["name"]:
        raise Unusable("A property's name stands first: write 'vcpus>=32' or rack=a1,a2.", Spot(text, 0, 1))
    name, operator = found["name"], found["operator"]
    if operator not in _OPERATORS:
        known = " ".join(_OPERATORS)
        said = f"{operator} is no operator" if operator else "An operator stands behind the name"
        near = f"; did you mean {_NEAR[operator]}?" if operator in _NEAR else "."
        spot = Spot(text, found.start("operator"), found.end("operator"))
        raise Unusable(f"{said}: known are {known}{near}", spot)
    values = _values(text, found.start("values"), found.end("values"))
    if len(values) > 1 and operator not in ("=", "!="):
        raise Unusable(f"Only one value can stand behind {operator}.", Spot(text, values[1][1], values[-1][2]))
    spots = {
        "": (found.start("name"), found.end("values")),
        "[0]": found.span("operator"),
        "[1]": found.span("name"),
        **{f"[{index}]": (start, end) for index, (_, start, end) in enumerate(values, 2)},
    }
    plain = "in" if len(values) > 1 else operator.removeprefix("!") if operator == "!=" else operator
    clause = [plain, f"${name}", *(value for value, _, _ in values)]
    if operator != "!=":
        return Piece(clause, text, spots)
    return Piece(["not", clause], text, {"": spots[""], **{f"[1]{place}": span for place, span in spots.items()}})


def _values(text: str, start: int, end: int) -> list[tuple[str, int, int]]:
    """The values in ``text[start:end]``, separated by commas, each with its span; in quotes, a JSON text."""
    found = []
    at = start
    while True:
        if text.startswith('"', at):
            try:
                value, stop = json.JSONDecoder().raw_decode(text, at)
            except json.JSONDecodeError:
                raise Unusable("The quote is not closed.", Spot(text, at, end)) from None
            behind = text.find(",", stop, end)
            if text[stop : end if behind < 0 else behind].strip():
                raise Unusable("A comma must stand behind the closing quote.", Spot(text, stop, stop + 1))
        else:
            behind = text.find(",", at, end)
            stop = end if behind < 0 else behind
            value = text[at:stop].strip()
            if not value:
                raise Unusable('A value is missing; an empty one is written "".', Spot(text, at, at + 1))
        found.append((value, at, stop))
        if behind < 0:
            return found
        at = behind + 1 + len(text[behind + 1 : end]) - len(text[behind + 1 : end].lstrip())


def _homogeneous(text: str) -> Piece:
    clause: list[Any] = ["homogeneous"]
    spots = {"": (0, len(text))}
    for found in re.finditer(r"[^,]+", text):
        name = found[0].strip().removeprefix("$")
        spots[f"[{len(clause)}]"] = found.span()
        clause.append(f"${name}")
    if len(clause) == 1 or "$" in clause:
        raise Unusable("Name a property that all hosts shall have alike, such as cpu_info.model.", Spot(text, 0, 1))
    return Piece(clause, text, spots)


def _json(text: str) -> Piece:
    spots: dict[str, tuple[int, int]] = {}
    try:
        clause = json.loads(text)
        _mark(text, 0, "", spots)
    except json.JSONDecodeError as error:
        raise Unusable(f"This is no JSON: {error.msg}.", Spot(text, error.pos, error.pos + 1)) from None
    except (RecursionError, ValueError):
        raise Unusable("This JSON cannot be used: it is nested too deep, or a number in it is too long.") from None
    if not isinstance(clause, list):
        raise Unusable("A filter is a JSON list: [operator, term, ...].", Spot(text, 0, len(text)))
    return Piece(clause, text, spots)


def _mark(text: str, at: int, place: str, spots: dict[str, tuple[int, int]]) -> int:
    """Write down where each part of valid JSON stands; the end of the value that begins at ``at``.

    :raises ValueError: it is nested deeper than any service reads.
    """
    if place.count("[") > _DEEPEST:
        raise ValueError(place)
    start = at = _past_space(text, at)
    if text[at] != "[":
        end = json.JSONDecoder().raw_decode(text, at)[1]
    else:
        index, at = 0, _past_space(text, at + 1)
        while text[at] != "]":
            at = _past_space(text, _mark(text, at, f"{place}[{index}]", spots))
            index += 1
        end = at + 1
    spots[place] = (start, end)
    return end


def _past_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at

# SPDX-License-Identifier: Apache-2.0
"""How answers are shown: to people briefly and in their own time, to programs as the service gave them."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from climate.client import times

PEOPLE: Final = "table"
_NESTED: Final = ("json", "yaml")  # formats that hold lists and objects themselves
_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_LINKS: Final = "links"
_PAGE: Final = 100  # what every site allows

Answer = Mapping[str, Any]


def page(limit: int | None) -> dict[str, int]:
    """The size of the pages in which to fetch a list of which at most ``limit`` entries are shown."""
    return {} if limit is None else {"limit": min(limit, _PAGE)}


def row(answer: Answer, names: Sequence[str], form: str) -> list[Any]:
    """The fields ``names`` of an answer, as values for one of cliff's formats."""
    return [field(name, answer.get(name), form) for name in names]


def names_of(answers: Iterable[Answer], form: str) -> list[str]:
    """The fields of answers in the order in which they come; people do not look at links."""
    names = dict.fromkeys(name for answer in answers for name in answer)
    if form == PEOPLE:
        names.pop(_LINKS, None)
    return list(names)


def field(name: str, value: Any, form: str) -> Any:
    """One field of an answer for one of cliff's formats."""
    if form in _NESTED:
        return value
    if form == PEOPLE:
        return _for_people(name, value)
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)


def _for_people(name: str, value: Any) -> Any:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case int() if name == "duration":
            return times.short(value)
        case dict():
            return _object(value)
        case list():
            return _list(name, value)
    return plain(value) if isinstance(value, str) else value


def _object(value: Answer) -> str:
    match value:
        case {"state": state, "until_at": until}:
            return f"{state} until {local(until)}"
        case {"state": state, "start_at": start}:
            return f"{state} from {local(start)}"
    return "\n".join(f"{name}={plain(inner)}" for name, inner in value.items())


def _list(name: str, value: Sequence[Any]) -> str:
    if name == "hosts":
        return "\n".join(str(host["name"] or host["id"]) for host in value)
    if name == "values":
        return ", ".join(map(plain, value))
    return plain(value)


def plain(value: Any) -> str:
    """A value of a property, or of another field, in one line."""
    if isinstance(value, str):
        return local(value) if _INSTANT.fullmatch(value) else value
    return json.dumps(value, ensure_ascii=False)


def local(instant: str) -> str:
    """An instant of the service's in the time of this machine, with its offset; seconds where there are any."""
    moment = dt.datetime.fromisoformat(instant).astimezone()
    return moment.isoformat(" ", "seconds" if moment.second else "minutes")

# SPDX-License-Identifier: Apache-2.0
"""JSON from a stranger: read strictly, so that what passes is safe for every part behind.

Names given twice, numbers that no database holds, text that is no UTF-8 and
nesting that exhausts a stack are refused here. Reading finds the form of a
body, :func:`check` looks into one field of it: a field with a language of its
own, whose errors say more, is checked by that language instead.
"""

from __future__ import annotations

import json
from typing import Any

import webob

from climate.errors import BadField

BODY = "body"
_DEEPEST = 32
_LARGEST = 2**63 - 1
_LONGEST_WHOLE = 400  # digits: a float of more is infinite


def read_object(request: webob.Request) -> dict[str, Any]:
    """The JSON object in a request's body; ``{}`` without a body.

    :raises BadField: it is not announced as JSON, or is no JSON object.
    """
    raw: bytes = request.body
    if not raw:
        return {}
    _check_type(request)
    value = _parsed(raw)
    if not isinstance(value, dict):
        raise BadField("The body must be a JSON object: {...}.", field=BODY)
    if isinstance(value, Ambiguous):
        raise BadField(f"{value.twice} is given twice.", field=value.twice)
    for name in value:
        _check_text(name, BODY)
    return value


class Ambiguous(dict[str, Any]):
    """An object in which a name, ``twice``, is given twice; :func:`check` refuses it."""

    twice = ""


def _parsed(raw: bytes) -> Any:
    """The JSON value in a body. What would do harm stays in it: as Ambiguous, NaN or an infinity.

    :raises BadField: it is no JSON, or exhausts the stack.
    """
    try:
        return json.loads(raw.decode("utf-8"), object_pairs_hook=_object, parse_int=_whole)
    except UnicodeDecodeError:
        raise BadField(f"{BODY} is not UTF-8.", field=BODY) from None
    except RecursionError:
        raise _too_deep(BODY) from None
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise BadField(f"{BODY} is not JSON: {error.msg} ({place}).", field=BODY) from None


def _check_type(request: webob.Request) -> None:
    if request.content_type not in ("", "application/json"):
        raise BadField("Content-Type must be application/json.", field="Content-Type")
    if request.headers.get("Content-Encoding", "identity") != "identity":
        raise BadField("The body must not be compressed.", field="Content-Encoding")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) == len(pairs):
        return value
    names = [name for name, _ in pairs]
    ambiguous = Ambiguous(value)
    ambiguous.twice = next(name for name in names if names.count(name) > 1)
    return ambiguous


def _whole(digits: str) -> int | float:
    """A whole number; one that is longer than any that is used becomes a float, which takes no time."""
    return int(digits) if len(digits) <= _LONGEST_WHOLE else float(digits)


def check(value: Any, field: str, depth: int = 1) -> None:
    """Do nothing if a JSON value does no harm in the parts behind.

    :raises BadField: naming ``field``: it is nested too deeply, ambiguous, or
        holds a number or character that not every part can.
    """
    if depth > _DEEPEST:
        raise _too_deep(field)
    if isinstance(value, Ambiguous):
        raise BadField(f"{field} gives {value.twice!r} twice.", field=field)
    if isinstance(value, dict):
        for name, inner in value.items():
            _check_text(name, field)
            check(inner, field, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            check(inner, field, depth + 1)
    elif isinstance(value, str):
        _check_text(value, field)
    elif isinstance(value, (int, float)) and not -_LARGEST <= value <= _LARGEST:
        raise BadField(f"{field} holds a number that is too large.", field=field)


def _check_text(text: str, field: str) -> None:
    if "\x00" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise BadField(f"{field} holds a character that is no text (NUL, or half of a pair).", field=field)


def _too_deep(field: str) -> BadField:
    return BadField(f"{field} is nested too deeply: at most {_DEEPEST} levels.", field=field)

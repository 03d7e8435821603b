# SPDX-License-Identifier: Apache-2.0
"""JSON from a stranger: read strictly, so that what passes is safe for every part behind.

Names given twice, numbers that no database holds, text that is no UTF-8 and
nesting that exhausts a stack are refused here, once.
"""

from __future__ import annotations

import json
from typing import Any

import webob

from climate.errors import BadField

BODY = "body"
_DEEPEST = 32
_LARGEST = 2**63 - 1


def read_object(request: webob.Request) -> dict[str, Any]:
    """The JSON object in a request's body; ``{}`` without a body.

    :raises BadField: it is not announced as JSON, or is no JSON object.
    """
    raw: bytes = request.body
    if not raw:
        return {}
    _check_type(request)
    value = parse(raw, BODY)
    if not isinstance(value, dict):
        raise BadField("The body must be a JSON object: {...}.", field=BODY)
    return value


def parse(raw: str | bytes, field: str) -> Any:
    """The JSON value in ``raw``.

    :raises BadField: naming ``field``, when it is no JSON, or JSON that would do harm.
    """
    try:
        text = raw if isinstance(raw, str) else raw.decode("utf-8")
        value = json.loads(text, object_pairs_hook=lambda pairs: _object(pairs, field), parse_constant=_no_constant)
    except UnicodeDecodeError:
        raise BadField(f"{field} is not UTF-8.", field=field) from None
    except RecursionError:
        raise _too_deep(field) from None
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise BadField(f"{field} is not JSON: {error.msg} ({place}).", field=field) from None
    except ValueError:
        raise BadField(f"{field} holds a number that cannot be used.", field=field) from None
    check(value, field)
    return value


def _check_type(request: webob.Request) -> None:
    if request.content_type not in ("", "application/json"):
        raise BadField("Content-Type must be application/json.", field="Content-Type")
    if request.headers.get("Content-Encoding", "identity") != "identity":
        raise BadField("The body must not be compressed.", field="Content-Encoding")


def _object(pairs: list[tuple[str, Any]], field: str) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise BadField(f"{twice} is given twice.", field=field if field != BODY else twice)
    return value


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def check(value: Any, field: str, depth: int = 1) -> None:
    """Do nothing if a JSON value does no harm; on the first level of a body, a name is the field that errors speak of.

    :raises BadField: it is nested too deeply, or holds a number or character that not every part can.
    """
    if depth > _DEEPEST:
        raise _too_deep(field)
    if isinstance(value, dict):
        for name, inner in value.items():
            _check_text(name, field)
            check(inner, name if field == BODY and depth == 1 else field, depth + 1)
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

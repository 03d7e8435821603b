# SPDX-License-Identifier: Apache-2.0
"""The OpenAPI 3.1 document, made from the table of routes and the types of bodies and answers."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable
from typing import Any

from wsme import types as wtypes

from climate.api import answers, booking, instance_answers
from climate.api.fields import Field
from climate.api.routes import ALIASES, ROUTES, Route, errors_of
from climate.chassis.web import faults
from climate.chassis.web.resource import JSON
from climate.errors import RepeatMismatch

_REF = "#/components/schemas/"
_PLAIN = "text/plain"
_ABOUT = (
    "Reserve whole hosts in time. Every address answers with and without a slash at its end. "
    "Times are ISO 8601 with an offset or integer epoch seconds in, and ISO 8601 in UTC out. "
    f"Other names: {', '.join(f'{alias} for {path}' for alias, path in ALIASES.items())}."
)


def document(version: str) -> dict[str, Any]:
    """The document; ``servers`` is left to whoever serves it."""
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Climate", "version": version, "description": _ABOUT, "license": {"name": "Apache-2.0"}},
        "paths": paths,
        "components": {
            "schemas": {kind.__name__: schema_of(kind) for kind in _kinds()},
            "securitySchemes": {"token": {"type": "apiKey", "in": "header", "name": "X-Auth-Token"}},
        },
        "security": [{"token": []}],
    }


def schema_of(kind: type[wtypes.Base]) -> dict[str, Any]:
    """The JSON schema of a WSME type."""
    attributes = wtypes.list_attributes(kind)
    is_answer = any(attribute.mandatory for attribute in attributes)
    schema: dict[str, Any] = {
        "type": "object",
        "description": inspect.cleandoc(kind.__doc__ or ""),
        "properties": {
            # A request may say null for "left out"; an answer says null only where its schema does.
            attribute.name: _field(attribute.datatype) if is_answer else _or_null(_field(attribute.datatype))
            for attribute in attributes
        },
        "additionalProperties": False,
    }
    if is_answer:
        schema["required"] = [attribute.name for attribute in attributes if attribute.mandatory]
    if hasattr(kind, "sample"):
        schema["examples"] = [kind.sample()]
    return schema


def _field(datatype: Field) -> dict[str, Any]:
    return dict(datatype.schema)


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    description = schema.pop("description")
    return {"oneOf": [schema, {"type": "null"}], "description": description}


def _kinds() -> Iterable[type[wtypes.Base]]:
    requests = [route.body for route in ROUTES if route.body is not None]
    classes = [kind for part in (answers, instance_answers) for _, kind in inspect.getmembers(part, inspect.isclass)]
    shown = [kind for kind in classes if issubclass(kind, wtypes.Base)]
    return dict.fromkeys([*requests, *shown])


def _operation(route: Route) -> dict[str, Any]:
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"\{(\w+)\}", route.path)
    ]
    parameters += [
        {"name": one.name, "in": "query", "description": one.description, "schema": dict(one.schema)}
        for one in route.query
    ]
    if RepeatMismatch in route.errors:
        parameters.append(_REPEAT)
    if _has_etag(route):
        parameters.append(_IF_NONE_MATCH)
    operation: dict[str, Any] = {
        "operationId": _operation_id(route),
        "summary": route.summary,
        "description": f"For {route.who}.",
        "parameters": parameters,
        "responses": _responses(route),
    }
    if route.body is not None:
        schema = {"$ref": _REF + route.body.__name__}
        operation["requestBody"] = {"required": True, "content": {JSON: {"schema": schema}}}
    if route.is_open:
        operation["security"] = []
    return operation


def _responses(route: Route) -> dict[str, Any]:
    good: dict[str, Any] = {"description": route.summary + "."}
    if route.answer is not None:
        schemas = [{"$ref": _REF + kind.__name__} for kind in (route.answer, route.also) if kind is not None]
        good["content"] = {JSON: {"schema": schemas[0] if len(schemas) == 1 else {"oneOf": schemas}}}
    elif route.success != _NO_CONTENT:
        good["content"] = {JSON if route.path.endswith(".json") else _PLAIN: {}}
    responses = {str(route.success): good}
    if _has_etag(route):
        responses["304"] = {"description": "Nothing changed since the answer with this ETag."}
    by_status: dict[int, list[str]] = {}
    for error in errors_of(route):
        by_status.setdefault(faults.STATUS[error.kind], []).append(f"{error.error_code}: {error.default_message}")
    for status, lines in sorted(by_status.items()):
        responses[str(status)] = {
            "description": "\n\n".join(lines),
            "content": {JSON: {"schema": {"$ref": f"{_REF}Error"}}},
            **({"headers": {"Retry-After": _RETRY_AFTER}} if status in _PASSING else {}),
        }
    return responses


def _operation_id(route: Route) -> str:
    words = re.findall(r"\w+", route.path.removeprefix("/v1")) or ["v1" if route.path == "/v1" else "root"]
    return "_".join([route.method.lower(), *words])


def _has_etag(route: Route) -> bool:
    return route.answer is answers.Availability


_NO_CONTENT = 204
_PASSING = (429, 503)
_RETRY_AFTER = {"description": "In how many seconds to ask again.", "schema": {"type": "integer", "minimum": 1}}
_REPEAT = {
    "name": booking.REPEAT_HEADER,
    "in": "header",
    "description": "Any text of yours. The same request with the same key within 24 hours is answered with the "
    "same lease; another request with that key is refused.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
}
_IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "description": "The ETag of an earlier answer.",
    "schema": {"type": "string"},
}

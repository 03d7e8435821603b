# SPDX-License-Identifier: Apache-2.0
"""What an attribute of an answer may be: WSME attributes that carry their JSON schema."""

from __future__ import annotations

from typing import Any

from wsme import types as wtypes

from climate.api.fields import Field
from climate.core.lifecycle import State


def shown(schema: dict[str, Any], description: str = "", nullable: bool = False, always: bool = True) -> wtypes.wsattr:
    """An attribute with the JSON schema ``schema``; ``always``: every answer has it."""
    if nullable:
        schema = {"oneOf": [schema, {"type": "null"}]}
    if description:
        schema = {**schema, "description": description}
    return wtypes.wsattr(Field("shown", schema), mandatory=always)


def text(description: str = "", **how: bool) -> wtypes.wsattr:
    """Text."""
    return shown({"type": "string"}, description, **how)


def number(description: str = "", **how: bool) -> wtypes.wsattr:
    """A whole number, not negative."""
    return shown({"type": "integer", "minimum": 0}, description, **how)


def flag(description: str = "", **how: bool) -> wtypes.wsattr:
    """True or false."""
    return shown({"type": "boolean"}, description, **how)


def instant(description: str = "", **how: bool) -> wtypes.wsattr:
    """An instant, in ISO 8601."""
    return shown({"type": "string", "format": "date-time"}, description, **how)


def many(of: str, description: str = "", **how: bool) -> wtypes.wsattr:
    """A list of answers of one class, by its name."""
    return shown({"type": "array", "items": {"$ref": f"#/components/schemas/{of}"}}, description, **how)


def single(of: str, description: str = "", **how: bool) -> wtypes.wsattr:
    """One answer of a class, by its name."""
    return shown({"$ref": f"#/components/schemas/{of}"}, description, **how)


def state(description: str = "") -> wtypes.wsattr:
    """The state of a lease."""
    return shown({"type": "string", "enum": [str(state) for state in State]}, description)


def facts(description: str, **how: bool) -> wtypes.wsattr:
    """Values of properties, by name."""
    values = {"type": ["string", "number", "boolean"]}
    return shown({"type": "object", "additionalProperties": values}, description, **how)


def links() -> wtypes.wsattr:
    """Addresses, by what they lead to."""
    return shown({"type": "object", "additionalProperties": {"type": "string", "format": "uri"}})

# SPDX-License-Identifier: Apache-2.0
"""The types of a request's fields, for WSME: what each accepts, as a value of ours, and its JSON schema.

WSME's own types convert what they get (``true`` to 1, ``3.7`` to 3); these
say what is wrong, in the name of the field.
"""

from __future__ import annotations

from typing import Any

from wsme import types as wtypes

from climate.core import limits
from climate.core.host_properties import grammar
from climate.core.period import parse_duration, parse_instant
from climate.errors import BadField


class Field(wtypes.UserType):
    """A field that knows its name; ``schema`` is what the OpenAPI document says of it.

    ``checks_itself``: it has a language of its own, which refuses whatever does harm.
    """

    checks_itself = False
    basetype = str  # WSME hands values of this base type on as they are
    schema: dict[str, Any]

    def __init__(self, name: str, schema: dict[str, Any]) -> None:
        self.name = name
        self.schema = schema


class Instant(Field):
    """Epoch seconds, from an integer or ISO 8601 text with an offset."""

    def __init__(self, name: str, description: str) -> None:
        super().__init__(
            name,
            {
                "oneOf": [{"type": "string", "format": "date-time"}, {"type": "integer", "minimum": 0}],
                "description": f"{description} ISO 8601 with an offset, or integer epoch seconds.",
            },
        )

    def frombasetype(self, value: object) -> int | None:
        """Epoch seconds."""
        return None if value is None else parse_instant(value, self.name)


class Duration(Field):
    """Seconds, from an integer or text."""

    def __init__(self, name: str, description: str) -> None:
        super().__init__(
            name,
            {
                "oneOf": [{"type": "integer", "minimum": 1}, {"type": "string", "examples": ["2h30m", "PT2H30M"]}],
                "description": f"{description} Seconds, 2h30m, or ISO 8601.",
            },
        )

    def frombasetype(self, value: object) -> int | None:
        """Seconds, above 0."""
        return None if value is None else parse_duration(value, self.name)


class Whole(Field):
    """A whole number of a range."""

    def __init__(self, name: str, description: str, least: int, most: int) -> None:
        super().__init__(name, {"type": "integer", "minimum": least, "maximum": most, "description": description})
        self._least = least
        self._most = most

    def frombasetype(self, value: object) -> int | None:
        """The number."""
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not self._least <= value <= self._most:
            raise BadField(f"{self.name} must be a whole number from {self._least} to {self._most}.", field=self.name)
        return value


class LimitValue(Field):
    """The value of a limit, in its own range."""

    def __init__(self, name: str) -> None:
        limit = limits.BY_NAME[name]
        span: dict[str, Any] = {"minimum": limit.least, "maximum": limit.most}
        any_of = {"anyOf": [span, {"const": limits.UNLIMITED}]} if limit.endless else span
        endless = " -1 is no limit." if limit.endless else ""
        super().__init__(name, {"type": "integer", **any_of, "description": limit.description + endless})

    def frombasetype(self, value: object) -> int | None:
        """The number; ``None`` for that of the site."""
        if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
            raise BadField(f"{self.name} must be a whole number, or null for the site's value.", field=self.name)
        limits.check(self.name, value)
        return value


class Flag(Field):
    """True or false, and nothing that resembles them."""

    def __init__(self, name: str, description: str) -> None:
        super().__init__(name, {"type": "boolean", "description": description})

    def frombasetype(self, value: object) -> bool | None:
        """The flag."""
        if value is None or isinstance(value, bool):
            return value
        raise BadField(f"{self.name} must be true or false.", field=self.name)


class Text(Field):
    """One line of text."""

    def __init__(self, name: str, description: str, longest: int) -> None:
        super().__init__(name, {"type": "string", "maxLength": longest, "description": description})
        self._longest = longest

    def frombasetype(self, value: object) -> str | None:
        """The text, without spaces around it."""
        if value is None:
            return None
        if not isinstance(value, str):
            raise BadField(f"{self.name} must be text.", field=self.name)
        if len(value) > self._longest:
            raise BadField(f"{self.name} is too long: at most {self._longest} characters.", field=self.name)
        if not value.isprintable():
            raise BadField(f"{self.name} must be one line without control characters.", field=self.name)
        return value.strip()


class Filter(Field):
    """A filter of hosts: a JSON list, or that list as text."""

    checks_itself = True

    def __init__(self, name: str, description: str) -> None:
        super().__init__(
            name,
            {"oneOf": [{"type": "array", "items": {}}, {"type": "string"}], "description": description},
        )

    def frombasetype(self, value: object) -> list[Any] | None:
        """The list; which properties there are is for the inventory to say."""
        if value is None:
            return None
        clauses = grammar.as_list(value)
        grammar.parse(clauses)
        return clauses

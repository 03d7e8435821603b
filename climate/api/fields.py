# SPDX-License-Identifier: Apache-2.0
"""What requests and answers are made of, for WSME: what each field of a request accepts, and its JSON schema.

WSME's own types convert what they get (``true`` to 1, ``3.7`` to 3); these
say what is wrong, in the name of the field.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from wsme import types as wtypes

from climate.core import limits
from climate.core.host import PropertyValue
from climate.core.host_properties import grammar
from climate.core.host_properties.definitions import Rule
from climate.core.period import parse_duration, parse_instant
from climate.errors import BadField


class Body(wtypes.Base):
    """A request or an answer: its attributes are in the order in which its class names them.

    WSME would read that order from the source, which takes it longer than all else that it does at the start.
    """

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls._wsme_attr_order = [name for name, value in vars(cls).items() if isinstance(value, wtypes.wsattr)]


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


class Words(Field):
    """A list of texts, such as names."""

    def __init__(self, name: str, description: str, longest: int) -> None:
        one = {"type": "string", "minLength": 1, "maxLength": longest}
        super().__init__(name, {"type": "array", "items": one, "minItems": 1, "description": description})
        self._one = Text(name, description, longest)

    def frombasetype(self, value: object) -> list[str] | None:
        """The texts, without spaces around them."""
        if value is None:
            return None
        if not isinstance(value, list):
            raise BadField(f"{self.name} must be a list of texts.", field=self.name)
        texts = [self._one.frombasetype(one) for one in value]
        if not texts or not all(texts):
            raise BadField(f"{self.name} must be a list of texts, none of them empty.", field=self.name)
        return [text for text in texts if text]


class Choice(Field):
    """One of several words."""

    def __init__(self, name: str, description: str, words: Iterable[str]) -> None:
        self._words = tuple(words)
        super().__init__(name, {"type": "string", "enum": list(self._words), "description": description})

    def frombasetype(self, value: object) -> str | None:
        """The word."""
        if value is None:
            return None
        if value not in self._words:
            raise BadField(f"{self.name} must be one of: {', '.join(self._words)}.", field=self.name)
        return str(value)


class Facts(Field):
    """Values of properties by name; null where there shall be none any more."""

    def __init__(self, name: str, description: str) -> None:
        values = {"type": ["string", "number", "boolean", "null"]}
        super().__init__(name, {"type": "object", "additionalProperties": values, "description": description})

    def frombasetype(self, value: object) -> dict[str, PropertyValue | None] | None:
        """The values; whether there are such properties is for the inventory to say."""
        if value is None:
            return None
        if not isinstance(value, dict):
            raise BadField(f"{self.name} must be an object: {{name: value}}.", field=self.name)
        for name, fact in value.items():
            if not isinstance(fact, str | int | float | None):
                raise BadField(
                    f"{self.name}: {name[:128]!r} must be text, a number, true, false or null.", field=self.name
                )
        return value


class Rules(Field):
    """Which hosts have which value of a property, in order."""

    def __init__(self, name: str, description: str) -> None:
        rule = {
            "type": "object",
            "properties": {
                "where": {"type": "array", "description": "A filter of hosts, as host_properties, for single hosts."},
                "value": {"type": ["string", "number", "boolean"]},
            },
            "required": ["where", "value"],
            "additionalProperties": False,
        }
        super().__init__(name, {"type": "array", "items": rule, "description": description})

    def frombasetype(self, value: object) -> tuple[Rule, ...] | None:
        """The rules; what their filters mean is for the inventory to say."""
        if value is None:
            return None
        if not isinstance(value, list):
            raise BadField(f"{self.name} must be a list of rules.", field=self.name)
        return tuple(self._rule(f"{self.name}[{index}]", one) for index, one in enumerate(value))

    def _rule(self, place: str, value: object) -> Rule:
        if not isinstance(value, dict) or value.keys() != {"where", "value"}:
            raise BadField(f'{place} must be a rule: {{"where": [...], "value": ...}}.', field=place)
        where, fact = value["where"], value["value"]
        if not isinstance(where, list):
            raise BadField(f"{place}.where must be a filter: a list.", field=f"{place}.where")
        if not isinstance(fact, str | int | float):
            raise BadField(f"{place}.value must be text, a number, true or false.", field=f"{place}.value")
        return Rule(where=where, value=fact)


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

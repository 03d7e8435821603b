# SPDX-License-Identifier: Apache-2.0
"""YAML as plain values, made straight from the parser's events.

PyYAML's own way makes a tree of nodes first. In a file of ten thousand hosts
these are millions of objects, which the garbage collector walks through again
and again: that takes six times as long. The values are those of its safe
loader, but for two things: dates stay text, and a key that comes twice is an
error.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NoReturn

import yaml
from yaml.constructor import ConstructorError

# libyaml's parser is ten times quicker, and not everywhere.
Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_TAG = "tag:yaml.org,2002:"
_STAYS_TEXT = frozenset({f"{_TAG}timestamp", f"{_TAG}value", f"{_TAG}merge"})

Event = Any  # PyYAML's events have no types of their own


def load(text: str) -> Any:
    """The values of the one document in ``text``; ``None`` if there is none.

    :raises yaml.YAMLError: it cannot be understood; with the place, as far as there is one.
    :raises ValueError: a value that is none of its type.
    :raises RecursionError: it is nested too deep.
    """
    return _Builder(text).document()


class _Builder:
    """One pass over one text."""

    def __init__(self, text: str) -> None:
        self._events: Iterator[Event] = yaml.parse(text, Loader)
        self._types: Any = yaml.SafeLoader("")  # finds the type of a scalar, and makes its value
        self._plain: dict[str, Any] = {}
        self._anchors: dict[str, Any] = {}

    def document(self) -> Any:
        """All of it."""
        next(self._events)  # the stream's beginning
        if isinstance(next(self._events), yaml.StreamEndEvent):
            return None
        value = self._value(next(self._events))
        next(self._events)  # the document's end
        after = next(self._events)
        if not isinstance(after, yaml.StreamEndEvent):
            _refuse("there is a second document", after)
        return value

    def _value(self, event: Event) -> Any:
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in self._anchors:
                _refuse(f"found undefined alias {event.anchor!r}", event)
            return self._anchors[event.anchor]
        if isinstance(event, yaml.ScalarEvent):
            value = self._scalar(event)
        elif isinstance(event, yaml.SequenceStartEvent):
            self._check_tag(event, f"{_TAG}seq")
            value = self._sequence()
        else:
            self._check_tag(event, f"{_TAG}map")
            value = self._mapping()
        if event.anchor is not None:
            self._anchors[event.anchor] = value
        return value

    def _sequence(self) -> list[Any]:
        values = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            values.append(self._value(event))
        return values

    def _mapping(self) -> dict[Any, Any]:
        own: dict[Any, Any] = {}
        merged: dict[Any, Any] = {}
        seen = set()
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._value(event)
            if isinstance(key, list | dict):
                _refuse("a key must be text or a number", event)
            value = self._value(next(self._events))
            written = event.value if isinstance(event, yaml.ScalarEvent) else key
            if written == "<<" and isinstance(event, yaml.ScalarEvent) and event.implicit[0]:
                merged |= _merged(value, event)
                continue
            if written in seen:
                _refuse(f"the key {written!r} comes twice", event)
            seen.add(written)
            own[key] = value
        return merged | own

    def _scalar(self, event: Event) -> Any:
        if event.tag not in (None, "!"):
            return self._made(event.tag, event)
        if not event.implicit[0]:
            return event.value
        if event.value not in self._plain:  # the same words come in every host
            tag = self._types.resolve(yaml.ScalarNode, event.value, event.implicit)
            self._plain[event.value] = event.value if tag in _STAYS_TEXT else self._made(tag, event)
        return self._plain[event.value]

    def _made(self, tag: str, event: Event) -> Any:
        return self._types.construct_object(yaml.ScalarNode(tag, event.value, event.start_mark), deep=True)

    def _check_tag(self, event: Event, expected: str) -> None:
        if event.tag not in (None, "!", expected):
            _refuse(f"the tag {event.tag} is not known here", event)


def _refuse(message: str, event: Event) -> NoReturn:
    raise ConstructorError(None, None, message, event.start_mark)


def _merged(value: Any, event: Event) -> dict[Any, Any]:
    """What ``<<`` brings in: a mapping, or several, of which the first counts most."""
    several = value if isinstance(value, list) else [value]
    if not all(isinstance(one, dict) for one in several):
        _refuse("<< takes a mapping, or a list of mappings", event)
    merged: dict[Any, Any] = {}
    for one in reversed(several):
        merged |= one
    return merged

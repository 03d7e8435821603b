# SPDX-License-Identifier: Apache-2.0
"""The facts of hosts by which a request may choose, and what operators say of them."""

from __future__ import annotations

import builtins
from collections.abc import Iterable
from typing import Any, NotRequired, TypedDict
from urllib.parse import quote

from climate.client.connection import Connection


class Rule(TypedDict):
    """Hosts that the filter ``where`` holds for have this ``value``."""

    where: list[Any]
    value: str | float | bool


class Property(TypedDict):
    """A fact. With detail, ``values`` are those in use, or ``minimum`` and ``maximum`` where they are numbers;
    operators also see how many ``hosts`` have it. The rest, from ``hidden`` on, is for operators."""

    name: str
    type: str
    unit: str | None
    description: str | None
    values: NotRequired[list[Any]]
    minimum: NotRequired[float | None]
    maximum: NotRequired[float | None]
    hosts: NotRequired[int]
    hidden: NotRequired[bool]
    source: NotRequired[str]
    rules: NotRequired[list[Rule]]
    rule_problems: NotRequired[list[str]]


class Properties:
    """The catalogue of properties; whoever is no operator may only look, or gets ``Forbidden``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def list(
        self, *, detail: bool = False, sort: str | None = None, hidden: bool | None = None
    ) -> builtins.list[Property]:
        """All properties; with ``detail`` the values in use, too.

        ``sort``: by ``name``, ``type``, or for operators ``hosts``. ``hidden``,
        for operators: only those that are, or are not.
        """
        query = {"detail": _flag(detail or None), "sort": sort, "hidden": _flag(hidden)}
        return self._connection.json("GET", "/properties", query=query)["properties"]

    def get(self, name: str) -> Property:
        """One property with its values in use.

        :raises PropertyNotFound: there is none, or it is hidden.
        """
        return self._connection.json("GET", _path(name))

    def add(
        self,
        name: str,
        type: str,
        *,
        unit: str | None = None,
        description: str | None = None,
        hidden: bool | None = None,
        rules: Iterable[Rule] | None = None,
    ) -> Property:
        """A property that neither the standard nor a source knows; ``type`` is ``number``, ``text`` or ``boolean``.

        :raises PropertyExists: there is one of this name.
        :raises BadField, BadProperties: it cannot be like this.
        """
        body = {"name": name, "type": type, **_said(unit, description, hidden, rules)}
        return self._connection.json("POST", "/properties", body=body)

    def set(
        self,
        name: str,
        *,
        unit: str | None = None,
        description: str | None = None,
        hidden: bool | None = None,
        rules: Iterable[Rule] | None = None,
    ) -> Property:
        """Hide or show a property, describe it, give it other rules; what is left out stays.

        :raises PropertyNotFound: there is none.
        :raises BadField, BadProperties: it cannot be like this.
        """
        return self._connection.json("PATCH", _path(name), body=_said(unit, description, hidden, rules))

    def delete(self, name: str) -> None:
        """Forget all that operators said of a property, to single hosts too.

        :raises PropertyNotFound: there is none.
        :raises PropertyReported: nothing was said of it: it may be hidden instead.
        """
        self._connection.request("DELETE", _path(name))


def _said(
    unit: str | None, description: str | None, hidden: bool | None, rules: Iterable[Rule] | None
) -> dict[str, Any]:
    said = {
        "unit": unit,
        "description": description,
        "hidden": hidden,
        "rules": None if rules is None else [dict(rule) for rule in rules],
    }
    return {field: value for field, value in said.items() if value is not None}


def _flag(value: bool | None) -> str | None:
    return None if value is None else str(value).lower()


def _path(name: str) -> str:
    return f"/properties/{quote(name, safe='')}"

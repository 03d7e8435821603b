# SPDX-License-Identifier: Apache-2.0
"""The directive ``climate-rest``: every address, from the table of routes and the OpenAPI document of the code."""

from __future__ import annotations

import importlib.metadata
import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from climate.api import openapi
from climate.api.routes import ALIASES, ROUTES, Route, errors_of
from climate.chassis.web import faults

Schema = Mapping[str, Any]
_REF = "#/components/schemas/"


def pages() -> str:
    """All addresses by their noun, then all objects that answers hold (reStructuredText)."""
    document = openapi.document(importlib.metadata.version("climate"))
    schemas = document["components"]["schemas"]
    lines: list[str] = []
    for noun, routes in itertools.groupby(ROUTES, key=_noun):
        lines += _title(noun, "-")
        for route in routes:
            lines += _route(route, document["paths"][route.path][route.method.lower()], schemas)
    lines += [
        *_title("Other names", "-"),
        *_table(("Address", "answers as"), ((f"``{a}``", f"``{b}``") for a, b in ALIASES.items())),
    ]
    lines += _title("Objects in answers", "-")
    for name in sorted(_answered(schemas)):
        lines += [
            f".. _rest-{name.lower()}:",
            "",
            *_title(name, "~"),
            schemas[name]["description"],
            "",
            *_fields(schemas[name]),
        ]
    return "\n".join(lines)


def _noun(route: Route) -> str:
    words = [word for word in route.path.split("/") if word]
    return words[1].capitalize() if len(words) > 1 and words[0] == "v1" and words[1] != "openapi.json" else "Service"


def _route(route: Route, operation: Schema, schemas: Mapping[str, Schema]) -> Iterator[str]:
    yield from _title(f"{route.method} {route.path}", "~")
    yield from (route.summary if route.summary.endswith("?") else f"{route.summary}.", "", f"For {route.who}.", "")
    parameters = [one for one in operation["parameters"] if one["in"] != "path"]
    if parameters:
        rows = ((f"``{one['name']}``", one["in"], one["description"]) for one in parameters)
        yield from _table(("Parameter", "in", "Meaning"), rows)
    if route.body is not None:
        yield from ("The body is a JSON object:", "", *_fields(schemas[route.body.__name__], answer=False))
    kinds = [kind.__name__ for kind in (route.answer, route.also) if kind]
    answer = " with " + " or ".join(f":ref:`{kind} <rest-{kind.lower()}>`" for kind in kinds) if kinds else ""
    yield from (f"Answers {route.success}{answer}.", "")
    errors = sorted({(faults.STATUS[error.kind], error.error_code) for error in errors_of(route)})
    if errors:
        yield from ("Errors: " + ", ".join(f"{status} ``{code}``" for status, code in errors) + ".", "")


def _answered(schemas: Mapping[str, Schema]) -> set[str]:
    bodies = {route.body.__name__ for route in ROUTES if route.body}
    return set(schemas) - bodies


def _fields(schema: Schema, answer: bool = True) -> Iterator[str]:
    rows = (
        (f"``{name}``", _type(field, answer), field.get("description", ""))
        for name, field in schema["properties"].items()
    )
    yield from _table(("Field", "Type", "Meaning"), rows)


def _type(schema: Schema, answer: bool) -> str:
    """What a schema allows, in words; that a request's field may be null goes without saying."""
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(_REF)
        return f":ref:`{name} <rest-{name.lower()}>`"
    if "oneOf" in schema:
        kinds = [_type(one, answer) for one in schema["oneOf"] if answer or one.get("type") != "null"]
        return " or ".join(dict.fromkeys(kinds))
    if "enum" in schema:
        return ", ".join(f"``{value}``" for value in schema["enum"])
    if schema.get("format") == "date-time":
        return "instant"
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    word = " or ".join({"array": "list", "string": "text"}.get(kind, kind) for kind in kinds)
    inner = schema.get("items" if word == "list" else "additionalProperties", {})
    return f"{word} of {_type(inner, answer)}" if "$ref" in inner else word


def _title(text: str, underline: str) -> list[str]:
    return [text, underline * len(text), ""]


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield from (".. list-table::", "   :header-rows: 1", "")
    for row in (head, *rows):
        for number, cell in enumerate(row):
            yield f"   {'* -' if number == 0 else '  -'} {cell}"
    yield ""


class Rest(SphinxDirective):
    """Puts all addresses and objects on the page."""

    def run(self) -> list[nodes.Node]:
        """The sections' nodes."""
        return self.parse_text_to_nodes(pages(), allow_section_headings=True)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("climate-rest", Rest)
    return {"parallel_read_safe": True}

# SPDX-License-Identifier: Apache-2.0
"""What there is to find here: the versions, and the document that describes this one."""

from __future__ import annotations

from collections.abc import Mapping

from climate.chassis.web.resource import Answer, Call, Resource

_PUBLIC = {"Cache-Control": "private, max-age=300"}  # private: the links repeat the asker's own Host header


def _version(call: Call) -> dict[str, object]:
    return {
        "id": "v1.0",
        "status": "CURRENT",
        "links": [
            {"rel": "self", "href": call.link("/v1/")},
            {"rel": "describedby", "type": "application/json", "href": call.link("/v1/openapi.json")},
        ],
    }


class Root(Resource):
    """The service itself."""

    def get(self, call: Call) -> Answer:
        """The versions."""
        return Answer({"versions": [_version(call)]}, headers=_PUBLIC)


class Version(Resource):
    """Version 1."""

    def get(self, call: Call) -> Answer:
        """The version."""
        return Answer({"version": _version(call)}, headers=_PUBLIC)


class Description(Resource):
    """The OpenAPI document."""

    def __init__(self, document: Mapping[str, object]) -> None:
        super().__init__()
        self._document = document

    def get(self, call: Call) -> Answer:
        """The document, with the address under which it was asked for."""
        return Answer({**self._document, "servers": [{"url": call.link("")}]}, headers=_PUBLIC)

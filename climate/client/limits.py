# SPDX-License-Identifier: Apache-2.0
"""What projects may ask for and hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NotRequired, TypedDict
from urllib.parse import quote

from climate.client.connection import Connection


class LimitValue(TypedDict):
    """What counts for the project, the site's value, and what is used where that is counted; -1 is no limit."""

    value: int
    default: int
    used: NotRequired[int]


class ProjectLimits(TypedDict):
    """All limits of a project, by name."""

    project_id: str
    limits: dict[str, LimitValue]


class Limits:
    """The limits of one's own project; for administrators those of all."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, project_id: str | None = None) -> ProjectLimits:
        """The limits of a project, by default one's own, and what it uses.

        :raises Forbidden: it is another's, and one is no administrator.
        """
        return self._connection.json("GET", "/limits" if project_id is None else _path(project_id))

    def list(self) -> Iterator[ProjectLimits]:
        """The projects with limits of their own, by id, fetched a page at a time; without what they use.

        :raises Forbidden: one is no administrator.
        """
        return self._connection.pages("/limits", "projects", {"all_projects": "true"})

    def set(self, project_id: str, limits: Mapping[str, int | None]) -> ProjectLimits:
        """Give a project limits of its own; ``None`` gives it the site's value again, -1 is no limit.

        :raises BadField: there is no such limit, or it cannot have this value.
        :raises Forbidden: one is no administrator.
        """
        return self._connection.json("PATCH", _path(project_id), body=limits)

    def reset(self, project_id: str) -> None:
        """Give a project all of the site's limits again.

        :raises Forbidden: one is no administrator.
        """
        self._connection.request("DELETE", _path(project_id))


def _path(project_id: str) -> str:
    return f"/limits/{quote(project_id, safe='')}"

# SPDX-License-Identifier: Apache-2.0
"""Pages of a list: ``limit`` and ``marker`` in a query, and the link to the next page."""

from __future__ import annotations

import urllib.parse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from oslo_config import cfg

from climate.errors import BadField

OPTS = [
    cfg.IntOpt(
        "max_limit",
        default=1000,
        min=1,
        max=5_000,  # services send no page much larger
        help="How many entries a page of a list may have at most; without a limit in the request it has 100.",
    ),
]
_DEFAULT_LIMIT = 100
_LONGEST_MARKER = 255


@dataclass(frozen=True, slots=True)
class Page:
    """Which page of a list is asked for; ``marker`` is the last id of the page before."""

    limit: int
    marker: str | None

    @property
    def ahead(self) -> int:
        """How many entries to fetch: one more than the page holds tells whether another page follows."""
        return self.limit + 1


def page_of(query: Mapping[str, str], most: int) -> Page:
    """The page that a query asks for.

    :raises BadField: ``limit`` is no whole number from 1 to ``most``, or ``marker`` is empty or too long.
    """
    text = query.get("limit")
    limit = min(_DEFAULT_LIMIT, most)
    if text is not None:
        if not (text.isascii() and text.isdigit() and len(text) <= len(str(most)) and 1 <= int(text) <= most):
            raise BadField(f"limit must be a whole number from 1 to {most}.", field="limit")
        limit = int(text)
    marker = query.get("marker")
    if marker is not None and not 0 < len(marker) <= _LONGEST_MARKER:
        raise BadField("marker must be the id of the last entry of the page before.", field="marker")
    return Page(limit, marker)


def onward(url: str, page: Page, fetched: Sequence[object], ids: Sequence[str]) -> dict[str, Any]:
    """How to go on from a page at ``url``: ``{"links": {"next": ...}, "next_marker": ...}``.

    More than the page holds was fetched if another page follows; else there
    is no link, and the marker is ``None``. ``ids`` are those on this page.
    """
    if len(fetched) <= page.limit:
        return {"links": {}, "next_marker": None}
    parts = urllib.parse.urlsplit(url)
    query = [
        (name, value)
        for name, value in urllib.parse.parse_qsl(parts.query, keep_blank_values=True)
        if name not in ("limit", "marker")
    ]
    query += [("limit", str(page.limit)), ("marker", ids[-1])]
    following = urllib.parse.urlunsplit(parts._replace(query=urllib.parse.urlencode(query)))
    return {"links": {"next": following}, "next_marker": ids[-1]}

# SPDX-License-Identifier: Apache-2.0
"""The one HTTP edge of the client: requests go out, answers or errors of ours come back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from keystoneauth1 import exceptions
from keystoneauth1.adapter import Adapter

from climate.client import faults
from climate.errors import ServiceUnavailable

VERSION = "/v1"


class Connection:
    """Sends requests to one service over a keystoneauth adapter, which knows the endpoint and brings the token.

    The endpoint may end in ``/v1`` or not. Errors of the session itself
    (Keystone refuses the password, the catalogue names no such service) are
    keystoneauth's and pass through.
    """

    def __init__(self, adapter: Adapter) -> None:
        self._adapter = adapter

    def request(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """The answer of ``method`` at ``path`` (below ``/v1``, quoted already) as a ``requests.Response``.

        Query arguments that are ``None`` are left out; lists are repeated.

        :raises ClimateError: the class that belongs to the answer's error code.
        :raises ServiceUnavailable: nothing answers at the endpoint.
        """
        wanted = {name: value for name, value in (query or {}).items() if value is not None}
        root = (self._adapter.get_endpoint() or "").rstrip("/").removesuffix(VERSION)
        try:
            answer = self._adapter.request(
                f"{root}{VERSION}{path}",
                method,
                json=body,
                params=wanted,
                headers={"Accept": "application/json", **(headers or {})},
                raise_exc=False,
            )
        except exceptions.ConnectFailure:
            raise ServiceUnavailable(f"Nothing answers at {root}.", endpoint=root) from None
        if answer.status_code >= 400:
            raise faults.error_of(answer)
        return answer

    def json(self, method: str, path: str, **arguments: Any) -> Any:
        """The decoded body of :meth:`request`'s answer, ``None`` where it has none."""
        answer = self.request(method, path, **arguments)
        return answer.json() if answer.content else None

    def pages(self, path: str, noun: str, query: Mapping[str, Any]) -> Iterator[Any]:
        """Every item of a paged list, fetched a page at a time as they are asked for."""
        wanted = dict(query)
        while True:
            page = self.json("GET", path, query=wanted)
            yield from page[noun]
            marker = page.get("next_marker")
            if marker is None:
                return
            wanted["marker"] = marker

# SPDX-License-Identifier: Apache-2.0
"""The way through a Redfish service: from its root by links, and collections in as few requests as it allows.

Properties and query parameters are those of DMTF's DSP0266. No address is made
up; a service that says that it can expand a collection, and does not, is asked
member by member.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from climate.devices.redfish.answers import Resource
from climate.devices.redfish.client import ROOT, NotFound
from climate.devices.redfish.connection import NoAnswer, RedfishError

Fetch = Callable[[str], Resource]
"""Gives the resource at an address, or raises RedfishError."""

_MOST_PAGES = 64
_MOST_MEMBERS = 2048
_FEW = 3
"""So many members of a collection are cheaper asked for one by one than with all others."""


def link(resource: Resource, name: str) -> str | None:
    """The address behind a link of that name."""
    found = resource.get(name)
    uri = found.get("@odata.id") if isinstance(found, dict) else None
    return uri if isinstance(uri, str) else None


def objects(resource: Resource, name: str) -> list[Resource]:
    """The objects in a list of that name."""
    found = resource.get(name)
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def tail(uri: str) -> str:
    """The last part of an address, by which a member of a collection is called."""
    return uri.partition("?")[0].rstrip("/").rpartition("/")[2]


def expand_query(root: Resource) -> str:
    """What to put behind the address of a collection to get its members with it; nothing where that cannot be."""
    features = root.get("ProtocolFeaturesSupported")
    can = features.get("ExpandQuery") if isinstance(features, dict) else None
    if not isinstance(can, dict):
        return ""
    levels = "($levels=1)" if can.get("Levels") is True else ""
    if can.get("NoLinks") is True:
        return f"?$expand=.{levels}"
    return f"?$expand=*{levels}" if can.get("ExpandAll") is True else ""


def brought(uri: str, resource: Resource) -> Iterator[tuple[str, Resource]]:
    """What an answer brings, by address: itself, and the members of a collection within it."""
    yield uri, resource
    for member in objects(resource, "Members"):
        own = member.get("@odata.id")
        if isinstance(own, str) and len(member) > 1:
            yield own, member


class Service:
    """One service, as it is looked through; ``fetch`` may be asked the same more than once."""

    def __init__(self, fetch: Fetch) -> None:
        self.fetch = fetch
        self.root = fetch(ROOT)
        self._expand = expand_query(self.root)
        self._brought_by: dict[str, str] = {}

    def requests_for(self, uris: Iterable[str]) -> tuple[str, ...]:
        """The fewest requests that bring some resources."""
        needed = list(dict.fromkeys(uris))
        together = Counter(self._brought_by[uri] for uri in needed if uri in self._brought_by)
        requests = []
        for uri in needed:
            request = self._brought_by.get(uri, uri)
            requests.append(request if together[request] > _FEW else uri)
        return tuple(dict.fromkeys(requests))

    def linked(self, resource: Resource, name: str) -> Resource:
        """What is behind a link. :raises NotFound: nothing is."""
        uri = link(resource, name)
        if uri is None:
            raise NotFound(f"{resource.get('@odata.id')} has no {name}")
        return self.fetch(uri)

    def linked_or_empty(self, resource: Resource, name: str) -> Resource:
        """What is behind a link, if anything is."""
        try:
            return self.linked(resource, name)
        except NotFound:
            return {}

    def member(self, collection: Resource, name: str | None, kind: str) -> Resource:
        """The member of that name, or the only one. :raises NotFound: the text says which there are."""
        uris = self.members(collection)
        found = uris if name is None else [uri for uri in uris if tail(uri) == name]
        if len(found) == 1:
            return self.fetch(found[0])
        if not uris:
            raise NotFound(f"there is no {kind}")
        fault = f"say which {kind} is meant" if name is None else f"there is no {kind} {name!r}"
        raise NotFound(f"{fault}; there are: {', '.join(tail(uri) for uri in uris)}")

    def members(self, collection: Resource, expand: bool = True) -> list[str]:
        """The addresses of a collection's members; ``expand``: and these themselves, where the service can."""
        request = collection.get("@odata.id")
        page = collection
        if expand and self._expand and isinstance(request, str):
            expanded = self._expanded(f"{request}{self._expand}")
            if expanded is not None:
                request, page = f"{request}{self._expand}", expanded
        uris: list[str] = []
        for _ in range(_MOST_PAGES):
            for member in objects(page, "Members"):
                uri = member.get("@odata.id")
                if isinstance(uri, str):
                    uris.append(uri)
                    if len(member) > 1 and isinstance(request, str):
                        self._brought_by[uri] = request
            request = page.get("Members@odata.nextLink")
            if not isinstance(request, str) or len(uris) > _MOST_MEMBERS:
                break
            page = self.fetch(request)
        return uris

    def given(self, uri: str) -> Resource:
        """A resource, by itself or as its collection brought it; empty where there is none."""
        request = self._brought_by.get(uri)
        try:
            if request is None:
                return self.fetch(uri)
            members = objects(self.fetch(request), "Members")
        except NotFound:
            return {}
        return next((member for member in members if member.get("@odata.id") == uri), {})

    def _expanded(self, request: str) -> Resource | None:
        try:
            return self.fetch(request)
        except NoAnswer:
            raise
        except RedfishError:
            # It cannot what it says that it can.
            return None

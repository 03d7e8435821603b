# SPDX-License-Identifier: Apache-2.0
"""Resources: what stands at an address, how Pecan finds it, and what it is called with.

Pecan looks addresses up as attributes of its controllers, whatever these are.
A resource says instead which parts it has, so that no address reaches
anything else, and a test can walk the tree. A resource answers a method by
having one of that name: ``get``, ``post``, ``put``, ``patch``, ``delete``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar, cast

import msgspec
import pecan
import webob
from oslo_context.context import RequestContext
from webob.multidict import NoVars

from climate.chassis.web import faults, payload
from climate.chassis.web.context import identity_of
from climate.errors import BadField, MethodNotAllowed, RouteNotFound

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

F = TypeVar("F", bound=Callable[..., Any])
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
JSON = "application/json"
_STREAM = "climate.stream"
_INSTEAD = b" "
"""The body that Pecan sees of a stream; with none at all it would say "No Content"."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a resource gives back; ``body`` is anything that JSON can say, ``None`` for no body at all.

    ``stream`` is a body in parts instead, of another kind than JSON or too long for the memory.
    """

    body: object = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    stream: Iterable[bytes] | None = None
    content_type: str = JSON


class Request(pecan.Request):
    """A request whose JSON is read strictly: Pecan looks into a body before any resource does."""

    @property
    def json(self) -> dict[str, Any]:
        """The JSON object in the body; ``{}`` without one.

        :raises BadField: see :func:`climate.chassis.web.payload.read_object`.
        """
        if "climate.json" not in self.environ:
            self.environ["climate.json"] = payload.read_object(self)
        return cast("dict[str, Any]", self.environ["climate.json"])

    @property
    def POST(self) -> NoVars:  # noqa: N802 - WebOb's name for it
        """No form: Pecan looks for one in every request, and a broken one would be our failure."""
        return NoVars("a body is JSON, and no form")


@dataclass(frozen=True, slots=True)
class Call:
    """One request, as a resource sees it."""

    request: Request

    @property
    def request_id(self) -> str:
        """The id under which the logs have this request."""
        return cast("str", self.request.environ.get(faults.REQUEST_ID, ""))

    @property
    def body(self) -> dict[str, Any]:
        """The JSON object in the body.

        :raises BadField: there is something else in it.
        """
        return self.request.json

    @property
    def address(self) -> str:
        """This request's own address, with its query."""
        return cast("str", self.request.url)

    def identity(self) -> RequestContext:
        """Who asks.

        :raises NotAuthenticated: the token check let nobody through.
        """
        return identity_of(self.request.environ)

    def link(self, path: str) -> str:
        """The full address of a path of this service."""
        return f"{self.request.application_url}{path}"

    def header(self, name: str) -> str | None:
        """A header of the request."""
        return cast("str | None", self.request.headers.get(name))

    def query(self, *names: str) -> dict[str, str]:
        """The query's values by name.

        :raises BadField: a name is not among ``names``, or is given twice.
        """
        return once(self.lists(*names))

    def lists(self, *names: str) -> dict[str, list[str]]:
        """The query's values by name, each name as often as it is given.

        :raises BadField: a name is not among ``names``, or a value is no text.
        """
        given: dict[str, list[str]] = {}
        for name, value in self.request.GET.items():
            if name not in names:
                known = f"there are: {', '.join(sorted(names))}" if names else "there are none here"
                raise BadField(f"There is no query parameter {name!r}; {known}.", field=name)
            if not value.isprintable():
                raise BadField(f"{name} holds a character that cannot be used.", field=name)
            given.setdefault(name, []).append(value)
        return given


def once(lists: Mapping[str, list[str]]) -> dict[str, str]:
    """The one value of each name.

    :raises BadField: a name has several.
    """
    for name, values in lists.items():
        if len(values) > 1:
            raise BadField(f"{name} is given twice.", field=name)
    return {name: values[0] for name, values in lists.items()}


class Resource:
    """What stands at an address. ``parts`` are the resources below it, by the next word of the address."""

    def __init__(self, parts: Mapping[str, Resource] | None = None) -> None:
        self.parts = dict(parts or {})

    def part(self, word: str) -> Resource | None:
        """The resource below this one at ``word``; a collection has one for every id."""
        return self.parts.get(word)

    def methods(self) -> list[str]:
        """The methods that this resource answers."""
        return [method for method in METHODS if hasattr(self, method.lower())]

    @pecan.expose(content_type=JSON)  # type: ignore[untyped-decorator]
    def _route(self, words: list[str], request: Request) -> tuple[Callable[..., webob.Response], list[str]]:
        """Pecan's way to ask who answers an address; a slash at its end makes no difference."""
        request.pecan["content_type"] = JSON  # no negotiation: JSON is all we speak
        found = self
        for word in words[:-1] if words and not words[-1] else words:
            inner = found.part(word)
            if inner is None:
                raise RouteNotFound()
            found = inner
        method = "GET" if request.method == "HEAD" else request.method
        if method not in found.methods():
            if not found.methods():
                raise RouteNotFound()
            raise MethodNotAllowed(f"This address does not know the method {method[:16]}.", allowed=found.methods())
        return found.respond, []

    @pecan.expose(content_type=JSON)  # type: ignore[untyped-decorator]
    def respond(self, request: Request, response: webob.Response) -> webob.Response:
        """Answer a request with the method of its name."""
        method = "get" if request.method == "HEAD" else request.method.lower()
        answer: Answer = getattr(self, method)(Call(request))
        headers = [("Cache-Control", "no-store")] if "Cache-Control" not in answer.headers else []
        if answer.stream is not None:
            headers.append(("Content-Type", answer.content_type))
            request.environ[_STREAM] = answer.stream
            return webob.Response(status=answer.status, body=_INSTEAD, headerlist=[*headers, *answer.headers.items()])
        if answer.body is None:
            return webob.Response(status=answer.status, headerlist=[*headers, *answer.headers.items()])
        headers.append(("Content-Type", JSON))
        return webob.Response(
            status=answer.status,
            body=msgspec.json.encode(answer.body),
            headerlist=[*headers, *answer.headers.items()],
        )


def application(root: Resource) -> WSGIApplication:
    """The WSGI application of a tree of resources, without anything of Pecan's that is global."""
    site = pecan.Pecan(
        root,
        use_context_locals=False,
        force_canonical=False,
        guess_content_type_from_ext=False,
        request_cls=Request,
    )
    return _streaming(cast("WSGIApplication", site))


def _streaming(app: WSGIApplication) -> WSGIApplication:
    """``app``, of which a body in parts is given on as it comes: Pecan would first read it to its end."""

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        def begin(status: str, headers: list[tuple[str, str]], *error: Any) -> Callable[[bytes], object]:
            if _STREAM in environ:
                headers = [header for header in headers if header[0].lower() != "content-length"]
            return start_response(status, headers, *error)

        body = app(environ, begin)
        stream: Iterable[bytes] | None = environ.pop(_STREAM, None)
        if stream is None:
            return body
        if environ["REQUEST_METHOD"] != "HEAD":
            return stream
        if hasattr(stream, "close"):
            stream.close()
        return []

    return answer

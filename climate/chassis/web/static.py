# SPDX-License-Identifier: Apache-2.0
"""Files of a page, sent as they are, with what keeps a browser from loading or running anything else."""

from __future__ import annotations

import hashlib
import mimetypes
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from typing import TYPE_CHECKING

import webob

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_SENT = {".html", ".css", ".js", ".svg", ".png", ".txt", ""}
_TYPES = {".js": "text/javascript", "": "text/plain"}


@dataclass(frozen=True, slots=True)
class _File:
    content: bytes
    content_type: str
    etag: str


class StaticFiles:
    """Sends what lies in ``folder`` below ``prefix``, and ``index`` of it at ``/`` to who prefers HTML; anything else
    is ``app``'s.

    The files are read once. Nobody needs a token for them: they hold nothing
    but the page.
    """

    def __init__(self, app: WSGIApplication, folder: Traversable, prefix: str, index: str) -> None:
        self._app = app
        self._files = {f"{prefix}{name}": file for name, file in _files(folder, "")}
        self._index = self._files[f"{prefix}{index}"]

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """A file, or the application's answer."""
        request = webob.Request(environ)
        file = self._files.get(request.path_info)
        if request.path_info in ("", "/") and _prefers_html(request):
            file = self._index
        if file is None or request.method not in ("GET", "HEAD"):
            return self._app(environ, start_response)
        response = webob.Response(
            body=file.content,
            headerlist=[
                ("Content-Type", file.content_type),
                ("Cache-Control", "no-cache"),
                ("Vary", "Accept"),
                ("Content-Security-Policy", POLICY),
                ("X-Content-Type-Options", "nosniff"),
                ("Referrer-Policy", "no-referrer"),
                ("Cross-Origin-Opener-Policy", "same-origin"),
            ],
            conditional_response=True,
        )
        response.etag = file.etag
        answer: Iterable[bytes] = response(environ, start_response)
        return answer


def _prefers_html(request: webob.Request) -> bool:
    """A browser says so; a program says nothing, or that it takes anything."""
    header = request.headers.get("Accept", "")
    return "text/html" in header and request.accept.best_match(["application/json", "text/html"]) == "text/html"


def _files(folder: Traversable, path: str) -> Iterable[tuple[str, _File]]:
    for entry in folder.iterdir():
        name = f"{path}{entry.name}"
        if entry.is_dir():
            yield from _files(entry, f"{name}/")
            continue
        suffix = f".{entry.name.rpartition('.')[2]}" if "." in entry.name else ""
        if suffix in _SENT:
            content = entry.read_bytes()
            kind = _TYPES.get(suffix) or mimetypes.types_map.get(suffix, "application/octet-stream")
            text = "; charset=utf-8" if kind.startswith("text/") else ""
            yield name, _File(content, f"{kind}{text}", hashlib.blake2b(content, digest_size=12).hexdigest())

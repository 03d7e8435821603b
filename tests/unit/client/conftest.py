# SPDX-License-Identifier: Apache-2.0
"""A real HTTP server that gives answers laid down beforehand, and tells what it was asked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import webob

from climate.chassis.web.server import WebServer
from climate.client import Client, with_token

TOKEN = "a-token"


@dataclass
class Script:
    """Answers in their order; ``asked`` holds the requests that came."""

    answers: list[webob.Response] = field(default_factory=list)
    asked: list[webob.Request] = field(default_factory=list)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        request = webob.Request(environ)
        request.body = request.body  # read it while the connection is open
        self.asked.append(request)
        return self.answers.pop(0)(environ, start_response)

    def say(self, body: Any = None, status: int = 200, **headers: str) -> None:
        """Lay down the next answer."""
        answer = webob.Response(status=status, content_type="application/json", charset="utf-8")
        answer.body = b"" if body is None else json.dumps(body).encode()
        answer.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
        self.answers.append(answer)

    def refuse(self, status: int, code: object, message: object, details: dict[str, Any]) -> None:
        """Lay down an error as the API gives it."""
        self.say({"error": {"code": code, "message": message, "details": details, "request_id": "req-7"}}, status)


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Script, str]]:
    """One server a module: ending one takes a while."""
    script = Script()
    server = WebServer(script, "127.0.0.1", 0, 2, "script")
    server.start()
    yield script, f"http://127.0.0.1:{server.port}"
    server.stop()
    server.wait()


@pytest.fixture
def script(served: tuple[Script, str]) -> Script:
    served[0].answers.clear()
    served[0].asked.clear()
    return served[0]


@pytest.fixture
def url(served: tuple[Script, str]) -> str:
    return served[1]


@pytest.fixture
def client(url: str) -> Client:
    return with_token(url, TOKEN)

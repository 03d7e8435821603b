# SPDX-License-Identifier: Apache-2.0
"""A device that tells JSON over HTTP: bodies by path, and troubles."""

from __future__ import annotations

import contextlib
import http.server
import json
import socket
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is said: ``body`` as JSON, or bytes as they are, ``piece`` bytes at a time with ``pause_s`` between."""

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    piece: int = 1 << 20
    pause_s: float = 0.0
    length: int | None = None


class JsonDevice:
    """Serves ``answers``, by path and query, while it is entered. ``requests`` are the headers of what was asked."""

    def __init__(self, answers: Mapping[str, Any], context: ssl.SSLContext | None = None) -> None:
        self.answers = {
            path: answer if isinstance(answer, Answer) else Answer(body=answer) for path, answer in answers.items()
        }
        self.requests: list[tuple[str, Mapping[str, str]]] = []
        device = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                device._answer(self)

            def log_message(self, format: str, *arguments: Any) -> None:
                """Say nothing."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        if context is not None:
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._scheme = "http" if context is None else "https"
        self._left = threading.Event()
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="json-device")

    @property
    def url(self) -> str:
        """Where it is, without a slash behind it."""
        return f"{self._scheme}://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._left.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(60)

    def _answer(self, handler: http.server.BaseHTTPRequestHandler) -> None:
        self.requests.append((handler.path, dict(handler.headers.items())))
        answer = self.answers.get(handler.path, Answer(status=404))
        body = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
        self._left.wait(answer.delay_s)
        with contextlib.suppress(OSError):
            handler.send_response(answer.status)
            for name, value in answer.headers.items():
                handler.send_header(name, value)
            handler.send_header("Content-Length", str(len(body) if answer.length is None else answer.length))
            handler.end_headers()
            for begin in range(0, len(body), answer.piece):
                handler.wfile.write(body[begin : begin + answer.piece])
                if self._left.wait(answer.pause_s):
                    return
            if answer.length is not None:
                handler.connection.shutdown(socket.SHUT_RDWR)
                handler.close_connection = True

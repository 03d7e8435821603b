# SPDX-License-Identifier: Apache-2.0
"""A Redfish service over a tree of resources: TLS, few sessions that expire, and faults when they are wanted.

A tree is one of DMTF's mock-ups, or whatever a test makes up. Sessions, status
codes and ``$expand`` are as DMTF's DSP0266 has them.
"""

from __future__ import annotations

import base64
import contextlib
import json
import secrets
import ssl
import tarfile
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self

Resource = dict[str, Any]

USER, PASSWORD = "kwapi", "meter-reader"
SESSIONS = "/redfish/v1/SessionService/Sessions"


def read_mockup(archive: Path) -> dict[str, Resource]:
    """The tree of one of DMTF's mock-ups (a tar file with an ``index.json`` in the folder of each resource)."""
    tree = {}
    with tarfile.open(archive) as tar:
        for entry in tar:
            parts = entry.name.removeprefix("./").split("/")
            if parts[-1] == "index.json" and (file := tar.extractfile(entry)) is not None:
                tree["/".join(["/redfish/v1", *parts[1:-1]])] = json.load(file)
    return tree


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What is wrong with requests whose line (``GET /redfish/...``) holds ``part``.

    ``silent_s``: they wait so long before. Then, instead of the answer:
    ``status`` with ``headers``, or ``body`` as it is; or only the answer's first
    ``part_sent`` of 1, and the connection closes. ``drip_s``: a byte at a time,
    and so long between two.
    """

    part: str = ""
    silent_s: float = 0.0
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    part_sent: float = 1.0
    drip_s: float = 0.0


@dataclass(frozen=True)
class _Answer:
    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


class RedfishService:
    """A service on a port of the loopback, as a context manager.

    ``tree`` may be changed while it runs. It gives ``slots`` sessions, each of
    which ends ``expires_s`` after it was last used; collections in pages of
    ``page`` members; and connections that it closes once they were idle for
    ``idle_s``.
    """

    def __init__(
        self,
        tree: Mapping[str, Resource],
        tls: ssl.SSLContext | None = None,
        slots: int = 4,
        expires_s: float = 1800.0,
        page: int = 1000,
        idle_s: float | None = None,
    ) -> None:
        self.tree = dict(tree)
        self.slots = slots
        self.expires_s = expires_s
        self.page = page
        self.basic = True
        self.faults: list[Fault] = []
        self.requests: list[str] = []
        self.opened = 0
        self.connections = 0
        self.connected = 0
        self.idle_s = idle_s
        self._tls = tls
        self._sessions: dict[str, tuple[str, float]] = {}
        self.lock = threading.Lock()
        self.closing = threading.Event()
        self._server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        """Where it is."""
        if self._server is None:
            raise RuntimeError("the service has not been started")
        return f"{'http' if self._tls is None else 'https'}://127.0.0.1:{self._server.server_address[1]}"

    @property
    def sessions(self) -> int:
        """How many are open."""
        with self.lock:
            self._expire()
            return len(self._sessions)

    def end_sessions(self) -> None:
        """As if all had expired."""
        with self.lock:
            self._sessions.clear()

    def asked(self, part: str = "") -> list[str]:
        """The requests so far whose line holds ``part``, as ``GET /path?query``."""
        with self.lock:
            return [request for request in self.requests if part in request]

    @contextlib.contextmanager
    def failing(self, fault: Fault) -> Iterator[None]:
        """Inside, the fault is there."""
        self.faults.append(fault)
        try:
            yield
        finally:
            self.faults.remove(fault)

    def __enter__(self) -> Self:
        self._server = _Listener(self, self._tls)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.closing.set()
        assert self._server is not None
        self._server.shutdown()
        self._server.server_close()

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> _Answer:
        """What a request gets; headers are in small letters."""
        path, _, query = target.partition("?")
        uri = path.rstrip("/")
        if method == "POST" and uri == SESSIONS:
            return self._login(body)
        if uri != "/redfish/v1" and not self._knows(headers):
            return _error(401, "Base.1.15.InsufficientPrivilege", "Who are you?")
        if method == "DELETE":
            return self._logout(uri)
        if method != "GET":
            return _error(405, "Base.1.15.ActionNotSupported", "No.")
        with self.lock:
            resource = self.tree.get(uri)
            if resource is None:
                return _error(404, "Base.1.15.ResourceMissingAtURI", f"There is no {uri}.")
            return _Answer(200, json.dumps(self._shown(uri, resource, query)).encode())

    def _shown(self, uri: str, resource: Resource, query: str) -> Resource:
        members = resource.get("Members")
        if not isinstance(members, list):
            return resource
        options = dict(part.partition("=")[::2] for part in query.split("&") if part)
        skip = int(options.get("$skip", 0))
        shown = members[skip : skip + self.page]
        found = {**resource, "Members": shown}
        if "$expand" in options and self._expands():
            found["Members"] = [self.tree.get(each["@odata.id"], each) for each in shown]
        if skip + self.page < len(members):
            expand = f"&$expand={options['$expand']}" if "$expand" in options else ""
            found["Members@odata.nextLink"] = f"{uri}?$skip={skip + self.page}{expand}"
        return found

    def _expands(self) -> bool:
        features = self.tree["/redfish/v1"].get("ProtocolFeaturesSupported", {})
        return bool(features.get("ExpandQuery", {}).get("NoLinks"))

    def _login(self, body: bytes) -> _Answer:
        asked = json.loads(body)
        if (asked.get("UserName"), asked.get("Password")) != (USER, PASSWORD):
            return _error(401, "Base.1.15.ResourceAtUriUnauthorized", "No.")
        with self.lock:
            self._expire()
            if len(self._sessions) >= self.slots:
                return _error(503, "Base.1.15.SessionLimitExceeded", "All sessions are taken.")
            self.opened += 1
            token, uri = secrets.token_hex(16), f"{SESSIONS}/{self.opened}"
            self._sessions[token] = (uri, time.monotonic() + self.expires_s)
        # By another name than that by which it was asked, as BMCs do.
        headers = {"X-Auth-Token": token, "Location": f"https://bmc.invalid{uri}"}
        return _Answer(201, json.dumps({"@odata.id": uri, "Id": str(self.opened)}).encode(), headers)

    def _logout(self, uri: str) -> _Answer:
        with self.lock:
            token = next((token for token, (own, _) in self._sessions.items() if own == uri), None)
            if token is None:
                return _error(404, "Base.1.15.ResourceMissingAtURI", "There is no such session.")
            del self._sessions[token]
        return _Answer(204, b"")

    def _knows(self, headers: Mapping[str, str]) -> bool:
        token = headers.get("x-auth-token", "")
        pair = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if self.basic and headers.get("authorization") == f"Basic {pair}":
            return True
        with self.lock:
            self._expire()
            if token not in self._sessions:
                return False
            self._sessions[token] = (self._sessions[token][0], time.monotonic() + self.expires_s)
            return True

    def _expire(self) -> None:
        now = time.monotonic()
        self._sessions = {token: kept for token, kept in self._sessions.items() if kept[1] > now}


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, service: RedfishService, tls: ssl.SSLContext | None) -> None:
        self._service = service
        self._tls = tls
        super().__init__(
            ("127.0.0.1", 0), type("Handler", (_Handler,), {"service": service, "timeout": service.idle_s})
        )

    def get_request(self) -> tuple[Any, Any]:
        sock, address = super().get_request()
        self._service.connections += 1
        if self._tls is not None:
            # The handshake is the business of the connection's own thread.
            sock = self._tls.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
        return sock, address

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes is no error."""


class _Handler(BaseHTTPRequestHandler):
    service: RedfishService
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        with self.service.lock:
            self.service.connected += 1

    def finish(self) -> None:
        with self.service.lock:
            self.service.connected -= 1
        super().finish()

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        line = f"{self.command} {self.path}"
        self.service.requests.append(line)
        fault = next((fault for fault in self.service.faults if fault.part in line), Fault())
        self.service.closing.wait(fault.silent_s)
        headers = {name.lower(): value for name, value in self.headers.items()}
        if fault.status:
            answer = _Answer(fault.status, b"", fault.headers)
        elif fault.body is not None:
            answer = _Answer(200, fault.body)
        else:
            answer = self.service.answer(self.command, self.path, headers, body)
        self._send(answer, fault)

    def _send(self, answer: _Answer, fault: Fault) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.status != 204:
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        sent = answer.body[: round(len(answer.body) * fault.part_sent)]
        self.close_connection |= len(sent) < len(answer.body)
        if not fault.drip_s:
            self.wfile.write(sent)
        for place in range(len(sent) if fault.drip_s else 0):
            if self.service.closing.wait(fault.drip_s):
                return
            self.wfile.write(sent[place : place + 1])

    do_GET = do_POST = do_DELETE = _serve  # noqa: N815 - named so by the standard library

    def log_message(self, format: str, *arguments: Any) -> None:
        """Says nothing."""


def _error(status: int, name: str, text: str) -> _Answer:
    body = {"error": {"code": name, "message": text, "@Message.ExtendedInfo": [{"MessageId": name, "Message": text}]}}
    return _Answer(status, json.dumps(body).encode())

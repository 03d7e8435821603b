# SPDX-License-Identifier: Apache-2.0
"""Keystone, Nova and Placement over HTTP, answering from recorded bodies.

Enough of the three for a client that signs in, looks into the catalogue and
reads hypervisors, aggregates, traits and inventories. What Nova says changes
with the microversion as the real one's answers do, whichever the bodies were
recorded at (:mod:`tools.servers.recorded_nova`). Failures are ordered with
:class:`Fault`; every request is written down.
"""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from tools.servers import recorded_nova
from tools.servers.recorded_nova import Answer, NovaBodies, Record, Version

USER = "climate"
PASSWORD = "for-tests-only"
REGION = "RegionOne"


@dataclass
class Fault:
    """What goes wrong with requests whose address holds ``part``, after ``after`` good ones, ``times`` times.

    Answers ``status`` with ``body``; with status 0 the connection is cut. For ``silent_s`` nothing is said before.
    """

    part: str
    status: int = 503
    after: int = 0
    times: int = 1_000_000
    silent_s: float = 0.0
    body: str = '{"fault": {"message": "secret of the server"}}'

    def strikes(self, address: str) -> bool:
        """Whether this request is hit; counts it."""
        if self.part not in address:
            return False
        if self.after > 0:
            self.after -= 1
            return False
        self.times -= 1
        return self.times >= 0


@dataclass
class ProviderBody:
    """What Placement says of one resource provider."""

    traits: Sequence[str] = ()
    inventories: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


class RecordedCloud:
    """A cloud on a port of the loopback, as a context manager.

    ``nova`` and ``providers`` (by id) may be changed while it runs.
    ``services`` are those in the catalogue.
    """

    def __init__(
        self,
        hypervisors: Sequence[Record] = (),
        aggregates: Sequence[Record] = (),
        providers: Mapping[str, ProviderBody] | None = None,
        microversions: tuple[Version, Version] = ((2, 1), (2, 96)),
    ) -> None:
        self.nova = NovaBodies(list(hypervisors), list(aggregates), microversions)
        self.providers = dict(providers or {})
        self.services = {"compute": "/compute/v2.1", "placement": "/placement"}
        self.faults: list[Fault] = []
        self.requests: list[str] = []
        self.tokens: set[str] = set()
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        """Where it is."""
        if self._server is None:
            raise RuntimeError("the cloud has not been started")
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def settings(self) -> dict[str, str]:
        """The options of [keystone] for its user."""
        return {
            "auth_url": f"{self.url}/identity/v3",
            "username": USER,
            "password": PASSWORD,
            "project_name": "service",
            "user_domain_id": "default",
            "project_domain_id": "default",
            "region_name": REGION,
        }

    def asked(self, part: str = "") -> list[str]:
        """The requests so far whose address holds ``part``, as ``GET /path?query``."""
        with self._lock:
            return [request for request in self.requests if part in request]

    @contextmanager
    def failing(self, fault: Fault) -> Iterator[None]:
        """Inside, the fault is there."""
        self.faults.append(fault)
        try:
            yield
        finally:
            self.faults.remove(fault)

    def __enter__(self) -> Self:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._closing.set()
        assert self._server is not None
        self._server.shutdown()
        self._server.server_close()

    def answer(self, method: str, address: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """What one request gets, its headers in small letters; a status of 0 means nothing at all."""
        with self._lock:
            self.requests.append(f"{method} {address}")
            fault = next((fault for fault in self.faults if fault.strikes(address)), None)
        if fault is not None:
            self._closing.wait(fault.silent_s)
            return Answer(fault.status, fault.body)
        parts = urlsplit(address)
        query = dict(parse_qsl(parts.query))
        service, _, path = parts.path.removeprefix("/").partition("/")
        if service == "identity":
            return self._keystone(method, path, body)
        if headers.get("x-auth-token") not in self.tokens:
            return Answer(
                401, {"error": {"code": 401, "message": "The request you have made requires authentication."}}
            )
        if service == "compute":
            return self.nova.answer(path, query, headers)
        return self._placement(path, headers) if service == "placement" else recorded_nova.NOT_FOUND

    def _keystone(self, method: str, path: str, body: bytes) -> Answer:
        if method == "GET":
            links = [{"rel": "self", "href": f"{self.url}/identity/v3/"}]
            return Answer(200, {"version": {"id": "v3.14", "status": "stable", "links": links, "media-types": []}})
        if path != "v3/auth/tokens":
            return recorded_nova.NOT_FOUND
        user = json.loads(body)["auth"]["identity"].get("password", {}).get("user", {})
        if (user.get("name"), user.get("password")) != (USER, PASSWORD):
            return Answer(
                401, {"error": {"code": 401, "message": "The request you have made requires authentication."}}
            )
        token = uuid.uuid4().hex
        self.tokens.add(token)
        catalogue = [
            {
                "type": kind,
                "name": kind,
                "id": kind,
                "endpoints": [
                    {"id": kind, "interface": "public", "region": REGION, "region_id": REGION, "url": self.url + path}
                ],
            }
            for kind, path in self.services.items()
        ]
        told = {
            "methods": ["password"],
            "issued_at": "2026-01-01T00:00:00.000000Z",
            "expires_at": "2999-01-01T00:00:00.000000Z",
            "user": {"id": USER, "name": USER, "domain": {"id": "default", "name": "Default"}},
            "project": {"id": "service", "name": "service", "domain": {"id": "default", "name": "Default"}},
            "roles": [{"id": "admin", "name": "admin"}],
            "catalog": catalogue,
        }
        return Answer(201, {"token": told}, {"X-Subject-Token": token})

    def _placement(self, path: str, headers: Mapping[str, str]) -> Answer:
        wanted = headers.get("openstack-api-version", "placement 1.0").removeprefix("placement ")
        _, provider_id, what = (*path.split("/"), "", "")[:3]
        if tuple(map(int, wanted.split("."))) < (1, 6) and what == "traits":
            return recorded_nova.NOT_FOUND
        provider = self.providers.get(provider_id)
        if provider is None or what not in {"traits", "inventories"}:
            return recorded_nova.NOT_FOUND
        said = list(provider.traits) if what == "traits" else dict(provider.inventories)
        return Answer(200, {what: said, "resource_provider_generation": 7})


def _handler(cloud: RecordedCloud) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            answer = cloud.answer(self.command, self.path, headers, body)
            if not answer.status:
                self.close_connection = True
                return
            text = answer.body if isinstance(answer.body, str) else json.dumps(answer.body)
            self.send_response(answer.status)
            for name, value in {"Content-Type": "application/json", **answer.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        do_GET = do_POST = _answer  # noqa: N815 - so it is called by the library

        def log_message(self, format: str, *args: Any) -> None:
            """Requests are written down elsewhere."""

    return Handler

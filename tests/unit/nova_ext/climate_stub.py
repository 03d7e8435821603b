# SPDX-License-Identifier: Apache-2.0
"""A small Climate behind a small Keystone, over real HTTP: can be slow, forget tokens, say nonsense, and die."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from keystoneauth1 import loading
from oslo_config import cfg

from nova_ext import options

_FREE = dict.fromkeys(("lease_id", "project_id", "state", "until", "next_lease_id", "next_start_at"))


def row(number: int, **fields: Any) -> dict[str, Any]:
    """A host as Climate tells it."""
    return {"name": f"node-{number}", "service_host": f"compute-{number}", **_FREE, **fields}


class ClimateStub:
    """Both services on one port, which stays the same from start to start."""

    def __init__(self) -> None:
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            self._port = found.getsockname()[1]
        self.url = f"http://127.0.0.1:{self._port}"
        self.rows: list[dict[str, Any]] = [row(1)]
        self.efficiencies: Mapping[str, float | None] | None = None
        self.version = 1
        self.delay_s = 0.0
        self.nonsense: bytes | None = None
        self.status = 200
        self.tokens: set[str] = set()
        self.issued = 0
        self.asked: list[str] = []
        self._server: ThreadingHTTPServer | None = None

    def start(self) -> None:
        self._server = _Server(("127.0.0.1", self._port), _handler(self))
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def lease(self, *rows: dict[str, Any]) -> None:
        """Tell of these hosts from now on."""
        self.rows = list(rows)
        self.version += 1

    def conf(self, **settings: Any) -> cfg.ConfigOpts:
        """A nova.conf that leads here through the catalogue, with these options of [climate]."""
        conf = cfg.ConfigOpts()
        conf.register_opt(cfg.StrOpt("state_path", default="/nonexistent"))
        options.register(conf)
        conf([], project="nova", default_config_files=[])
        sign_in = {
            "auth_type": "password",
            "auth_url": f"{self.url}/v3",
            "username": "nova",
            "password": "secret",
            "project_name": "service",
            "user_domain_id": "default",
            "project_domain_id": "default",
        }
        conf.register_opts(loading.get_auth_plugin_conf_options("password"), group=options.GROUP)
        for name, value in {"snapshot_file": "", **sign_in, **settings}.items():
            conf.set_override(name, value, group=options.GROUP)
        return conf

    def answer(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        """The status, the headers and the body for a request."""
        self.asked.append(f"{method} {path}")
        if path.startswith("/v3"):
            return self._keystone(method)
        if headers.get("X-Auth-Token") not in self.tokens:
            return 401, {}, b"{}"
        time.sleep(self.delay_s)
        return (self.status, {}, b"{}") if self.status != 200 else self._climate(path, headers, body)

    def _climate(self, path: str, headers: Mapping[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        if self.nonsense is not None:
            return 200, {"ETag": '"nonsense"'}, self.nonsense
        if path == "/v1/ranking":
            return self._ranking(json.loads(body)["hosts"])
        tag = f'"{self.version}"'
        if headers.get("If-None-Match") == tag:
            return 304, {"ETag": tag}, b""
        return 200, {"ETag": tag}, json.dumps({"sequence": self.version, "hosts": self.rows}).encode()

    def _keystone(self, method: str) -> tuple[int, dict[str, str], bytes]:
        if method == "GET":
            version = {"id": "v3.14", "status": "stable", "links": [{"rel": "self", "href": f"{self.url}/v3/"}]}
            return 200, {}, json.dumps({"version": version}).encode()
        self.issued += 1
        token = f"token-{self.issued}"
        self.tokens.add(token)
        endpoint = {"id": "e", "interface": "internal", "region": "here", "region_id": "here", "url": self.url}
        service = {"type": "reservation", "id": "s", "name": "climate", "endpoints": [endpoint]}
        told = {
            "expires_at": "2999-01-01T00:00:00.000000Z",
            "issued_at": "2020-01-01T00:00:00.000000Z",
            "methods": ["password"],
            "user": {"id": "u", "name": "nova", "domain": {"id": "default", "name": "Default"}},
            "catalog": [service],
        }
        return 201, {"X-Subject-Token": token}, json.dumps({"token": told}).encode()

    def _ranking(self, names: list[str]) -> tuple[int, dict[str, str], bytes]:
        if self.efficiencies is None:
            return 404, {}, b"{}"
        rows = [
            {"name": name, "flops_per_watt": self.efficiencies[name]} if name in self.efficiencies else None
            for name in names
        ]
        return 200, {}, json.dumps({"hosts": rows}).encode()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True


def _handler(stub: ClimateStub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, headers, answer = stub.answer(self.command, self.path, self.headers, body)
            try:
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(answer))}.items():
                    self.send_header(name, value)
                if answer:
                    self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(answer)
            except OSError:
                pass  # nobody waits for it any more

        do_GET = do_POST = _serve  # noqa: N815

        def log_message(self, *_: Any) -> None:
            """Not a word."""

    return Handler

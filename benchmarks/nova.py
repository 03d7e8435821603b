# SPDX-License-Identifier: Apache-2.0
"""What the filter and the weighers cost nova-scheduler: rounds over its own host states, the last answer being known.

Nova's classes run in the environment in which ``make deps`` has installed Nova,
with native threads as in nova-scheduler; the filter and the weighers are loaded
as Nova loads them, and keep asking in the background over HTTP. A third of the
hosts has a lease of the asker, a third leases of others, a third will be leased
some day. The peer of the same run is blazar-nova's filter, which looks into the
aggregates of each host, asked the same about fewer hosts.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import threading
import uuid
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from benchmarks import positive

ROOT = Path(__file__).parents[1]
ENVIRONMENT = ROOT / ".deps" / "openstack"
LEASE = str(uuid.UUID(int=1))
LIMIT_S = 500
TAG = '"1"'


def arguments(parser: argparse.ArgumentParser) -> None:
    """How many hosts, and how often."""
    parser.add_argument("--hosts", type=positive, default=10_000)
    parser.add_argument("--beside", type=positive, default=1000, help="hosts of the comparison with blazar-nova")
    parser.add_argument("--rounds", type=positive, default=100, help="requests of each kind that are timed")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Serve the answers, and let Nova's classes ask.

    :raises RuntimeError: Nova is not installed, or failed.
    """
    if not (ENVIRONMENT / "made").exists():
        raise RuntimeError("Nova is not installed in .deps/openstack: make deps")
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(max(args.hosts, args.beside)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    wanted = {
        "url": f"http://127.0.0.1:{server.server_address[1]}",
        "hosts": args.hosts,
        "beside": args.beside,
        "rounds": args.rounds,
        "lease": LEASE,
    }
    try:
        done = subprocess.run(
            [ENVIRONMENT / "bin" / "python", ROOT / "benchmarks" / "parts" / "nova_rounds.py"],
            input=json.dumps(wanted),
            env={**os.environ, "PYTHONSAFEPATH": "1", "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
    finally:
        server.shutdown()
        server.server_close()
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures


def _availability(hosts: int) -> bytes:
    now = datetime.now(UTC).replace(microsecond=0)
    hour, day = ((now + timedelta(hours=hours)).isoformat() for hours in (1, 24))
    rows = []
    for number in range(hosts):
        kind = number % 3
        lease_id = [LEASE, str(uuid.UUID(int=100 + number // 30)), None][kind]
        rows.append(
            {
                "host_id": str(uuid.UUID(int=number)),
                "name": f"node-{number:05d}",
                "service_host": f"compute-{number:05d}",
                "lease_id": lease_id,
                "project_id": ["project-a", "project-b", None][kind],
                "state": lease_id and "active",
                "until": lease_id and hour,
                "end_at": lease_id and hour,
                "next_lease_id": str(uuid.UUID(int=50_000 + number // 8)),
                "next_project_id": "project-c",
                "next_state": "confirmed",
                "next_start_at": day,
            }
        )
    return json.dumps({"sequence": 1, "generated_at": now.isoformat(), "hosts": rows}).encode()


def _handler(hosts: int) -> type[BaseHTTPRequestHandler]:
    answer = _availability(hosts)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if self.headers.get("If-None-Match") == TAG:
                self.send_response(304)
                self.send_header("ETag", TAG)
                self.send_header("Content-Length", "0")
                self.end_headers()
            else:
                self._send(answer)

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["hosts"]
            ranked = [{"name": name, "flops_per_watt": 1e9 + 1e6 * (len(name) + int(name[-2:]))} for name in asked]
            self._send(json.dumps({"hosts": ranked}).encode())

        def _send(self, body: bytes) -> None:
            self.send_response(200)
            self.send_header("ETag", TAG)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Not a word."""

    return Handler

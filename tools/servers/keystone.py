# SPDX-License-Identifier: Apache-2.0
"""A private Keystone: the real one, from an environment of its own, on SQLite."""

from __future__ import annotations

import os
import shutil
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

from tools.servers.process import Process, ServerFailed
from tools.servers.server import Availability, Server

ENVIRONMENT = Path(__file__).parents[2] / ".deps" / "openstack"
PROGRAMS = ENVIRONMENT / "bin"
PASSWORD = "for-tests-only"
SETUP_LIMIT_S = 180
CONFIGURATION = """\
[database]
connection = sqlite:///{directory}/keystone.db
[token]
provider = fernet
[fernet_tokens]
key_repository = {directory}/fernet
[fernet_receipts]
key_repository = {directory}/fernet
[credential]
key_repository = {directory}/credential
[identity]
password_hash_rounds = 4
[cache]
enabled = true
backend = dogpile.cache.memory
"""
_OWNER = ("--keystone-user", str(os.geteuid()), "--keystone-group", str(os.getegid()))
PROGRAM = """\
import sys
port = int(sys.argv.pop())  # Keystone reads what is left as its own arguments
from cheroot import wsgi
from keystone.wsgi.api import application
# One thread: signing in writes, and of two that write at once SQLite refuses one. A whole cloud signs in as it starts.
wsgi.Server(("127.0.0.1", port), application, numthreads=1, request_queue_size=128).start()
"""


class Keystone(Server):
    """An identity service with the user ``admin`` (role admin in project ``admin``); ``url`` is that of its v3 API."""

    @classmethod
    def available(cls) -> Availability:
        if not (ENVIRONMENT / "made").exists():
            return Availability("Keystone is not installed in .deps/openstack (make deps)")
        return Availability()

    @property
    def url(self) -> str:
        """The address of the v3 API."""
        return f"http://127.0.0.1:{self.port}/v3"

    def middleware_settings(self) -> dict[str, str]:
        """The options of [keystone_authtoken] for a service that trusts this Keystone."""
        return {
            "auth_type": "password",
            "auth_url": self.url,
            "www_authenticate_uri": self.url,
            "username": "admin",
            "password": PASSWORD,
            "project_name": "admin",
            "user_domain_id": "default",
            "project_domain_id": "default",
        }

    def begin_anew(self) -> None:
        """Start again with new keys: who has a token must sign in again, and who there is stays."""
        self.kill()
        shutil.rmtree(self.directory / "fernet")
        (self.directory / "fernet").mkdir(mode=0o700)
        self._manage("fernet_setup", *_OWNER)
        self.restart()

    def _prepare(self) -> None:
        text = CONFIGURATION.format(directory=self.directory)
        (self.directory / "keystone.conf").write_text(text)
        for name in ("fernet", "credential"):
            (self.directory / name).mkdir(mode=0o700)
        urls = [part for kind in ("admin", "internal", "public") for part in (f"--bootstrap-{kind}-url", self.url)]
        self._manage("db_sync")
        self._manage("fernet_setup", *_OWNER)
        self._manage("credential_setup", *_OWNER)
        self._manage("bootstrap", "--bootstrap-password", PASSWORD, *urls, "--bootstrap-region-id", "RegionOne")

    def _manage(self, *arguments: str) -> None:
        argv: list[str | Path] = [PROGRAMS / "keystone-manage", "--config-dir", self.directory, *arguments]
        done = subprocess.run(
            argv, capture_output=True, text=True, timeout=SETUP_LIMIT_S, cwd=self.directory, check=False
        )
        if done.returncode:
            raise ServerFailed(f"keystone-manage {arguments[0]} failed:\n{done.stdout}{done.stderr}")

    def _spawn(self) -> Process:
        env = {**os.environ, "OS_KEYSTONE_CONFIG_DIR": str(self.directory)}
        argv: list[str | Path] = [PROGRAMS / "python", "-c", PROGRAM, str(self.port)]
        return Process(argv, log=self.log, env=env, cwd=self.directory)

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(self.url, timeout=10) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

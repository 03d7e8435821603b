# SPDX-License-Identifier: Apache-2.0
"""A private PostgreSQL server."""

from __future__ import annotations

import itertools
import pwd
import secrets
import shutil
import signal
import subprocess
from pathlib import Path

import psycopg

from tools.servers.database import Database
from tools.servers.process import Process, ServerFailed
from tools.servers.server import Availability, Server, is_root

USER = "climate"
ACCOUNT = "postgres"  # PostgreSQL refuses to run as root
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "400",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def _bin_directory() -> Path | None:
    """Of the newest version: Debian keeps each in its own directory, elsewhere they are on the path."""
    versions = [path for path in Path("/usr/lib/postgresql").glob("*/bin") if (path / "initdb").exists()]
    if versions:
        return max(versions, key=lambda path: float(path.parent.name))
    found = shutil.which("initdb")
    return Path(found).parent if found else None


class PostgreSQL(Server):
    """``durable`` makes commits survive a kill, and slows them down."""

    def __init__(self, *, durable: bool = False) -> None:
        super().__init__()
        self._settings = SETTINGS | ({} if durable else FAST)
        self._password = secrets.token_hex(12)
        self._numbers = itertools.count(1)

    @classmethod
    def available(cls) -> Availability:
        if _bin_directory() is None:
            return Availability("PostgreSQL is not installed (Debian package postgresql; make deps)")
        if is_root():
            try:
                pwd.getpwnam(ACCOUNT)
            except KeyError:
                return Availability(f"PostgreSQL does not run as root, and there is no account {ACCOUNT!r}")
        return Availability()

    @property
    def url(self) -> str:
        """SQLAlchemy's URL of the maintenance database."""
        return self._url_of("postgres")

    def fresh_database(self) -> Database:
        """Create an empty database (some 30 ms)."""
        name = f"fresh_{next(self._numbers)}"
        with psycopg.connect(self._conninfo("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")  # type: ignore[call-overload]
        psql = (str(self._program("psql")), "--no-psqlrc", "--quiet", "--tuples-only", "--no-align")
        return Database(
            name=name,
            url=self._url_of(name),
            client=(*psql, "--field-separator=\t", "--set=ON_ERROR_STOP=1", f"--dbname={self._conninfo(name)}"),
        )

    def _conninfo(self, database: str) -> str:
        return f"postgresql://{USER}:{self._password}@127.0.0.1:{self.port}/{database}"

    def _url_of(self, database: str) -> str:
        return self._conninfo(database).replace("postgresql:", "postgresql+psycopg:", 1)

    @property
    def _account(self) -> str | None:
        return ACCOUNT if is_root() else None

    def _program(self, name: str) -> Path:
        directory = _bin_directory()
        assert directory is not None  # available() was asked
        return directory / name

    def _prepare(self) -> None:
        password_file = self.directory / "password"
        password_file.write_text(self._password + "\n")
        if self._account:
            shutil.chown(self.directory, self._account, self._account)
            shutil.chown(password_file, self._account, self._account)
        done = subprocess.run(
            [
                self._program("initdb"),
                f"--pgdata={self.directory / 'data'}",
                f"--username={USER}",
                f"--pwfile={password_file}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
                "--no-sync",
            ],
            capture_output=True,
            text=True,
            cwd=self.directory,
            user=self._account,
            group=self._account,
            check=False,
        )
        if done.returncode:
            raise ServerFailed(f"initdb failed:\n{done.stdout}{done.stderr}")

    def _spawn(self) -> Process:
        settings = [f"--{name}={value}" for name, value in self._settings.items()]
        return Process(
            [self._program("postgres"), "-D", self.directory / "data", "-p", str(self.port), *settings],
            log=self.log,
            cwd=self.directory,
            user=self._account,
            stop_signal=signal.SIGINT,  # SIGTERM would wait for every client to leave
        )

    def _ready(self) -> bool:
        try:
            psycopg.connect(self._conninfo("postgres"), connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

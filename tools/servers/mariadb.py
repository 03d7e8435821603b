# SPDX-License-Identifier: Apache-2.0
"""A private MariaDB server."""

from __future__ import annotations

import itertools
import secrets
import shutil
import subprocess
from typing import Any

import pymysql

from tools.servers.database import Database
from tools.servers.process import Process, ServerFailed
from tools.servers.server import Availability, Server, is_root

USER = "climate"
PROGRAMS = ("mariadb-install-db", "mariadbd", "mariadb")
SBIN = "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin"  # a user's path may lack sbin
FAST = ("--innodb-flush-log-at-trx-commit=0", "--innodb-doublewrite=0")
DURABLE = ("--innodb-flush-log-at-trx-commit=1",)


def _program(name: str) -> str | None:
    return shutil.which(name) or shutil.which(name, path=SBIN)


class MariaDB(Server):
    """``durable`` makes commits survive a kill, and slows them down."""

    def __init__(self, *, durable: bool = False) -> None:
        super().__init__()
        self._durability = DURABLE if durable else FAST
        self._password = secrets.token_hex(12)
        self._numbers = itertools.count(1)

    @classmethod
    def available(cls) -> Availability:
        missing = [name for name in PROGRAMS if _program(name) is None]
        if missing:
            return Availability(f"{', '.join(missing)} not installed (Debian package mariadb-server; make deps)")
        return Availability()

    @property
    def url(self) -> str:
        """SQLAlchemy's URL of the server's own database."""
        return self._url_of("mysql")

    def fresh_database(self, name: str = "") -> Database:
        """Create an empty database (a few ms), of that name or of one that nothing else has."""
        name = name or f"fresh_{next(self._numbers)}"
        with self._connect() as connection, connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
        client = ("mariadb", "--no-defaults", "--protocol=tcp", "--host=127.0.0.1", f"--port={self.port}")
        return Database(
            name=name,
            url=self._url_of(name),
            client=(*client, f"--user={USER}", f"--password={self._password}", "--batch", "--skip-column-names", name),
        )

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What a query finds now, in a connection of its own."""
        with self._connect() as connection, connection.cursor() as cursor:
            cursor.execute(query)
            return list(cursor.fetchall())

    def _url_of(self, database: str) -> str:
        return f"mysql+pymysql://{USER}:{self._password}@127.0.0.1:{self.port}/{database}?charset=utf8mb4"

    def _connect(self) -> pymysql.Connection:
        return pymysql.connect(
            host="127.0.0.1", port=self.port, user=USER, password=self._password, connect_timeout=5, autocommit=True
        )

    @property
    def _account(self) -> list[str]:
        return ["--user=root"] if is_root() else []

    def _prepare(self) -> None:
        """Install the system tables, and leave one account: ours, with a password, over TCP."""
        program = _program("mariadb-install-db")
        assert program is not None  # available() was asked
        done = subprocess.run(
            [
                program,
                "--no-defaults",
                f"--datadir={self.directory / 'data'}",
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
                *self._account,
            ],
            capture_output=True,
            text=True,
            cwd=self.directory,
            check=False,
        )
        if done.returncode:
            raise ServerFailed(f"mariadb-install-db failed:\n{done.stdout}{done.stderr}")
        account = f"'{USER}'@'127.0.0.1'"
        (self.directory / "accounts.sql").write_text(
            "DELETE FROM mysql.global_priv WHERE User <> 'mariadb.sys';\n"
            "FLUSH PRIVILEGES;\n"
            f"CREATE OR REPLACE USER {account} IDENTIFIED BY '{self._password}';\n"
            f"GRANT ALL ON *.* TO {account} WITH GRANT OPTION;\n"
        )

    def _spawn(self) -> Process:
        program = _program("mariadbd")
        assert program is not None  # available() was asked
        return Process(
            [
                program,
                "--no-defaults",
                f"--datadir={self.directory / 'data'}",
                f"--socket={self.directory / 'socket'}",
                f"--pid-file={self.directory / 'pid'}",
                f"--port={self.port}",
                f"--init-file={self.directory / 'accounts.sql'}",
                "--bind-address=127.0.0.1",
                "--skip-name-resolve",
                "--max-connections=400",
                "--default-time-zone=+00:00",
                *self._durability,
                *self._account,
            ],
            log=self.log,
            cwd=self.directory,
        )

    def _ready(self) -> bool:
        try:
            self._connect().close()
        except pymysql.err.OperationalError:
            return False
        return True

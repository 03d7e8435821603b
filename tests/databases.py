# SPDX-License-Identifier: Apache-2.0
"""Fresh databases of each kind, with the bare client that belongs to it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tools.servers import Database

KINDS = ["sqlite", *(pytest.param(name, marks=pytest.mark.servers) for name in ("postgresql", "mariadb"))]

# The sqlite3 shell is not everywhere; this is Python's own SQLite, and nothing of ours.
_SQLITE_CLIENT = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30)
for statement in sys.stdin.read().split(";"):
    for row in connection.execute(statement):
        print(*row, sep="\\t")
"""


def fresh_database(kind: str, request: pytest.FixtureRequest, directory: Path) -> Database:
    """An empty database of one kind; a server is started when it is first asked for."""
    if kind != "sqlite":
        made: Database = request.getfixturevalue(kind).fresh_database()
        return made
    path = directory / "climate.db"
    client = (sys.executable, "-I", "-c", _SQLITE_CLIENT, str(path))
    return Database(name=path.name, url=f"sqlite:///{path}", client=client)

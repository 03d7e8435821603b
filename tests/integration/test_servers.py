# SPDX-License-Identifier: Apache-2.0
"""The servers that tests and benchmarks start do what those rely on, and leave nothing behind."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import amqp
import psutil
import pytest
import requests
import sqlalchemy

from tests.conftest import require
from tools.servers import Keystone, MariaDB, PostgreSQL, RabbitMQ, Server
from tools.servers.keystone import PASSWORD

ROOT = Path(__file__).parents[2]
SERVERS: list[type[Server]] = [PostgreSQL, MariaDB, RabbitMQ, Keystone]
DATABASES: list[type[PostgreSQL] | type[MariaDB]] = [PostgreSQL, MariaDB]
pytestmark = pytest.mark.servers


def eventually(condition: Callable[[], bool], timeout_s: float = 60) -> bool:
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def processes_below(directory: Path) -> list[int]:
    """Processes that work in the directory or have it in their command line."""
    found = []
    for process in psutil.process_iter():
        try:
            if str(directory) in " ".join([process.cwd(), *process.cmdline()]):
                found.append(process.pid)
        except psutil.Error:
            continue
    return found


@pytest.mark.parametrize("kind", SERVERS)
def test_a_closed_server_leaves_no_process_and_no_file(kind: type[Server]) -> None:
    """Its directory is gone, and with it everything that ran there."""
    require(kind)
    with kind() as server:
        directory = server.directory
        assert processes_below(directory)
    assert not directory.exists()
    assert processes_below(directory) == []


@pytest.mark.parametrize("kind", SERVERS)
def test_servers_outlive_no_killed_parent(kind: type[Server]) -> None:
    """SIGKILL to the interpreter that started a server ends the server, and removes its files."""
    require(kind)
    script = (
        f"from tools.servers import {kind.__name__}\n"
        f"server = {kind.__name__}().start()\n"
        "print(server.directory, flush=True)\n"
        "input()\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    directory = Path(parent.stdout.readline().strip())
    assert directory.is_absolute(), "the server did not start"
    parent.kill()
    parent.communicate()
    assert eventually(lambda: not directory.exists() and not processes_below(directory))


@pytest.mark.parametrize("kind", DATABASES)
def test_fresh_databases_are_empty_and_apart(kind: type[PostgreSQL] | type[MariaDB]) -> None:
    """Two tests that create the same table do not meet; SQLAlchemy and the bare client see the same."""
    require(kind)
    with kind() as server:
        first, second = server.fresh_database(), server.fresh_database()
        for database in (first, second):
            assert database.execute("CREATE TABLE t (a integer, b varchar(9))").returncode == 0
        engine = sqlalchemy.create_engine(first.url)
        with engine.begin() as connection:
            connection.execute(sqlalchemy.text("INSERT INTO t VALUES (1, 'é')"))
        engine.dispose()
        assert first.execute("SELECT a, b FROM t").stdout == "1\té\n"
        assert second.execute("SELECT a, b FROM t").stdout == ""


@pytest.mark.parametrize("kind", DATABASES)
def test_the_bare_client_reports_what_fails(kind: type[PostgreSQL] | type[MariaDB]) -> None:
    """The first wrong statement ends the input with a status and a message."""
    require(kind)
    with kind() as server:
        done = server.fresh_database().execute("SELECT 1; SELECT nothing_like_this; SELECT 2;")
    assert done.returncode != 0
    assert "nothing_like_this" in done.stderr
    assert "2" not in done.stdout


@pytest.mark.parametrize("kind", DATABASES)
def test_a_durable_server_keeps_what_was_committed_before_a_crash(kind: type[PostgreSQL] | type[MariaDB]) -> None:
    """Killed without warning right after the commits, it has them all when it is back on the same port."""
    require(kind)
    with kind(durable=True) as server:
        database = server.fresh_database()
        database.execute("CREATE TABLE t (a integer)")
        engine = sqlalchemy.create_engine(database.url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            for number in range(50):
                connection.execute(sqlalchemy.text("INSERT INTO t VALUES (:number)"), {"number": number})
        before = server.pid
        server.kill()
        engine.dispose()
        assert database.execute("SELECT 1").returncode != 0
        server.restart()
        assert server.pid != before
        assert database.execute("SELECT count(*) FROM t").stdout == "50\n"


def test_a_quorum_queue_keeps_a_confirmed_message_through_a_crash() -> None:
    """RabbitMQ is back on the same port with the same node, and has the message."""
    require(RabbitMQ)
    with RabbitMQ() as server:
        arguments = {"x-queue-type": "quorum"}
        with amqp.Connection(f"127.0.0.1:{server.port}", confirm_publish=True) as connection:
            channel = connection.channel()
            channel.queue_declare("q", durable=True, auto_delete=False, arguments=arguments)
            channel.basic_publish_confirm(amqp.Message("kept", delivery_mode=2), routing_key="q")
        server.wait_written("q")
        server.restart()
        with amqp.Connection(f"127.0.0.1:{server.port}") as connection:
            channel = connection.channel()

            def arrived() -> bool:
                message = channel.basic_get("q", no_ack=True)
                return message is not None and message.body == "kept"

            assert eventually(arrived)


def test_keystone_gives_its_admin_a_token_and_nobody_else(keystone: Keystone) -> None:
    """By password, for the project of the middleware's settings."""
    project = {"name": keystone.middleware_settings()["project_name"], "domain": {"id": "default"}}

    def ask(password: str) -> requests.Response:
        user = {"name": "admin", "domain": {"id": "default"}, "password": password}
        identity = {"methods": ["password"], "password": {"user": user}}
        body = {"auth": {"identity": identity, "scope": {"project": project}}}
        return requests.post(f"{keystone.url}/auth/tokens", json=body, timeout=60)

    answer = ask(PASSWORD)
    assert answer.status_code == 201
    assert answer.headers["X-Subject-Token"]
    assert "admin" in [role["name"] for role in answer.json()["token"]["roles"]]
    assert ask("guessed").status_code == 401

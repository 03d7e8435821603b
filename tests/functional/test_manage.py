# SPDX-License-Identifier: Apache-2.0
"""climate-manage as an operator runs it: by its console script, on a database that is a file."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from climate.chassis import sql
from climate.errors import LeaseNotFound
from climate.planning.store.sql import SqlStore
from tests.contract.planning_decisions import advance, book, host_ids

PROGRAM = Path(sys.executable).with_name("climate-manage")


def manage(*arguments: str) -> subprocess.CompletedProcess[str]:
    """One run; no traceback, whatever happens."""
    done = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=120, check=False)
    assert "Traceback" not in done.stdout + done.stderr
    return done


def slowly(*values: Any) -> list[Any]:
    """More of the same: each needs another process."""
    return [pytest.param(value, marks=pytest.mark.slow) for value in values]


def configuration(directory: Path) -> Path:
    """A configuration with a database in this directory."""
    path = directory / "climate.conf"
    path.write_text(f"[DEFAULT]\ntransport_url = fake://\n[database]\nconnection = sqlite:///{directory}/climate.db\n")
    return path


@pytest.fixture(scope="module")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database at this release's schema, made by climate-manage; to be copied."""
    directory = tmp_path_factory.mktemp("empty")
    assert manage("--config-file", str(configuration(directory)), "db", "upgrade").returncode == 0
    return directory / "climate.db"


@pytest.fixture
def config(empty_database: Path, tmp_path: Path) -> Path:
    """A configuration with a database at this release's schema."""
    shutil.copy(empty_database, tmp_path)
    return configuration(tmp_path)


def test_old_leases_are_archived(config: Path) -> None:
    """First it says what it would do, then it does it, then there is nothing left to do."""
    engine = sql.engine(f"sqlite:///{config.parent}/climate.db")
    store = SqlStore(engine)
    store.register_hosts(host_ids(3))
    old, live = book(store, [1], 100, 200), book(store, [1], 300, 400)
    advance(store, old, 250)
    book(store, [2], 300, 400)
    arguments = ("--config-file", str(config), "archive", "--before", "1970-01-01T01:00:00+00:30")
    would = manage(*arguments, "--dry-run")
    assert (would.returncode, would.stdout) == (
        0,
        "Would move 1 leases, 1 allocations and 3 journal entries to the archive.\n",
    )
    assert len(store.changes_since(0, 100)) == 5
    done = manage(*arguments)
    assert (done.returncode, done.stdout.splitlines()) == (
        0,
        [
            "1 of 1 leases are in the archive.",
            "Moved 1 leases, 1 allocations and 3 journal entries to the archive.",
        ],
    )
    assert store.changes_since(0, 100)[0].lease_id == live
    assert store.get_lease(old).lease_id == old
    with pytest.raises(LeaseNotFound):
        store.get_lease(old, "another project")
    assert manage(*arguments).stdout == "Moved 0 leases, 0 allocations and 0 journal entries to the archive.\n"
    engine.dispose()


@pytest.mark.parametrize("instant", ["yesterday", *slowly("2026-01-01", "2026-01-01T00:00:00", "", "-5")])
def test_an_instant_that_is_none_is_refused(config: Path, instant: str) -> None:
    """In one line."""
    done = manage("--config-file", str(config), "archive", f"--before={instant}")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("climate-manage: --before ")
    assert len(done.stderr.splitlines()) == 1


def test_a_database_of_another_schema_is_not_touched(tmp_path: Path) -> None:
    """It has to be upgraded first."""
    done = manage("--config-file", str(configuration(tmp_path)), "archive", "--before", "5")
    assert done.returncode == 1
    assert "climate-manage db upgrade" in done.stderr


def test_the_doctor_makes_no_database(tmp_path: Path) -> None:
    """Where there is none, it says so."""
    done = manage("--config-file", str(configuration(tmp_path)), "doctor", "--format", "json", "--timeout", "5")
    assert done.returncode == 1
    found = {one["part"]: one for one in json.loads(done.stdout)["findings"]}
    assert found["database"]["fix"] == "Run climate-manage db upgrade."
    assert not (tmp_path / "climate.db").exists()


def test_an_api_that_is_something_else_is_no_api(config: Path) -> None:
    """Here nothing at all; the address is the one that was said."""
    done = manage("--config-file", str(config), "doctor", "--format", "json", "--api-url", "http://127.0.0.1:9/x/v1")
    found = {one["part"]: one for one in json.loads(done.stdout)["findings"]}
    assert "http://127.0.0.1:9/x " in found["api"]["message"]


@pytest.mark.parametrize("arguments", [["--timeout", "0"], *slowly(["--timeout", "nan"], ["--format", "xml"])])
def test_what_cannot_be_said_to_the_doctor_is_refused(config: Path, arguments: list[str]) -> None:
    """By the parser of the command line, with its status."""
    done = manage("--config-file", str(config), "doctor", *arguments)
    assert done.returncode == 2
    assert arguments[0] in done.stderr

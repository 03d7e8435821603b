# SPDX-License-Identifier: Apache-2.0
"""Processes that tests start end for certain; a missing server is a skip on a desk and a failure where it must be."""

from __future__ import annotations

import atexit
import os
import signal
from pathlib import Path

import psutil
import pytest

from tests.conftest import require
from tools.servers import Availability, PostgreSQL, ServerFailed
from tools.servers.process import Process, free_port


class Missing(PostgreSQL):
    """A server that this machine does not have."""

    @classmethod
    def available(cls) -> Availability:
        return Availability("no such server here")


def test_a_missing_server_skips_its_tests_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CLIMATE_REQUIRE_SERVERS", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no such server here"):
        require(Missing)


def test_a_missing_server_fails_its_tests_where_it_is_required(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLIMATE_REQUIRE_SERVERS", "1")
    with pytest.raises(pytest.fail.Exception, match="no such server here"):
        require(Missing)


def test_a_missing_server_cannot_be_started() -> None:
    with pytest.raises(ServerFailed, match="no such server here"):
        Missing().start()


def test_a_process_that_cannot_start_says_why(tmp_path: Path) -> None:
    """The error carries the end of the log."""
    process = Process(["sh", "-c", "echo no such luck; exit 3"], log=tmp_path / "log")
    with pytest.raises(ServerFailed, match=r"sh ended with 3:\nno such luck"):
        process.wait_until(lambda: False)


def test_a_process_that_ignores_its_signal_is_killed_with_its_children(tmp_path: Path) -> None:
    """Even a child in a session of its own."""
    process = Process(
        ["sh", "-c", "trap '' TERM; setsid sleep 600 & echo $! >child; while :; do sleep 0.1; done"],
        log=tmp_path / "log",
        cwd=tmp_path,
    )
    child = tmp_path / "child"
    process.wait_until(lambda: child.exists() and child.read_text().strip() != "")
    process.stop(grace_s=0.2)
    assert not process.running
    assert not psutil.pid_exists(int(child.read_text())) or (
        psutil.Process(int(child.read_text())).status() == psutil.STATUS_ZOMBIE
    )


def test_a_forked_child_leaves_its_parents_processes_alone(tmp_path: Path) -> None:
    """Only who started them ends them at its exit."""
    process = Process(["sleep", "600"], log=tmp_path / "log")
    script = os.fork()
    if script == 0:
        # What an orderly exit of the child does first.
        atexit._run_exitfuncs()
        os._exit(0)
    os.waitpid(script, 0)
    assert process.running
    process.stop()
    assert not process.running


def test_stopping_twice_is_harmless(tmp_path: Path) -> None:
    process = Process(["sleep", "600"], log=tmp_path / "log", stop_signal=signal.SIGINT)
    process.stop()
    process.stop()
    process.kill()
    assert not process.running


def test_free_ports_are_free() -> None:
    assert free_port() in range(15000, 32000)

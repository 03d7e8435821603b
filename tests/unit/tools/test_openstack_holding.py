# SPDX-License-Identifier: Apache-2.0
"""make openstack-down ends the process that holds the cloud, and no other."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

import tools.openstack.__main__ as program


@pytest.fixture
def process() -> Iterator[psutil.Popen]:
    """Something that runs until it is told to end."""
    running = psutil.Popen(["sleep", "600"])
    yield running
    running.kill()
    running.wait()


@pytest.fixture(autouse=True)
def note(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the holder's pid is noted."""
    path = tmp_path / "holder"
    monkeypatch.setattr(program, "HOLDER", path)
    return path


def test_nothing_is_ended_where_no_cloud_is_up(capsys: pytest.CaptureFixture[str]) -> None:
    assert program.down() == 0
    assert capsys.readouterr().out == "no cloud is up\n"


def test_the_process_of_the_note_is_ended(process: psutil.Popen, note: Path) -> None:
    note.write_text(json.dumps({"pid": process.pid, "created": process.create_time()}))
    assert program.down() == 0
    assert not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    assert not note.exists()


def test_a_process_that_got_the_number_since_is_left_alone(process: psutil.Popen, note: Path) -> None:
    note.write_text(json.dumps({"pid": process.pid, "created": process.create_time() - 5}))
    assert program.down() == 0
    assert process.is_running()

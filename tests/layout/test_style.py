# SPDX-License-Identifier: Apache-2.0
"""The house style, as far as a machine can see it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NOT_OURS = {"build", "dist"}
SOURCES = sorted(
    path
    for directory in ROOT.iterdir()
    if directory.is_dir() and not directory.name.startswith(".") and directory.name not in NOT_OURS
    for path in directory.rglob("*.py")
)
LINES = 400
# Drawers to which everybody adds: a module is named after what it knows.
DRAWERS = {"common", "helper", "helpers", "misc", "model", "models", "service", "util", "utils"}


def names(paths: list[Path]) -> list[str]:
    return [str(path.relative_to(ROOT)) for path in paths]


# mypy takes half a minute where its cache is cold.
@pytest.mark.parametrize(
    "command", ["ruff check", "ruff format --check", pytest.param("mypy", marks=pytest.mark.slow), "reno lint"]
)
def test_linters_find_nothing(command: str) -> None:
    """The same commands as ``make lint``."""
    program, *arguments = command.split()
    done = subprocess.run(
        [Path(sys.executable).with_name(program), *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_files_stay_readable() -> None:
    """None has over 400 lines; migrations, which are never edited again, may."""
    long = [path for path in SOURCES if len(path.read_text().splitlines()) > LINES and "migrations" not in path.parts]
    assert names(long) == []


def test_modules_are_named_after_what_they_know() -> None:
    drawers = [path for path in SOURCES if {path.stem, path.parent.name} & DRAWERS]
    assert names(drawers) == []


def test_every_file_says_its_licence_first() -> None:
    unmarked = [path for path in SOURCES if not path.read_text().startswith("# SPDX-License-Identifier: Apache-2.0\n")]
    assert names(unmarked) == []

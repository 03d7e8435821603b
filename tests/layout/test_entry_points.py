# SPDX-License-Identifier: Apache-2.0
"""Whatever the distribution promises to others under a name is there and can be loaded."""

from __future__ import annotations

import ast
import configparser
import importlib.util
import subprocess
import sys
from importlib.metadata import EntryPoint, distribution
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ENTRY_POINTS = sorted(distribution("climate").entry_points, key=lambda point: (point.group, point.name))
GUESTS = {"climate.nova.filters": "nova", "climate.nova.weighers": "nova"}
"""Entry points that others' programs load, and what of theirs must be there to load them."""
HERE = [point for point in ENTRY_POINTS if importlib.util.find_spec(GUESTS.get(point.group, "climate"))]
ELSEWHERE = [point for point in ENTRY_POINTS if point not in HERE]
SCRIPTS = [point.name for point in ENTRY_POINTS if point.group == "console_scripts"]


def test_the_installed_entry_points_are_those_of_the_clone() -> None:
    """The environment was made from this setup.cfg; if not, ``make venv`` brings it up to date."""
    setup = configparser.ConfigParser()
    setup.optionxform = str  # type: ignore[assignment, method-assign]
    setup.read(ROOT / "setup.cfg")
    written = {
        (group, *(part.strip() for part in line.split("=", 1)))
        for group, lines in setup["options.entry_points"].items()
        for line in lines.strip().splitlines()
    }
    assert {(point.group, point.name, point.value) for point in ENTRY_POINTS} == written


@pytest.mark.parametrize("point", HERE, ids=lambda point: f"{point.group}:{point.name}")
def test_entry_points_load(point: EntryPoint) -> None:
    """The module imports, and has what is named."""
    assert point.load() is not None


@pytest.mark.parametrize("point", ELSEWHERE, ids=lambda point: f"{point.group}:{point.name}")
def test_entry_points_of_guests_name_what_is_there(point: EntryPoint) -> None:
    """As far as can be seen without the program whose guests they are."""
    source = (ROOT / point.module.replace(".", "/")).with_suffix(".py")
    names = {node.name for node in ast.parse(source.read_text()).body if isinstance(node, ast.ClassDef)}
    assert point.attr in names


@pytest.mark.slow
@pytest.mark.parametrize("name", SCRIPTS)
def test_console_scripts_start(name: str) -> None:
    """Each explains itself in a process of its own."""
    program = Path(sys.executable).with_name(name)
    done = subprocess.run([program, "--help"], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert name in done.stdout

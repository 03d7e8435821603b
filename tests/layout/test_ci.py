# SPDX-License-Identifier: Apache-2.0
"""Continuous integration runs what the README tells people to run, and the promised commands exist."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COMMAND = "make test"


def test_ci_runs_the_readmes_test_command_and_nothing_else() -> None:
    script = ROOT / ".ci" / "run"
    lines = [line for line in script.read_text().splitlines() if line.strip() and not line.startswith("#")]
    assert lines == [COMMAND]
    assert os.access(script, os.X_OK)
    assert re.search(rf"^ +(\$ )?{COMMAND}$", (ROOT / "README.rst").read_text(), re.MULTILINE)


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make on this machine")
@pytest.mark.parametrize(
    "target",
    ["sandbox", "openstack-up", "openstack-down", "test", "deps", "quick", "lint", "docs", "soak", "samples"],
)
def test_the_commands_of_the_clone_exist(target: str) -> None:
    """make knows what to do for each, down to the last prerequisite."""
    done = subprocess.run(["make", "--dry-run", target], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr

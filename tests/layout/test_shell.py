# SPDX-License-Identifier: Apache-2.0
"""The plugin for DevStack and the shell that tests it, as far as a machine can see."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted(
    str(path.relative_to(ROOT))
    for path in (
        ROOT / "devstack" / "settings",
        ROOT / "devstack" / "plugin.sh",
        *(ROOT / "devstack" / "lib").iterdir(),
        *(ROOT / "tests" / "openstack").glob("*.sh"),
    )
)
LINES = 400


def found(*command: str | Path) -> str:
    """What a linter says, or nothing if it is content."""
    done = subprocess.run([*command, *SCRIPTS], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr if done.returncode or done.stdout else ""


def test_bashate_finds_nothing() -> None:
    """Without E005, which wants a first line that names a shell, in files that are sourced."""
    assert found(Path(sys.executable).with_name("bashate"), "--ignore", "E005", "--max-line-length", "120") == ""


def test_shellcheck_finds_nothing() -> None:
    """It reads what a script sources as well."""
    if shutil.which("shellcheck") is None:
        if os.environ.get("CLIMATE_REQUIRE_SERVERS"):
            pytest.fail("shellcheck is not installed (make deps)")
        pytest.skip("shellcheck is not installed (Debian package shellcheck; make deps)")
    assert found("shellcheck", "--shell", "bash", "--external-sources", "--source-path", "SCRIPTDIR") == ""


def test_scripts_stay_readable_and_say_their_licence_first() -> None:
    for script in SCRIPTS:
        lines = (ROOT / script).read_text().splitlines()
        assert lines[0] == "# SPDX-License-Identifier: Apache-2.0", script
        assert len(lines) <= LINES, script


def test_the_manual_has_every_variable_of_the_plugin() -> None:
    """With its default, in the table for local.conf."""
    page = (ROOT / "docs" / "admin" / "devstack.rst").read_text()
    variables = re.findall(r"^([A-Z_]+)=\$\{\1:-(.*)\}$", (ROOT / "devstack" / "settings").read_text(), re.MULTILINE)
    assert len(variables) > 10
    assert [name for name, default in variables if f"``{name}``" not in page or default not in page] == []

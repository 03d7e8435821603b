# SPDX-License-Identifier: Apache-2.0
"""The manual's walk on a real OpenStack does what it says."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.functional.test_docs import MARK, commands, compare
from tests.openstack.bench import Bench
from tools.openstack import openrc

pytestmark = pytest.mark.slow

PAGE = Path(__file__).parents[2] / "docs" / "user" / "openstack.rst"
WITHIN_S = 500


def test_the_manuals_walk_on_real_openstack_goes_as_it_says(bench: Bench, tmp_path: Path) -> None:
    """All its commands, by those whose openrc files it sources."""
    state = tmp_path / ".deps" / "cloud"
    state.mkdir(parents=True)
    openrc.write(state, bench.openstack.site.keystone_url)
    examples = commands(PAGE, "shell-session")
    assert len(examples) > 10
    script = tmp_path / "walk.sh"
    script.write_text("".join(f"{example.source}\nprintf '{MARK}\\n'\n" for example in examples))
    done = subprocess.run(
        ["bash", script],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "LC_ALL": "C.UTF-8", "COLUMNS": "120"},
        cwd=tmp_path,
        timeout=WITHIN_S,
        check=False,
    )
    compare(examples, done.stdout)

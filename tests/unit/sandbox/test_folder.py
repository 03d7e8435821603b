# SPDX-License-Identifier: Apache-2.0
"""The state folder: what lies in it can be used, and by its owner only."""

from __future__ import annotations

import stat
import subprocess
from pathlib import Path

from climate.chassis.web import tokens as static_tokens
from climate.inventory.sources.file import FileSource
from climate.sandbox import folder as folders
from climate.sandbox.folder import HOSTS, Folder, Tokens


def test_tokens_are_random_private_and_understood(tmp_path: Path) -> None:
    """A member and an admin of one project; new ones each time."""
    folder = Folder(tmp_path)
    before, after = folders.make_tokens(folder), folders.make_tokens(folder)
    assert {before.member, before.admin}.isdisjoint({after.member, after.admin})
    known = static_tokens.read_tokens(folder.tokens)
    assert known[after.member].roles == ("member",)
    assert known[after.admin].roles == ("admin",)
    assert {identity.project_id for identity in known.values()} == {"demo"}


def test_the_variables_can_be_sourced(tmp_path: Path) -> None:
    """Whatever a token holds."""
    folder = Folder(tmp_path)
    folders.write_environment(folder, "http://127.0.0.1:9", "http://127.0.0.1:8", Tokens(member="a'b $c", admin="d"))
    script = f'. {folder.environment}; printf "%s|%s|%s|%s" "$CLIMATE_URL" "$ENERGY_URL" "$TOKEN" "$ADMIN_TOKEN"'
    said = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout
    assert said == "http://127.0.0.1:9|http://127.0.0.1:8|a'b $c|d"
    assert stat.S_IMODE(folder.environment.stat().st_mode) == 0o600


def test_the_hosts_are_of_three_kinds() -> None:
    """The packaged file is read without a complaint, and its hosts have ids from 1 on."""
    hosts = FileSource(HOSTS).fetch()
    assert {host.properties["cpu_info.model"] for host in hosts} == {"Skylake-Server", "EPYC-Rome", "Icelake-Server"}
    assert [host.external_id for host in hosts] == [str(number) for number in range(1, len(hosts) + 1)]

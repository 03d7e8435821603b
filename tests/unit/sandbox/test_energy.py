# SPDX-License-Identifier: Apache-2.0
"""Kwapi's part of the sandbox: its wattmeters measure its hosts, and its secrets are its owner's."""

from __future__ import annotations

import stat
from collections import Counter
from pathlib import Path

import pytest

from climate.core.host_properties.visibility import hidden_by_default
from climate.errors import ConfigError
from climate.inventory.sources.file import FileSource
from climate.sandbox import energy
from climate.sandbox.folder import HOSTS, Folder
from kwapi.bus.keys import read_key, read_keys
from kwapi.manager import configuration


def test_every_host_has_probes_and_every_probe_a_host() -> None:
    """What hosts.yaml names are the outlets of wattmeters.conf, each once."""
    named = Counter(probe for host in FileSource(HOSTS).fetch() for probe in str(host.properties["probes"]).split())
    said = configuration.read([energy.WATTMETERS])
    assert said.faults == ()
    assert named == Counter(probe for wattmeter in said.wattmeters for probe in wattmeter.probes)


def test_tenants_see_no_probes() -> None:
    """A probe tells one host from another."""
    assert hidden_by_default("probes")


def test_the_key_stays_while_the_folder_stays(tmp_path: Path) -> None:
    """Readings in the spool were signed with it; nobody else may read it."""
    folder = Folder(tmp_path)
    energy.write(folder, 1)
    before = read_key(tmp_path / "kwapi.key")
    energy.write(folder, 2)
    assert read_key(tmp_path / "kwapi.key") == before
    assert [key.source for key in read_keys(tmp_path / "kwapi-keys.yaml").values()] == ["sandbox"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}
    assert "port = 2" in (tmp_path / "kwapi-api.conf").read_text()


def test_a_folder_whose_name_no_socket_can_have_is_refused(tmp_path: Path) -> None:
    """Before anything is written, and with the remedy."""
    deep = tmp_path / ("d" * 100)
    deep.mkdir()
    with pytest.raises(ConfigError, match="choose a shorter one"):
        energy.write(Folder(deep), 1)
    assert list(deep.iterdir()) == []

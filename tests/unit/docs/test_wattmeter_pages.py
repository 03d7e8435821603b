# SPDX-License-Identifier: Apache-2.0
"""The examples in the manual's pages about Modbus, serial and SNMP meters are such as can be used."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import pytest

from climate.devices.modbus import mapping
from climate.devices.modbus.mapping import Quantity
from kwapi.manager import configuration

PAGES = Path(__file__).parents[3] / "docs" / "admin" / "kwapi"
PROBES = {
    "wattmeters-modbus.rst": {"mains-a": 1, "rack-12": 3, "branches": 3},
    "wattmeters-serial.rst": {"watts-up": 1, "wattmetre-1": 5},
    "wattmeters-snmp.rst": {"pdu-3": 3, "pdu-4": 3, "pdu-5": 2, "pdu-6": 3, "hall": 2, "pump": 1},
}


def blocks(page: str, language: str) -> str:
    found = re.findall(rf"code-block:: {language}\n\n((?:   .*\n|\n)+)", (PAGES / page).read_text())
    return "\n".join(textwrap.dedent(block) for block in found)


@pytest.mark.parametrize("page", PROBES)
def test_sections_can_be_used(page: str, tmp_path: Path) -> None:
    """Each makes a driver, which speaks to nobody yet."""
    path = tmp_path / "wattmeters.conf"
    text = blocks(page, "ini")
    path.write_text(text)
    for secret in re.findall(r"_file = (\S+)", text):
        (tmp_path / secret).touch(mode=0o600)
        (tmp_path / secret).write_text("a secret of many signs")
    found = configuration.read([path])
    assert [fault.text for fault in found.faults] == []
    assert {each.section.name: len(each.probes) for each in found.wattmeters} == PROBES[page]
    for each in found.wattmeters:
        each.driver_type(each.section, lambda: 0).close()


def test_the_map_can_be_used() -> None:
    found = mapping.parse("mine.yaml", blocks("wattmeters-modbus.rst", "yaml"))
    assert list(found.points) == ["total", "l1", "l2", "l3"]
    assert found.points["total"][Quantity.WATTS].address == 3059


def test_all_maps_are_listed() -> None:
    listed = re.findall(r"\* - ``([a-z0-9-]+)``", (PAGES / "wattmeters-modbus.rst").read_text())
    assert listed[1:] == mapping.names()  # behind the head of the table

# SPDX-License-Identifier: Apache-2.0
"""The manual's page on IPMI: its sections are good and read what they say."""

from __future__ import annotations

import re
import textwrap
import time
from pathlib import Path

import pytest

from climate.devices.ipmi.choosing import TOTALS
from kwapi.manager import configuration
from kwapi.manager.admission import admit
from tests.conftest import require
from tools.servers.ipmi_bmc import IpmiSim

PAGE = (Path(__file__).parents[2] / "docs" / "admin" / "kwapi" / "wattmeters-ipmi.rst").read_text()


@pytest.mark.servers
def test_the_sections_of_the_page_are_read(tmp_path: Path) -> None:
    """With the address of a simulator, which has the same sensors."""
    require(IpmiSim)
    found = re.search(r"^\.\. code-block:: ini\n\n((?:   .*\n|\n)+)", PAGE, re.MULTILINE)
    assert found
    with IpmiSim() as bmc:
        text = textwrap.dedent(found[1])
        for name, value in bmc.options.items():
            text = re.sub(rf"^{name} = .*$", f"{name} = {value}", text, flags=re.MULTILINE)
        text = text.replace("driver = ipmi", f"driver = ipmi\nport = {bmc.port}\ntimeout_s = 20")
        (tmp_path / "wattmeters.conf").write_text(text)
        read = configuration.read([tmp_path / "wattmeters.conf"])
        assert [fault.text for fault in read.faults] == []
        watts: dict[str, float | None] = {}
        extra: dict[str, float] = {}
        for wattmeter in read.wattmeters:
            driver = wattmeter.driver_type(wattmeter.section, time.time_ns)
            readings = driver.read()
            assert admit(readings, frozenset(wattmeter.probes)) == (list(readings), "")
            watts |= {reading.probe_id: reading.watts for reading in readings}
            extra |= readings[0].extra
            driver.close()
    assert watts == {
        "lyon/r12/taurus-12/machine": 344.0,
        "lyon/r12/taurus-13/machine": 350.0,
        "lyon/r12/taurus-13/psu1": 250.0,
    }
    assert extra == {"temperature_c": -23.0}


def test_the_page_names_the_sensors_that_are_taken_for_the_machine_in_their_order() -> None:
    found = re.search(r"first of these names: (.*?)\. Where", PAGE, re.DOTALL)
    assert found
    assert tuple(re.sub(r"\s", "", name).lower() for name in found[1].split(",")) == TOTALS

# SPDX-License-Identifier: Apache-2.0
"""What ipmitool printed of real machines gives their watts, and the machine's total among them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from climate.devices.ipmi.choosing import total_of
from climate.devices.ipmi.sensor_text import Line, parse_sdr, parse_watts

DATA = Path(__file__).parents[5] / "shared" / "data" / "power" / "ipmi"

needs_data = pytest.mark.skipif(not DATA.is_dir(), reason=f"the recordings are not beside the clone ({DATA})")


def polls(text: str) -> dict[str, str]:
    """What was printed at each time, by timestamp."""
    found = {}
    for block in text.split("Timestamp: ")[1:]:
        stamp, _, rest = block.partition("\n")
        found[stamp.removesuffix(" UTC") + "Z"] = rest
    return found


@needs_data
def test_every_recording_gives_the_watts_of_its_manifest() -> None:
    """And of each the total is known, by the names of two vendors."""
    recordings = json.loads((DATA / "manifest.json").read_text())["raw"]
    assert {recording["file"] for recording in recordings} == {path.name for path in DATA.glob("sdr_*.txt")}
    for recording in recordings:
        told = polls((DATA / recording["file"]).read_text())
        for reading in recording["readings"]:
            watts = parse_watts(told[reading["timestamp"]])
            assert watts == reading["watts"], (recording["file"], reading["timestamp"])
            assert total_of(watts) in {"Sys Power", "Pwr Consumption"}
        assert len(told) == len(recording["readings"])


def test_numbers_have_units_and_others_are_left_out() -> None:
    text = """\
Sys Power        | 230 Watts         | ok
CPU Power        | no reading        | ns
Host Power       | 0x00              | ok
GPT Status       | Not Readable      | ns
Inlet Temp       | -3.50 degrees C   | nc
CMOS Battery     | 3.03 Volts        | ok
PSU1 AC In Pwr   | 5 Watts           | cr
Old              | 5 Watts           | ns
"""
    assert parse_sdr(text) == [
        Line("Sys Power", 230.0, "Watts"),
        Line("Inlet Temp", -3.5, "degrees C"),
        Line("CMOS Battery", 3.03, "Volts"),
        Line("PSU1 AC In Pwr", 5.0, "Watts"),
    ]
    assert parse_watts(text) == {"Sys Power": 230.0, "PSU1 AC In Pwr": 5.0}


@pytest.mark.parametrize(
    "line",
    ["", "Watts", "a | nan Watts | ok", "a | inf Watts | ok", "a | 1e9 Watts | ok", "a | 5 | ok", "a | 5 Watts",
     "| 5 Watts | ok", "a | 5 Watts | ok | more", "a | ٣ Watts | ok", "a | 5 kWatts | ok"],
)  # fmt: skip
def test_what_is_no_line_of_watts_tells_none(line: str) -> None:
    assert parse_watts(line) == {}


@given(st.text(max_size=200))
def test_garbage_never_crashes(garbage: str) -> None:
    parse_watts(garbage)

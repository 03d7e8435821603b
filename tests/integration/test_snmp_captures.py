# SPDX-License-Identifier: Apache-2.0
"""Captures of real devices, played by snmpsim: what their makers say is what discovery, drivers, bus and API say."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from climate.devices.snmp import loading
from climate.devices.snmp.looking import look
from climate.devices.snmp.profile import Quantity
from kwapi.manager.wanted import Outcome
from tests.integration.snmp_strips import Met, differences, meet, told_by_the_api
from tools.metering import PROGRAMS
from tools.servers.snmp_simulator import SnmpSimulator
from tools.snmp_captures import Recorded, read

CLONE = Path(__file__).parents[2]
OWN = CLONE / "tests" / "data" / "snmp"
DATA = CLONE.parent / "shared" / "data" / "snmp"
EXPECTED: list[dict[str, Any]] = (
    json.loads((DATA / "expected.json").read_text())["devices"] if (DATA / "expected.json").exists() else []
)
NAMES = [each["name"] for each in EXPECTED]
NO_POWER = {
    "1.3.6.1.4.1.7428.1.2.2.1.1.5.1": "MICROSEMI-PDSINE-MIB::mainPSEMaxPower is what a midspan can provide at most; "
    "what it provides is told (pethMainPseConsumptionPower)",
    "1.3.6.1.4.1.12551.4.1.2.2.1.14.1": "CET-TSI-MIB::tsiPhaseInstalledPowerInW is what the system was designed for; "
    "what it delivers is told (tsiPhaseCurrentPowerInW)",
    "1.3.6.1.4.1.34278.1.22.0": "JANITZA-MIB::sL3 is in VA by its description, as sL1 and sL2, which are expected so",
    "1.3.6.1.4.1.34278.1.23.0": "JANITZA-MIB::sL4 is in VA by its description, too; the watts of that input are pL4",
}
"""Objects that are expected as watts, and are no active power by their vendors' MIBs: none may be told as such."""
SHORT = {
    "digipower": "DigiPower-PDU-MIB has no power: pdu01Value is a current; 230 W for each ampere are expected, as if "
    "the load had no reactive power",
}
"""Devices of which not all active power is read that is expected, and why."""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not SnmpSimulator.available(), reason=SnmpSimulator.available().reason or "it can run"),
]
needs_data = pytest.mark.skipif(not EXPECTED, reason="the captures are not beside the clone (../shared/data/snmp)")


def active(device: dict[str, Any]) -> dict[str, float]:
    """The active powers that are expected of a device and can be checked, by their objects."""
    return {
        sensor["oid"]: sensor["value"]
        for sensor in device["sensors"]
        if sensor["class"] == "power"
        and sensor.get("unit") == "W"
        and sensor.get("check") is not None
        and sensor["oid"] not in NO_POWER
    }


WITH_POWER = [each["name"] for each in EXPECTED if active(each)]


@pytest.fixture(scope="module")
def met() -> Iterator[dict[str, Met]]:
    """What discovery says of all captures, by name; the simulator runs on for who reads them then."""
    with SnmpSimulator(sorted(DATA.glob("*.snmprec"))) as simulator:
        yield {name: meet(simulator.url, "--community", name, "--name", name, "--site", "lyon") for name in NAMES}


def places(name: str) -> dict[str, str]:
    """Under which name a device's watts are told, by their objects."""
    found = look(Recorded(read(DATA / f"{name}.snmprec")), loading.installed())
    return {".".join(map(str, item.oid)): item.place for item in found.device.items if item.quantity is Quantity.WATTS}


def missing(device: dict[str, Any], met: Met) -> dict[str, float]:
    """The active powers that discovery does not tell, or tells with another value."""
    known = places(device["name"])
    return {
        oid: watts
        for oid, watts in active(device).items()
        if oid not in known or met.watts.get(known[oid]) != pytest.approx(watts, rel=1e-9, abs=1e-9)
    }


@needs_data
def test_what_is_expected_of_devices_with_power_is_met(met: dict[str, Met]) -> None:
    """Value and unit of each; at least 95 of 100 devices are told in full, and why the others are not is known."""
    short = {each["name"]: found for each in EXPECTED if (found := missing(each, met[each["name"]]))}
    assert short.keys() == SHORT.keys(), short
    assert len(WITH_POWER) - len(short) >= 0.95 * len(WITH_POWER)


@needs_data
def test_what_is_no_active_power_is_not_told_as_such() -> None:
    """Neither what a device could give nor VA is watts."""
    assert {oid for name in NAMES for oid in places(name)} & NO_POWER.keys() == set()


@needs_data
def test_what_is_expected_as_watts_and_is_none_is_told_as_what_it_is(met: dict[str, Met]) -> None:
    """The same numbers, in VA, amperes and volts; of a rating there is none."""
    janitza = [each for each in met["janitza_generic"].answer["readings"] if each["scope"] == "phase"]
    assert [(each["watts"], each["va"]) for each in janitza] == [
        (45924, 49598),
        (43698, 47750),
        (47055, 50815),
        (92, 209),
    ]
    (digipower,) = met["digipower"].answer["readings"]
    assert [digipower[name] for name in ("watts", "va", "amperes", "volts")] == [None, None, 0.0, 230.0]
    assert met["digipower"].answer["refused"] == "No power is measured here, only current and voltage."
    for name, rating in (("microsemipdsine", 430), ("cetpower", 12_000)):
        assert rating not in [reading["watts"] for reading in met[name].answer["readings"]]


@needs_data
def test_numbers_have_no_more_digits_than_were_measured(met: dict[str, Met]) -> None:
    """0.2 and 15.735, not what a binary fraction is when all of it is printed."""
    values = [
        reading[name]
        for each in met.values()
        for reading in each.answer["readings"]
        for name in ("watts", "va", "amperes", "volts")
        if reading[name] is not None
    ]
    assert len(values) > 500
    assert [value for value in values if len(repr(value)) > 14] == []


@needs_data
def test_devices_without_power_are_refused_with_a_sentence(met: dict[str, Met]) -> None:
    """And only these: nothing is refused that has power."""
    for name, each in met.items():
        answer = each.answer
        power = any(reading["watts"] is not None for reading in answer["readings"])
        if name in WITH_POWER and name not in SHORT:
            assert (each.outcome, answer["refused"]) == (Outcome.FOUND, None), name
        if each.outcome is Outcome.REFUSED:
            assert not power, name
            assert answer["refused"].endswith("."), name
            assert "\n" not in answer["refused"], name
            assert (answer["section"] is None) == (not answer["readings"]), name
        else:
            assert each.outcome is Outcome.FOUND, (name, answer["refused"])


@needs_data
def test_drivers_bus_and_api_say_what_discovery_said(met: dict[str, Met], tmp_path: Path) -> None:
    """All devices with power in one kwapi-drivers, by the sections as they were printed."""
    probes = told_by_the_api(tmp_path, met)
    assert differences(met, probes) == []


def test_our_own_captures_go_all_the_way(tmp_path: Path) -> None:
    """By SNMP 2c, 1 and 3 with signed and encrypted requests: from the command line to the API."""
    for name in ("auth", "priv"):
        (tmp_path / name).touch(mode=0o600)
        (tmp_path / name).write_text(f"{name}pass12\n")
    keys = {"auth_key": "authpass12", "priv_key": "privpass12"}
    user = ["--user", "watt", "--auth-key-file", str(tmp_path / "auth"), "--priv-key-file", str(tmp_path / "priv")]
    with SnmpSimulator(sorted(OWN.glob("*.snmprec")), user="watt", **keys) as simulator:
        met = {
            "strip": by_command(simulator.url, "--community", "strip", "--site", "lyon", "--rack", "r12"),
            "ups": by_command(simulator.url, *user, "--context", "ups", "--name", "ups", "--site", "lyon"),
            "sensors": by_command(simulator.url, "--community", "sensors", "--snmp-version", "1", "--name", "chassis"),
        }
        assert [each.answer["refused"] for each in met.values()] == [None] * 3
        assert met["ups"].watts == {"output-phase-1": 400.0, "output-phase-2": -12.0, "output-phase-3": 1100.0}
        assert met["sensors"].watts == {"sensor-1001": 157.35, "sensor-1002": 0.2}
        probes = told_by_the_api(tmp_path, met)
        assert differences(met, probes) == []
        assert probes["lyon/ups/output-phase-3"]["w"] == 1100.0
        for name, outcome in (("stranger", Outcome.REFUSED), ("currents", Outcome.REFUSED), ("nobody", Outcome.SILENT)):
            assert by_command(simulator.url, "--community", name, "--timeout", "1").outcome is outcome


def by_command(address: str, *arguments: str) -> Met:
    """``kwapi-drivers --discover ADDRESS ARGUMENTS --json``, as an operator types it."""
    done = subprocess.run(
        [PROGRAMS / "kwapi-drivers", "--discover", address, "--timeout", "10", *arguments, "--json"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stderr == ""
    return Met(Outcome(done.returncode), json.loads(done.stdout))

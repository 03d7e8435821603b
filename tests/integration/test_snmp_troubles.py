# SPDX-License-Identifier: Apache-2.0
"""SNMP devices in one kwapi-drivers: one that is well, and some that lie, stammer or say nothing."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from climate.devices.snmp.oid import SYS_DESCR, SYS_OBJECT_ID, Oid, Value
from tools.metering import PROGRAMS, SITE, Metering
from tools.servers.snmp_stub import SnmpStub

STRIP: Oid = (1, 3, 6, 1, 4, 1, 534, 6, 6, 7)
WATTS: Oid = (*STRIP, 6, 5, 1, 3, 0)
SYS_UP_TIME: Oid = (1, 3, 6, 1, 2, 1, 1, 3, 0)
OUTLETS = 4
INTERVAL_S = 0.5
PATIENCE_S = 180.0
OTHERS = 77_777
"""Watts that no device here draws, but some say when they lie."""

Trouble = Callable[[SnmpStub], None]


def slow(stub: SnmpStub) -> None:
    stub.delay_s = 5.0


def garbage(stub: SnmpStub) -> None:
    stub.mangle = lambda data: [b"\x30\x82" + data[2:][::-1], os.urandom(200), data[: len(data) // 2]]


def half(stub: SnmpStub) -> None:
    for outlet in range(1, OUTLETS // 2 + 1):
        del stub.rows[(*WATTS, outlet)]


def another_request(stub: SnmpStub) -> None:
    stub.shift = 1
    lie(stub)


def another_table(stub: SnmpStub) -> None:
    """The right request's number, and objects that nobody asked for."""
    stub.rename = lambda name: (*name, 1)
    lie(stub)


def another_device(stub: SnmpStub) -> None:
    stub.rows[SYS_OBJECT_ID] = (*STRIP[:-1], 6)
    lie(stub)


def no_numbers(stub: SnmpStub) -> None:
    stub.rows |= {(*WATTS, outlet): b"ERR" for outlet in range(1, OUTLETS + 1)}


def silence(stub: SnmpStub) -> None:
    stub.mangle = lambda data: []


def lie(stub: SnmpStub) -> None:
    stub.rows |= {(*WATTS, outlet): OTHERS for outlet in range(1, OUTLETS + 1)}


TROUBLES: dict[str, Trouble] = {
    trouble.__name__.replace("_", "-"): trouble
    for trouble in (slow, garbage, half, another_request, another_table, another_device, no_numbers, silence)
}


def strip(first: int) -> SnmpStub:
    """Outlet n draws ``first`` and n watts."""
    system: dict[Oid, Value] = {SYS_DESCR: b"Strip", SYS_OBJECT_ID: STRIP, SYS_UP_TIME: 100}
    return SnmpStub(system | {(*WATTS, outlet): first + outlet for outlet in range(1, OUTLETS + 1)})


def section(name: str, port: int) -> str:
    outlets = ", ".join(map(str, range(1, OUTLETS + 1)))
    return (
        f"[{name}]\ndriver = snmp\nhost = 127.0.0.1\nport = {port}\nprofile = eaton-epdu\nprobes = {outlets}\n"
        f"object_id = 1.3.6.1.4.1.534.6.6.7\ninterval_s = {INTERVAL_S}\ntimeout_s = 1\n"
    )


@pytest.fixture
def stubs() -> Iterator[dict[str, SnmpStub]]:
    with contextlib.ExitStack() as running:
        names = ["well", *TROUBLES]
        yield {name: running.enter_context(strip(100 * place)) for place, name in enumerate(names, 1)}


def until(holds: Callable[[], bool], what: Callable[[], object]) -> None:
    give_up_at = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < give_up_at, what()
        time.sleep(0.1)


def listed(metering: Metering, *more: str) -> dict[str, dict[str, Any]]:
    """What an operator sees with ``climate probe list``, by outlet."""
    said = {"CLIMATE_ENERGY_ENDPOINT": f"{metering.url}/v1", "CLIMATE_TOKEN": metering.token}
    command = [PROGRAMS / "climate", "probe", "list", "-f", "json", *more]
    done = subprocess.run(command, env=os.environ | said, capture_output=True, text=True, timeout=120, check=True)
    return {row["probe"].removeprefix(f"{SITE}/"): row for row in json.loads(done.stdout)}


def number(metering: Metering, name: str, device: str, more: str = "") -> float:
    labels = f'device="{SITE}/{device}",section="{device}"{more}'
    return metering.numbers("drivers").get(f"kwapi_device_{name}{{{labels}}}", -1.0)


@pytest.mark.slow
def test_those_in_trouble_are_named_and_nobody_else_is_held_up(tmp_path: Path, stubs: dict[str, SnmpStub]) -> None:
    """All tell their watts at first. Then the troubles begin: what was told grows old, and nothing is made up."""
    mute = strip(5000)
    mute.community = "another"
    sections = "".join(section(name, stub.port) for name, stub in [*stubs.items(), ("mute", mute)])
    with mute, Metering(tmp_path, f"[DEFAULT]\nlongest_pause_s = 2\n{sections}") as metering:
        metering.add("api", "[kwapi]\nstale_after_s = 3\n")
        metering.start("drivers", "api")
        metering.wait_for_probes(len(stubs) * OUTLETS)
        before = {name: row["watts"] for name, row in listed(metering).items()}
        place = {name: number for number, name in enumerate(stubs, 1)}
        assert before == {
            f"{name}/{outlet}": 100.0 * place[name] + outlet for name in stubs for outlet in range(1, OUTLETS + 1)
        }

        for name, trouble in TROUBLES.items():
            trouble(stubs[name])
        missed, began = number(metering, "missed_total", "well"), time.monotonic()
        readings = number(metering, "readings_total", "well")

        silent = {f"{name}/{outlet}" for name in TROUBLES for outlet in range(1, OUTLETS + 1)}
        silent -= {f"half/{outlet}" for outlet in range(OUTLETS // 2 + 1, OUTLETS + 1)}
        until(lambda: listed(metering, "--stale").keys() == silent, lambda: sorted(listed(metering, "--stale")))
        shown = listed(metering)
        assert {name: row["watts"] for name, row in shown.items()} == before
        assert all(("silent" in row["marks"]) == (name in silent) for name, row in shown.items())

        failing = {name for name in [*TROUBLES, "mute"] if number(metering, "state", name, ',state="failing"') == 1.0}
        assert failing == {*TROUBLES, "mute"} - {"half"}, metering.numbers("drivers")
        for name in failing:
            assert f"{name} ({SITE}/{name})" in metering.log("drivers")

        passed_s = time.monotonic() - began
        assert number(metering, "missed_total", "well") - missed <= 0.1 * passed_s / INTERVAL_S
        told = number(metering, "readings_total", "well") - readings
        assert told >= 0.8 * OUTLETS * passed_s / INTERVAL_S
        assert "public" not in metering.log("drivers")

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
        before = {name: row["watts"] for name, row in listed(metering).items() if not name.startswith("mute/")}
        place = {name: number for number, name in enumerate(stubs, 1)}
        assert before == {
            f"{name}/{outlet}": 100.0 * place[name] + outlet for name in stubs for outlet in range(1, OUTLETS + 1)
        }

        for name, trouble in TROUBLES.items():
            trouble(stubs[name])
        missed, began = number(metering, "missed_total", "well"), time.monotonic()
        readings = number(metering, "readings_total", "well")

        silent = {f"{name}/{outlet}" for name in [*TROUBLES, "mute"] for outlet in range(1, OUTLETS + 1)}
        silent -= {f"half/{outlet}" for outlet in range(OUTLETS // 2 + 1, OUTLETS + 1)}

        def all_told() -> bool:
            shown = listed(metering, "--stale")
            return shown.keys() == silent and all("silent" in row["marks"] and row["trouble"] for row in shown.values())

        until(all_told, lambda: sorted(listed(metering, "--stale").items()))
        shown = listed(metering)
        assert {name: row["watts"] for name, row in shown.items() if not name.startswith("mute/")} == before
        assert all((row["trouble"] is not None) == (name in silent) for name, row in shown.items())
        assert {tuple(row["marks"]) for name, row in shown.items() if name in silent} == {
            ("silent", "failing"),
            ("silent", "missing"),
        }
        for outlet in range(1, OUTLETS + 1):
            never = shown[f"mute/{outlet}"]
            assert (never["watts"], never["age"], never["marks"]) == (None, None, ["silent", "failing"])
            assert "does not answer" in never["trouble"]
        reasons = {name: shown[f"{name}/1"]["trouble"] for name in TROUBLES}
        assert "another device answers" in reasons["another-device"]
        assert "no value now for 1, 2" in reasons["half"]
        assert "public" not in str(reasons)

        states = {
            name: [each for each in ("failing", "partial") if number(metering, "state", name, f',state="{each}"') == 1]
            for name in [*TROUBLES, "mute"]
        }
        assert states == {name: ["partial" if name == "half" else "failing"] for name in states}
        told_of = {row.partition('device="')[2].partition('"')[0] for row in metering.numbers() if "not_well" in row}
        assert told_of == {f"{SITE}/{name}" for name in states}
        for name in states.keys() - {"half"}:
            assert f"{name} ({SITE}/{name})" in metering.log("drivers")
        missing = {f"{SITE}/half/{outlet}" for outlet in range(1, OUTLETS // 2 + 1)}
        assert {
            row.partition('probe="')[2].partition('"')[0]
            for row in metering.numbers("drivers")
            if row.startswith("kwapi_probe_missing{")
        } == missing

        passed_s = time.monotonic() - began
        assert number(metering, "missed_total", "well") - missed <= 0.1 * passed_s / INTERVAL_S
        told = number(metering, "readings_total", "well") - readings
        assert told >= 0.8 * OUTLETS * passed_s / INTERVAL_S
        assert "public" not in metering.log("drivers")


@pytest.mark.slow
def test_who_answers_late_is_named_as_slow_and_told_all_the_same(tmp_path: Path) -> None:
    """Behind a forwarder too; what a restart of the drivers leaves is nothing."""
    with strip(100) as late:
        text = section("late", late.port).replace("timeout_s = 1", "timeout_s = 20\nquantities = watts")
        with Metering(tmp_path, text, forwarded=True) as metering:
            metering.start("drivers", "forwarder", "api")
            metering.wait_for_probes(OUTLETS)
            until(lambda: not listed(metering, "--stale"), lambda: listed(metering))
            late.delay_s = 1.0

            def slow() -> bool:
                return all("slow" in row["marks"] and row["watts"] for row in listed(metering).values())

            until(slow, lambda: listed(metering))
            (reason,) = {row["trouble"] for row in listed(metering).values()}
            assert "is asked each 0.5 s" in reason
            assert number(metering, "state", "late", ',state="slow"') == 1
            assert number(metering, "took_s", "late") > INTERVAL_S
            late.delay_s = 0.0
            metering.end("drivers")
            metering.start("drivers")
            until(lambda: not listed(metering, "--stale"), lambda: listed(metering))


@pytest.mark.slow
def test_a_probe_of_a_device_that_never_answered_is_shown_with_all_that_is_known(tmp_path: Path) -> None:
    """Where it stands, since when, how often it was asked, and why there is nothing to be seen."""
    mute = strip(100)
    mute.community = "another"
    with mute, Metering(tmp_path, section("mute", mute.port)) as metering:
        metering.start("drivers", "api")

        def told() -> bool:
            return "does not answer" in str(listed(metering).get("mute/1", {}).get("trouble"))

        until(told, lambda: metering.log("drivers"))
        said = {"CLIMATE_ENERGY_ENDPOINT": f"{metering.url}/v1", "CLIMATE_TOKEN": metering.token}
        command = [PROGRAMS / "climate", "probe", "show", f"{SITE}/mute/2"]
        done = subprocess.run(command, env=os.environ | said, capture_output=True, text=True, timeout=120, check=True)
        fields = {
            row.split("|")[1].strip(): row.split("|")[2].strip() for row in done.stdout.splitlines() if "|" in row
        }
        assert fields["marks"] == "silent, failing"
        assert "does not answer" in fields["trouble"]
        assert "answered=never" in done.stdout
        assert "watts" not in fields
        table = subprocess.run(
            [PROGRAMS / "climate", "probe", "list"], env=os.environ | said, capture_output=True, text=True, check=True
        ).stdout.splitlines()
        assert [cell.strip() for cell in table[1].split("|")][-2] == "trouble"
        assert [row.split("|")[1].strip() for row in table[3:-1]] == [f"{SITE}/mute/{outlet}" for outlet in range(1, 5)]
        assert all("silent, failing" in row and "does not answer" in row for row in table[3:-1])
        unknown = [*command[:-1], f"{SITE}/mute/9"]
        done = subprocess.run(unknown, env=os.environ | said, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode != 0

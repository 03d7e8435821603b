# SPDX-License-Identifier: Apache-2.0
"""climate-sandbox, as a person sees it."""

from __future__ import annotations

import os
import re
import signal
import socket
import stat
import subprocess
import time
from pathlib import Path

import pytest

from climate import errors
from climate.client import with_token
from climate.client.probes import Probe
from climate.sandbox.stage import Person
from climate.sandbox.tour import STEPS
from tests.functional.trial import PROGRAM, trial

pytestmark = pytest.mark.slow

PROBES = 14
TOUR_WITHIN_S = 180  # a minute, and room for a machine that is three times slower


def _watts(operator: Person) -> dict[str, Probe]:
    """All probes, once each was heard and counts."""
    give_up_at = time.monotonic() + TOUR_WITHIN_S
    while True:
        known = operator.client.probes.list()
        if len(known) == PROBES and all(one["kwh"] for one in known.values()):
            return known
        assert time.monotonic() < give_up_at, known
        time.sleep(0.2)


def test_once_plays_the_tour_and_leaves_nothing_behind(tmp_path: Path) -> None:
    """Status 0, every step under its heading and checked, no file, no listener."""
    done = subprocess.run(
        [PROGRAM, "--once"],
        capture_output=True,
        text=True,
        timeout=TOUR_WITHIN_S,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    headings = re.findall(r"^\d+\. (.*)$", done.stdout, re.MULTILINE)
    assert headings == [step.heading for step in STEPS]
    assert done.stdout.count("✓") >= len(STEPS)
    assert "✗" not in done.stdout
    assert "sandbox" in done.stdout.splitlines()[0]
    assert list(tmp_path.iterdir()) == []


def test_it_stays_until_ctrl_c_and_ends_cleanly(tmp_path: Path) -> None:
    """It says where it is, answers there, and its port is free afterwards."""
    with trial("--no-tour", "--state", str(tmp_path)) as sandbox:
        sandbox.wait_until_up()
        said = sandbox.variables(tmp_path)
        member = with_token(said["CLIMATE_URL"], said["TOKEN"])
        assert [one["name"] for one in member.properties.list()].count("gpus") == 1
        with pytest.raises(errors.Forbidden):
            next(member.hosts.list())
        operator = Person("operator", said["CLIMATE_URL"], said["ENERGY_URL"], said["ADMIN_TOKEN"])
        assert len(_watts(operator)) == PROBES
        for name in ("tokens.yaml", "env", "climate.conf", "kwapi-drivers.conf", "kwapi-api.conf", "kwapi.key"):
            assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
        assert sandbox.end(signal.SIGINT) == 0, sandbox.output
    assert "Traceback" not in sandbox.output
    for url in (said["CLIMATE_URL"], said["ENERGY_URL"]):
        with socket.socket() as probe, pytest.raises(ConnectionRefusedError):
            probe.connect(("127.0.0.1", int(url.rpartition(":")[2])))


def test_ctrl_c_in_the_middle_of_the_tour_ends_it_cleanly(tmp_path: Path) -> None:
    """Nothing is left behind, and nobody sees a traceback."""
    with trial(env={**os.environ, "TMPDIR": str(tmp_path)}) as sandbox:
        sandbox.wait_for(". Request")
        assert sandbox.end() == 0, sandbox.output
    assert "Traceback" not in sandbox.output
    assert list(tmp_path.iterdir()) == []


def test_a_state_folder_is_taken_up_again(tmp_path: Path) -> None:
    """Leases survive a restart and energy is counted on; tokens are new."""
    with trial("--no-tour", "--state", str(tmp_path)) as first:
        first.wait_until_up()
        before = first.variables(tmp_path)
        client = with_token(before["CLIMATE_URL"], before["TOKEN"])
        lease = client.leases.create(duration="1h", confirm=True)
        counted = _watts(Person("operator", before["CLIMATE_URL"], before["ENERGY_URL"], before["ADMIN_TOKEN"]))
        assert first.end(signal.SIGTERM) == 0, first.output
    with trial("--no-tour", "--state", str(tmp_path)) as second:
        second.wait_until_up()
        after = second.variables(tmp_path)
        assert after["TOKEN"] != before["TOKEN"]
        again = with_token(after["CLIMATE_URL"], after["TOKEN"])
        assert again.leases.wait_for(lease["id"], "active", 60)["end_at"] == lease["end_at"]
        operator = Person("operator", after["CLIMATE_URL"], after["ENERGY_URL"], after["ADMIN_TOKEN"])
        going_on = _watts(operator)
        assert all(going_on[probe]["kwh"] >= one["kwh"] for probe, one in counted.items())
        since = {operator.client.probes.get(probe)["since"] < one["timestamp"] for probe, one in counted.items()}
        assert since == {True}
        assert second.end() == 0, second.output


def test_a_taken_port_is_one_line_and_status_1(tmp_path: Path) -> None:
    """Whoever asks for a port and does not get it is told so."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with trial("--once", "--state", str(tmp_path), "--port", str(port)) as sandbox:
            assert sandbox.process.wait(TOUR_WITHIN_S) == 1
            sandbox.end()
    assert f"climate-sandbox: Cannot listen on 127.0.0.1 port {port}" in sandbox.output
    assert "Traceback" not in sandbox.output

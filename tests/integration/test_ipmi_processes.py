# SPDX-License-Identifier: Apache-2.0
"""kwapi-drivers and BMCs: restarts, kills, and one that is silent among others."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tools.metering import Metering
from tools.servers.ipmi_bmc import DcmiBmc

pytestmark = pytest.mark.slow

WITHIN_S = 120.0


def eventually(holds: Callable[[], bool]) -> None:
    give_up_at = time.monotonic() + WITHIN_S
    while not holds():
        assert time.monotonic() < give_up_at
        time.sleep(0.05)


def section(name: str, bmc: DcmiBmc, **options: str) -> str:
    settings = bmc.options | {"driver": "ipmi", "probes": "machine", "interval_s": "0.2", "timeout_s": "1"} | options
    return f"[{name}]\n" + "".join(f"{key} = {value}\n" for key, value in settings.items())


def test_twenty_restarts_leave_no_session_behind(tmp_path: Path) -> None:
    """Of four; each ends with its process."""
    with DcmiBmc(slots=4) as bmc, Metering(tmp_path, section("node", bmc)) as metering:
        for count in range(1, 21):
            metering.start("drivers")
            eventually(lambda count=count: bmc.sessions["opened"] == count)  # type: ignore[misc]
            assert metering.end("drivers", WITHIN_S) == 0
            eventually(lambda count=count: bmc.sessions["closed"] == count)  # type: ignore[misc]
        assert bmc.sessions["active"] == 0


def test_after_kills_the_bmc_ends_the_sessions_and_is_read_again(tmp_path: Path) -> None:
    """Who comes when all four are left open waits until the first of them ends."""
    with DcmiBmc(slots=4, idle_s=10.0) as bmc, Metering(tmp_path, section("node", bmc)) as metering:
        for count in range(1, 6):
            metering.start("drivers")
            eventually(lambda count=count: bmc.sessions["opened"] == count)  # type: ignore[misc]
            metering.kill("drivers")
        assert "Traceback" not in metering.log("drivers")


def test_a_silent_bmc_is_named_and_the_others_are_read_on(tmp_path: Path) -> None:
    with DcmiBmc() as bmc, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mute:
        mute.bind(("127.0.0.1", 0))
        sections = section("well", bmc) + section("silent", bmc, port=str(mute.getsockname()[1]))
        with Metering(tmp_path, sections) as metering:
            metering.start("drivers", "api")
            metering.wait_for_probes(1)
            eventually(lambda: metering.numbers("drivers").get(_failures("silent"), 0) >= 2)
            numbers = metering.numbers("drivers")
            assert numbers.get(_failures("well"), 0) == 0
            assert metering.ask("/v1/probes/")["probes"]["lyon/well/machine"]["w"] == 344.0
            assert "no answer from 127.0.0.1" in metering.log("drivers")


def _failures(name: str) -> str:
    return f'kwapi_device_failures_total{{cause="device",device="lyon/{name}",section="{name}"}}'

# SPDX-License-Identifier: Apache-2.0
"""Devices that snmpsim plays, met by discovery and then read by Kwapi's processes."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from climate.devices.snmp.agent import open_session
from kwapi.manager import discovery
from kwapi.manager.wanted import Outcome
from tools.metering import Metering

WITHIN_S = 240.0
TIMEOUT_S = 10
_DRIVERS = f"[DEFAULT]\ninterval_s = 5\ntimeout_s = {TIMEOUT_S}\n"
# A meter of a whole building, and a UPS at no load, which gives a little power back.
_BELIEVED = "[kwapi]\nmax_watts = 1000000\nmin_watts = -1000\nstale_after_s = 600\n"


@dataclass(frozen=True)
class Met:
    """What discovery says of a device."""

    outcome: Outcome
    answer: dict[str, Any]

    @property
    def watts(self) -> dict[str, float]:
        """By the place's name."""
        return {
            reading["probe"].rpartition("/")[2]: reading["watts"]
            for reading in self.answer["readings"]
            if reading["watts"] is not None
        }


def meet(address: str, *arguments: str) -> Met:
    """``kwapi-drivers --discover ADDRESS ARGUMENTS --json``, in this process."""
    output, errors = io.StringIO(), io.StringIO()
    words = ["--discover", address, "--timeout", str(TIMEOUT_S), *arguments, "--json"]
    status = discovery.run("kwapi-drivers", words, open_session, output, errors)
    assert errors.getvalue() == ""
    return Met(Outcome(status), json.loads(output.getvalue()))


def told_by_the_api(directory: Path, met: Mapping[str, Met]) -> dict[str, dict[str, Any]]:
    """What /v1/probes/ says of all devices that have power, read by one kwapi-drivers with a section for each.

    Returns once each probe that has watts is there.
    """
    found = [each for each in met.values() if each.outcome is Outcome.FOUND]
    with Metering(directory, "\n".join(each.answer["section"] for each in found)) as metering:
        metering.add("drivers", _DRIVERS)
        metering.add("api", _BELIEVED)
        metering.start("drivers", "api")
        wanted = {
            reading["probe"] for each in found for reading in each.answer["readings"] if reading["watts"] is not None
        }
        deadline = time.monotonic() + WITHIN_S
        while True:
            probes: dict[str, dict[str, Any]] = metering.ask("/v1/probes/")["probes"]
            missing = wanted - probes.keys()
            if not missing:
                return probes
            if time.monotonic() > deadline:
                raise TimeoutError(f"never heard of {sorted(missing)}:\n{metering.log('drivers')[-4000:]}")
            time.sleep(0.2)


def differences(met: Mapping[str, Met], probes: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Where the API says something else than discovery did, of watts, volts and amperes."""
    wrong = []
    for each in met.values():
        if each.outcome is not Outcome.FOUND:
            continue
        for reading in each.answer["readings"]:
            probe = probes.get(reading["probe"])
            if probe is None or reading["watts"] is None:
                continue
            said = (probe["w"], probe.get("v"), probe.get("a"))
            met_with = (reading["watts"], reading["volts"], reading["amperes"])
            if said != met_with:
                wrong.append(f"{reading['probe']}: {said} W, V, A at the API, {met_with} by discovery")
    return wrong

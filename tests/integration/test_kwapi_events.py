# SPDX-License-Identifier: Apache-2.0
"""Listening to kwapi-api's events over a real connection, and its end while somebody listens."""

from __future__ import annotations

import http.client
import json
from pathlib import Path

import pytest

from tools.metering import Metering, dummies

pytestmark = pytest.mark.slow

WITHIN_S = 60


def test_readings_arrive_until_the_process_is_told_to_stop(tmp_path: Path) -> None:
    """Ten readings of each probe, in order; then SIGTERM ends the stream, and the process at once."""
    with Metering(tmp_path, dummies(2, 2, 0.2)) as metering:
        metering.start("drivers", "api")
        metering.wait_for_probes(4)
        connection = http.client.HTTPConnection("127.0.0.1", metering.port, timeout=WITHIN_S)
        connection.request("GET", "/v1/events?every=0.2", headers={"X-Auth-Token": metering.token})
        answer = connection.getresponse()
        assert answer.status == 200
        instants: dict[str, list[float]] = {}
        while not instants or min(map(len, instants.values())) < 10:
            line = answer.readline()
            if line.startswith(b"data: "):
                for name, probe in json.loads(line.removeprefix(b"data: "))["probes"].items():
                    instants.setdefault(name, []).append(probe["timestamp"])
        assert len(instants) == 4
        assert all(told == sorted(set(told)) for told in instants.values())
        assert metering.end("api", WITHIN_S) == 0
        while answer.readline():
            pass

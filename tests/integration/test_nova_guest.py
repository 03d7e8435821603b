# SPDX-License-Identifier: Apache-2.0
"""Nova's own classes load the filter and the weighers, with native threads and with eventlet's."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from benchmarks import nova
from tests.conftest import require
from tests.unit.nova_ext.climate_stub import ClimateStub, row
from tools.servers.keystone import PROGRAMS, Keystone

ROOT = Path(__file__).parents[2]
LIMIT_S = 200
MINE, THEIRS = (str(uuid.UUID(int=number)) for number in (1, 2))
pytestmark = [pytest.mark.servers, pytest.mark.slow]


@pytest.fixture(scope="module", autouse=True)
def environment() -> None:
    """Nova is installed where Keystone is."""
    require(Keystone)


@pytest.fixture(scope="module")
def climate() -> Iterator[ClimateStub]:
    """Seven hosts: two leased, one about to be, two to be leased some day, two with a known efficiency."""
    stub = ClimateStub()
    stub.start()
    stub.lease(
        _leased(1, MINE, "a"),
        _leased(2, THEIRS, "b"),
        row(3, next_lease_id=MINE, next_start_at=_instant(86_400)),
        row(4, next_lease_id=MINE, next_start_at=_instant(2 * 86_400)),
        row(5),
        row(6),
        row(7, next_lease_id=MINE, next_start_at=_instant(30)),
    )
    stub.efficiencies = {"node-5": 1e9, "node-6": 2e9}
    yield stub
    stub.stop()


@pytest.fixture(scope="module", params=["native", "eventlet"])
def found(climate: ClimateStub, request: pytest.FixtureRequest) -> dict[str, Any]:
    """What came out of a round."""
    disabled = "1" if request.param == "native" else "0"
    done = subprocess.run(
        [PROGRAMS / "python", ROOT / "tests" / "integration" / "nova_guest.py", climate.url],
        env={
            **os.environ,
            "OS_NOVA_DISABLE_EVENTLET_PATCHING": disabled,
            "PYTHONSAFEPATH": "1",
            "PYTHONPATH": str(ROOT),
        },
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    outcome: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    assert outcome["native_threads"] is (request.param == "native")
    assert outcome["eventlet_loaded"] is (request.param == "eventlet")
    return outcome


def test_nova_finds_them_by_function_and_by_path(found: dict[str, Any]) -> None:
    """Beside its own."""
    assert found["filters"] == ["LeaseFilter"]
    assert {"ComputeFilter", "LeaseFilter"} <= set(found["all_filters"])
    assert found["weighers"] == ["EfficiencyWeigher", "FreeTimeWeigher"]
    assert found["by_path"] == ["LeaseFilter", "FreeTimeWeigher", "EfficiencyWeigher"]


def test_nova_gets_the_hosts_that_a_request_may_have(found: dict[str, Any]) -> None:
    """From its own request specifications, also such that say nothing at all."""
    free = ["node-3", "node-4", "node-5", "node-6"]
    assert (found["without_hint"], found["nothing_set"]) == (free, free)
    assert (found["own_lease"], found["one_host"]) == (["node-1"], [True, False])
    assert (found["lease_of_others"], found["unknown"], found["list"]) == ([], [], [])
    assert len(found["rebuild"]) == 7


def test_nova_takes_the_host_that_is_free_for_longest_then_the_most_efficient(found: dict[str, Any]) -> None:
    """Whatever is free on it; with a lifetime the one that fits, in a lease the most efficient."""
    assert found["by_free_time"] == ["node-6", "node-5", "node-4", "node-3"]
    assert found["for_a_day"] == ["node-3", "node-4", "node-6", "node-5"]
    assert found["in_a_lease"][0] == "node-6"


def test_the_benchmark_measures_all_of_it() -> None:
    """On few hosts."""
    figures = nova.run(argparse.Namespace(hosts=30, beside=30, rounds=2))
    assert (figures["open_hosts"], figures["hosts_of_lease"], figures["http_calls"]) == (10, 10, 0)
    for kind in ("filter", "filter_of_lease"):
        assert figures[f"{kind}_passing_of_30"] == figures[f"{kind}_blazar_nova_passing_of_30"] == 10
    assert {"filter_ms_median", "weighers_ms_median", "ratio_to_blazar_nova"} <= figures.keys()


def _leased(number: int, lease_id: str, project_id: str) -> dict[str, Any]:
    return row(number, lease_id=lease_id, project_id=project_id, state="active", until=_instant(3600))


def _instant(in_s: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=in_s)).isoformat()

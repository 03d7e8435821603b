# SPDX-License-Identifier: Apache-2.0
"""A site whose network is cut for a while: the drivers in a network namespace of their own, the API outside."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.integration.kwapi_counting import check_all_counted, wait
from tools.metering import Metering, dummies

pytestmark = pytest.mark.slow

DEVICES, OUTLETS, INTERVAL_S = 10, 100, 0.1
CUT_S = 120.0 if os.environ.get("CLIMATE_SOAK") else 15.0


def ip(*words: str, check: bool = True) -> None:
    """The command of iproute2."""
    subprocess.run(["ip", *words], check=check, capture_output=True, timeout=60)


@dataclass(frozen=True)
class Island:
    """A namespace at the end of a cable that can be cut; ``address`` is inside."""

    name: str
    cable: str
    address: str

    @property
    def within(self) -> tuple[str, ...]:
        """What starts a command inside."""
        return "ip", "netns", "exec", self.name

    def cut(self) -> None:
        """Nothing goes through, and nobody is told."""
        ip("link", "set", self.cable, "down")

    def heal(self) -> None:
        """All goes through again."""
        ip("link", "set", self.cable, "up")


@pytest.fixture
def island() -> Iterator[Island]:
    """Made for the test, and taken away behind it."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        pytest.skip("a network namespace needs root and the command ip (Debian: iproute2)")
    mark = os.getpid() % 65_536
    made = Island(f"kwapi-{mark}", f"kw{mark}a", f"198.18.{mark % 256}.2")
    try:
        ip("netns", "add", made.name)
        ip("link", "add", made.cable, "type", "veth", "peer", "name", f"kw{mark}b", "netns", made.name)
        ip("addr", "add", f"198.18.{mark % 256}.1/24", "dev", made.cable)
        ip("-n", made.name, "addr", "add", f"{made.address}/24", "dev", f"kw{mark}b")
        ip("-n", made.name, "link", "set", f"kw{mark}b", "up")
        ip("-n", made.name, "link", "set", "lo", "up")
        made.heal()
    except subprocess.CalledProcessError as error:
        remove(made)
        pytest.skip(f"this machine makes no network namespaces: {error.stderr.decode().strip()}")
    yield made
    remove(made)


def remove(island: Island) -> None:
    """The cable goes with the namespace that one end of it is in, sooner or later; so it goes first."""
    with contextlib.suppress(OSError):
        ip("link", "del", island.cable, check=False)
        ip("netns", "del", island.name, check=False)


def test_a_cut_network_costs_no_reading(tmp_path: Path, island: Island) -> None:
    """10,000 readings a second over TCP, cut for a while: afterwards none is missing, and none came twice."""
    with Metering(tmp_path, dummies(DEVICES, OUTLETS, INTERVAL_S)) as metering:
        for name in ("drivers", "api"):
            metering.replace(name, f"ipc://{tmp_path}/drivers.live", f"tcp://{island.address}:5561")
            metering.replace(name, f"ipc://{tmp_path}/drivers.asked", f"tcp://{island.address}:5562")
        metering.start("drivers", within=island.within)
        metering.start("api")
        metering.wait_for_probes(DEVICES * OUTLETS, 60)
        time.sleep(2)
        before = metering.numbers()["kwapi_bus_batches_total"]
        island.cut()
        time.sleep(CUT_S)
        during = metering.numbers()["kwapi_bus_batches_total"]
        assert during - before < 0.5 * CUT_S * DEVICES / INTERVAL_S
        island.heal()
        wait(lambda: metering.numbers()["kwapi_bus_batches_total"] > during)
        readings = check_all_counted(metering)
    longest = max(
        after.begin_ns - before.end_ns for series in readings.values() for before, after in itertools.pairwise(series)
    )
    assert longest < 0.5 * CUT_S * 1e9

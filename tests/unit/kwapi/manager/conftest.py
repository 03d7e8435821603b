# SPDX-License-Identifier: Apache-2.0
"""A bus that listens, and managers that are stopped at the end of each test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from kwapi.manager.configuration import Wattmeter
from kwapi.manager.supervision import Manager
from tests.unit.kwapi.manager.meters import Bus, Start, configuration


@pytest.fixture
def bus() -> Bus:
    return Bus()


@pytest.fixture
def start(bus: Bus) -> Iterator[Start]:
    """Starts managers that are stopped at the end."""
    managers: list[Manager] = []

    def started(*wattmeters: Wattmeter, publish: Any = bus, **limits: Any) -> Manager:
        limits = {"longest_pause_s": 0.02, "stop_timeout_s": 30.0} | limits
        managers.append(Manager(configuration(*wattmeters), publish, **limits))
        managers[-1].start()
        return managers[-1]

    yield started
    for manager in managers:
        manager.stop()
        manager.wait()

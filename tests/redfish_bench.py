# SPDX-License-Identifier: Apache-2.0
"""Redfish services that run while a test does, and drivers that are closed behind it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from climate.chassis.secrets import Secret
from kwapi.core.reading import Reading
from kwapi.drivers.protocol import DeviceError, Section
from kwapi.drivers.redfish import RedfishDriver
from tests.redfish_trees import Tree
from tests.unit.kwapi.drivers.sections import section
from tools.servers.certificates import make
from tools.servers.redfish_service import PASSWORD, USER, RedfishService

PATIENCE_S = 60.0


class Bench(contextlib.ExitStack):
    """A context manager; ``folder`` takes the certificates."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.certificates = make(folder)

    def service(self, tree: Tree, **options: Any) -> RedfishService:
        """One that speaks TLS."""
        return self.enter_context(RedfishService(tree, self.certificates.context(), **options))

    def section(
        self,
        service: RedfishService,
        probes: Sequence[str | None] = ("mains",),
        timeout_s: float = 20.0,
        **options: Any,
    ) -> Section:
        """Patient, since the machine may be busy."""
        known = {"url": service.url, "username": USER, "password": Secret(PASSWORD)}
        known |= {"ca_file": str(self.certificates.authority)}
        return replace(section(RedfishDriver, probes, **(known | options)), timeout_s=timeout_s)

    def driver(self, service: RedfishService, *arguments: Any, **options: Any) -> RedfishDriver:
        """As the section says; the arguments are those of ``section``."""
        driver = RedfishDriver(self.section(service, *arguments, **options), time.time_ns)
        self.callback(driver.close)
        return driver


def watts(readings: Sequence[Reading]) -> list[float | None]:
    return [reading.watts for reading in readings]


def wait_until(condition: Callable[[], object]) -> None:
    give_up_at = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < give_up_at
        time.sleep(0.01)


def answer_of(driver: RedfishDriver) -> list[Reading]:
    """What it tells, however often it has to be asked."""
    give_up_at = time.monotonic() + PATIENCE_S
    while time.monotonic() < give_up_at:
        with contextlib.suppress(DeviceError):
            if readings := driver.read():
                return readings
    raise AssertionError("it tells nothing")

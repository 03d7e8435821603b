# SPDX-License-Identifier: Apache-2.0
"""Wattmeters for tests of the manager: drivers that do what a test tells them, and who listens."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar

from oslo_config import cfg

from kwapi.core.reading import Reading
from kwapi.drivers.protocol import Driver, DriverType, Section
from kwapi.manager.configuration import Configuration, Fault, Wattmeter
from kwapi.manager.status import DeviceStatus
from kwapi.manager.supervision import Manager

Read = Callable[["Scripted"], Sequence[Reading]]
Start = Callable[..., Manager]
PATIENCE_S = 60.0


class Scripted:
    """A driver that reads as ``read`` says; ``closed`` is set when it is closed, ``number`` counts from 1."""

    options: ClassVar[Sequence[cfg.Opt]] = ()

    def __init__(self, section: Section, number: int, read: Read) -> None:
        self.section = section
        self.number = number
        self.closed = threading.Event()
        self._read = read

    def read(self) -> Sequence[Reading]:
        return self._read(self)

    def close(self) -> None:
        self.closed.set()

    def readings(self, watts: float = 100.0) -> list[Reading]:
        """One of each probe, now."""
        now = time.time_ns()
        return [
            Reading(probe_id=probe, begin_ns=now, end_ns=now, watts=watts) for probe in self.section.probes if probe
        ]


class Maker:
    """A driver's type that remembers whom it made; ``prepare(number)`` comes before and may raise or hang."""

    options: ClassVar[Sequence[cfg.Opt]] = ()

    def __init__(
        self, read: Read = lambda driver: driver.readings(), prepare: Callable[[int], object] = lambda _: None
    ) -> None:
        self.made: list[Scripted] = []
        self.asked = 0
        self._read = read
        self._prepare = prepare

    def __call__(self, section: Section, clock_ns: Callable[[], int]) -> Driver:
        self.asked += 1
        self._prepare(self.asked)
        driver = Scripted(section, len(self.made) + 1, self._read)
        self.made.append(driver)
        return driver


class Bus:
    """Hears what is published."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, list[Reading]]] = []

    def __call__(self, topic: str, readings: Sequence[Reading]) -> None:
        self.heard.append((topic, list(readings)))

    def watts(self, device: str) -> list[float | None]:
        """What the device's probes drew, in the order in which it was told."""
        return [reading.watts for topic, readings in list(self.heard) if topic == f"{device}/" for reading in readings]


def wattmeter(
    name: str,
    driver_type: DriverType,
    outlets: Sequence[str] = ("1",),
    interval_s: float = 0.02,
    timeout_s: float = 0.3,
    device: str | None = None,
) -> Wattmeter:
    device = device or f"site/{name}"
    section = Section(
        name=name,
        device=device,
        probes=tuple(f"{device}/{outlet}" for outlet in outlets),
        interval_s=interval_s,
        timeout_s=timeout_s,
        options={},
        folder=Path(),
    )
    return Wattmeter(section, "scripted", driver_type, Path("meters.conf"), 1)


def configuration(*wattmeters: Wattmeter) -> Configuration:
    return Configuration(tuple(wattmeters))


def until(holds: Callable[[], object]) -> None:
    """Wait until something holds; far longer than it should take."""
    give_up_at = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < give_up_at, "it did not come to hold"
        time.sleep(0.002)


def spoiled(*wattmeters: Wattmeter, names: Sequence[str]) -> Configuration:
    """Good sections, and the names of bad ones."""
    faults = (Fault(Path("meters.conf"), 1, name, "host", "it cannot be used", "Mend it.") for name in names)
    return Configuration(wattmeters, tuple(faults))


def of(manager: Manager, section: str) -> DeviceStatus:
    return next(device for device in manager.status().devices if device.section == section)

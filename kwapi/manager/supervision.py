# SPDX-License-Identifier: Apache-2.0
"""The manager: all devices, the thread that watches over theirs, and what a new configuration changes."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection, Iterable

from kwapi.core.condition import Condition
from kwapi.manager.configuration import Configuration, Wattmeter
from kwapi.manager.device import Device, Publish, Spawn, Surroundings
from kwapi.manager.status import Status

LOG = logging.getLogger(__name__)

_LOOKS = (0.01, 0.5)
"""How often at most and at least the devices are looked at, in seconds; else twice in the shortest interval."""
_OVERSLEPT_S = 1.0


def spawn(target: Callable[[], None], name: str) -> threading.Thread:
    """A thread that does not keep the process alive.

    :raises RuntimeError: the system has none left.
    """
    thread = threading.Thread(target=target, name=name, daemon=True)
    thread.start()
    return thread


class Manager:
    """Reads every wattmeter of a configuration on a thread of its own and hands what it says to ``publish``.

    ``publish(topic, readings)`` gets the device's name with a ``/`` behind it;
    many threads call it.
    """

    def __init__(
        self,
        configuration: Configuration,
        publish: Publish,
        *,
        clock_ns: Callable[[], int] = time.time_ns,
        monotonic: Callable[[], float] = time.monotonic,
        spawn: Spawn = spawn,
        longest_pause_s: float = 30.0,
        hung_drivers: int = 3,
        stop_timeout_s: float = 5.0,
    ) -> None:
        self._around = Surroundings(
            publish=publish,
            clock_ns=clock_ns,
            monotonic=monotonic,
            spawn=spawn,
            longest_pause_s=longest_pause_s,
            hung_drivers=hung_drivers,
        )
        self._stop_timeout_s = stop_timeout_s
        self._changing = threading.Lock()
        self._stopping = threading.Event()
        self._watch: threading.Thread | None = None
        self._places = 0
        self._configuration = configuration
        # Whoever reads these sees the old or the new; they are never changed, only replaced.
        self._devices: dict[str, Device] = {}
        self._outdated: tuple[str, ...] = ()

    def start(self) -> None:
        """Begin to read, and to watch."""
        with self._changing:
            _tell(self._configuration)
            self._devices = {each.section.name: self._new(each) for each in self._configuration.wattmeters}
            for device in self._devices.values():
                device.start()
            self._watch = self._around.spawn(self._supervise, "drivers-watch")
            LOG.info("%d wattmeters are read", len(self._devices))

    def reload(self, configuration: Configuration) -> None:
        """Add, remove and change devices; those whose section says the same are not touched.

        A section that was good and is not any more changes nothing: its device
        goes on as it was, unless another section claims one of its probes.
        """
        with self._changing:
            if self._stopping.is_set():
                return
            _tell(configuration)
            wanted = {each.section.name: each for each in configuration.wattmeters}
            spoiled = self._spoiled(configuration)
            staying = {
                name: device
                for name, device in self._devices.items()
                if name in spoiled or (name in wanted and _same(wanted[name], device.wattmeter))
            }
            leaving = [device for name, device in self._devices.items() if name not in staying]
            self._devices = staying
            # The old drivers let go first: a serial line serves one at a time.
            self._stop(leaving)
            coming = {name: self._new(each) for name, each in wanted.items() if name not in staying}
            self._configuration, self._outdated = configuration, tuple(sorted(spoiled))
            self._devices = {**staying, **coming}
            for device in coming.values():
                device.start()
            for name in self._outdated:
                LOG.error("[%s] cannot be used as it is now; its wattmeter is read on as it was before", name)
            LOG.info("reloaded: %d go on, %d leave, %d come", len(staying), len(leaving), len(coming))

    def stop(self) -> None:
        """Begin no further attempt; :meth:`wait` waits for those under way."""
        self._stopping.set()
        for device in self._devices.values():
            device.stop()

    def wait(self) -> None:
        """Until all have stopped, but no longer than ``stop_timeout_s``; what comes later is thrown away."""
        with self._changing:
            self._stop(self._devices.values())
            if self._watch is not None:
                self._watch.join(self._stop_timeout_s)

    def look(self) -> None:
        """Replace threads that hang or have ended."""
        for device in self._devices.values():
            try:
                device.look()
            except Exception:
                LOG.exception("%s: it cannot be looked after", device.wattmeter.section.name)

    def status(self) -> Status:
        """How all of them are."""
        devices = self._devices
        return Status(
            devices=tuple(devices[name].status() for name in sorted(devices)),
            disabled=tuple(name for name in self._configuration.disabled if name not in devices),
            outdated=self._outdated,
        )

    def conditions(self) -> list[Condition]:
        """Those devices that are not well, in the order of their sections."""
        devices = self._devices
        found = (devices[name].condition() for name in sorted(devices))
        return [condition for condition in found if condition is not None]

    def _new(self, wattmeter: Wattmeter) -> Device:
        self._places += 1
        return Device(wattmeter, self._places, self._around)

    def _spoiled(self, configuration: Configuration) -> set[str]:
        claimed = {probe for wattmeter in configuration.wattmeters for probe in wattmeter.probes}
        return {
            name
            for name in configuration.disabled
            if name in self._devices and claimed.isdisjoint(self._devices[name].probes)
        }

    def _stop(self, devices: Collection[Device]) -> None:
        for device in devices:
            device.stop()
        until = self._around.monotonic() + self._stop_timeout_s
        left = [device.wattmeter.section.name for device in devices if not device.join(until)]
        if left:
            LOG.warning("these drivers hang and are left behind: %s", ", ".join(left))

    def _supervise(self) -> None:
        slept_in = False
        while True:
            pause_s = _pause(self._devices.values())
            until = self._around.monotonic() + pause_s
            if self._stopping.wait(pause_s):
                return
            # Where the whole process stood still, nobody hangs: whoever was at a device gets a moment to come back.
            slept_in = not slept_in and self._around.monotonic() - until > _OVERSLEPT_S
            if not slept_in:
                self.look()


def _pause(devices: Iterable[Device]) -> float:
    shortest = min((device.wattmeter.section.interval_s for device in devices), default=_LOOKS[1])
    return min(max(shortest / 2, _LOOKS[0]), _LOOKS[1])


def _same(one: Wattmeter, other: Wattmeter) -> bool:
    return one.section == other.section and one.driver_type is other.driver_type


def _tell(configuration: Configuration) -> None:
    for fault in configuration.faults:
        LOG.log(logging.ERROR if fault.disables else logging.WARNING, "%s", fault.text)

# SPDX-License-Identifier: Apache-2.0
"""A device and the thread that reads it; when that one hangs or ends, another takes its place."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from msgspec import structs

from climate.errors import ConfigError
from kwapi.core.condition import Condition
from kwapi.core.reading import Flag, Reading
from kwapi.drivers.protocol import DeviceError, Driver, Explaining
from kwapi.manager import deadlines
from kwapi.manager.admission import admit
from kwapi.manager.complaints import Complaints
from kwapi.manager.configuration import Wattmeter
from kwapi.manager.record import Answered, Record
from kwapi.manager.status import WELL, Cause, DeviceStatus, State

LOG = logging.getLogger(__name__)

MOST_AT_ONCE = 1000
"""How many readings are published at a time; whoever has more to tell does so in parts."""

Publish = Callable[[str, Sequence[Reading]], None]
Spawn = Callable[[Callable[[], None], str], threading.Thread]


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What every device needs. ``monotonic`` gives seconds, ``clock_ns`` nanoseconds since the epoch.

    ``spawn`` starts a thread, or raises RuntimeError where the system has none
    left.
    """

    publish: Publish
    clock_ns: Callable[[], int]
    monotonic: Callable[[], float]
    spawn: Spawn
    longest_pause_s: float
    hung_drivers: int


class Device:
    """Reads one wattmeter at its deadlines. ``place`` is the how-manieth it is, which spreads the load."""

    def __init__(self, wattmeter: Wattmeter, place: int, around: Surroundings) -> None:
        self.wattmeter = wattmeter
        self.around = around
        self.probes = frozenset(wattmeter.probes)
        section = wattmeter.section
        self._patience_s = deadlines.patience(section.interval_s, section.timeout_s)
        self.lock = threading.Lock()
        self.record = Record(
            wattmeter, deadlines.phase(place, section.interval_s), around.longest_pause_s, around.clock_ns()
        )
        self._complaints = Complaints()
        self._attendant: _Attendant | None = None
        self._abandoned: list[_Attendant] = []
        self._started = False
        self._stopping = False
        self._again_at = 0.0

    def start(self) -> None:
        """Begin to read."""
        self._engage()
        self._started = True

    def look(self) -> None:
        """Replace the thread if it hangs, has ended, or could not be started."""
        now = self.around.monotonic()
        hanging = None
        with self.lock:
            if self._stopping:
                return
            self._abandoned = [each for each in self._abandoned if each.lives()]
            current = self._attendant
            if current is not None and not current.lives():
                self._attendant = None
                self._trouble(Cause.THREAD, "its thread ended", now)
            elif current is not None and current.began is not None and now - current.began > self._patience_s:
                hanging = current
                self._give_up(current)
                self._trouble(Cause.HANG, f"it did not come back within {self._patience_s:g} s", now)
        if hanging is not None:
            hanging.close_from_outside()
        self._engage()

    def stop(self) -> None:
        """Begin no further attempt. Does not wait."""
        with self.lock:
            self._stopping = True
            if self._attendant is not None:
                self._attendant.stop.set()

    def join(self, until: float) -> bool:
        """Wait until the thread has ended, or is given up at an instant of the monotonic clock; whether it ended."""
        attendant = self._attendant
        if attendant is not None and attendant.thread is not None:
            attendant.thread.join(max(0.0, until - self.around.monotonic()))
        with self.lock:
            self.record.leave(State.STOPPED, "", self.around.clock_ns())
            if attendant is None or not attendant.lives():
                return True
            self._give_up(attendant)
        attendant.close_from_outside()
        return False

    def status(self) -> DeviceStatus:
        """How it is."""
        with self.lock:
            return self.record.status(sum(each.lives() for each in self._abandoned))

    def condition(self) -> Condition | None:
        """What is wrong with it, as others are told; ``None``: nothing."""
        if self.record.state in WELL:
            return None
        with self.lock:
            return self.record.condition(self.around.clock_ns())

    def failed(self, cause: Cause, text: str) -> None:
        """Note and tell that an attempt failed; the lock is held."""
        self._trouble(cause, text, self.around.monotonic())

    def succeeded(self, readings: list[Reading], answered: Answered) -> list[Reading]:
        """Note that one did not, and give the readings as they go on the bus; the lock is held."""
        failures = self.record.failures_in_row
        self.record.succeed(self.around.clock_ns(), self.around.monotonic(), answered)
        if answered.complaint:
            self._tell(answered.complaint, self.around.monotonic())
        elif failures and self._complaints.relief():
            LOG.info("%s: answers again after %d failures", self.wattmeter.section.name, failures)
        if not self.record.clock_was_set(self.around.clock_ns(), self.around.monotonic()):
            return readings
        return [structs.replace(reading, flags=reading.flags | Flag.CLOCK_STEPPED) for reading in readings]

    def send(self, readings: Sequence[Reading]) -> None:
        """Publish what was read; the lock is not held."""
        topic = f"{self.wattmeter.section.device}/"
        for begin in range(0, len(readings), MOST_AT_ONCE):
            part = readings[begin : begin + MOST_AT_ONCE]
            try:
                self.around.publish(topic, part)
            except Exception as error:  # noqa: BLE001 - whatever the bus does, the device is read on
                with self.lock:
                    self.record.unpublished += len(part)
                    text = f"the bus did not take {len(part)} readings: {type(error).__name__}: {error}"
                    self._tell(text, self.around.monotonic())
            else:
                self.record.readings += len(part)

    def _engage(self) -> None:
        now = self.around.monotonic()
        with self.lock:
            if self._stopping or self._attendant is not None or now < self._again_at:
                return
            if len(self._abandoned) >= self.around.hung_drivers:
                if self.record.state is not State.STUCK:
                    reason = f"{len(self._abandoned)} of its drivers hang, so no further one is started"
                    self.record.leave(State.STUCK, reason, self.around.clock_ns())
                    self._tell(reason, now)
                return
            attendant = _Attendant(self)
            try:
                attendant.thread = self.around.spawn(attendant.run, f"driver-{self.wattmeter.section.name}")
            except (RuntimeError, MemoryError) as error:
                self._trouble(Cause.THREAD, f"its thread could not be started: {error}", now)
                # At once the first time; a system without threads is not helped by those who insist.
                self._again_at = now + self.record.pause_s if self.record.failures_in_row > 1 else 0.0
                return
            self._attendant = attendant
            if self.record.state is State.STUCK:
                self.record.leave(State.FAILING, self.record.last_failure, self.around.clock_ns())
            self.record.restarts += self._started

    def _give_up(self, attendant: _Attendant) -> None:
        attendant.abandoned = True
        self._abandoned.append(attendant)
        if self._attendant is attendant:
            self._attendant = None

    def _trouble(self, cause: Cause, text: str, now: float) -> None:
        self.record.fail(cause, text, self.around.clock_ns())
        self._tell(self.record.last_failure, now)

    def _tell(self, text: str, now: float) -> None:
        line = self._complaints.trouble(text, now)
        if line is not None:
            LOG.warning("%s (%s): %s", self.wattmeter.section.name, self.wattmeter.section.device, line)


class _Attendant:
    """One thread with a driver of its own. ``began`` is when it went to the device, ``None`` while it is not there."""

    def __init__(self, device: Device) -> None:
        self.stop = threading.Event()
        self.thread: threading.Thread | None = None
        self.began: float | None = None
        self.abandoned = False
        self._device = device
        self._driver: Driver | None = None
        self._closer: threading.Thread | None = None

    def lives(self) -> bool:
        """Whether its thread runs, or that which closes its driver."""
        return any(thread is not None and thread.is_alive() for thread in (self.thread, self._closer))

    def run(self) -> None:
        """Ask the device at each deadline, until told to stop or given up."""
        device = self._device
        try:
            while not self.abandoned:
                now = device.around.monotonic()
                with device.lock:
                    wait_s = device.record.plan(now) - now
                if self.stop.wait(wait_s):
                    break
                self._attempt()
        finally:
            if not self.abandoned:
                self._close()

    def close_from_outside(self) -> None:
        """Close the driver of an attendant that was given up; on a thread, since that may hang as well."""
        try:
            self._closer = self._device.around.spawn(self._close, f"close-{self._device.wattmeter.section.name}")
        except (RuntimeError, MemoryError):
            LOG.warning("%s: the driver that hangs cannot be closed", self._device.wattmeter.section.name)

    def _attempt(self) -> None:
        device = self._device
        with device.lock:
            if self.abandoned or self.stop.is_set():
                return
            self.began = device.around.monotonic()
            device.record.begin(self.began)
        readings: list[Reading] = []
        answered = Answered()
        failure: tuple[Cause, str] | None = None
        try:
            driver = self._opened()
            answer = driver.read()
            readings, flaw = admit(answer, device.probes)
            answered = _answered(answer, readings, flaw, driver.missing() if isinstance(driver, Explaining) else {})
        except DeviceError as error:
            failure = Cause.DEVICE, str(error)
        except ConfigError as error:
            failure = Cause.OPTION, error.message
        except Exception as error:
            LOG.debug("%s: its driver failed", device.wattmeter.section.name, exc_info=True)
            failure = Cause.FAULT, f"its driver failed: {type(error).__name__}: {error}"
            # Nobody knows what state it is in.
            self._close()
        with device.lock:
            self.began = None
            if self.abandoned:
                device.record.late += failure is None
                return
            if failure is None:
                readings = device.succeeded(readings, answered)
            else:
                device.failed(*failure)
        device.send(readings)

    def _opened(self) -> Driver:
        """The driver; made by the first attempt, so that one which cannot be made is tried again like any other.

        :raises DeviceError: this attendant was given up meanwhile.
        """
        driver = self._driver
        if driver is None:
            wattmeter = self._device.wattmeter
            driver = wattmeter.driver_type(wattmeter.section, self._device.around.clock_ns)
            with self._device.lock:
                self._driver = driver
            if self.abandoned:
                # It was closed from outside before there was anything to close.
                self._close()
                raise DeviceError("it was given up")
        return driver

    def _close(self) -> None:
        driver, self._driver = self._driver, None
        if driver is None:
            return
        try:
            driver.close()
        except Exception:
            LOG.warning("%s: its driver cannot be closed", self._device.wattmeter.section.name, exc_info=True)


def _answered(answer: Sequence[Reading], readings: Sequence[Reading], flaw: str, absent: Mapping[str, str]) -> Answered:
    """What an answer comes to, of which ``readings`` are fit for the bus; ``flaw``: what is wrong with the others."""
    told = {reading.probe_id for reading in readings}
    if not flaw:
        return Answered(told, absent=absent)
    refused = len(answer) - len(readings)
    complaint = f"{refused} readings are unfit: {flaw}"
    spoiled = {reading.probe_id for reading in answer} - told
    return Answered(told, refused, complaint, {**dict.fromkeys(spoiled, complaint), **absent})

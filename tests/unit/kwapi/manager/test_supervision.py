# SPDX-License-Identifier: Apache-2.0
"""Whatever a driver does, its device is read again soon, the others never notice, and everything is counted."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from climate.errors import ConfigError
from kwapi.core.reading import NO_FLAGS, Flag, Reading
from kwapi.drivers.protocol import DeviceError
from kwapi.manager import supervision
from kwapi.manager.status import Cause, State
from tests.unit.kwapi.manager.meters import Bus, Maker, Scripted, Start, of, until, wattmeter


def hanging(times: int = 1) -> tuple[Callable[[Scripted], Sequence[Reading]], threading.Event]:
    """A read of which the first so many drivers hang until the event is set, then tell 666 W."""
    release = threading.Event()

    def read(driver: Scripted) -> Sequence[Reading]:
        if driver.number <= times:
            release.wait(120)
            return driver.readings(666.0)
        return driver.readings(100.0)

    return read, release


def test_readings_go_out_under_their_device(start: Start, bus: Bus) -> None:
    """All of one answer at once, in the driver's order."""
    manager = start(wattmeter("pdu", Maker(), ("1", "2", "3")))
    until(lambda: len(bus.heard) > 3)
    for topic, readings in bus.heard:
        assert topic == "site/pdu/"
        assert [reading.probe_id for reading in readings] == ["site/pdu/1", "site/pdu/2", "site/pdu/3"]
    status = of(manager, "pdu")
    assert status.state is State.ANSWERING
    assert status.readings >= 9
    assert status.last_success_ns is not None
    assert abs(status.last_success_ns - time.time_ns()) < 60e9


def test_a_long_answer_goes_out_in_parts(start: Start, bus: Bus) -> None:
    """In order, none left out."""

    def read(driver: Scripted) -> Sequence[Reading]:
        if driver.section.name in told:
            return []
        told.add(driver.section.name)
        return [Reading(probe_id="site/pdu/1", begin_ns=n, end_ns=n, watts=float(n)) for n in range(1, 2501)]

    told: set[str] = set()
    start(wattmeter("pdu", Maker(read)))
    until(lambda: len(bus.watts("site/pdu")) >= 2500)
    assert bus.watts("site/pdu") == list(range(1, 2501))
    assert max(len(readings) for _, readings in bus.heard) <= 1000


def test_a_driver_that_hangs_is_replaced_and_its_late_answer_dropped(start: Start, bus: Bus) -> None:
    """It is closed from outside; what it says when it comes back is counted and goes nowhere."""
    read, release = hanging()
    maker = Maker(read)
    manager = start(wattmeter("pdu", maker))
    until(lambda: bus.watts("site/pdu"))
    assert maker.made[0].closed.wait(60)
    status = of(manager, "pdu")
    assert (status.failures[Cause.HANG], status.restarts, status.abandoned, status.late) == (1, 1, 1, 0)
    release.set()
    until(lambda: of(manager, "pdu").late == 1)
    until(lambda: of(manager, "pdu").abandoned == 0)
    count = len(bus.heard)
    until(lambda: len(bus.heard) > count + 3)
    assert set(bus.watts("site/pdu")) == {100.0}
    assert of(manager, "pdu").state is State.ANSWERING


def test_a_hanging_driver_is_replaced_within_two_periods(start: Start, bus: Bus) -> None:
    """After it was given its time; with a margin here for a machine that is busy."""
    read, release = hanging()
    start(wattmeter("pdu", Maker(read), interval_s=0.5, timeout_s=0.5))
    began = time.monotonic()
    until(lambda: bus.heard)
    # An interval to the first deadline, two of patience, two to be replaced, one to the next deadline.
    assert time.monotonic() - began < 6 * 0.5 + 2.0
    release.set()


def test_only_so_many_drivers_of_a_device_may_hang(start: Start, bus: Bus) -> None:
    """Then none is started until one comes back; then the device is read again."""
    read, release = hanging(times=3)
    maker = Maker(read)
    manager = start(wattmeter("pdu", maker), wattmeter("other", Maker()), hung_drivers=3)
    until(lambda: of(manager, "pdu").state is State.STUCK)
    count = len(bus.heard)
    until(lambda: len(bus.heard) > count + 20)
    assert len(maker.made) == 3
    assert of(manager, "pdu").abandoned == 3
    release.set()
    until(lambda: of(manager, "pdu").state is State.ANSWERING)
    assert set(bus.watts("site/pdu")) == {100.0}


def test_a_driver_whose_close_hangs_too_holds_nobody_up(start: Start, bus: Bus) -> None:
    release = threading.Event()

    class Stubborn(Scripted):
        def close(self) -> None:
            release.wait(120)

    def make(section: Any, clock_ns: Any) -> Scripted:
        made.append(Stubborn(section, len(made) + 1, read))
        return made[-1]

    made: list[Scripted] = []
    read, released = hanging()
    make.options = ()  # type: ignore[attr-defined]
    start(wattmeter("pdu", make))  # type: ignore[arg-type]
    until(lambda: bus.watts("site/pdu"))
    release.set()
    released.set()


def test_a_constructor_that_fails_at_first_is_tried_again(start: Start, bus: Bus) -> None:
    """Whatever it raises: nobody has to restart the process."""

    def prepare(number: int) -> None:
        if number <= 3:
            raise (ConfigError("no such host."), OSError("no route"), DeviceError("busy"))[number - 1]

    manager = start(wattmeter("pdu", Maker(prepare=prepare)))
    until(lambda: bus.watts("site/pdu"))
    failures = of(manager, "pdu").failures
    assert (failures[Cause.OPTION], failures[Cause.FAULT], failures[Cause.DEVICE]) == (1, 1, 1)


def test_a_constructor_that_hangs_is_replaced(start: Start, bus: Bus) -> None:
    """What it makes in the end is closed at once and never read."""
    release = threading.Event()
    maker = Maker(prepare=lambda number: release.wait(120) if number == 1 else None)
    manager = start(wattmeter("pdu", maker))
    until(lambda: bus.watts("site/pdu"))
    assert of(manager, "pdu").failures[Cause.HANG] == 1
    release.set()
    until(lambda: len(maker.made) == 2)
    assert maker.made[1].closed.wait(60)
    assert of(manager, "pdu").late == 0


def test_a_device_that_does_not_answer_keeps_its_driver(start: Start, bus: Bus) -> None:
    """Which holds a session, perhaps; it is asked again."""
    answers = iter([False, False, True])

    def read(driver: Scripted) -> Sequence[Reading]:
        if next(answers, True):
            return driver.readings()
        raise DeviceError("timed out")

    maker = Maker(read)
    manager = start(wattmeter("pdu", maker))
    until(lambda: bus.heard)
    assert len(maker.made) == 1
    status = of(manager, "pdu")
    assert (status.failures[Cause.DEVICE], status.failures_in_row, status.last_failure) == (2, 0, "timed out")


@pytest.mark.parametrize("rubbish", [None, 12.5, [None], [("site/pdu/1", 3.0)], ZeroDivisionError("oh")])
def test_a_driver_at_fault_is_made_anew(start: Start, bus: Bus, rubbish: Any) -> None:
    """Nobody knows what state it was left in."""

    def read(driver: Scripted) -> Any:
        if driver.number > 1:
            return driver.readings()
        if isinstance(rubbish, Exception):
            raise rubbish
        return rubbish

    maker = Maker(read)
    manager = start(wattmeter("pdu", maker))
    until(lambda: bus.heard)
    assert maker.made[0].closed.is_set()
    assert of(manager, "pdu").failures[Cause.FAULT] == 1


def test_readings_that_are_unfit_do_not_hold_back_the_others(start: Start, bus: Bus) -> None:
    def read(driver: Scripted) -> Sequence[Reading]:
        now = time.time_ns()
        strange = Reading(probe_id="site/elsewhere/1", begin_ns=now, end_ns=now, watts=1.0)
        return [strange, *driver.readings(float("nan"))[:1], *driver.readings(5.0)[1:]]

    manager = start(wattmeter("pdu", Maker(read), ("1", "2")))
    until(lambda: len(bus.heard) > 2)
    assert set(bus.watts("site/pdu")) == {5.0}
    status = of(manager, "pdu")
    assert (status.state, status.missing) == (State.PARTIAL, ("site/pdu/1",))
    assert "site/elsewhere/1: no probe of this section" in status.reason
    assert status.refused >= 4


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_dies_is_replaced(start: Start, bus: Bus) -> None:
    """Nothing that a driver raises ends a thread, but what is meant to end it."""

    def read(driver: Scripted) -> Sequence[Reading]:
        if driver.number == 1:
            raise SystemExit
        return driver.readings()

    maker = Maker(read)
    manager = start(wattmeter("pdu", maker))
    until(lambda: bus.heard)
    status = of(manager, "pdu")
    assert (status.failures[Cause.THREAD], status.restarts) == (1, 1)
    assert maker.made[0].closed.is_set()


def test_a_thread_that_could_not_be_started_is_tried_again(start: Start, bus: Bus) -> None:
    """The system had none left for a moment."""
    refusals = iter(range(3))

    def scarce(target: Callable[[], None], name: str) -> threading.Thread:
        if name == "driver-pdu" and next(refusals, None) is not None:
            raise RuntimeError("can't start new thread")
        return supervision.spawn(target, name)

    manager = start(wattmeter("pdu", Maker()), wattmeter("other", Maker()), spawn=scarce)
    until(lambda: bus.watts("site/other"))
    until(lambda: bus.watts("site/pdu"))
    assert of(manager, "pdu").failures[Cause.THREAD] == 3
    assert of(manager, "other").failures[Cause.THREAD] == 0


def test_nobody_hangs_because_the_process_stood_still(start: Start, bus: Bus) -> None:
    """A device that answers when all go on has not been slow; its answer counts."""
    ahead = [0.0]
    go_on, there = threading.Event(), threading.Event()

    def read(driver: Scripted) -> Sequence[Reading]:
        there.set()
        go_on.wait(120)
        return driver.readings()

    meter = wattmeter("pdu", Maker(read), interval_s=1.0, timeout_s=5.0)
    manager = start(meter, monotonic=lambda: time.monotonic() + ahead[0])
    assert there.wait(60)
    ahead[0] = 1000.0
    go_on.set()
    until(lambda: bus.heard)
    status = of(manager, "pdu")
    assert (status.failures[Cause.HANG], status.late) == (0, 0)


def test_readings_say_that_the_clock_was_set(start: Start, bus: Bus) -> None:
    """The first ones after it, and only those."""
    ahead = [0]
    start(wattmeter("pdu", Maker()), clock_ns=lambda: time.time_ns() + ahead[0])
    until(lambda: len(bus.heard) > 1)
    ahead[0] = -120 * 1_000_000_000
    count = len(bus.heard)
    until(lambda: len(bus.heard) > count + 3)
    flags = [reading.flags for _, readings in bus.heard for reading in readings]
    assert flags.count(Flag.CLOCK_STEPPED) == 1
    assert set(flags) == {Flag.CLOCK_STEPPED, NO_FLAGS}


def test_one_bad_device_delays_no_other(start: Start, bus: Bus) -> None:
    """Neither one that hangs nor one that raises."""

    def fails(driver: Scripted) -> Sequence[Reading]:
        raise DeviceError("no answer")

    read, release = hanging(times=10)
    good = [wattmeter(f"good-{number}", Maker()) for number in range(5)]
    manager = start(wattmeter("hangs", Maker(read)), wattmeter("fails", Maker(fails)), *good)
    until(lambda: all(of(manager, each.section.name).attempts > 30 for each in good))
    for each in good:
        status = of(manager, each.section.name)
        assert status.restarts == 0
        assert status.failures_in_row == 0
    release.set()


def test_a_bus_that_takes_nothing_does_not_stop_the_reading(start: Start) -> None:
    """What it did not take is counted."""
    heard: list[str] = []

    def publish(topic: str, readings: Sequence[Reading]) -> None:
        heard.append(topic)
        if len(heard) <= 3:
            raise OSError("no space left on device")

    manager = start(wattmeter("pdu", Maker(), ("1", "2")), publish=publish)
    until(lambda: of(manager, "pdu").readings >= 2)
    status = of(manager, "pdu")
    assert (status.unpublished, status.failures_in_row) == (6, 0)


def test_repeated_errors_fill_no_log(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    """One line for the trouble, and no traceback."""

    def read(driver: Scripted) -> Sequence[Reading]:
        raise DeviceError("timed out")

    with caplog.at_level(logging.INFO):
        manager = start(wattmeter("pdu", Maker(read)))
        until(lambda: of(manager, "pdu").failures[Cause.DEVICE] > 10)
    told = [record.getMessage() for record in caplog.records if "timed out" in record.getMessage()]
    assert told == ["pdu (site/pdu): timed out"]


def test_stopping_waits_for_what_is_under_way_and_closes_drivers(start: Start, bus: Bus) -> None:
    """All in parallel; afterwards nothing is published."""

    def slow(driver: Scripted) -> Sequence[Reading]:
        time.sleep(1.0)
        return driver.readings()

    makers = [Maker(slow) for _ in range(10)]
    manager = start(*(wattmeter(f"pdu-{number}", maker, timeout_s=30.0) for number, maker in enumerate(makers)))
    until(lambda: all(maker.made for maker in makers))
    began = time.monotonic()
    manager.stop()
    manager.wait()
    assert time.monotonic() - began < 5.0
    assert all(driver.closed.is_set() for maker in makers for driver in maker.made)
    assert {device.state for device in manager.status().devices} == {State.STOPPED}
    count = len(bus.heard)
    time.sleep(0.1)
    assert len(bus.heard) == count


def test_stopping_does_not_wait_for_those_who_hang(start: Start, bus: Bus) -> None:
    """Longer than it is told to; what they say later goes nowhere."""
    release = threading.Event()
    asked = threading.Semaphore(0)

    def read(driver: Scripted) -> Sequence[Reading]:
        asked.release()
        release.wait(120)
        return driver.readings()

    makers = [Maker(read) for _ in range(5)]
    meters = (wattmeter(f"pdu-{number}", maker, timeout_s=100.0) for number, maker in enumerate(makers))
    manager = start(*meters, stop_timeout_s=0.2)
    for _ in makers:
        assert asked.acquire(timeout=60)
    began = time.monotonic()
    manager.stop()
    manager.wait()
    assert time.monotonic() - began < 20.0
    assert all(maker.made[0].closed.wait(60) for maker in makers)
    release.set()
    time.sleep(0.05)
    assert bus.heard == []

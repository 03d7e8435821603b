# SPDX-License-Identifier: Apache-2.0
"""A new configuration changes what it changes, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from kwapi.core.reading import Reading
from kwapi.manager.supervision import Manager
from tests.unit.kwapi.manager.meters import Bus, Maker, Scripted, Start, configuration, of, spoiled, until, wattmeter


def test_a_reload_adds_removes_and_changes_without_touching_the_others(start: Start, bus: Bus) -> None:
    """Who stays keeps the driver, the thread and the numbers, and misses no deadline for it."""
    stays, leaves, changes, comes = (Maker() for _ in range(4))
    manager = start(wattmeter("stays", stays), wattmeter("leaves", leaves), wattmeter("changes", changes, ("1",)))
    until(lambda: all(of(manager, name).readings for name in ("stays", "leaves", "changes")))
    before = of(manager, "stays")
    manager.reload(
        configuration(wattmeter("comes", comes), wattmeter("stays", stays), wattmeter("changes", changes, ("1", "2")))
    )
    assert [device.section for device in manager.status().devices] == ["changes", "comes", "stays"]
    until(lambda: bus.watts("site/comes") and any(len(readings) == 2 for _, readings in bus.heard))
    assert leaves.made[0].closed.is_set()
    assert [driver.closed.is_set() for driver in changes.made] == [True, False]
    assert len(stays.made) == 1
    until(lambda: of(manager, "stays").attempts > before.attempts)
    assert of(manager, "stays").restarts == 0


def test_old_drivers_let_go_before_new_ones_begin(start: Start, bus: Bus) -> None:
    """A serial line serves one at a time."""
    open_ones: list[int] = []
    most: list[int] = []

    class Line(Scripted):
        def read(self) -> Sequence[Reading]:
            if not open_ones or open_ones[-1] != id(self):
                open_ones.append(id(self))
                most.append(len(open_ones))
            return self.readings()

        def close(self) -> None:
            if id(self) in open_ones:
                open_ones.remove(id(self))

    class LineMaker(Maker):
        def __call__(self, section: Any, clock_ns: Any) -> Line:
            return Line(section, 1, lambda driver: driver.readings())

    maker = LineMaker()
    manager = start(wattmeter("line", maker))
    for outlets in (("1", "2"), ("1",), ("1", "2")):
        count = len(bus.heard)
        until(lambda count=count: len(bus.heard) > count + 2)  # type: ignore[misc]
        manager.reload(configuration(wattmeter("line", maker, outlets)))
    assert set(most) == {1}


def test_a_section_that_a_reload_spoils_is_read_on_as_it_was(start: Start, bus: Bus) -> None:
    """A slip of the pen costs no reading; the status says so until it is mended."""
    maker, other = Maker(), Maker()
    manager = start(wattmeter("pdu", maker), wattmeter("other", other))
    until(lambda: bus.watts("site/pdu"))
    manager.reload(spoiled(wattmeter("other", other), names=["pdu", "new"]))
    status = manager.status()
    assert (status.outdated, status.disabled) == (("pdu",), ("new",))
    count = len(bus.watts("site/pdu"))
    until(lambda: len(bus.watts("site/pdu")) > count + 2)
    assert len(maker.made) == 1
    manager.reload(configuration(wattmeter("pdu", maker), wattmeter("other", other)))
    assert manager.status().outdated == ()
    assert len(maker.made) == 1


def test_a_spoiled_section_gives_way_to_who_claims_its_probe(start: Start, bus: Bus) -> None:
    """No probe is read twice."""
    first, second = Maker(), Maker()
    manager = start(wattmeter("old", first, device="site/pdu"))
    until(lambda: bus.heard)
    manager.reload(spoiled(wattmeter("new", second, device="site/pdu"), names=["old"]))
    assert first.made[0].closed.is_set()
    assert [device.section for device in manager.status().devices] == ["new"]


def test_faults_of_the_configuration_are_logged(bus: Bus, caplog: pytest.LogCaptureFixture) -> None:
    manager = Manager(spoiled(wattmeter("good", Maker()), names=["bad"]), bus)
    manager.start()
    manager.stop()
    manager.wait()
    assert "meters.conf, line 1: [bad] host: it cannot be used. Mend it." in caplog.text
    assert manager.status().disabled == ("bad",)

# SPDX-License-Identifier: Apache-2.0
"""Wattmeters of several kinds under one manager: those in trouble are named, and the others do not notice."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from kwapi.core.reading import Reading
from kwapi.manager import configuration
from kwapi.manager.status import Cause, DeviceStatus, State
from kwapi.manager.supervision import Manager
from tools.servers.json_device import Answer, JsonDevice
from tools.servers.modbus_meter import ModbusMeter
from tools.servers.serial_meter import SerialMeter

PATIENCE_S = 120.0
INTERVAL_S = 0.2
SECTIONS = """
[DEFAULT]
site = lab
interval_s = {interval}
timeout_s = 1
[modbus-good]
driver = modbus
host = 127.0.0.1
port = {modbus_good}
probes = 1
watts = holding 0 uint16
[modbus-slow]
driver = modbus
host = 127.0.0.1
port = {modbus_slow}
probes = 1
watts = holding 0 uint16
[modbus-garbage]
driver = modbus
host = 127.0.0.1
port = {modbus_garbage}
probes = 1
watts = holding 0 uint16
[http-good]
driver = http_json
url = {http}/good
probes = 1
watts = w
[http-slow]
driver = http_json
url = {http}/slow
probes = 1
watts = w
[serial-good]
driver = wattsup
port = {serial_good}
probes = 1
[serial-mute]
driver = wattsup
port = {serial_mute}
probes = 1
"""
GOOD = ("modbus-good", "http-good", "serial-good")


def until(holds: Callable[[], bool]) -> None:
    give_up_at = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < give_up_at, "it did not come to hold"
        time.sleep(0.02)


@pytest.mark.slow
def test_those_in_trouble_delay_nobody(tmp_path: Path) -> None:
    """And tell no value, but are named with their reasons."""
    heard: dict[str, list[Reading]] = {}

    def publish(topic: str, readings: Sequence[Reading]) -> None:
        heard.setdefault(topic.split("/")[1], []).extend(readings)

    with (
        ModbusMeter(holding={0: [100]}) as good,
        ModbusMeter(holding={0: [666]}) as slow,
        ModbusMeter(holding={0: [666]}) as garbage,
        JsonDevice({"/good": {"w": 100}, "/slow": Answer(body={"w": 666}, delay_s=3600)}) as http,
        SerialMeter(tmp_path, "good") as talking,
        SerialMeter(tmp_path, "mute") as mute,
    ):
        slow.delay_s = 3600
        garbage.mangle = lambda data: b"\xff" * len(data)
        talking.talk(itertools.repeat(b"#d,-,18,1000" + b",_" * 17 + b";"), INTERVAL_S)
        path = tmp_path / "wattmeters.conf"
        path.write_text(
            SECTIONS.format(
                interval=INTERVAL_S, modbus_good=good.port, modbus_slow=slow.port, modbus_garbage=garbage.port,
                http=http.url, serial_good=talking.path, serial_mute=mute.path,
            )
        )  # fmt: skip
        found = configuration.read([path])
        assert [fault.text for fault in found.faults] == []
        manager = Manager(found, publish, longest_pause_s=0.5)
        manager.start()
        try:

            def states() -> Sequence[DeviceStatus]:
                return manager.status().devices

            until(lambda: all(each.failures.get(Cause.DEVICE, 0) >= 2 for each in states() if each.section not in GOOD))
            before = {name: len(heard.get(name, [])) for name in GOOD}
            began = time.monotonic()
            until(lambda: all(len(heard.get(name, [])) >= before[name] + 10 for name in GOOD))
            took_s = time.monotonic() - began
            by_name = {each.section: each for each in states()}
        finally:
            manager.stop()
            manager.wait()
    # Ten intervals, where each of the others alone waits for five of them each time.
    assert took_s < 10 * INTERVAL_S + PATIENCE_S / 4
    assert set(heard) == set(GOOD)
    assert {reading.watts for readings in heard.values() for reading in readings} == {100.0}
    for name, status in by_name.items():
        # On a busy machine, a good one may be late.
        assert (status.state in (State.ANSWERING, State.SLOW)) == (name in GOOD), (name, status)
        assert (status.state is State.FAILING and status.reason != "") == (name not in GOOD), (name, status)
        assert (status.last_failure != "") or name in GOOD

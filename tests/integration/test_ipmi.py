# SPDX-License-Identifier: Apache-2.0
"""BMCs are read in sessions that are kept, ended and never leaked, over networks that are good and bad."""

from __future__ import annotations

import itertools
import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from climate.chassis.secrets import Secret
from climate.devices.ipmi.session import Bmc, Login
from kwapi.core.reading import Flag, Reading
from kwapi.drivers.ipmi import IpmiDriver
from kwapi.drivers.protocol import DeviceError, Section
from tests.conftest import require
from tests.integration import ipmi_relay as relay
from tests.integration.ipmi_relay import Relay
from tools.servers.ipmi_bmc import PASSWORD, USER, DcmiBmc, IpmiSim, SimSensor

PATIENCE_S = 60.0
SLACK_S = 5.0  # what a busy machine may add to any time

servers = pytest.mark.servers


@pytest.fixture(scope="module")
def simulated() -> Iterator[IpmiSim]:
    require(IpmiSim)
    with IpmiSim() as bmc:
        yield bmc


@pytest.fixture
def metered() -> Iterator[DcmiBmc]:
    with DcmiBmc() as bmc:
        yield bmc


def driver(port: int, outlets: tuple[str, ...] = ("1",), timeout_s: float = 10.0, **options: Any) -> IpmiDriver:
    defaults = {option.dest: option.default for option in IpmiDriver.options}
    login = {"host": "127.0.0.1", "port": port, "username": USER, "password": Secret(PASSWORD), "kg": None}
    return IpmiDriver(
        Section(
            name="bmc",
            device="site/bmc",
            probes=tuple(f"site/bmc/{outlet}" for outlet in outlets),
            interval_s=1.0,
            timeout_s=timeout_s,
            options=defaults | login | options,
            folder=Path(),
        ),
        time.time_ns,
    )


def first(asked: IpmiDriver) -> Reading:
    """Its first reading, however many calls the list of sensors takes."""
    give_up_at = time.monotonic() + PATIENCE_S
    while time.monotonic() < give_up_at:
        if readings := asked.read():
            return readings[0]
    pytest.fail("it tells nothing")


def eventually(holds: Callable[[], bool]) -> None:
    give_up_at = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < give_up_at
        time.sleep(0.02)


@servers
def test_a_simulators_sensor_tells_its_watts(simulated: IpmiSim) -> None:
    """And others as soon as it measures others; DCMI, which it does not know, is tried before."""
    asked = driver(simulated.port)
    assert first(asked).watts == 344.0
    simulated.say("Pwr Consumption", 250)
    eventually(lambda: asked.read()[0].watts == 1000.0)
    simulated.say("Pwr Consumption", 86)
    eventually(lambda: asked.read()[0].watts == 344.0)
    asked.close()


@servers
@pytest.mark.parametrize("protocol", ["lanplus", "lan"])
def test_sums_and_temperatures_come_over_both_protocols(protocol: str, simulated: IpmiSim) -> None:
    names = "PSU1 AC In Pwr + PSU2 AC In Pwr"
    asked = driver(simulated.port, protocol=protocol, sensors=[names], temperature="inlet")
    reading = first(asked)
    assert (reading.watts, reading.flags, reading.extra) == (350.0, Flag(0), {"temperature_c": -23.0})
    asked.close()
    asked = driver(simulated.port, protocol=protocol, sensors=[f"{names} + PSU3 AC In Pwr"])
    assert (first(asked).watts, first(asked).flags) == (350.0, Flag.PARTIAL)
    asked.close()


@servers
def test_records_that_another_program_made_are_scaled_as_it_meant() -> None:
    """sdrcomp, with each kind of number and some ways to make it linear; those behind 1/x it numbers otherwise than
    IPMI 2.0 does.
    """
    require(IpmiSim)
    sensors = {
        SimSensor("Plain", 100): 100.0,
        SimSensor("Factor", 100, m=511): 51100.0,
        SimSensor("Exponent", 100, m=25, r_exp=-1): 250.0,
        SimSensor("Offset", 100, b=5, b_exp=2): 600.0,
        SimSensor("Negative offset", 100, b=-50): 50.0,
        SimSensor("Complement", 0x70, form="2s_complement"): 112.0,
        SimSensor("Logarithm", 100, linearization="log10"): 2.0,
        SimSensor("Power of two", 8, linearization="exp2"): 256.0,
        SimSensor("Reciprocal", 4, m=1, r_exp=-3, linearization="1/x"): 250.0,
    }
    names = tuple(sensor.name for sensor in sensors)
    with IpmiSim(tuple(sensors)) as bmc:
        asked = driver(bmc.port, tuple(str(place) for place in range(len(names))), sensors=list(names))
        first(asked)
        expected = pytest.approx(list(sensors.values()))
        eventually(lambda: [reading.watts for reading in asked.read()] == expected)
        asked.close()


def test_a_bmc_with_four_sessions_survives_1000_polls_and_20_restarts(
    metered: DcmiBmc, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each driver has one, which is closed with it. Pyghmi's BMC lets nobody in who asks twice, on a busy machine."""
    monkeypatch.setattr("climate.devices.ipmi.session.AGAIN_S", PATIENCE_S)
    asked = driver(metered.port, timeout_s=PATIENCE_S)
    assert {asked.read()[0].watts for _ in range(1000)} == {344.0}
    assert metered.sessions == {"opened": 1, "closed": 0, "active": 1}
    asked.close()
    for _ in range(20):
        asked = driver(metered.port, timeout_s=PATIENCE_S)
        assert [len(asked.read()) for _ in range(2)] == [1, 1]
        asked.close()
    eventually(lambda: metered.sessions == {"opened": 21, "closed": 21, "active": 0})


@servers
def test_a_simulators_63_sessions_survive_100_restarts(simulated: IpmiSim) -> None:
    for _ in range(100):
        asked = driver(simulated.port)
        first(asked)
        asked.close()


@servers
def test_logins_that_fail_use_up_no_sessions(simulated: IpmiSim) -> None:
    """A wrong password is found out half-way; the simulator has 63 sessions."""
    for _ in range(100):
        asked = driver(simulated.port, password=Secret("wrong"))
        with pytest.raises(DeviceError, match="wrong password"):
            asked.read()
        asked.close()
    asked = driver(simulated.port)
    assert first(asked).watts == 344.0
    asked.close()


@pytest.mark.slow
def test_sessions_of_a_process_that_was_killed_end_by_themselves() -> None:
    """Until then who comes is told so."""
    with DcmiBmc(slots=4, idle_s=3.0) as bmc:
        killed = [driver(bmc.port) for _ in range(4)]
        for each in killed:
            each.read()
        asked = driver(bmc.port)
        with pytest.raises(DeviceError, match="no free session"):
            asked.read()

        def let_in() -> bool:
            try:
                return bool(asked.read())
            except DeviceError:
                return False

        eventually(let_in)
        asked.close()
        for each in killed:
            each.close()


@servers
def test_a_bmc_that_was_restarted_is_read_again() -> None:
    """At the second time at the latest: the first finds out that the session is lost."""
    require(IpmiSim)
    with IpmiSim() as bmc:
        asked = driver(bmc.port, timeout_s=1.0)
        first(asked)
        bmc.restart()
        with pytest.raises(DeviceError, match="no answer"):
            asked.read()
        assert first(asked).watts == 344.0
        asked.close()


def test_a_refused_login_is_clear_without_the_secret_and_not_repeated(metered: DcmiBmc) -> None:
    """Since BMCs lock accounts after a few."""
    asked = driver(metered.port, password=Secret("an-old-one"))
    with pytest.raises(DeviceError, match=f"does not let '{USER}' in: a wrong password") as caught:
        asked.read()
    assert "an-old-one" not in str(caught.value)
    assert "an-old-one" not in repr(Login(USER, "an-old-one"))
    opened = metered.sessions["opened"]
    for _ in range(3):
        with pytest.raises(DeviceError, match="not asked again"):
            asked.read()
    assert metered.sessions["opened"] == opened
    asked.close()


@servers
@pytest.mark.parametrize("protocol", ["lanplus", "lan"])
def test_no_log_has_the_password(protocol: str, simulated: IpmiSim, caplog: pytest.LogCaptureFixture) -> None:
    """Of the library neither, with all its details, from login to logout."""
    caplog.set_level(logging.DEBUG)
    asked = driver(simulated.port, protocol=protocol)
    first(asked)
    asked.close()
    assert "Close Session" in caplog.text
    assert PASSWORD not in caplog.text
    assert PASSWORD.encode().hex(" ") not in caplog.text


def test_another_cipher_suite_is_tried_and_the_one_that_worked_kept(metered: DcmiBmc) -> None:
    """This BMC answers with suite 3 whatever it is asked for."""
    asked = driver(metered.port, cipher_suites=[17, 3])
    assert asked.read()[0].watts == 344.0
    assert metered.sessions["opened"] == 2
    asked.close()


def test_nobody_there_is_told_at_once_or_in_time() -> None:
    with Relay(9) as silent:
        silent.there = relay.lost
        asked = driver(silent.port, timeout_s=0.5)
        began = time.monotonic()
        with pytest.raises(DeviceError, match=f"no answer from 127.0.0.1, port {silent.port}"):
            asked.read()
        assert time.monotonic() - began < 0.5 + SLACK_S
        port = silent.port
    with pytest.raises(DeviceError, match="nothing listens"):
        driver(port).read()
    with pytest.raises(DeviceError, match=r"no-such-host\.invalid"):
        driver(port, host="no-such-host.invalid").read()


def test_noise_is_no_answer(metered: DcmiBmc) -> None:
    """Neither to a login nor in a session."""
    with Relay(metered.port) as noisy:
        noisy.back = relay.noise
        asked = driver(noisy.port, timeout_s=0.5)
        with pytest.raises(DeviceError):
            asked.read()
        noisy.back = relay.unharmed
        assert asked.read()[0].watts == 344.0
        noisy.back = relay.noise
        with pytest.raises(DeviceError):
            asked.read()
        asked.close()


def test_what_is_spoilt_or_doubled_on_the_way_yields_no_other_value(
    metered: DcmiBmc, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The right one, or none. Logins that were spoilt are repeated here without waiting as after a wrong password."""
    monkeypatch.setattr("climate.devices.ipmi.session.LOCKED_S", 0.0)
    with Relay(metered.port) as bad:
        asked = driver(bad.port, timeout_s=0.3)
        bad.there = bad.back = relay.spoilt(0.02)
        told, failed, give_up_at = 0, 0, time.monotonic() + 4 * PATIENCE_S
        while told < 300 and time.monotonic() < give_up_at:
            try:
                assert [reading.watts for reading in asked.read()] == [344.0]
                told += 1
            except DeviceError:
                failed += 1
        assert told >= 300, failed
        bad.there = bad.back = relay.unharmed
        asked.close()


def test_a_datagram_that_is_lost_is_sent_again(metered: DcmiBmc, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("climate.devices.ipmi.session.AGAIN_S", 0.2)
    with Relay(metered.port) as bad:
        asked = driver(bad.port, timeout_s=30.0)
        turns = itertools.chain([relay.lost, relay.unharmed] * 3, itertools.repeat(relay.unharmed))
        bad.back = lambda packet: next(turns)(packet)  # noqa: PLW0108 - each packet has a turn of its own
        assert asked.read()[0].watts == 344.0
        asked.close()


def test_a_slow_bmc_delays_nobody_else(metered: DcmiBmc) -> None:
    with DcmiBmc() as slow:
        slow.say(delay_ms=5000)
        late, well = driver(slow.port, timeout_s=1.0), driver(metered.port)
        failures: list[str] = []

        def wait() -> None:
            try:
                late.read()
            except DeviceError as error:
                failures.append(str(error))

        well.read()
        waiting = threading.Thread(target=wait)
        waiting.start()
        polls = 0
        while waiting.is_alive():
            began = time.monotonic()
            assert well.read()[0].watts == 344.0
            assert time.monotonic() - began < SLACK_S
            polls += 1
        assert polls > 10
        assert failures == [f"no answer from 127.0.0.1, port {slow.port}"]
        late.close()
        well.close()


@servers
def test_a_bmc_that_stops_in_the_middle_is_given_up_in_time_and_read_on_later() -> None:
    require(IpmiSim)
    with IpmiSim() as bmc:
        asked = driver(bmc.port, timeout_s=0.5)
        first(asked)
        os.kill(bmc.pid, signal.SIGSTOP)
        began = time.monotonic()
        with pytest.raises(DeviceError, match="no answer"):
            asked.read()
        assert time.monotonic() - began < 0.5 + SLACK_S
        os.kill(bmc.pid, signal.SIGCONT)
        assert first(asked).watts == 344.0
        asked.close()


def test_who_waits_comes_back_when_it_is_closed_and_its_session_ends(metered: DcmiBmc) -> None:
    with Relay(metered.port) as way:
        asked = driver(way.port, timeout_s=PATIENCE_S)
        asked.read()
        heard = way.heard
        way.there = relay.lost
        failures: list[str] = []

        def wait() -> None:
            try:
                asked.read()
            except DeviceError as error:
                failures.append(str(error))

        waiting = threading.Thread(target=wait)
        waiting.start()
        eventually(lambda: way.heard > heard)
        way.there = relay.unharmed
        began = time.monotonic()
        asked.close()
        waiting.join(PATIENCE_S)
        assert time.monotonic() - began < SLACK_S
        assert failures == ["it was closed while it waited"]
        eventually(lambda: metered.sessions["active"] == 0)


def test_a_bmc_with_a_key_of_its_own_wants_that_too() -> None:
    with DcmiBmc(kg="a-key-of-the-bmc") as bmc:
        asked = driver(bmc.port, kg=Secret("0x" + b"a-key-of-the-bmc".hex()))
        assert asked.read()[0].watts == 344.0
        asked.close()
        asked = driver(bmc.port)
        with pytest.raises(DeviceError, match="a wrong key of the BMC"):
            asked.read()
        asked.close()


def test_what_the_meter_refuses_or_garbles_fails_and_keeps_the_session(metered: DcmiBmc) -> None:
    asked = driver(metered.port, source="dcmi")
    for trouble in ({"code": 0xC0}, {"garbage": 1}, {"active": 0}):
        metered.say(**trouble)
        with pytest.raises(DeviceError, match="DCMI"):
            asked.read()
    metered.say(watts=1234)
    assert asked.read()[0].watts == 1234.0
    assert metered.sessions["opened"] == 1
    asked.close()


def test_a_session_that_was_not_used_for_long_is_opened_anew(metered: DcmiBmc, monkeypatch: pytest.MonkeyPatch) -> None:
    """The BMC may have ended it; it is told that it is over."""
    monkeypatch.setattr("climate.devices.ipmi.session.KEPT_S", 0.0)
    bmc = Bmc("127.0.0.1", metered.port, Login(USER, PASSWORD))
    for _ in range(10):
        bmc.ask(6, 1, b"", what="what it is", until=time.monotonic() + PATIENCE_S)
    bmc.close()
    eventually(lambda: metered.sessions == {"opened": 10, "closed": 10, "active": 0})

# SPDX-License-Identifier: Apache-2.0
"""Sessions of a Redfish service are never leaked, its faults never become values, and nobody else hears the token."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from climate.chassis.secrets import Secret
from climate.devices.redfish import client, connection
from climate.errors import ConfigError
from kwapi.drivers.protocol import DeviceError
from kwapi.drivers.redfish import RedfishDriver
from tests.redfish_bench import PATIENCE_S, Bench, answer_of, wait_until, watts
from tests.redfish_trees import new_bmc
from tools.servers.redfish_service import PASSWORD, USER, Fault, RedfishService

SENSOR = "/redfish/v1/Chassis/1/Sensors/TotalPower"
FAULTS = [
    Fault(status=500),
    Fault(status=503),
    Fault(part_sent=0.5),
    Fault(body=b"<html>login</html>"),
    Fault(body=b'{"PowerWatts": {"Reading": NaN}}'),
    Fault(body=b"[]"),
]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with Bench(tmp_path) as running:
        yield running


def test_sessions_survive_a_thousand_polls_and_twenty_restarts(bench: Bench) -> None:
    """Of four slots one is taken at most; faults in between change nothing."""
    service = bench.service(new_bmc(), slots=4)
    for restart in range(20):
        driver = bench.driver(service)
        for poll in range(50):
            if poll and poll % 10 == 0:
                with service.failing(FAULTS[(restart + poll // 10) % len(FAULTS)]), pytest.raises(DeviceError):
                    driver.read()
            else:
                assert watts(driver.read()) == [374.0]
            assert service.sessions == 1
        driver.close()
        assert service.sessions == 0
    assert service.opened == 20


def test_a_session_that_expired_is_renewed_once(bench: Bench) -> None:
    service = bench.service(new_bmc())
    driver = bench.driver(service)
    driver.read()
    service.end_sessions()
    assert watts(driver.read()) == [374.0]
    assert (service.opened, service.sessions) == (2, 1)


def test_who_refuses_what_it_let_in_keeps_no_sessions(bench: Bench) -> None:
    service = bench.service(new_bmc(), slots=4)
    driver = bench.driver(service)
    driver.read()
    with service.failing(Fault(part=f"GET {SENSOR}", status=401)):
        for _ in range(6):
            before = service.opened
            with pytest.raises(DeviceError, match="401"):
                driver.read()
            assert service.opened - before <= 1
            assert service.sessions == 1
    assert watts(driver.read()) == [374.0]


def test_without_a_free_session_the_password_does(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """What killed processes left behind blocks nobody; once there is room, a session is held again. The log says so."""
    service = bench.service(new_bmc(), slots=4)
    for _ in range(4):
        bench.driver(service).read()
    driver = bench.driver(service)
    assert watts(driver.read()) == watts(driver.read()) == [374.0]
    assert len(service.asked("POST")) == 5
    assert service.opened == 4
    assert caplog.text.count("127.0.0.1 has no session left") == 1
    monkeypatch.setattr(client, "WITHOUT_SESSION_S", 0.0)
    waiting = bench.driver(service)
    waiting.read()
    service.end_sessions()
    assert watts(waiting.read()) == [374.0]
    assert service.sessions == 1


def test_without_a_session_or_a_password_that_does_the_reason_is_told(bench: Bench) -> None:
    service = bench.service(new_bmc(), slots=0)
    service.basic = False
    with pytest.raises(DeviceError, match="no session left"):
        bench.driver(service).read()


def test_basic_authentication_needs_no_session(bench: Bench) -> None:
    service = bench.service(new_bmc(), slots=0)
    assert watts(bench.driver(service, auth="basic").read()) == [374.0]
    assert service.asked("POST") == []


def test_a_login_that_takes_long_is_waited_for(bench: Bench) -> None:
    """Each further one would leave behind a session of which nobody knows."""
    service = bench.service(new_bmc())
    driver = bench.driver(service, timeout_s=0.5)
    with service.failing(Fault(part="POST", silent_s=1.2)):
        with pytest.raises(DeviceError, match="in time"):
            driver.read()
        assert watts(answer_of(driver)) == [374.0]
    assert (service.opened, service.sessions) == (1, 1)
    driver.close()
    assert service.sessions == 0


@pytest.mark.parametrize("timeout_s", [20.0, 0.8])
def test_who_is_closed_while_it_logs_in_leaves_no_session(bench: Bench, timeout_s: float) -> None:
    """Whether it waits for the answer still, or was about to ask for it again."""
    service = bench.service(new_bmc())
    driver = bench.driver(service, timeout_s=timeout_s)

    def read() -> None:
        with contextlib.suppress(DeviceError):
            driver.read()

    with service.failing(Fault(part="POST", silent_s=1.0)):
        reader = threading.Thread(target=read)
        reader.start()
        wait_until(lambda: service.asked("POST"))
        if timeout_s < 1.0:
            reader.join(PATIENCE_S)
        driver.close()
        reader.join(PATIENCE_S)
    assert not reader.is_alive()
    assert (service.opened, service.sessions) == (1, 0)


def test_who_hangs_comes_back_when_it_is_closed(bench: Bench) -> None:
    """And its session is deleted, on another connection."""
    service = bench.service(new_bmc())
    driver = bench.driver(service, timeout_s=600.0)
    driver.read()
    raised: list[Exception] = []

    def read() -> None:
        try:
            driver.read()
        except DeviceError as error:
            raised.append(error)

    with service.failing(Fault(part=f"GET {SENSOR}", silent_s=3600)):
        reader = threading.Thread(target=read)
        reader.start()
        wait_until(lambda: len(service.asked(SENSOR)) >= 3)
        driver.close()
        reader.join(PATIENCE_S)
    assert not reader.is_alive()
    assert len(raised) == 1
    assert service.sessions == 0


@pytest.mark.parametrize("fault", FAULTS, ids=repr)
def test_a_fault_is_told_and_never_a_value(bench: Bench, fault: Fault) -> None:
    service = bench.service(new_bmc())
    driver = bench.driver(service)
    driver.read()
    with service.failing(fault), pytest.raises(DeviceError, match=r"\S"):
        driver.read()
    assert watts(driver.read()) == [374.0]


@pytest.mark.parametrize("fault", [Fault(silent_s=3600), Fault(drip_s=0.2)], ids=["silent", "drips"])
def test_an_answer_as_a_whole_is_waited_for_no_longer_than_told(bench: Bench, fault: Fault) -> None:
    """Even if something comes all the time."""
    service = bench.service(new_bmc())
    driver = bench.driver(service, timeout_s=1.0)
    answer_of(driver)
    with service.failing(fault):
        began = time.monotonic()
        with pytest.raises(DeviceError, match="in time"):
            driver.read()
        assert time.monotonic() - began < 6.0


def test_an_answer_without_end_is_given_up(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "LARGEST_ANSWER", 64 * 1024)
    service = bench.service(new_bmc())
    driver = bench.driver(service)
    driver.read()
    with service.failing(Fault(body=b"[" * 100_000)), pytest.raises(DeviceError, match="more than 65536 bytes"):
        driver.read()
    assert watts(driver.read()) == [374.0]


def test_a_redirect_within_the_service_is_followed(bench: Bench) -> None:
    service = bench.service(new_bmc())
    moved = "/redfish/v1/Moved"
    service.tree[moved] = {name: value for name, value in service.tree[SENSOR].items() if name != "@odata.id"}
    driver = bench.driver(service)
    with service.failing(Fault(part=f"GET {SENSOR}", status=308, headers={"Location": service.url + moved})):
        assert watts(driver.read()) == [374.0]


def test_a_redirect_to_another_place_is_not(bench: Bench) -> None:
    """Who is there hears neither token nor password."""
    service, other = bench.service(new_bmc()), bench.service(new_bmc())
    driver = bench.driver(service)
    driver.read()
    for location in (other.url + SENSOR, "//127.0.0.1:1/", "/redfish/v1/\tx"):
        with service.failing(Fault(status=302, headers={"Location": location})), pytest.raises(DeviceError):
            driver.read()
    with (
        service.failing(Fault(status=302, headers={"Location": SENSOR})),
        pytest.raises(DeviceError, match="without end"),
    ):
        driver.read()
    assert (other.connections, other.asked()) == (0, [])


def test_a_certificate_that_nobody_vouches_for_is_refused(bench: Bench) -> None:
    """Before anything is sent; unless it may be any."""
    service = bench.service(new_bmc())
    with pytest.raises(DeviceError, match="ca_file"):
        bench.driver(service, ca_file=None).read()
    assert service.asked() == []
    assert watts(bench.driver(service, ca_file=None, verify=False).read()) == [374.0]


def test_a_password_never_goes_in_clear_unless_told(bench: Bench) -> None:
    with RedfishService(new_bmc()) as service:
        with pytest.raises(ConfigError, match="in clear"):
            bench.driver(service)
        assert watts(bench.driver(service, verify=False).read()) == [374.0]


def test_a_wrong_password_is_told_without_it(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    service = bench.service(new_bmc())
    driver = bench.driver(service, password=Secret("wrong-one"))
    with pytest.raises(DeviceError, match=f"{USER} in: user or password is wrong") as raised:
        driver.read()
    assert bench.driver(service).read()
    for text in (str(raised.value), repr(raised.value.__context__), caplog.text):
        assert "wrong-one" not in text
        assert PASSWORD not in text


def test_a_service_that_is_not_there_is_told(bench: Bench) -> None:
    with RedfishService(new_bmc()) as service:
        section = bench.section(service, verify=False)
    driver = RedfishDriver(section, time.time_ns)
    with pytest.raises(DeviceError, match="cannot be reached: Connection refused"):
        driver.read()
    driver.close()


def test_a_connection_that_the_service_closed_is_opened_again(bench: Bench) -> None:
    """Without a word, as services do with those that are idle; the session lives on."""
    service = bench.service(new_bmc(), idle_s=0.2)
    driver = bench.driver(service)
    driver.read()
    wait_until(lambda: service.connected == 0)
    assert watts(driver.read()) == [374.0]
    assert service.opened == 1


def test_nothing_is_left_open_behind_a_driver(bench: Bench) -> None:
    service = bench.service(new_bmc())
    driver = bench.driver(service)
    driver.read()
    driver.close()
    wait_until(lambda: service.connected == 0)
    assert service.sessions == 0

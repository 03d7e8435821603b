# SPDX-License-Identifier: Apache-2.0
"""Modbus over TCP, against pymodbus' own server: what a meter may do to us on the wire."""

from __future__ import annotations

import dataclasses
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pymodbus.constants import ExcCodes

from climate.devices.modbus.blocks import Block
from climate.devices.modbus.registers import Area
from climate.devices.modbus.session import ModbusError, TcpSession
from kwapi.core.reading import Reading
from kwapi.drivers.modbus import ModbusDriver
from kwapi.drivers.protocol import DeviceError
from kwapi.manager.admission import admit
from tests.examples import many
from tests.unit.kwapi.drivers.sections import section
from tools.servers.modbus_meter import ModbusMeter
from tools.servers.process import free_port

TIMEOUT_S = 1.0
PATIENCE_S = 30.0


def words(*numbers: float) -> list[int]:
    return [word for number in numbers for word in struct.unpack(">HH", struct.pack(">f", number))]


@pytest.fixture
def meter() -> Iterator[ModbusMeter]:
    """An SDM630: 230 V, 1 to 3 A, 100 to 300 W, and a whole."""
    registers = {
        0: words(230.0, 231.0, 232.0, 1.0, 2.0, 3.0, 100.0, 200.0, 300.0, *[0.0] * 17, 600.0, *[0.0] * 13),
        346: words(1.0, 2.0, 3.0),
    }
    registers[0][72:74] = words(6.0)
    with ModbusMeter(inputs=registers) as running:
        yield running


def driver(meter: ModbusMeter, *outlets: str, **options: object) -> ModbusDriver:
    settings = {"map": "eastron-sdm630", "host": "127.0.0.1", "port": meter.port} | options
    made = section(ModbusDriver, outlets or ("mains",), **settings)
    return ModbusDriver(dataclasses.replace(made, timeout_s=TIMEOUT_S), time.time_ns)


def read_once(meter: ModbusMeter, **options: object) -> list[Reading]:
    made = driver(meter, **options)
    try:
        return made.read()
    finally:
        made.close()


def test_all_points_are_read_in_two_requests(meter: ModbusMeter) -> None:
    made = driver(meter, "total", "l1", "l2", "l3")
    readings = made.read()
    assert [reading.watts for reading in readings] == [600.0, 100.0, 200.0, 300.0]
    assert [reading.energy_j for reading in readings] == [6 * 3.6e6, 3.6e6, 7.2e6, 10.8e6]
    assert [reading.amperes for reading in readings[1:]] == [1.0, 2.0, 3.0]
    assert admit(readings, {reading.probe_id for reading in readings})[1] == ""
    assert meter.requests == [(4, 0, 74), (4, 346, 6)]
    made.close()


def test_serial_framing_is_spoken_through_gateways() -> None:
    with ModbusMeter(holding={7: [1234]}, unit=17, serial_framing=True) as gateway:
        (reading,) = read_once(gateway, map=None, watts="holding 7 uint16 x0.1", unit_id=17, framing="rtu")
    assert reading.watts == pytest.approx(123.4)


def slowly(mangle: Callable[[bytes], bytes], why: str) -> Any:
    """Another for which the answer is waited for until it is too late."""
    return pytest.param(mangle, why, marks=pytest.mark.slow)


@pytest.mark.parametrize(
    ("mangle", "why"),
    [
        (lambda data: data[: len(data) // 2], "half an answer"),
        slowly(lambda data: data[:5], "half a head"),
        slowly(lambda data: b"", "nothing"),
        (lambda data: b"\xff" * 40, "garbage"),
        slowly(lambda data: b"HTTP/1.1 400 Bad Request\r\n\r\n", "another protocol"),
        (lambda data: data[:6] + b"\x09" + data[7:], "another unit's answer"),
        (lambda data: b"\x7f\x7f" + data[2:], "the answer to another question"),
        (lambda data: data[:7] + b"\x03" + data[8:], "the answer to another function"),
        (lambda data: data[:4] + struct.pack(">H", 7) + data[6:8] + b"\x04" + data[9:13], "fewer registers"),
    ],
)
def test_a_disturbed_answer_is_an_error_and_not_a_value(
    meter: ModbusMeter, mangle: Callable[[bytes], bytes], why: str
) -> None:
    """And the next good one is read, though the connection may hold rests of the bad one."""
    made = driver(meter)
    meter.mangle = mangle
    began = time.monotonic()
    with pytest.raises(DeviceError, match=r"127\.0\.0\.1, port"):
        made.read()
    assert time.monotonic() - began < 2 * TIMEOUT_S + PATIENCE_S
    meter.mangle = bytes
    assert made.read()[0].watts == 600.0
    made.close()


@settings(max_examples=many(25), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(garbage=st.binary(min_size=0, max_size=300))
def test_random_bytes_are_never_a_value(meter: ModbusMeter, garbage: bytes) -> None:
    meter.mangle = lambda data: garbage
    session = TcpSession("127.0.0.1", meter.port, 1, 0.1)
    made = ModbusDriver(section(ModbusDriver, map="eastron-sdm630", host="-"), time.time_ns, session)
    try:
        with pytest.raises(DeviceError):
            made.read()
    finally:
        made.close()


@pytest.mark.parametrize(
    ("refusal", "text"),
    [
        (ExcCodes.ILLEGAL_FUNCTION, "does not know that function"),
        (ExcCodes.ILLEGAL_ADDRESS, "no such registers"),
        (ExcCodes.DEVICE_BUSY, "busy"),
        (ExcCodes.GATEWAY_NO_RESPONSE, "behind the gateway does not answer"),
    ],
)
def test_a_refusal_is_told_in_words(meter: ModbusMeter, refusal: ExcCodes, text: str) -> None:
    meter.refusal = refusal
    with pytest.raises(DeviceError, match=text):
        read_once(meter)


def test_a_unit_that_is_not_there_is_an_error(meter: ModbusMeter) -> None:
    with pytest.raises(DeviceError, match="of unit 9"):
        read_once(meter, unit_id=9)


def test_an_answer_that_comes_too_late_is_not_taken_for_the_next(meter: ModbusMeter) -> None:
    session = TcpSession("127.0.0.1", meter.port, 1, TIMEOUT_S)
    made = ModbusDriver(section(ModbusDriver, map="eastron-sdm630", host="-"), time.time_ns, session)
    meter.delay_s = 1.5 * TIMEOUT_S
    with pytest.raises(DeviceError, match="no answer"):
        made.read()
    meter.delay_s = 0.0
    assert made.read()[0].watts == 600.0
    made.close()


def test_nobody_listens() -> None:
    session = TcpSession("127.0.0.1", free_port(), 1, 0.5)
    with pytest.raises(ModbusError, match="cannot be reached"):
        session.read([Block(Area.INPUT, 0, 1)])


def test_a_connection_that_the_meter_closed_is_opened_again() -> None:
    """Within the same question: gateways close what is quiet for a while."""
    connections = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            for _ in range(2):
                connection, _ = listening.accept()
                connections.append(connection)
                question = connection.recv(100)
                connection.sendall(question[:4] + struct.pack(">HBBBH", 5, 1, 3, 2, 42))
                connection.close()

        server = threading.Thread(target=serve)
        server.start()
        options = {"host": "127.0.0.1", "port": listening.getsockname()[1], "watts": "holding 1 uint16"}
        made = ModbusDriver(section(ModbusDriver, **options), time.time_ns)
        assert [made.read()[0].watts for _ in range(2)] == [42.0, 42.0]
        server.join(PATIENCE_S)
        made.close()
    assert len(connections) == 2


def test_one_that_sends_a_byte_at_a_time_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                try:
                    while True:
                        connection.sendall(b"\x00")
                        time.sleep(0.05)
                except OSError:
                    pass

        threading.Thread(target=serve, daemon=True).start()
        session = TcpSession("127.0.0.1", listening.getsockname()[1], 1, 0.5)
        made = ModbusDriver(section(ModbusDriver, map="eastron-sdm630", host="-"), time.time_ns, session)
        began = time.monotonic()
        with pytest.raises(DeviceError):
            made.read()
        assert time.monotonic() - began < 0.5 + PATIENCE_S
        made.close()

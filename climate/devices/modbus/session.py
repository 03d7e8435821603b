# SPDX-License-Identifier: Apache-2.0
"""A connection to one device; over TCP by pymodbus, framed for TCP or as a serial line behind a gateway."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
import time
from collections.abc import Sequence
from typing import Protocol

from pymodbus.client import ModbusTcpClient
from pymodbus.exceptions import ConnectionException, ModbusException
from pymodbus.framer import FramerType

from climate.devices.modbus.blocks import Block, Words
from climate.devices.modbus.registers import Area

# It would log each failed request; here they are errors, and whoever asks decides what is told how often.
logging.getLogger("pymodbus.logging").setLevel(logging.CRITICAL)

_REASONS = {
    1: "it does not know that function: take the other area, input or holding",
    2: "there are no such registers: look at the map, and at the unit",
    3: "so many registers at once are too many for it",
    4: "it broke while it read them",
    6: "it is busy",
    10: "the gateway finds no way to the unit",
    11: "the unit behind the gateway does not answer",
}
_FUNCTIONS = {Area.INPUT: 4, Area.HOLDING: 3}


class ModbusError(Exception):
    """A device did not answer, or not as it should; the text says what to look at."""


class Session(Protocol):
    """A way to one device; used by one thread at a time."""

    def read(self, blocks: Sequence[Block]) -> Words:
        """The words of all blocks.

        :raises ModbusError: one of them did not come, or not whole.
        """

    def close(self) -> None:
        """Let it go; again, and nothing happens. Another thread may call it, and whoever reads comes back."""


class _Client(ModbusTcpClient):
    """Its waits all end at one ``deadline`` of the monotonic clock: connecting, and each piece of each answer."""

    deadline = 0.0

    def connect(self) -> bool:
        self._hurry()
        return bool(super().connect())

    def recv(self, size: int | None) -> bytes:
        self._hurry()
        return super().recv(size)

    def _hurry(self) -> None:
        self.comm_params.timeout_connect = max(0.001, self.deadline - time.monotonic())


class TcpSession:
    """A connection that is kept, and made anew after whatever goes wrong. ``timeout_s`` is for all blocks together."""

    def __init__(self, host: str, port: int, unit: int, timeout_s: float, serial_framing: bool = False) -> None:
        self._where = f"{host}, port {port}"
        self._unit = unit
        self._timeout_s = timeout_s
        framer = FramerType.RTU if serial_framing else FramerType.SOCKET
        self._client = _Client(host, port=port, framer=framer, timeout=timeout_s, retries=0)
        self._closed = threading.Event()
        self._reading = threading.Lock()

    def read(self, blocks: Sequence[Block]) -> Words:
        """The words of all blocks; a connection that the device has closed meanwhile is opened again at once."""
        with self._reading:
            return self._read(blocks)

    def close(self) -> None:
        """Whoever reads comes back with an error."""
        self._closed.set()
        connection = self._client.socket
        if connection is not None:
            # Not closed here: a number that another thread waits on must not be given to another file.
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        if self._reading.acquire(timeout=2 * self._timeout_s):
            try:
                self._client.close()
            finally:
                self._reading.release()

    def _read(self, blocks: Sequence[Block]) -> Words:
        kept = self._client.connected
        self._client.deadline = time.monotonic() + self._timeout_s
        try:
            return self._all(blocks)
        except ConnectionException:
            self._client.close()
            if not kept:
                raise ModbusError(f"{self._where}: it cannot be reached, or closes the connection") from None
        except ModbusError:
            # What comes late would be taken for the answer to another question.
            self._client.close()
            raise
        try:
            return self._all(blocks)
        except (ConnectionException, ModbusError) as error:
            self._client.close()
            if isinstance(error, ModbusError):
                raise
            raise ModbusError(f"{self._where}: it closes the connection") from None

    def _all(self, blocks: Sequence[Block]) -> Words:
        return {block: self._one(block) for block in blocks}

    def _one(self, block: Block) -> list[int]:
        if self._closed.is_set():
            raise ModbusError("the connection is closed")
        if time.monotonic() > self._client.deadline:
            raise ModbusError(f"{self._where}: it takes longer than {self._timeout_s:g} s")
        what = f"{block.area} registers {block.address} to {block.address + block.count - 1} of unit {self._unit}"
        ask = self._client.read_input_registers if block.area is Area.INPUT else self._client.read_holding_registers
        try:
            answer = ask(block.address, count=block.count, device_id=self._unit)
        except (ConnectionException, OSError):
            raise ConnectionException(what) from None
        except ModbusException:
            raise ModbusError(
                f"{self._where}: no answer for {what} within {self._timeout_s:g} s, or none that can be read"
            ) from None
        except Exception as error:  # noqa: BLE001 - what a device sends must not break anything
            raise ModbusError(f"{self._where}: its answer for {what} cannot be read: {type(error).__name__}") from None
        if answer.isError():
            code = getattr(answer, "exception_code", None)
            reason = _REASONS.get(code, f"exception {code}") if code is not None else "it is no answer"
            raise ModbusError(f"{self._where}: {what} are refused: {reason}")
        words = list(getattr(answer, "registers", []))
        if answer.function_code != _FUNCTIONS[block.area] or len(words) != block.count:
            raise ModbusError(f"{self._where}: {len(words)} registers came for {what}")
        return words

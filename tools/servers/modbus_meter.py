# SPDX-License-Identifier: Apache-2.0
"""A Modbus meter over TCP: pymodbus' own server with the registers that a test gives it, and with troubles."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Self

from pymodbus.constants import ExcCodes
from pymodbus.framer import FramerType
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from tools.servers.process import ServerFailed, free_port

Registers = Mapping[int, Sequence[int]]
"""Words by the address of the first."""


class ModbusMeter:
    """Serves while it is entered. Registers that nobody gave are no registers.

    ``mangle`` changes what is sent: nothing, half of it, garbage.
    ``delay_s`` is how long each answer takes; ``refusal`` is given instead of
    an answer; ``requests`` are those that came: function, address and count.
    """

    def __init__(
        self,
        holding: Registers | None = None,
        inputs: Registers | None = None,
        unit: int = 1,
        serial_framing: bool = False,
    ) -> None:
        self.port = free_port()
        self.mangle: Callable[[bytes], bytes] = bytes
        self.delay_s = 0.0
        self.refusal: ExcCodes | None = None
        self.requests: list[tuple[int, int, int]] = []
        self._device = SimDevice(
            id=unit,
            simdata=(
                [SimData(0, values=False, datatype=DataType.BITS)],
                [SimData(0, values=False, datatype=DataType.BITS)],
                _data(holding),
                _data(inputs),
            ),
            action=self._act,
        )
        self._framer = FramerType.RTU if serial_framing else FramerType.SOCKET
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="modbus-meter", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._ready.wait(60):
            raise ServerFailed("the Modbus meter does not listen")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._leave(), self._loop).result(60)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(60)
        self._loop.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._listen())
        self._ready.set()
        self._loop.run_forever()

    async def _listen(self) -> None:
        self._server = ModbusTcpServer(
            self._device, framer=self._framer, address=("127.0.0.1", self.port), trace_packet=self._packet
        )
        await self._server.serve_forever(background=True)

    async def _leave(self) -> None:
        await self._server.shutdown()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def _packet(self, sending: bool, data: bytes) -> bytes:
        return self.mangle(data) if sending else data

    async def _act(
        self,
        function: int,
        start: int,
        address: int,
        count: int,
        registers: list[int],
        values: list[int] | list[bool] | None,
    ) -> ExcCodes | None:
        self.requests.append((function, address, count))
        await asyncio.sleep(self.delay_s)
        return self.refusal


def _data(registers: Registers | None) -> list[SimData]:
    return [
        SimData(address, values=list(words), datatype=DataType.REGISTERS)
        for address, words in (registers or {0: [0]}).items()
    ]

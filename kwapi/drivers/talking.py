# SPDX-License-Identifier: Apache-2.0
"""Meters that talk without being asked: what has come since the last time, and when it must have been measured."""

from __future__ import annotations

import time
from collections.abc import Sequence

from climate.devices.serialport.framing import Splitter
from climate.devices.serialport.port import Port, PortError
from kwapi.drivers.protocol import DeviceError

NS = 1_000_000_000
_MOST_BYTES = 1024 * 1024
"""How much is taken in at once; whoever is further behind catches up with the next questions."""


class Ear:
    """Packets from a port. ``quiet_s``: how long a meter that did talk may be silent before that is an error.

    ``whole_from_start``: whether what comes first behind an opening is a whole
    packet or can be told from one; otherwise it is thrown away.
    """

    def __init__(
        self, port: Port, splitter: Splitter, timeout_s: float, quiet_s: float, whole_from_start: bool = True
    ) -> None:
        self._port = port
        self._splitter = splitter
        self._timeout_s = timeout_s
        self._quiet_s = quiet_s
        self._whole_from_start = whole_from_start
        self._opened = 0
        self._skips = False
        self._heard: float | None = None

    def packets(self) -> tuple[list[bytes], int]:
        """All that is there, or the first that comes within the timeout; and how many were too long.

        :raises DeviceError: the port cannot be opened, the device is gone, or it is silent.
        """
        deadline = time.monotonic() + self._timeout_s
        found: list[bytes] = []
        dropped, taken = 0, 0
        while taken < _MOST_BYTES:
            left_s = 0.0 if found or dropped else max(0.0, deadline - time.monotonic())
            try:
                data = self._port.read(left_s)
            except PortError as error:
                if found:
                    break
                raise DeviceError(str(error)) from None
            if not data:
                break
            taken += len(data)
            if self._opened != self._port.opened:
                self._opened = self._port.opened
                self._splitter.clear()
                self._skips = not self._whole_from_start
            packets, lost = self._splitter.feed(data)
            if packets and self._skips:
                packets, self._skips = packets[1:], False
            found.extend(packets)
            dropped += lost
        now = time.monotonic()
        if found or dropped:
            self._heard = now
        elif self._heard is None or now - self._heard > self._quiet_s:
            raise DeviceError(f"nothing came within {self._timeout_s:g} s; is it switched on, and the port right?")
        return found, dropped


class Arrivals:
    """When packets were measured that do not say it: the meter sends one each ``period_ns``.

    Those that came between two looks share the time between them, so nothing
    drifts from this machine's clock, and none overlap.
    """

    def __init__(self, period_ns: int) -> None:
        self._period_ns = period_ns
        self._last_ns: int | None = None

    def intervals(self, count: int, now_ns: int) -> Sequence[tuple[int, int]]:
        """Begin and end of ``count`` packets, of which the last has just come."""
        if count == 0:
            return []
        begin_ns = now_ns - count * self._period_ns
        last_ns = self._last_ns
        if last_ns is not None and last_ns <= now_ns and now_ns - last_ns <= 2 * count * self._period_ns:
            begin_ns = last_ns
        begin_ns = max(0, begin_ns)
        span_ns = now_ns - begin_ns
        edges = [begin_ns + span_ns * place // count for place in range(count + 1)]
        self._last_ns = now_ns
        return [(edges[place], edges[place + 1]) for place in range(count)]


def refused(samples: Sequence[str], count: int, what: str) -> DeviceError:
    """All that came cannot be used: how much it was, and what was wrong with the last."""
    sample = f", such as {samples[-1]}" if samples else ""
    return DeviceError(f"{count} {what} came, and none can be used{sample}; look at the port and its speed")

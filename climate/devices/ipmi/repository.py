# SPDX-License-Identifier: Apache-2.0
"""Reading a BMC's list of sensors record by record, with pauses wherever one likes: IPMI 2.0, sections 33 and 35."""

from __future__ import annotations

import contextlib
import time
from typing import Protocol

from climate.devices.ipmi import sdr
from climate.devices.ipmi.answers import Garbled, Refused
from climate.devices.ipmi.sdr import Sensor

_APPLICATION, _SENSORS, _STORAGE = 0x06, 0x04, 0x0A
_GET_DEVICE_ID, _GET_READING, _RESERVE = 0x01, 0x2D, 0x22
_GET_RECORD = {_SENSORS: 0x21, _STORAGE: 0x23}
_HAS_REPOSITORY = 0x02
_CANCELLED = 0xC5
_TOO_MANY = frozenset((0xC3, 0xC7, 0xC8, 0xCA, 0xFF))
_WHOLE, _LAST = 0xFF, 0xFFFF
_CHUNKS = (32, 16, 8)
_MOST_RECORDS = 4096
_WHAT = "its list of sensors"
NO_READING = frozenset((0xCB, 0xCD, 0xD3, 0xD5))
"""Completion codes of a sensor that is not there now, as that of a power supply that was taken out."""


class Asked(Protocol):
    """A BMC, as :class:`climate.devices.ipmi.session.Bmc` is one."""

    def ask(self, netfn: int, command: int, data: bytes, *, what: str, until: float, lun: int = 0) -> bytes: ...


class Repository:
    """The sensors of a BMC, read once. A long list takes several calls of :meth:`read`."""

    def __init__(self, bmc: Asked) -> None:
        self._bmc = bmc
        self._netfn: int | None = None
        self._reservation = bytes(2)
        self._next = 0
        self._read = 0
        self._chunk = 0
        self._sensors: list[Sensor] = []

    @property
    def complete(self) -> bool:
        return self._next == _LAST

    @property
    def sensors(self) -> list[Sensor]:
        """Those that were found so far and measure something."""
        return self._sensors

    def read(self, pause_at: float, until: float) -> None:
        """Read on until the list is complete or it is time to pause, one record at least.

        A record that cannot be understood is no sensor.

        :raises IpmiError: the BMC does not tell it; another call begins where this one ended.
        """
        if self._netfn is None:
            self._netfn = self._place(until)
        while not self.complete:
            following, record = self._record(self._next, until)
            with contextlib.suppress(Garbled):
                sensor = sdr.parse_record(record)
                if sensor is not None and sensor.readable:
                    self._sensors.append(sensor)
            self._read += 1
            if following == self._next or self._read > _MOST_RECORDS:
                raise Garbled("the BMC's list of sensors goes in circles")
            self._next = following
            if time.monotonic() >= pause_at:
                return

    def _place(self, until: float) -> int:
        """Whether all are in a repository, or only the BMC's own sensors are known."""
        answer = self._bmc.ask(_APPLICATION, _GET_DEVICE_ID, b"", what="what it is", until=until)
        if len(answer) < 6:
            raise Garbled("the BMC's answer about what it is has less than six bytes")
        return _STORAGE if answer[5] & _HAS_REPOSITORY else _SENSORS

    def _record(self, number: int, until: float) -> tuple[int, bytes]:
        """The next record's number, and a record with its header."""
        if not self._chunk:
            try:
                return self._part(number, 0, _WHOLE, until)
            except Refused as error:
                if error.code not in _TOO_MANY:
                    raise
                self._chunk = _CHUNKS[0]
        following, record = self._part(number, 0, sdr.HEADER, until)
        if len(record) != sdr.HEADER:
            raise Garbled("a sensor's record has no header")
        length = sdr.HEADER + record[4]
        while len(record) < length:
            try:
                _, part = self._part(number, len(record), min(self._chunk, length - len(record)), until)
            except Refused as error:
                smaller = [chunk for chunk in _CHUNKS if chunk < self._chunk]
                if error.code not in _TOO_MANY or not smaller:
                    raise
                self._chunk = smaller[0]
                continue
            if not part:
                raise Garbled("a part of a sensor's record is empty")
            record += part
        return following, record

    def _part(self, number: int, offset: int, count: int, until: float) -> tuple[int, bytes]:
        netfn = self._netfn or _STORAGE
        for attempt in range(3):
            request = self._reservation + number.to_bytes(2, "little") + bytes((offset, count))
            try:
                answer = self._bmc.ask(netfn, _GET_RECORD[netfn], request, what=_WHAT, until=until)
                break
            except Refused as error:
                if error.code != _CANCELLED or attempt == 2:
                    raise
                self._reservation = self._reserved(netfn, until)
        if len(answer) < 2:
            raise Garbled("a sensor's record does not name the next one")
        return int.from_bytes(answer[:2], "little"), answer[2:]

    def _reserved(self, netfn: int, until: float) -> bytes:
        answer = self._bmc.ask(netfn, _RESERVE, b"", what=_WHAT, until=until)
        if len(answer) < 2:
            raise Garbled("the BMC's reservation has less than two bytes")
        return answer[:2]


def value_of(bmc: Asked, sensor: Sensor, until: float) -> float | None:
    """What a sensor says in its unit; nothing while it has no reading.

    :raises IpmiError: the BMC did not answer, or not as it should.
    """
    try:
        answer = bmc.ask(
            _SENSORS, _GET_READING, bytes((sensor.number,)), what=f"the sensor {sensor.name!r}", until=until,
            lun=sensor.lun,
        )  # fmt: skip
    except Refused as error:
        if error.code in NO_READING:
            return None
        raise
    raw = sdr.parse_reading(answer)
    return None if raw is None else sensor.value(raw)

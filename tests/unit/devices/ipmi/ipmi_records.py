# SPDX-License-Identifier: Apache-2.0
"""Sensor records byte by byte, as a BMC has them, and a BMC that answers from a table."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence

from climate.devices.ipmi.answers import Refused

Answer = bytes | int | Exception
"""What follows the completion code; a completion code; or what is raised."""


def full_record(
    name: str = "Sys Power",
    number: int = 1,
    *,
    unit: int = 6,
    units: int = 0,
    modifier: int = 0,
    owner: int = 0x20,
    lun: int = 0,
    entity: int = 7,
    linearization: int = 0,
    m: int = 1,
    b: int = 0,
    r_exp: int = 0,
    b_exp: int = 0,
    record_id: int = 1,
) -> bytes:
    """IPMI 2.0, table 43-1; ``units`` is the byte with the form of the numbers, rate and percentage."""
    text = name.encode("latin-1")
    body = bytearray(43)
    body[0:4] = (owner, lun, number, entity)
    body[7:9] = (11, 1)
    body[15:19] = (units, unit, modifier, linearization)
    body[19:23] = (m & 0xFF, m >> 2 & 0xC0, b & 0xFF, b >> 2 & 0xC0)
    body[24] = (r_exp & 0x0F) << 4 | b_exp & 0x0F
    body[42] = 0xC0 | len(text)
    return struct.pack("<HBBB", record_id, 0x51, 0x01, len(body) + len(text)) + bytes(body) + text


class Bmc:
    """Answers from a table of (netfn, command), where a value may also be a function of the request's data."""

    def __init__(self, answers: Mapping[tuple[int, int], Answer | Callable[[bytes], Answer]]) -> None:
        self.answers = dict(answers)
        self.asked: list[tuple[int, int]] = []
        self.left = 0
        self.closed = False

    def ask(self, netfn: int, command: int, data: bytes, *, what: str, until: float, lun: int = 0) -> bytes:
        self.asked.append((netfn, command))
        answer = self.answers.get((netfn, command), 0xC1)
        if callable(answer):
            answer = answer(data)
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, int):
            raise Refused(what, answer)
        return answer

    def leave(self, until: float) -> None:
        self.left += 1

    def close(self) -> None:
        self.closed = True


DEVICE_ID = bytes((0x20, 1, 2, 3, 2, 0x9F, 0, 0, 0, 0, 0))
"""Of one with a repository of sensor records."""


class Records:
    """Get SDR with reservations; ``most`` bytes at once."""

    def __init__(self, records: Sequence[bytes], most: int = 255) -> None:
        self.records = records
        self.most = most
        self.reservation = 0
        self.cancel_next = False

    def reserve(self, _data: bytes) -> Answer:
        self.reservation += 1
        return struct.pack("<H", self.reservation)

    def get(self, data: bytes) -> Answer:
        reservation, place, offset, count = struct.unpack("<HHBB", data)
        if count > self.most and not (count == 0xFF and len(self.records[place]) <= self.most):
            return 0xCA
        if offset and (reservation != self.reservation or self.cancel_next):
            self.cancel_next = False
            return 0xC5
        following = place + 1 if place + 1 < len(self.records) else 0xFFFF
        return struct.pack("<H", following) + self.records[place][offset : offset + count]

    def answers(self) -> dict[tuple[int, int], Answer | Callable[[bytes], Answer]]:
        return {(6, 1): DEVICE_ID, (0x0A, 0x22): self.reserve, (0x0A, 0x23): self.get}

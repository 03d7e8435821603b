# SPDX-License-Identifier: Apache-2.0
"""Get Power Reading of the Data Center Manageability Interface: DCMI 1.5, section 6.6.1."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from climate.devices.ipmi.answers import Garbled

NETFN, COMMAND, GROUP = 0x2C, 0x02, 0xDC
REQUEST = bytes((GROUP, 0x01, 0x00, 0x00))
"""For the system's power, not for one of the longer means."""

_ANSWER = struct.Struct("<BHHHHIIB")
_ACTIVE = 0x40
_NOTHING = 0xFFFF


@dataclass(frozen=True, slots=True)
class PowerReading:
    """What a BMC measured: watts now and over the ``period_s`` before.

    ``at_s`` is the BMC's own clock, in seconds since the epoch if it was ever
    set. Nothing is measured while it is not ``active``.
    """

    watts: int
    least: int
    most: int
    mean: int
    at_s: int
    period_s: float
    active: bool


def parse_power(answer: bytes) -> PowerReading:
    """The answer without its completion code.

    :raises Garbled: it is none, or tells the number that stands for nothing.
    """
    if len(answer) != _ANSWER.size or answer[0] != GROUP:
        raise Garbled(f"the DCMI power reading has {len(answer)} bytes and not the {_ANSWER.size} of one")
    _, watts, least, most, mean, at_s, period_ms, state = _ANSWER.unpack(answer)
    active = bool(state & _ACTIVE)
    if active and watts == _NOTHING:
        raise Garbled("the DCMI power reading is 65535 W, which stands for none")
    return PowerReading(watts, least, most, mean, at_s, period_ms / 1000, active)

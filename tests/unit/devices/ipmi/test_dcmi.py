# SPDX-License-Identifier: Apache-2.0
"""The power meter's answer means what DCMI says it means, and garbage means nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from climate.devices.ipmi import dcmi
from climate.devices.ipmi.answers import Garbled

# ipmitool's and FreeIPMI's field order: watts, least, most, mean, time stamp, period, state
ANSWER = bytes.fromhex("dc 5801 0a00 0903 2c01 00f15365 e8030000 40")


def test_every_field_is_where_dcmi_has_it() -> None:
    assert dcmi.parse_power(ANSWER) == dcmi.PowerReading(
        watts=344, least=10, most=777, mean=300, at_s=0x6553F100, period_s=1.0, active=True
    )


def test_a_meter_that_does_not_measure_says_so() -> None:
    assert not dcmi.parse_power(ANSWER[:-1] + b"\0").active


@pytest.mark.parametrize(
    "answer",
    [b"", ANSWER[:-1], ANSWER + b"\0", b"\0" + ANSWER[1:], ANSWER[:1] + b"\xff\xff" + ANSWER[3:]],
    ids=["empty", "short", "long", "of another group", "65535 W"],
)
def test_what_is_no_power_is_not_told(answer: bytes) -> None:
    with pytest.raises(Garbled):
        dcmi.parse_power(answer)


@given(st.binary(max_size=40))
def test_garbage_never_crashes(garbage: bytes) -> None:
    try:
        power = dcmi.parse_power(garbage)
    except Garbled:
        return
    assert garbage[0] == dcmi.GROUP
    assert 0 <= power.watts <= 65535

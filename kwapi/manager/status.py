# SPDX-License-Identifier: Apache-2.0
"""How the devices are, as values: for metrics, logs, and whoever asks."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass


class State(enum.Enum):
    """How a device is."""

    WAITING = "waiting"  # it was not asked yet, or has not told anything for the first time
    ANSWERING = "answering"  # its last answer was good
    SLOW = "slow"  # its last answers were good, and took longer than an interval
    PARTIAL = "partial"  # its last answer was good in part: probes are missing, or there was something unfit in it
    FAILING = "failing"  # its last answer was none, or bad
    STUCK = "stuck"  # so many of its drivers hang that no further one is started
    STOPPED = "stopped"


WELL = frozenset({State.ANSWERING, State.STOPPED})
"""States of which nobody need be told."""


class Cause(enum.Enum):
    """Why an attempt failed."""

    DEVICE = "device"  # the driver says that the device did not answer, or not as it should
    OPTION = "option"  # the driver says that it cannot be made with these options
    FAULT = "fault"  # the driver itself is at fault: another exception, or an answer that is none
    HANG = "hang"  # the driver did not come back in time
    THREAD = "thread"  # the thread ended, or could not be started


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceStatus:
    """One device. Numbers are since the process started, or since the device's section was changed.

    ``last_success_ns`` is in nanoseconds since the epoch. ``restarts`` counts
    threads that took another's place, ``abandoned`` those that hang still,
    ``late`` answers that came after that and were thrown away, ``missed``
    deadlines that passed while the device was busy, ``paused`` those that were
    left out after failures, ``refused`` readings that were not fit for the bus,
    ``unpublished`` those that the bus did not take. ``lag_s`` is how much after
    its deadline the last attempt began. ``clock_steps``: the clock that dates
    readings was set so many times. It has been in its state since ``since_ns``;
    ``reason`` says why where that is not a good one, and may be told to anyone.
    ``missing`` are the probes that told nothing while others did. ``took_s`` is
    how long the last good answer took.
    """

    section: str
    device: str
    driver: str
    state: State
    probes: int
    interval_s: float
    attempts: int
    readings: int
    last_success_ns: int | None
    failures: Mapping[Cause, int]
    failures_in_row: int
    last_failure: str
    restarts: int
    abandoned: int
    late: int
    missed: int
    paused: int
    refused: int
    unpublished: int
    lag_s: float
    clock_steps: int
    since_ns: int
    reason: str
    missing: tuple[str, ...]
    took_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """All devices in the order of their sections, and the sections that cannot be used.

    ``outdated`` are those which a reload spoiled: their devices go on as they
    were before.
    """

    devices: tuple[DeviceStatus, ...]
    disabled: tuple[str, ...]
    outdated: tuple[str, ...]

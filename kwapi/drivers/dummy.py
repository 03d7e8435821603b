# SPDX-License-Identifier: Apache-2.0
"""A wattmeter that exists only here: watts by chance, and troubles by chance, for trials."""

from __future__ import annotations

import random
import threading
import zlib
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from oslo_config import cfg

from climate.errors import ConfigError
from kwapi.core.reading import Reading
from kwapi.drivers.protocol import DeviceError, Section

NS = 1_000_000_000
_WALK_STEPS = 20
"""In how many of its largest steps a walk may cross from the least to the most watts."""


class DummyDriver:
    """Draws each probe's watts between two bounds; by default the same sequence for the same device each time.

    ``chance`` replaces the generator that the options describe.

    :raises ConfigError: the bounds are the wrong way round.
    """

    options: ClassVar[Sequence[cfg.Opt]] = (
        cfg.FloatOpt("min_watts", default=75.0, min=0.0, help="The least that a probe draws."),
        cfg.FloatOpt("max_watts", default=100.0, min=0.0, help="The most that a probe draws."),
        cfg.StrOpt(
            "shape",
            default="walk",
            choices=[("walk", "each value is near the one before"), ("uniform", "each value is drawn anew")],
            help="How the watts change.",
        ),
        cfg.IntOpt("seed", help="Where chance begins. By default it follows from the device's name."),
        cfg.FloatOpt("volts", default=230.0, min=0.0, help="The mains; 0 for a meter that knows watts alone."),
        cfg.BoolOpt("counter", default=False, help="Whether the meter also counts energy."),
        cfg.FloatOpt("latency_s", default=0.0, min=0.0, max=3600.0, help="How long each answer takes."),
        cfg.FloatOpt("fault_rate", default=0.0, min=0.0, max=1.0, help="The part of the answers that are errors."),
        cfg.FloatOpt("hang_rate", default=0.0, min=0.0, max=1.0, help="The part of the answers that never come."),
    )

    def __init__(self, section: Section, clock_ns: Callable[[], int], chance: random.Random | None = None) -> None:
        settings: Any = section.options
        self._least: float = settings["min_watts"]
        self._most: float = settings["max_watts"]
        if self._least > self._most:
            raise ConfigError("min_watts is greater than max_watts.", option="min_watts")
        seed = settings["seed"]
        if seed is None:
            seed = zlib.crc32(section.device.encode())
        self._chance = chance or random.Random(seed)  # noqa: S311 - for trials, not for secrets
        self._walks = settings["shape"] == "walk"
        self._volts: float | None = settings["volts"] or None
        self._counts: bool = settings["counter"]
        self._latency_s: float = settings["latency_s"]
        self._fault_rate: float = settings["fault_rate"]
        self._hang_rate: float = settings["hang_rate"]
        self._clock_ns = clock_ns
        self._closed = threading.Event()
        self._last_ns: int | None = None
        self._watts = {probe: self._drawn() for probe in section.probes if probe is not None}
        self._joules = dict.fromkeys(self._watts, 0.0)

    def read(self) -> list[Reading]:
        """One reading of each probe.

        :raises DeviceError: chance wants it, or the meter is closed.
        """
        begin_ns = self._clock_ns()
        if self._latency_s:
            self._closed.wait(self._latency_s)
        if self._hang_rate and self._chance.random() < self._hang_rate:
            self._closed.wait()
        if self._closed.is_set():
            raise DeviceError("the meter is closed")
        if self._fault_rate and self._chance.random() < self._fault_rate:
            raise DeviceError("the meter was told to fail now and then")
        end_ns = self._clock_ns()
        if self._counts:
            self._count(end_ns)
        for probe, watts in self._watts.items():
            self._watts[probe] = self._next(watts)
        volts = self._volts
        return [
            Reading(
                probe_id=probe,
                begin_ns=begin_ns,
                end_ns=max(begin_ns, end_ns),
                watts=watts,
                volts=volts,
                amperes=watts / volts if volts else None,
                energy_j=self._joules[probe] if self._counts else None,
            )
            for probe, watts in self._watts.items()
        ]

    def close(self) -> None:
        """Whoever waits in ``read`` comes back with an error."""
        self._closed.set()

    def _count(self, now_ns: int) -> None:
        """Energy grows with the watts told last: what a meter that samples as often as it is read would count."""
        if self._last_ns is not None:
            seconds = max(0, now_ns - self._last_ns) / NS
            for probe, watts in self._watts.items():
                self._joules[probe] += watts * seconds
        self._last_ns = now_ns

    def _drawn(self) -> float:
        return self._chance.uniform(self._least, self._most)

    def _next(self, watts: float) -> float:
        if not self._walks:
            return self._drawn()
        largest = (self._most - self._least) / _WALK_STEPS
        return min(self._most, max(self._least, watts + self._chance.uniform(-largest, largest)))

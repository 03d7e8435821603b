# SPDX-License-Identifier: Apache-2.0
"""What a driver must do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol

from oslo_config import cfg

from kwapi.core.reading import Reading


class DeviceError(Exception):
    """The device did not answer, or not as it should; the text says what, without any secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """What the operator says of one wattmeter.

    ``device`` is how the bus calls it (``site/rack/device``); ``probes`` are
    the full names of its outlets, in the device's order, ``None`` for one
    that is not to be read. ``options`` are the driver's own, by name, already
    name. ``folder`` is where relative paths begin.
    """

    name: str
    device: str
    probes: tuple[str | None, ...]
    interval_s: float
    timeout_s: float
    options: Mapping[str, object]
    folder: Path


class Driver(Protocol):
    """Reads one device. Used by one thread at a time, which may differ from the one that made it."""

    def read(self) -> Sequence[Reading]:
        """Ask the device once; one reading at most for each probe that it has a value of.

        Blocks, but no longer than the section's ``timeout_s`` or so.

        :raises DeviceError: it did not answer, or not as it should.
        """

    def close(self) -> None:
        """Let the device go. Also called, from another thread, on a driver that hangs in ``read``."""


class DriverType(Protocol):
    """What an entry point of ``kwapi.drivers`` names."""

    options: ClassVar[Sequence[cfg.Opt]]
    """The driver's own options, registered in the section of each wattmeter that names it."""

    def __call__(self, section: Section, clock_ns: Callable[[], int]) -> Driver:
        """A driver for a section; does not speak to the device yet. ``clock_ns`` gives nanoseconds since the epoch.

        :raises ConfigError: an option cannot be used; names it.
        """

# SPDX-License-Identifier: Apache-2.0
"""What a driver must do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol, runtime_checkable

from oslo_config import cfg

from kwapi.core.reading import Reading


class DeviceError(Exception):
    """The device did not answer, or not as it should; the text says what, without any secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """What the operator says of one wattmeter.

    ``device`` is how the bus calls it (``site/rack/device``); ``probes`` are
    the full names of its outlets, in the device's order, ``None`` for one
    that is not to be read. ``options`` are the driver's own by name, of the
    types that they declare; of a ``password_file`` there is ``password``, a
    :class:`climate.chassis.secrets.Secret`. ``folder`` is where relative paths
    begin. Sections that are equal need no new driver.
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
        """Ask the device once: what is new of the section's probes, none of one that has nothing to say.

        A device that measures more often than it is asked tells all of it:
        readings of one probe come in the order of time and do not overlap.
        Numbers are finite. Blocks, but no longer than the section's
        ``timeout_s`` or so.

        :raises DeviceError: it did not answer, or not as it should.
        """

    def close(self) -> None:
        """Let the device go; again, and nothing happens. Behind it ``read`` raises DeviceError.

        Another thread may call it while ``read`` hangs, which then comes back
        if the driver can make it.
        """


@runtime_checkable
class Explaining(Protocol):
    """A driver that knows why it tells nothing of some probes. The others are believed to be missing after a while."""

    def missing(self) -> Mapping[str, str]:
        """Of the last answer of ``read``: each probe whose power it should have told and could not, with the reason.

        As the text of a DeviceError, the reason holds no secret.
        """


class DriverType(Protocol):
    """What an entry point of ``kwapi.drivers`` names."""

    options: ClassVar[Sequence[cfg.Opt]]
    """The driver's own options, which may stand in the section of each wattmeter that names it.

    A secret is a :class:`climate.chassis.secrets.SecretFileOpt`.
    """

    def __call__(self, section: Section, clock_ns: Callable[[], int]) -> Driver:
        """A driver for a section; does not speak to the device yet. ``clock_ns`` gives nanoseconds since the epoch.

        :raises ConfigError: an option cannot be used; names it.
        """

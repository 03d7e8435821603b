# SPDX-License-Identifier: Apache-2.0
"""A device at a serial line: a pseudo-terminal that can be unplugged and plugged in again under the same name."""

from __future__ import annotations

import contextlib
import os
import select
import threading
import time
import tty
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self


class SerialMeter:
    """Writes and hears while it is entered; ``path`` is what a driver opens."""

    def __init__(self, folder: Path, name: str = "ttyUSB0") -> None:
        self.path = folder / name
        self._ours: int | None = None
        self._writers: list[threading.Thread] = []
        self._stop = threading.Event()

    def __enter__(self) -> Self:
        self.plug()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        for writer in self._writers:
            writer.join(60)
        self.unplug()

    def plug(self) -> None:
        """Give the name to a new terminal."""
        self._ours, theirs = os.openpty()
        tty.setraw(theirs)
        os.set_blocking(self._ours, False)
        self.path.unlink(missing_ok=True)
        self.path.symlink_to(os.ttyname(theirs))
        os.close(theirs)

    def unplug(self) -> None:
        """The device goes, and its name with it."""
        self.path.unlink(missing_ok=True)
        ours, self._ours = self._ours, None
        if ours is not None:
            os.close(ours)

    def write(self, data: bytes, timeout_s: float = 60.0) -> None:
        """Send all of it, as fast as it is taken in; nothing while it is unplugged."""
        deadline = time.monotonic() + timeout_s
        while data and self._ours is not None:
            select.select([], [self._ours], [], 0.1)
            with contextlib.suppress(BlockingIOError):
                data = data[os.write(self._ours, data) :]
            if data and time.monotonic() > deadline:
                raise TimeoutError("nobody reads what the meter says")

    def heard(self, timeout_s: float = 60.0) -> bytes:
        """What was sent to it, as soon as something was."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            with contextlib.suppress(BlockingIOError, OSError):
                if self._ours is not None and (data := os.read(self._ours, 4096)):
                    return data
            time.sleep(0.01)
        raise TimeoutError("nobody spoke to the meter")

    def talk(self, packets: Iterable[bytes], each_s: float) -> None:
        """Write one packet after another at its time, on a thread, until there are none or the meter is left."""
        writer = threading.Thread(target=self._talk, args=(packets, each_s), name="serial-meter", daemon=True)
        self._writers.append(writer)
        writer.start()

    def _talk(self, packets: Iterable[bytes], each_s: float) -> None:
        began = time.monotonic()
        for count, packet in enumerate(packets, 1):
            with contextlib.suppress(OSError):
                self.write(packet)
            if self._stop.wait(max(0.0, began + count * each_s - time.monotonic())):
                return

# SPDX-License-Identifier: Apache-2.0
"""A serial port held by nobody else, opened again when the device was unplugged; or a pipe, which is read alike."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import select
import stat
import termios
import threading
import time
from pathlib import Path
from typing import Protocol

import serial

_PIECE = 65_536


class PortError(Exception):
    """The port cannot be opened, or the device is gone; the text says what to look at."""


class Port(Protocol):
    """A stream of bytes from a device; read by one thread at a time."""

    @property
    def opened(self) -> int:
        """How often it was opened: what came before is no beginning of what comes behind."""

    def read(self, timeout_s: float) -> bytes:
        """What has come since the last time; waits until something does, ``timeout_s`` at most, and gives nothing then.

        :raises PortError: the port cannot be opened, or the device is gone. The next call tries again.
        """

    def close(self) -> None:
        """Let it go; again, and nothing happens. Another thread may call it, and whoever waits comes back."""


class SerialPort:
    """A terminal device such as ``/dev/ttyUSB0``, locked, 8 data bits, no parity, 1 stop bit; or a named pipe.

    ``greeting`` is sent each time that it was opened.
    """

    def __init__(self, path: Path, baudrate: int, greeting: bytes = b"") -> None:
        self._path = path
        self._baudrate = baudrate
        self._greeting = greeting
        self._file: int | None = None
        self._terminal: serial.Serial | None = None
        self._closed = threading.Event()
        self._using = threading.Lock()
        self._closing = threading.Lock()
        self._wakes, self._wake = os.pipe()
        self._opened = 0

    @property
    def opened(self) -> int:
        """How often it was opened."""
        return self._opened

    def read(self, timeout_s: float) -> bytes:
        """What has come since the last time."""
        with self._using:
            if self._closed.is_set():
                raise PortError("the port is closed")
            if self._file is None:
                self._file = self._open()
                self._opened += 1
            try:
                return self._waited(self._file, timeout_s)
            except PortError:
                self._leave()
                raise

    def close(self) -> None:
        """Whoever waits comes back with an error."""
        with self._closing:
            if self._closed.is_set():
                return
            self._closed.set()
        os.write(self._wake, b".")
        with self._using:
            self._leave()
            os.close(self._wake)
            os.close(self._wakes)

    def _waited(self, file: int, timeout_s: float) -> bytes:
        deadline = time.monotonic() + timeout_s
        while True:
            ready, _, _ = select.select([file, self._wakes], [], [], max(0.0, deadline - time.monotonic()))
            if self._wakes in ready:
                raise PortError("the port is closed")
            if not ready:
                return b""
            try:
                data = os.read(file, _PIECE)
            except BlockingIOError:
                continue
            except OSError as error:
                raise PortError(f"{self._path}: the device is gone: {error.strerror}") from None
            if not data:
                raise PortError(f"{self._path}: the device is gone, or who wrote into the pipe")
            return data

    def _open(self) -> int:
        try:
            return self._pipe() if stat.S_ISFIFO(self._path.stat().st_mode) else self._line()
        except (OSError, ValueError, termios.error) as error:
            self._leave()
            # pyserial's own errors are such, too; they carry the number of what went wrong.
            held = getattr(error, "errno", None) in (errno.EAGAIN, errno.EBUSY)
            reason = "another program has it" if held else str(getattr(error, "strerror", None) or error)
            raise PortError(f"{self._path}: it cannot be opened: {reason}") from None

    def _pipe(self) -> int:
        file = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(file)
            raise
        return file

    def _line(self) -> int:
        self._terminal = serial.Serial(str(self._path), self._baudrate, write_timeout=1.0, exclusive=True)
        file = int(self._terminal.fileno())
        # The lock is good against those who ask for it; this also against those who do not.
        fcntl.ioctl(file, termios.TIOCEXCL)
        self._terminal.write(self._greeting)
        return file

    def _leave(self) -> None:
        terminal, self._terminal = self._terminal, None
        file, self._file = self._file, None
        with contextlib.suppress(OSError, termios.error):
            if terminal is not None:
                terminal.close()
            elif file is not None:
                os.close(file)

# SPDX-License-Identifier: Apache-2.0
"""What the servers have in common: start, ready, stop, crash, start again."""

from __future__ import annotations

import abc
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from tools.servers.process import Process, ServerFailed, free_port, new_directory


@dataclass(frozen=True, slots=True)
class Availability:
    """Whether a server can be started here; false with the ``reason`` if not."""

    reason: str = ""

    def __bool__(self) -> bool:
        return not self.reason


class Server(abc.ABC):
    """A private server on 127.0.0.1 at ``port``, its files below ``directory``.

    The port is a free one, unless somebody had to know it before. Use as a
    context manager, or call ``start()`` and ``close()``.
    """

    def __init__(self, port: int = 0) -> None:
        self.directory = Path()
        self.port = port
        self._process: Process | None = None

    @classmethod
    @abc.abstractmethod
    def available(cls) -> Availability:
        """Whether this machine and this user can run it, and if not why."""

    @property
    @abc.abstractmethod
    def url(self) -> str:
        """Where clients find it."""

    @property
    def pid(self) -> int:
        """Of the main process; ServerFailed if it is not running."""
        return self._main.pid

    def start(self) -> Self:
        """Make the data directory and start; returns when clients can connect."""
        if not (available := self.available()):
            raise ServerFailed(available.reason)
        self.directory = new_directory(f"climate-{type(self).__name__.lower()}-")
        self.port = self.port or free_port()
        try:
            self._prepare()
            self._launch()
        except BaseException:
            self.close()
            raise
        return self

    def close(self) -> None:
        """Stop orderly and remove every file."""
        if self._process:
            self._process.stop()
            self._process = None
        if self.directory != Path():
            shutil.rmtree(self.directory, ignore_errors=True)

    def kill(self) -> None:
        """End all its processes with SIGKILL; the data stay for ``restart()``."""
        self._main.kill()

    def restart(self) -> None:
        """Start again on the same data and port, killing it before if it still runs."""
        self.kill()
        self._launch()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    @property
    def _main(self) -> Process:
        if self._process is None:
            raise ServerFailed(f"{type(self).__name__} has not been started")
        return self._process

    @property
    def log(self) -> Path:
        """What the server printed."""
        return self.directory / "log"

    def _launch(self) -> None:
        self._process = self._spawn()
        self._process.wait_until(self._ready)

    @abc.abstractmethod
    def _prepare(self) -> None:
        """Make the data directory, once."""

    @abc.abstractmethod
    def _spawn(self) -> Process:
        """Start the main process."""

    @abc.abstractmethod
    def _ready(self) -> bool:
        """Whether a client can log in now."""


def is_root() -> bool:
    return os.geteuid() == 0

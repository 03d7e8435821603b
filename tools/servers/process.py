# SPDX-License-Identifier: Apache-2.0
"""One foreign process: started with a log file, waited for, and ended for certain.

Whatever happens to this interpreter (a clean exit, an exception, SIGKILL),
the processes started here end and the directories made here go.
"""

from __future__ import annotations

import atexit
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from tools.servers import guard

# Below Linux's range for outgoing connections (32768 up), so that no client's
# socket takes the port while its server is down for a restart.
PORTS = range(15000, 32000)


class ServerFailed(RuntimeError):
    """A process did not start or did not become ready; the message ends with its log."""


def free_port() -> int:
    """A TCP port of 127.0.0.1 on which nobody listens now."""
    for port in random.sample(PORTS, 200):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise ServerFailed("no free port found on 127.0.0.1")


class _Estate:
    """All processes and directories of this interpreter, and the guard that outlives it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._guard: subprocess.Popen[str] | None = None
        self._running: dict[int, Process] = {}
        self._directories: list[Path] = []

    def add(self, process: Process) -> None:
        self._running[process.pid] = process
        self._tell(f"watch {process.pid} {process.stop_signal.value}")

    def remove(self, process: Process) -> None:
        if self._running.pop(process.pid, None):
            self._tell(f"forget {process.pid}")

    def new_directory(self, prefix: str) -> Path:
        directory = Path(tempfile.mkdtemp(prefix=prefix))
        self._directories.append(directory)
        self._tell(f"clean {directory}")
        return directory

    def close(self) -> None:
        """End and remove everything."""
        for process in reversed(list(self._running.values())):
            process.stop()
        for directory in self._directories:
            shutil.rmtree(directory, ignore_errors=True)
        if self._guard:
            self._guard.communicate()

    def disown(self) -> None:
        """In a forked child: what runs is the parent's, and only the parent may hold the guard's pipe open."""
        if self._guard and self._guard.stdin:
            self._guard.stdin.close()
        self._lock, self._guard, self._running, self._directories = threading.Lock(), None, {}, []

    def _tell(self, line: str) -> None:
        with self._lock:
            if self._guard is None:
                self._guard = subprocess.Popen(
                    [sys.executable, "-P", guard.__file__],
                    stdin=subprocess.PIPE,
                    text=True,
                    start_new_session=True,  # Ctrl-C at the terminal must not end it before its work
                )
            assert self._guard.stdin is not None
            self._guard.stdin.write(line + "\n")
            self._guard.stdin.flush()


_ESTATE = _Estate()
atexit.register(_ESTATE.close)
os.register_at_fork(after_in_child=_ESTATE.disown)


def new_directory(prefix: str) -> Path:
    """A new private directory (mode 0700) that is removed at the interpreter's end, however it ends."""
    return _ESTATE.new_directory(prefix)


class Process:
    """A process in its own session, its output in ``log``.

    ``user`` (root only) is the account it runs under. ``stop_signal`` asks it
    to end orderly.
    """

    def __init__(
        self,
        argv: Sequence[str | Path],
        *,
        log: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        user: str | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
    ) -> None:
        self.name = Path(argv[0]).name
        self.log = log
        self.stop_signal = stop_signal
        with log.open("ab") as output:
            self._popen = subprocess.Popen(
                [str(part) for part in argv],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=None if env is None else dict(env),
                cwd=cwd,
                user=user,
                group=user,
                extra_groups=None if user is None else [],
                start_new_session=True,
            )
        _ESTATE.add(self)

    @property
    def pid(self) -> int:
        return self._popen.pid

    @property
    def running(self) -> bool:
        return self._popen.poll() is None

    def wait_until(self, ready: Callable[[], bool], timeout_s: float = 120, poll_s: float = 0.05) -> None:
        """Return once ``ready()`` holds; ServerFailed if the process ends or the time is up before."""
        deadline = time.monotonic() + timeout_s
        while not ready():
            if not self.running:
                raise ServerFailed(f"{self.name} ended with {self._popen.returncode}:\n{self.log_tail()}")
            if time.monotonic() > deadline:
                raise ServerFailed(f"{self.name} was not ready after {timeout_s:g} s:\n{self.log_tail()}")
            time.sleep(poll_s)

    def wait(self, timeout_s: float) -> int:
        """The exit status; subprocess.TimeoutExpired if it still runs after ``timeout_s``."""
        status = self._popen.wait(timeout_s)
        _ESTATE.remove(self)
        return status

    def stop(self, grace_s: float = 20) -> None:
        """Ask it to stop, wait ``grace_s``, then kill what is left of its tree. Harmless if it has ended."""
        members = guard.family(self.pid) if self.running else []
        if self.running:
            self._popen.send_signal(self.stop_signal)
            try:
                self._popen.wait(grace_s)
            except subprocess.TimeoutExpired:
                self._popen.kill()
        self._finish(members)

    def kill(self) -> None:
        """SIGKILL to it and all its descendants, as a crash of the machine would end them."""
        self._finish(guard.family(self.pid) if self.running else [])

    def signal(self, number: signal.Signals) -> None:
        """A signal to the process alone. Harmless if it has ended."""
        self._popen.send_signal(number)

    def log_tail(self, lines: int = 30) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def _finish(self, members: list[guard.psutil.Process]) -> None:
        guard.kill_all(members)
        self._popen.wait()
        _ESTATE.remove(self)


def stop_all(processes: Iterable[Process], grace_s: float = 20) -> None:
    """``stop()`` for all at once: ``grace_s`` is for all together."""
    doomed = list(processes)
    members = [member for process in doomed if process.running for member in guard.family(process.pid)]
    for process in doomed:
        process.signal(process.stop_signal)
    guard.wait_gone(members, grace_s)
    guard.kill_all(members)
    for process in doomed:
        process.stop()

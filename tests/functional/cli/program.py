# SPDX-License-Identifier: Apache-2.0
"""The command line as a person uses it: a program in a process of its own, against a running sandbox."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from fcntl import ioctl
from pathlib import Path
from typing import Any

PROGRAMS = Path(sys.executable).parent
WITHIN_S = 120
_CLEAN = {name: value for name, value in os.environ.items() if not name.startswith(("OS_", "CLIMATE_", "CLIFF_"))}


@dataclass(frozen=True)
class Done:
    """A command that has ended."""

    words: tuple[str, ...]
    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed, as JSON."""
        return json.loads(self.out)


@dataclass(frozen=True)
class Program:
    """``climate`` or ``openstack``, and the environment in which it runs."""

    start: tuple[str | Path, ...]
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """All variables: no colours, no zone of the machine, no cloud of the person who runs the tests."""
        return {**_CLEAN, "TZ": "UTC", "LC_ALL": "C.UTF-8", "HOME": "/nonexistent", **self.variables}

    def with_variables(self, **variables: str) -> Program:
        """The same program in another environment."""
        return replace(self, variables={**self.variables, **variables})

    def run(self, *words: str, input: str | None = None) -> Done:
        """Run a command to its end, whatever becomes of it."""
        done = subprocess.run(
            [*self.start, *words],
            capture_output=True,
            text=True,
            encoding="utf-8",
            env=self.environment,
            input=input,
            stdin=subprocess.DEVNULL if input is None else None,
            timeout=WITHIN_S,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Done(words, done.returncode, done.stdout, done.stderr)

    def __call__(self, *words: str) -> str:
        """What a command prints that succeeds."""
        done = self.run(*words)
        assert done.status == 0, (words, done.out, done.err)
        return done.out

    def json(self, *words: str) -> Any:
        """The answer of a command that succeeds, as programs see it."""
        return json.loads(self(*words, "-f", "json"))

    @contextlib.contextmanager
    def on_a_terminal(self, *words: str, columns: int = 100, lines: int = 30) -> Iterator[Screen]:
        """Start a command on a terminal of this size."""
        ours, theirs = pty.openpty()
        ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        environment = {**self.environment, "TERM": "xterm"}
        process = subprocess.Popen(
            [*self.start, *words], stdin=theirs, stdout=theirs, stderr=theirs, env=environment, close_fds=True
        )
        os.close(theirs)
        screen = Screen(process, ours)
        try:
            yield screen
        finally:
            process.kill()
            process.wait()
            os.close(ours)


@dataclass
class Screen:
    """A command on a terminal, and all that was written there so far."""

    process: subprocess.Popen[bytes]
    descriptor: int
    written: bytes = b""

    @property
    def text(self) -> str:
        """What was written."""
        return self.written.decode("utf-8", errors="replace")

    def wait_for(self, text: str) -> None:
        """Return when a text has been written."""
        deadline = time.monotonic() + WITHIN_S
        while text not in self.text:
            assert time.monotonic() < deadline, f"{text!r} has not come:\n{self.text}"
            assert self._read(), f"it ended without {text!r}:\n{self.text}"

    def wait_for_more(self) -> None:
        """Return when anything more has been written."""
        assert self._read(), f"it ended:\n{self.text}"

    def end(self) -> int:
        """Wait for the end of the command; its status."""
        while self._read():
            pass
        return self.process.wait(WITHIN_S)

    def _read(self) -> bool:
        ready, _, _ = select.select([self.descriptor], [], [], WITHIN_S)
        assert ready, f"nothing comes any more:\n{self.text}"
        try:
            part = os.read(self.descriptor, 65536)
        except OSError:  # the other end is closed
            return False
        self.written += part
        return bool(part)

# SPDX-License-Identifier: Apache-2.0
"""A running climate-sandbox, as a person starts it: by its console script, in a process of its own."""

from __future__ import annotations

import contextlib
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

PROGRAM = Path(sys.executable).with_name("climate-sandbox")
UP_WITHIN_S = 120.0
_UP = "The suite runs at "


@dataclass
class Trial:
    """The process, what it has printed so far, and how to reach it once it is up."""

    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def output(self) -> str:
        """All that was printed so far."""
        return "".join(self.lines)

    def wait_until_up(self) -> None:
        """Return when the sandbox says that it runs."""
        self.wait_for(_UP)

    def wait_for(self, text: str) -> None:
        """Return when the sandbox has said this."""
        give_up_at = time.monotonic() + UP_WITHIN_S
        while text not in self.output:
            assert self.process.poll() is None, f"it ended:\n{self.output}"
            assert time.monotonic() < give_up_at, f"it has not said {text!r}:\n{self.output}"
            time.sleep(0.05)

    def variables(self, state: Path) -> dict[str, str]:
        """The variables of the file that it writes for people."""
        return dict(re.findall(r"^export (\w+)=(.*)$", (state / "env").read_text(encoding="utf-8"), re.MULTILINE))

    def end(self, number: int = signal.SIGINT, within_s: float = 60.0) -> int:
        """Ask it to end, and wait for that; the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        status = self.process.wait(within_s)
        self._reader.join(within_s)
        return status

    def _read(self) -> None:
        for line in self.process.stdout or ():
            self.lines.append(line)


@contextlib.contextmanager
def trial(*arguments: str, env: dict[str, str] | None = None) -> Iterator[Trial]:
    """A sandbox with these arguments; killed at the end if it still runs."""
    process = subprocess.Popen(
        [PROGRAM, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        env=env,
    )
    try:
        yield Trial(process)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()

# SPDX-License-Identifier: Apache-2.0
"""How the sandbox speaks to the person in front of it: headings, what was sent, what came back, what was checked."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Mapping, Sequence
from typing import Any, TextIO

_WIDTH = 110


class StepFailed(Exception):
    """Something is not what it must be; the text says what."""


class Screen:
    """Prints to ``out``, line by line, so that nothing waits in a buffer while the tour waits for a lease."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = sys.stdout if out is None else out

    def line(self, text: str = "") -> None:
        """A line of text."""
        self._out.write(text + "\n")
        self._out.flush()

    def heading(self, text: str) -> None:
        """The name of a step."""
        self.line(f"\n{text}\n{'-' * len(text)}")

    def sent(self, who: str, method: str, path: str, body: Mapping[str, Any] | None = None) -> None:
        """A request as it went out, a line for each field of its body."""
        self.line(f"  {who} -> {method} {path}")
        for number, (name, value) in enumerate((body or {}).items(), 1):
            begin = "{" if number == 1 else " "
            end = "}" if number == len(body or {}) else ","
            self.line(f"      {begin}{_json(name)}: {_json(value)}{end}")

    def got(self, status: int, fields: Mapping[str, Any] | None = None) -> None:
        """What came back: its status and the fields worth a look."""
        self.line(f"  <- {status}")
        for name, value in (fields or {}).items():
            text = value if isinstance(value, str) else _json(value)
            self.line(f"      {name}: {text if len(text) <= _WIDTH else text[:_WIDTH] + ' ...'}")

    def ran(self, who: str, words: Sequence[str], printed: str) -> None:
        """A command as one would type it, and what it printed."""
        self.line(f"  {who} $ {shlex.join(words)}")
        for line in printed.splitlines():
            self.line(f"      {line}".rstrip())

    def check(self, holds: bool, sentence: str) -> None:
        """Say that something is as it must be.

        :raises StepFailed: it is not.
        """
        if not holds:
            raise StepFailed(f"this should be true and is not: {sentence}")
        self.line(f"  ✓ {sentence}")


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)

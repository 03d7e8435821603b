# SPDX-License-Identifier: Apache-2.0
"""oslo.config's INI files, line by line: a mistake spoils the section that it stands in, not the file."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from pathlib import Path

from oslo_config import iniparser


@dataclass(frozen=True, slots=True)
class Entry:
    """What an option was given, and where."""

    value: str
    path: Path
    line: int


@dataclass(frozen=True, slots=True)
class Flaw:
    """A line that says nothing, or something that another one says already."""

    path: Path
    line: int
    text: str
    option: str = ""
    spoils: bool = True


@dataclass(slots=True)
class Block:
    """A section, of which a file may have several parts; ``path`` and ``line`` are those of the first."""

    name: str
    path: Path
    line: int
    entries: dict[str, Entry] = field(default_factory=dict)
    flaws: list[Flaw] = field(default_factory=list)


def parse(path: Path, text: str, blocks: dict[str, Block]) -> None:
    """Add a file's sections to ``blocks``; what a later file says of an option replaces what an earlier one said."""
    # A blank line behind the end makes the parser tell every option when it is at the line after it.
    _Parser(path, blocks).parse([*io.StringIO(text, newline=None), ""])


class _Parser(iniparser.BaseParser):
    def __init__(self, path: Path, blocks: dict[str, Block]) -> None:
        self._path = path
        self._blocks = blocks
        self._block: Block | None = None

    def new_section(self, section: str) -> None:
        self._block = self._blocks.setdefault(section, Block(section, self._path, self.lineno))

    def assignment(self, key: str, value: list[str]) -> None:
        line = self.lineno - len(value)
        block = self._block or self._headless(line)
        before = block.entries.get(key)
        if before is not None and before.path == self._path:
            text = f"it stands on line {before.line} already; what comes last counts"
            block.flaws.append(Flaw(self._path, line, text, key, spoils=False))
        block.entries[key] = Entry("\n".join(value), self._path, line)

    # The parser would stop at these; here they are noted, and it goes on.

    def error_invalid_assignment(self, line: str) -> tuple[str, list[str]]:  # type: ignore[override]
        self._spoil("there is no = in this line")
        return "", []

    def error_empty_key(self, line: str) -> None:  # type: ignore[override]
        if "=" in line or ":" in line:
            self._spoil("there is no option before the =")

    def error_unexpected_continuation(self, line: str) -> None:  # type: ignore[override]
        self._spoil("a line that begins with a space goes on with the one before, and there is none")

    def error_no_section_end_bracket(self, line: str) -> str:  # type: ignore[override]
        self.new_section(line.strip("[ "))
        self._spoil("a section's name stands between [ and ]")
        return ""

    def error_no_section_name(self, line: str) -> str:  # type: ignore[override]
        self._block = None
        self._spoil("a section needs a name")
        return ""

    def _headless(self, line: int) -> Block:
        self._block = self._blocks.setdefault("", Block("", self._path, line))
        self._block.flaws.append(Flaw(self._path, line, "this stands in no section"))
        return self._block

    def _spoil(self, text: str) -> None:
        block = self._block or self._headless(self.lineno)
        block.flaws.append(Flaw(self._path, self.lineno, text))

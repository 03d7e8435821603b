# SPDX-License-Identifier: Apache-2.0
"""What a stream can show: whether somebody sits in front of it, how wide it is, and which signs and colours it has."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TextIO

_SIGNS = "█▓▒░▐│…⠋▁▂▃▄▅▆▇"
_NO_SIZE = (100, 40)

_ALTERNATE, _BACK = "\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l"
_HOME, _REST_OF_LINE, _REST_OF_SCREEN = "\x1b[H", "\x1b[K", "\x1b[J"


@dataclass(frozen=True, slots=True)
class Terminal:
    """A stream, and what may be written to it.

    ``live``: it is a terminal on which lines can be written anew. ``signs``:
    it has the block elements of Unicode. ``colour``: escape sequences for
    colours are welcome.
    """

    out: TextIO
    live: bool
    signs: bool
    colour: bool

    @property
    def size(self) -> tuple[int, int]:
        """Columns and lines, as they are now."""
        return shutil.get_terminal_size(_NO_SIZE)

    def write(self, text: str) -> None:
        """Write at once; letters that the stream does not have become question marks."""
        encoding = self.out.encoding or "utf-8"
        self.out.write(text.encode(encoding, "replace").decode(encoding))
        self.out.flush()

    def line(self, text: str) -> None:
        """Write the current line of a terminal anew, cut to its width."""
        self.write(f"\r{text[: self.size[0] - 1]}{_REST_OF_LINE}")

    @contextlib.contextmanager
    def screen(self) -> Iterator[None]:
        """Take the whole window, and give it back as it was."""
        self.write(_ALTERNATE)
        try:
            yield
        finally:
            self.write(_BACK)

    def page(self, lines: Iterable[str]) -> None:
        """Write the window anew in one go, over what stands there: nothing flickers."""
        text = "\r\n".join(f"{line}{_REST_OF_LINE}" for line in lines)
        self.write(f"{_HOME}{text}{_REST_OF_SCREEN}")


def terminal_of(out: TextIO, environment: Mapping[str, str] | None = None, colour: str = "auto") -> Terminal:
    """What a stream can show.

    ``colour``: ``always``, ``never``, or ``auto`` (on a terminal, unless NO_COLOR is set).
    """
    variables = os.environ if environment is None else environment
    live = out.isatty() and variables.get("TERM") != "dumb"
    try:
        _SIGNS.encode(out.encoding or "ascii")
        signs = True
    except (UnicodeEncodeError, LookupError):
        signs = False
    wanted = colour == "always" or (colour == "auto" and live and not variables.get("NO_COLOR"))
    return Terminal(out, live=live, signs=signs, colour=wanted)

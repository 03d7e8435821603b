# SPDX-License-Identifier: Apache-2.0
"""Showing something again and again as it changes."""

from __future__ import annotations

import contextlib
import itertools
import time
from collections.abc import Callable, Sequence
from typing import Final

from climate.cli import gantt
from climate.cli.terminal import Terminal
from climate.errors import ClimateError, Kind

_PASSING: Final = (Kind.UNAVAILABLE, Kind.TOO_MANY)


def watch(
    terminal: Terminal,
    draw: Callable[[], Sequence[str]],
    every_s: float,
    say: Callable[[str], None],
    *,
    count: int | None = None,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Show what ``draw`` draws each ``every_s``, ``count`` times or until Ctrl-C.

    On a terminal each picture takes the place of the last, and the last of
    ``count`` stays; elsewhere they stand one below the other. When the first
    is there, what will pass does not end it: the terminal's last line shows
    it, elsewhere ``say`` gets it.
    """
    with contextlib.suppress(KeyboardInterrupt):
        lines = draw()
        with terminal.screen() if terminal.live else contextlib.nullcontext():
            due_at = clock()
            for number in itertools.count(1):
                if terminal.live:
                    terminal.page(lines)
                else:
                    terminal.write(_text(lines))
                if number == count:
                    break
                due_at = max(due_at + every_s, clock())
                sleep(max(0.0, due_at - clock()))
                try:
                    lines = draw()
                except ClimateError as error:
                    if error.kind not in _PASSING:
                        raise
                    lines = _instead(lines, error.message, terminal, say)
        if terminal.live:  # the window was given back: what it showed at the end stays
            terminal.write(_text(lines))


def _instead(lines: Sequence[str], message: str, terminal: Terminal, say: Callable[[str], None]) -> Sequence[str]:
    """What is shown where nothing could be drawn: on a terminal the picture before, with the reason."""
    if terminal.live:
        return [*lines[:-1], gantt.Style(terminal.signs).clipped(message, terminal.size[0])]
    say(message)
    return []


def _text(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in lines)

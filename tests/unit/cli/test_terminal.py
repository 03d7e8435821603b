# SPDX-License-Identifier: Apache-2.0
"""What a stream can show."""

from __future__ import annotations

import io

import pytest

from climate.cli.terminal import terminal_of


class Stream(io.TextIOWrapper):
    """A stream of some encoding, at which somebody sits or not."""

    def __init__(self, live: bool, encoding: str) -> None:
        super().__init__(io.BytesIO(), encoding=encoding)
        self._live = live

    def isatty(self) -> bool:
        return self._live

    def written(self) -> str:
        self.flush()
        raw: bytes = self.buffer.getvalue()  # type: ignore[attr-defined]
        return raw.decode()


@pytest.mark.parametrize(
    ("live", "variables", "colour", "expected"),
    [
        (True, {}, "auto", True),
        (True, {"NO_COLOR": "1"}, "auto", False),
        (True, {"NO_COLOR": ""}, "auto", True),
        (True, {"TERM": "dumb"}, "auto", False),
        (False, {}, "auto", False),
        (False, {"NO_COLOR": "1"}, "always", True),
        (True, {}, "never", False),
    ],
)
def test_colours_are_for_people(live: bool, variables: dict[str, str], colour: str, expected: bool) -> None:
    """Unless they do not want any."""
    assert terminal_of(Stream(live, "utf-8"), variables, colour).colour is expected


@pytest.mark.parametrize(("encoding", "signs"), [("utf-8", True), ("ascii", False), ("latin-1", False)])
def test_signs_are_for_streams_that_have_them(encoding: str, signs: bool) -> None:
    assert terminal_of(Stream(True, encoding), {}).signs is signs


def test_a_page_is_written_over_the_last_and_the_window_given_back() -> None:
    """Nothing is cleared before it is written anew, and the last line ends nowhere else."""
    out = Stream(True, "utf-8")
    terminal = terminal_of(out, {})
    with terminal.screen():
        terminal.page(["one", "two"])
    begin, home, rest = out.written().partition("\x1b[H")
    assert begin == "\x1b[?1049h\x1b[?25l"
    assert home
    assert rest == "one\x1b[K\r\ntwo\x1b[K\x1b[J\x1b[?25h\x1b[?1049l"
    assert "\x1b[2J" not in rest

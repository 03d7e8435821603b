# SPDX-License-Identifier: Apache-2.0
"""Showing something again and again: where, how often, and until when."""

from __future__ import annotations

import io

import pytest

from climate.cli.terminal import Terminal
from climate.cli.watching import watch
from climate.errors import Forbidden, ServiceUnavailable


class Watching:
    """What was written and said, on a clock that moves when somebody sleeps or draws."""

    def __init__(self, live: bool = False, takes_s: float = 0.0) -> None:
        self.out = io.StringIO()
        self.terminal = Terminal(self.out, live=live, signs=False, colour=False)
        self.said: list[str] = []
        self.slept: list[float] = []
        self._now = 0.0
        self._takes_s = takes_s

    def show(self, pictures: list[str | BaseException], count: int | None = None) -> str:
        """What was written while these were drawn one after the other, each second."""
        left = iter(pictures)

        def draw() -> list[str]:
            self._now += self._takes_s
            picture = next(left)
            if isinstance(picture, BaseException):
                raise picture
            return [picture, "sum"]

        watch(self.terminal, draw, 1.0, self.said.append, count=count, clock=lambda: self._now, sleep=self._sleep)
        return self.out.getvalue()

    def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self._now += seconds


def test_elsewhere_pictures_stand_one_below_the_other() -> None:
    """And as many as are wanted; nobody waits after the last."""
    watching = Watching()
    assert watching.show(["one", "two", "three"], 2) == "one\nsum\ntwo\nsum\n"
    assert watching.slept == [1.0]


def test_on_a_terminal_the_last_picture_stays() -> None:
    """In the window that was given back."""
    assert Watching(live=True).show(["one", "two"], 2).endswith("\x1b[?1049ltwo\nsum\n")


@pytest.mark.parametrize("live", [True, False])
def test_ctrl_c_ends_it_well(live: bool) -> None:
    """The window is given back."""
    written = Watching(live).show(["one", KeyboardInterrupt()])
    assert written.endswith("\x1b[?25h\x1b[?1049l" if live else "sum\n")
    assert Watching(live).show([KeyboardInterrupt()]) == ""


@pytest.mark.parametrize(("takes_s", "slept_s"), [(0.25, 0.75), (1.5, 0.0)])
def test_looks_keep_their_times(takes_s: float, slept_s: float) -> None:
    """What a look takes is not waited for again; who is late does not catch up."""
    watching = Watching(takes_s=takes_s)
    watching.show(["one", "two", "three"], 3)
    assert watching.slept == [1.0, slept_s]


def test_what_will_pass_is_shown_and_does_not_end_it() -> None:
    """In the last line of a terminal, elsewhere beside the answer."""
    pictures: list[str | BaseException] = ["one", ServiceUnavailable("Not now."), "two"]
    live = Watching(live=True)
    assert "one\x1b[K\r\nNot now.\x1b[K" in live.show(pictures, 3)
    plain = Watching()
    assert plain.show(pictures, 3) == "one\nsum\ntwo\nsum\n"
    assert plain.said == ["Not now."]


@pytest.mark.parametrize(
    "pictures", [[ServiceUnavailable("Not now.")], ["one", Forbidden()]], ids=["at the begin", "for good"]
)
def test_what_will_not_pass_ends_it(pictures: list[str | BaseException]) -> None:
    """The window is given back before anybody is told."""
    watching = Watching(live=True)
    with pytest.raises((ServiceUnavailable, Forbidden)):
        watching.show(pictures, 3)
    assert not watching.out.getvalue() or watching.out.getvalue().endswith("\x1b[?1049l")

# SPDX-License-Identifier: Apache-2.0
"""What is shown of a lease that is waited for, and how often one looks."""

from __future__ import annotations

import io
from typing import Any

import pytest

from climate.cli.terminal import Terminal
from climate.cli.waiting import View, standing
from climate.client.leases import Lease

NOW = 1_900_000_000.0  # 2030-03-17T17:46:40Z


class Clock:
    """Time that passes only while one sleeps."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")


def lease(state: str, **fields: Any) -> Lease:
    times = {"start_at": "2030-03-17T18:46:40Z", "end_at": "2030-03-17T19:46:40Z", "expires_at": "2030-03-17T17:51:40Z"}
    return {"id": "x", "state": state, **times, **fields}  # type: ignore[typeddict-item]


def view(
    clock: Clock, live: bool = False, signs: bool = True, timeout_s: float | None = None, state: str = "active"
) -> View:
    return View(Terminal(io.StringIO(), live, signs, False), state, timeout_s, clock, clock.sleep)


def out(shown: View) -> str:
    written: str = shown._terminal.out.getvalue()  # type: ignore[attr-defined]
    return written


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("proposed", "proposed, expires in 5m ("),
        ("confirmed", "confirmed, begins in 1h ("),
        ("active", "active, ends in 2h ("),
        ("cancelled", "cancelled"),
    ],
)
def test_a_lease_stands_before_what_comes_next(state: str, said: str) -> None:
    assert standing(lease(state), NOW).startswith(said)


def test_elsewhere_than_on_a_terminal_each_new_state_is_a_line(clock: Clock) -> None:
    """And no sign moves."""
    shown = view(clock)
    for state in ("proposed", "confirmed"):
        shown.tell(lease(state))
        shown.pause(lease(state))
    lines = out(shown).splitlines()
    assert [line.split(",")[0] for line in lines] == ["lease x: proposed", "lease x: confirmed"]


@pytest.mark.parametrize(("signs", "bar"), [(True, "████████████░░░░░░░░░░░░"), (False, "############............")])
def test_on_a_terminal_one_line_moves(clock: Clock, signs: bool, bar: str) -> None:
    """With a bar that is full when the time has come."""
    shown = view(clock, live=True, signs=signs)
    clock.now += 1800
    shown.pause(lease("confirmed"))
    drawn = out(shown)
    assert drawn.count("\r") > 10
    assert "\n" not in drawn
    assert f" {bar} confirmed, begins in 30m " in drawn


def test_nobody_knows_when_a_proposal_is_confirmed(clock: Clock) -> None:
    """So there is no bar."""
    shown = view(clock, live=True)
    shown.pause(lease("proposed"))
    assert " proposed, expires in 5m " in out(shown)
    assert "░" not in out(shown)


@pytest.mark.parametrize(
    ("state", "left_s", "pause_s"),
    [
        ("confirmed", 3600, 15),
        ("confirmed", 100, 5),
        ("confirmed", 3, 0.5),
        ("confirmed", -5, 0.5),
        ("proposed", 1, 2),
    ],
)
def test_one_looks_more_often_the_sooner_something_should_happen(
    clock: Clock, state: str, left_s: float, pause_s: float
) -> None:
    shown = view(clock)
    clock.now += 3600 - left_s
    before = clock.now
    shown.pause(lease(state))
    assert clock.now - before == pytest.approx(pause_s)


def test_no_pause_is_longer_than_the_patience(clock: Clock) -> None:
    shown = view(clock, timeout_s=4)
    shown.pause(lease("confirmed"))
    assert clock.now == NOW + 4
    shown.pause(lease("confirmed"))
    assert clock.now == NOW + 4

# SPDX-License-Identifier: Apache-2.0
"""How an evacuation is followed: one line that moves on a terminal, elsewhere a line for each news."""

from __future__ import annotations

import io
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from climate.cli.evacuate import follow
from climate.cli.terminal import Terminal
from climate.client.hosts import Evacuation


def evacuation(*instances: tuple[bool, str | None], running: bool = True) -> Evacuation:
    shown = [{"server_id": str(n), "under_way": way, "reason": reason} for n, (way, reason) in enumerate(instances)]
    return {"hosts": ["node-1"], "running": running, "instances": shown}  # type: ignore[typeddict-item]


class Service:
    """Answers one after the other, and counts the seconds that are slept through."""

    def __init__(self, *answers: Evacuation) -> None:
        self.answers = list(answers)
        self.now = 0.0
        self.hosts = self

    def evacuate(self, hosts: Sequence[str], *, dry_run: bool) -> Evacuation:
        assert (list(hosts), dry_run) == (["node-1"], True)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def followed(begun: Evacuation, service: Service, live: bool, timeout_s: float | None = None) -> tuple[Evacuation, str]:
    out = io.StringIO()
    client: Any = SimpleNamespace(hosts=service)
    terminal = Terminal(out, live, True, False)
    try:
        return follow(
            client, ["node-1"], begun, terminal, timeout_s, lambda: service.now, service.sleep
        ), out.getvalue()
    except TimeoutError:
        return begun, out.getvalue()


BEGUN = evacuation((False, None), (False, None), (False, "It stays."))


def test_each_news_is_a_line_and_the_end_is_what_is_left() -> None:
    left = evacuation((False, "It stays."), running=False)
    service = Service(evacuation((True, None), (True, None), (False, "It stays.")), BEGUN, BEGUN, left)
    found, said = followed(BEGUN, service, live=False)
    assert found == left
    assert said.splitlines() == [
        "node-1: 0 of 2 instances have left, 0 on their way",
        "node-1: 0 of 2 instances have left, 2 on their way",
        "node-1: 0 of 2 instances have left, 0 on their way",
    ]


def test_on_a_terminal_one_line_moves_and_goes() -> None:
    service = Service(evacuation((True, None)), evacuation(running=False))
    _, said = followed(BEGUN, service, live=True)
    assert "\n" not in said
    assert "1 of 2 instances have left, 1 on their way" in said
    assert said.endswith("\r\x1b[K")


@pytest.mark.parametrize("live", [True, False])
def test_patience_ends_the_waiting_not_the_moves(live: bool) -> None:
    service = Service(BEGUN)
    found, _ = followed(BEGUN, service, live, timeout_s=10)
    assert found is BEGUN
    assert 10 <= service.now < 15


def test_what_is_over_at_once_is_not_waited_for() -> None:
    service = Service(BEGUN)
    over = evacuation(running=False)
    assert followed(over, service, live=False) == (over, "")
    assert service.now == 0

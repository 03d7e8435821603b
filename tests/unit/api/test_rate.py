# SPDX-License-Identifier: Apache-2.0
"""Workers that take requests out of one bucket: together they answer what the rate allows, and hardly less."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from climate.api.rate import Allowance
from climate.core.limits import UNLIMITED, Limits
from climate.errors import ClimateError, ServiceUnavailable
from climate.planning.limits import LimitsOfProjects
from climate.planning.store.limits_memory import MemoryLimits
from climate.planning.store.memory import MemoryStore
from climate.rpcapi.planning import Grant


class Site:
    """Planning and a few workers on one clock, which tests set. ``broken`` is what planning raises."""

    def __init__(self, per_s: int, burst: int, workers: int = 1) -> None:
        self.now = 1_000.0
        self.asked: list[int] = []
        self.broken: ClimateError | None = None
        self.store = MemoryLimits(MemoryStore())
        site = Limits(requests_per_s=per_s, requests_burst=burst)
        self._limits = LimitsOfProjects(self.store, site, lambda: int(self.now), lambda: round(self.now * 1e6))
        self.workers = [Allowance(self, lambda: self.now) for _ in range(workers)]  # type: ignore[arg-type]

    def take_requests(self, request_id: str, *, project_id: str, wanted: int) -> Grant:
        """As planning does."""
        self.asked.append(wanted)
        if self.broken is not None:
            raise self.broken
        return self._limits.take_requests(project_id, wanted)

    def spend(self, worker: int = 0, project_id: str = "p") -> float:
        return self.workers[worker].spend("r", project_id)

    def answered(self, count: int, worker: int = 0, project_id: str = "p") -> int:
        """How many of so many requests at once are answered."""
        return sum(self.spend(worker, project_id) == 0.0 for _ in range(count))


def steps(seed: int, workers: int, per_s: float, length_s: float) -> Iterator[tuple[float, int]]:
    """Instants of random requests, and the worker that each comes to."""
    rng = random.Random(seed)
    at = 0.0
    while (at := at + rng.expovariate(per_s)) < length_s:
        yield at, rng.randrange(workers)


@given(
    per_s=st.integers(1, 200),
    burst=st.integers(1, 50),
    workers=st.integers(1, 8),
    load=st.sampled_from([0.2, 0.9, 2.0, 5.0]),
    seed=st.integers(0, 2**32),
)
@settings(max_examples=60, deadline=None)
def test_all_workers_together_stay_within_the_rate(
    per_s: int, burst: int, workers: int, load: float, seed: int
) -> None:
    """In every window: what a worker took a moment before counts for that moment."""
    site = Site(per_s, burst, workers)
    answered: list[float] = []
    for at, worker in steps(seed, workers, per_s * load, 300 / per_s / load + 2):
        site.now = 1_000.0 + at
        if site.spend(worker) == 0.0:
            answered.append(at)
    for i, start in enumerate(answered):
        for count, at in enumerate(answered[i:], 1):
            assert count <= burst + per_s * (at - start + 1) + 1e-6


@pytest.mark.parametrize("workers", [1, 4, 16])
def test_whoever_keeps_to_the_rate_is_answered(workers: int) -> None:
    """At nine tenths of the rate, whichever worker each request comes to; none is refused."""
    site = Site(100, 50, workers)
    refused = total = 0
    for at, worker in steps(7, workers, 90, 20):
        site.now = 1_000.0 + at
        total += 1
        refused += site.spend(worker) > 0
    assert refused <= total / 100


def test_who_asks_too_often_gets_the_whole_rate() -> None:
    """At five times the rate, on four workers: the burst, then as many a second as may be."""
    site = Site(100, 50, 4)
    answered = 0
    for at, worker in steps(3, 4, 500, 20):
        site.now = 1_000.0 + at
        answered += site.spend(worker) == 0.0
    assert 0.95 * (50 + 100 * 20) <= answered <= 50 + 100 * 21


def test_planning_is_asked_once_for_several_requests() -> None:
    """By whoever is in a hurry; who comes now and then takes one at a time."""
    site = Site(100, 200)
    for number in range(200):
        site.now = 1_000.0 + number / 50
        assert site.spend() == 0.0
    assert len(site.asked) < 30
    site.asked.clear()
    for number in range(20):
        site.now = 1_100.0 + 2 * number
        assert site.spend() == 0.0
    assert site.asked == [1] * 20


def test_whoever_is_refused_is_not_asked_for_again_until_then() -> None:
    """A flood does not reach planning: two questions each time that there may be something again."""
    site = Site(10, 5)
    assert site.answered(5) == 5
    site.asked.clear()
    refused = 0
    for number in range(1000):
        site.now = 1_000.0 + number / 1000
        refused += site.spend() > 0
    assert refused == 990 + 1  # the first tenth of a second brings none
    assert len(site.asked) <= 20


def test_after_the_wait_a_request_passes() -> None:
    """The wait is exact, for the worker that refused and for any other."""
    site = Site(2, 4, 2)
    assert site.answered(4) == 4
    wait_s = site.spend()
    assert wait_s == 0.5
    assert site.spend(1) == 0.5
    site.now += 0.25
    assert site.spend() == 0.25
    site.now += 0.25
    assert site.spend(1) == 0.0
    assert site.spend(0) > 0


def test_what_was_taken_lapses_after_a_second() -> None:
    """Nothing is saved up beside the bucket."""
    site = Site(10, 100)
    for number in range(60):
        site.now = 1_000.0 + number / 60
        site.spend()
    asked = len(site.asked)
    site.now += 1.01
    assert site.spend() == 0.0
    assert len(site.asked) == asked + 1


def test_projects_do_not_take_from_each_other() -> None:
    site = Site(10, 5)
    assert site.answered(9, project_id="p") == 5
    assert site.answered(9, project_id="q") == 5


def test_without_a_limit_planning_is_asked_once_a_second() -> None:
    """However many requests come."""
    site = Site(UNLIMITED, 1)
    assert site.answered(5000) == 5000
    assert len(site.asked) == 1
    site.now += 1.0
    assert site.answered(5000) == 5000
    assert len(site.asked) == 2


def test_a_project_of_its_own_rate_has_that_within_a_second() -> None:
    """An administrator's word counts from the next question on."""
    site = Site(10, 10)
    assert site.answered(20) == 10
    site.store.set("p", {"requests_per_s": 1000, "requests_burst": 1000})
    site.now += 1.0
    assert site.answered(800) == 800


def test_requests_pass_while_planning_is_away() -> None:
    """At the rate that was last known, and without asking at each; then planning counts again."""
    site = Site(10, 5)
    site.broken = ServiceUnavailable()
    assert site.answered(500, project_id="unknown") == 500
    assert len(site.asked) == 1
    site.broken = None
    site.now += 5.0
    assert site.answered(9, project_id="known") == 5
    site.broken = ServiceUnavailable()
    site.now += 1.0
    assert site.answered(9, project_id="known") == 5
    site.now += 0.4
    assert site.answered(9, project_id="known") == 4
    site.now += 5.0
    site.broken = None
    assert site.answered(9, project_id="known") == 5
    assert len(site.asked) < 20


def test_only_the_first_requests_wait_for_planning_that_is_away() -> None:
    """Threads of one worker, of one project: one of them asks."""
    site = Site(10, 5)
    silence = threading.Event()

    def silent(request_id: str, **_: Any) -> Grant:
        site.asked.append(0)
        silence.wait(10)
        raise ServiceUnavailable

    site.take_requests = silent  # type: ignore[method-assign]
    with ThreadPoolExecutor(16) as threads:
        waiting = [threads.submit(site.spend) for _ in range(16)]
        silence.set()
        assert [one.result(30) for one in waiting] == [0.0] * 16
    assert len(site.asked) == 1


def test_requests_that_come_at_once_share_a_question() -> None:
    """Whoever waits for planning asks for those who came meanwhile."""
    site = Site(1000, 1000)
    arrived, asking = threading.Event(), threading.Event()
    take = site.take_requests

    def slow(request_id: str, *, project_id: str, wanted: int) -> Grant:
        asking.set()
        arrived.wait(10)
        return take(request_id, project_id=project_id, wanted=wanted)

    site.take_requests = slow  # type: ignore[method-assign]
    with ThreadPoolExecutor(33) as threads:
        first = threads.submit(site.spend)
        assert asking.wait(10)
        rest = [threads.submit(site.spend) for _ in range(32)]
        purse = site.workers[0]._purses["p"]
        while purse.seen < 33:
            pass
        arrived.set()
        assert [one.result(30) for one in (first, *rest)] == [0.0] * 33
    assert site.asked == [1, 33]


def test_many_projects_are_forgotten_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a worker knows of those that went quiet."""
    monkeypatch.setattr("climate.api.rate._MOST_PURSES", 10)
    site = Site(10, 5)
    for number in range(100):
        site.now += 0.5
        assert site.spend(project_id=f"project-{number}") == 0.0
    assert len(site.workers[0]._purses) <= 10

# SPDX-License-Identifier: Apache-2.0
"""One thread keeps a value fresh, in each process its own; nobody waits longer than they said."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from nova_ext.poller import Pace, Poller

LIMIT_S = 60.0
NEVER_S = 3600.0


class Counter:
    """Answers 1, 2, 3, ...; can be slow, or fail."""

    def __init__(self) -> None:
        self.asked = 0
        self.connected = 0
        self.seen: list[int | None] = []
        self.fault: Exception | None = None
        self.go = threading.Event()
        self.go.set()

    def connect(self) -> Callable[[int | None], int]:
        self.connected += 1
        return self.fetch

    def fetch(self, known: int | None) -> int:
        self.asked += 1
        self.seen.append(known)
        self.go.wait(LIMIT_S)
        if self.fault:
            raise self.fault
        return self.asked


@pytest.fixture
def counter() -> Counter:
    return Counter()


@pytest.fixture
def polled(counter: Counter) -> Iterator[Callable[..., Poller[int]]]:
    """Makes pollers, and ends their threads."""
    made: list[Poller[int]] = []

    def make(interval_s: float = NEVER_S, retry_max_s: float = NEVER_S) -> Poller[int]:
        made.append(Poller("numbers", counter.connect, Pace(interval_s=interval_s, retry_max_s=retry_max_s)))
        return made[-1]

    yield make
    counter.go.set()
    for poller in made:
        poller.stop()


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.002)


def threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name == "climate-numbers"}


def test_nothing_runs_before_it_is_wanted(counter: Counter, polled: Callable[..., Poller[int]]) -> None:
    before = threads()
    poller = polled()
    assert threads() == before
    assert poller.known() is None
    until(lambda: poller.known() is not None)
    assert len(threads() - before) == 1
    assert (counter.connected, counter.seen) == (1, [None])


def test_it_asks_again_and_again_by_itself(counter: Counter, polled: Callable[..., Poller[int]]) -> None:
    """With what it knew, over the same connection."""
    poller = polled(interval_s=0.001)
    poller.known()
    until(lambda: counter.asked >= 3)
    assert counter.seen[:3] == [None, 1, 2]
    assert counter.connected == 1


def test_whoever_waits_gets_an_answer_asked_for_after_they_came(
    counter: Counter, polled: Callable[..., Poller[int]]
) -> None:
    """Not the one that was under way."""
    poller = polled()
    counter.go.clear()
    poller.known()
    until(lambda: counter.asked == 1)
    began = time.monotonic()
    threading.Timer(0.05, counter.go.set).start()
    known = poller.fresh(LIMIT_S)
    assert known is not None
    assert known.value == 2
    assert known.asked_at >= began


def test_a_value_is_as_old_as_its_question(counter: Counter, polled: Callable[..., Poller[int]]) -> None:
    poller = polled()
    counter.go.clear()
    poller.known()
    until(lambda: counter.asked == 1)
    answered = time.monotonic()
    counter.go.set()
    until(lambda: poller.known() is not None)
    known = poller.known()
    assert known is not None
    assert known.asked_at <= answered


def test_many_who_wait_share_a_question(counter: Counter, polled: Callable[..., Poller[int]]) -> None:
    poller = polled()
    until(lambda: poller.known() is not None)
    counter.go.clear()
    waiting = [threading.Thread(target=poller.fresh, args=(LIMIT_S,)) for _ in range(20)]
    for thread in waiting:
        thread.start()
    until(lambda: counter.asked == 2)
    counter.go.set()
    for thread in waiting:
        thread.join(LIMIT_S)
    assert not any(thread.is_alive() for thread in waiting)
    assert counter.asked <= 4


def test_nobody_waits_longer_than_they_said(counter: Counter, polled: Callable[..., Poller[int]]) -> None:
    poller = polled()
    until(lambda: poller.known() is not None)
    counter.go.clear()
    before = time.monotonic()
    known = poller.fresh(0.05)
    assert known is not None
    assert known.value == 1
    assert time.monotonic() - before < LIMIT_S / 2


def test_a_failure_ends_the_wait_and_keeps_the_last_value(counter: Counter, polled: Callable[..., Poller[int]]) -> None:
    poller = polled()
    first = poller.fresh(LIMIT_S)
    counter.fault = OSError("gone")
    before = time.monotonic()
    assert poller.fresh(LIMIT_S) == first
    assert time.monotonic() - before < LIMIT_S / 2
    assert poller.failing
    counter.fault = None
    known = poller.fresh(LIMIT_S)
    assert known is not None
    assert first is not None
    assert known.value > first.value
    assert not poller.failing


def test_where_no_connection_can_be_made_it_is_tried_again() -> None:
    tries = []

    def connect() -> Callable[[int | None], int]:
        tries.append(1)
        if len(tries) == 1:
            raise ValueError("no option says where")
        return lambda known: 7

    poller = Poller("numbers", connect, Pace(interval_s=NEVER_S, retry_max_s=NEVER_S))
    try:
        assert poller.fresh(LIMIT_S) is None
        known = poller.fresh(LIMIT_S)
        assert known is not None
        assert known.value == 7
    finally:
        poller.stop()


def test_an_outage_is_told_when_it_begins_and_when_it_ends(
    counter: Counter, polled: Callable[..., Poller[int]], caplog: pytest.LogCaptureFixture
) -> None:
    """Not at each attempt."""
    caplog.set_level("INFO")
    poller = polled()
    counter.fault = OSError("gone")
    for _ in range(3):
        poller.fresh(LIMIT_S)
    counter.fault = None
    until(lambda: (poller.fresh(LIMIT_S) or None) is not None)
    told = [record.getMessage() for record in caplog.records]
    assert told[0] == "Climate does not answer about numbers: gone"
    assert told[1].startswith("Climate answers again about numbers")
    assert len(told) == 2


def test_pauses_grow_up_to_a_bound() -> None:
    pace = Pace(interval_s=5.0, retry_max_s=10.0)
    randomness = random.Random(1)
    assert pace.pause_s(0, randomness) == 5.0
    for failures, longest in ((1, 1), (2, 2), (3, 4), (4, 8), (5, 10), (1000, 10)):
        pauses = [pace.pause_s(failures, randomness) for _ in range(100)]
        assert longest / 2 <= min(pauses) < max(pauses) <= longest


def test_it_ends_when_told_to(counter: Counter, polled: Callable[..., Poller[int]]) -> None:
    before = threads()
    poller = polled(interval_s=0.001)
    poller.known()
    until(lambda: counter.asked > 1)
    poller.stop()
    assert threads() <= before
    asked = counter.asked
    assert poller.fresh(LIMIT_S) is not None
    assert counter.asked == asked


@pytest.mark.filterwarnings("ignore:This process")
def test_a_forked_process_asks_for_itself(counter: Counter, polled: Callable[..., Poller[int]]) -> None:
    """Also where the parent's thread held the lock at that moment."""
    poller = polled()
    until(lambda: poller.known() is not None)
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with poller._changed:
            held.set()
            done.wait(LIMIT_S)

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(LIMIT_S)
    child = os.fork()
    if child == 0:  # pragma: no cover
        right = False
        try:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(int(LIMIT_S))  # ends a child that waits for a lock for ever
            known = poller.fresh(LIMIT_S)
            right = known is not None and known.value == 2 and counter.connected == 2
        finally:
            os._exit(0 if right else 1)
    done.set()
    holder.join(LIMIT_S)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert counter.asked == 1
